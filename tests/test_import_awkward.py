"""Sources with something odd in them: what is taken, what is counted, and what is refused."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pytest

from becam.feature_files import write_features
from recsys.data import import_catalogue, load_catalogue
from tests import raw_releases as raw
from tests.raw_releases import everything, refusal


@pytest.mark.parametrize("name", ["images/3.png", "features/audio.npy", "features/audio.ids.txt"])
def test_files_that_lead_out_are_refused(tmp_path: Path, name: str) -> None:
    source = raw.catalogue(tmp_path / "shop")
    elsewhere = tmp_path / "elsewhere"
    elsewhere.write_bytes((source / name).read_bytes() if (source / name).exists() else b"")
    (source / name).unlink(missing_ok=True)
    (source / name).symlink_to(elsewhere)
    assert "leads out of the catalogue's folder" in refusal(source, tmp_path / "out")


def test_features_that_are_not_those_of_their_manifest_are_refused(tmp_path: Path) -> None:
    source = raw.catalogue(tmp_path / "shop")
    values = np.load(source / "features" / "audio.npy")
    ids = load_catalogue(source).interactions.item_ids
    write_features(source / "features", "audio", values, ids, {})
    import_catalogue(source, tmp_path / "out")
    np.save(source / "features" / "audio.npy", values[::-1])
    assert "are not the ones that audio.json describes" in refusal(source, tmp_path / "other")


def test_a_picture_that_is_a_folder_is_counted(tmp_path: Path) -> None:
    source = raw.catalogue(tmp_path / "shop")
    (source / "images" / "3.png").unlink()
    (source / "images" / "3.png").mkdir()
    report = import_catalogue(source, tmp_path / "out")
    assert "dropped 1 pictures: the picture is a folder or a device" in str(report.dropped[0])
    assert load_catalogue(tmp_path / "out").item("i3").image is None


@pytest.mark.parametrize("name", ["items.csv", "import.json", "Interactions.csv", "labels.json"])
def test_a_picture_is_none_of_the_tables(tmp_path: Path, name: str) -> None:
    source = raw.catalogue(tmp_path / "shop")
    table = (source / "items.csv").read_text().replace("images/3.png", name)
    (source / "items.csv").write_text(table)
    before = everything(source)
    assert "the catalogue's own table, expected a picture" in refusal(source, tmp_path / "out")
    assert everything(source) == before


def test_the_file_that_was_named_is_read(tmp_path: Path) -> None:
    source = raw.mmrec(tmp_path / "m")
    file = next(source.glob("*.inter"))
    other = file.with_name("other.inter")
    rows = file.read_text().splitlines(keepends=True)
    other.write_text("".join(row for row in rows if not row.startswith("0\t")))
    assert "2 files that may be the interactions file" in refusal(source, tmp_path / "out")
    found = [import_catalogue(each, tmp_path / "out" / each.stem) for each in (file, other)]
    assert found[0].read.users == found[1].read.users + 1


def test_ids_of_any_number_of_digits(tmp_path: Path) -> None:
    source = tmp_path / "m"
    source.mkdir()
    long = "1" + 5000 * "0"
    (source / "m_pairs.csv").write_text(f"a,{long},1\na,30,2\na,007,3\na,7,4\n")
    import_catalogue(source, tmp_path / "out", core=0)
    assert load_catalogue(tmp_path / "out").interactions.item_ids == ("007", "7", "30", long)
    mmrec = raw.mmrec(tmp_path / "mm")
    for file in mmrec.glob("*.npy"):
        file.unlink()
    table = next(mmrec.glob("*.inter"))
    first, row = table.read_text().splitlines()[:2]
    cells = row.split("\t")
    cells[first.split("\t").index("itemID")] = str(10**20)
    with table.open("a") as file:
        file.write("\t".join(cells) + "\n")
    assert "expected a whole number from 0" in refusal(mmrec, tmp_path / "none")


def test_a_folder_whose_name_is_not_utf_8(tmp_path: Path) -> None:
    source = raw.catalogue(Path(os.fsdecode(os.fsencode(tmp_path) + b"/caf\xe9")))
    report = import_catalogue(source, tmp_path / "out")
    assert report.name == "caf\\udce9"
    assert load_catalogue(source).name == report.name


def test_spaces_of_ids_are_shown(tmp_path: Path) -> None:
    source = raw.catalogue(tmp_path / "shop", [(0, 0), (0, 1)])
    table = source / "items.csv"
    table.write_text(table.read_text().replace("\ni1,", "\n i1  a,"))
    (source / "interactions.csv").write_text("user_id,item_id\nu,i1 a\n")
    assert "unknown item 'i1 a'; did you mean ' i1  a'" in refusal(source, tmp_path / "out")
