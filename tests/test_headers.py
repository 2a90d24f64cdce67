"""Where a header may be missing: one with other names is refused, data are not."""

from __future__ import annotations

from pathlib import Path

import pytest

from recsys.data import import_catalogue, load_catalogue
from recsys.errors import InputError
from tests import raw_releases as raw
from tests.raw_releases import MARK

PRODUCTS = "tianchi_2014002_rec_tmall_product.txt"
LOG = "tianchi_2014001_rec_tmall_log_parta.txt"


def videos(folder: Path, pairs: str, titles: str | None = None) -> Path:
    folder.mkdir()
    (folder / "x_pairs.csv").write_text(pairs)
    if titles is not None:
        (folder / "x_titles.csv").write_text(titles)
    return folder


def refusal(source: Path) -> str:
    out = source.parent / "out"
    with pytest.raises(InputError) as caught:
        import_catalogue(source, out, core=0)
    assert not out.exists()
    assert "\n" not in str(caught.value)
    return str(caught.value)


@pytest.mark.parametrize(
    ("pairs", "name", "meant"),
    [
        ("uid,vid\n1,2\n2,2\n", "uid", "user"),
        ("user,vid\n1,2\n2,2\n", "vid", "item"),
        ("User,Item\n1,2\n", "User", "user"),
        ("uid,vid\n", "vid", "item"),  # nothing below it
        ("who,what\n1,2\n2,2\n", "who", "user"),  # like no name, but no number
        ("user,0\n1,2\n2,2\n", "0", "item"),
        ("\nperson,thing,when\n1,2,3\n", "person", "user"),
        ("usr,itm\nalice,lamp\nbob,chair\n", "usr", "user"),
    ],
)
def test_a_header_with_other_names_is_refused(
    tmp_path: Path, pairs: str, name: str, meant: str
) -> None:
    message = refusal(videos(tmp_path / "x", pairs))
    row = 2 if pairs.startswith("\n") else 1
    assert f"x_pairs.csv, row {row}: {name!r} looks like the name of a column, not like" in message
    assert f"is {meant!r} meant? expected a header with user, item, timestamp, or rows" in message


def test_the_reported_import(tmp_path: Path) -> None:
    titles = "video_id,caption,language\n2,A cat,en\n4,A dog,en\n"
    source = videos(tmp_path / "x", "user,item\n1,2\n3,4\n", titles)
    assert "x_titles.csv, row 1: 'video_id' looks like the name of a column" in refusal(source)


@pytest.mark.parametrize(
    ("pairs", "titles"),
    [
        ("1,2\n3,4\n", "2,Video\n4,Title\n"),
        ("1,2\n3,4\n", "2,Hello\n4,300\n"),
        ("user1,item1\nuser2,item2\n", "item1,a\nitem2,b\n"),
        ("userA,itemB\nuserC,itemD\n", "itemB,a\nitemD,b\n"),
        ("user1,item1\n", "item1,a\n"),
        ("alice,lamp\nbob,chair\n", "lamp,A lamp\nchair,A chair\n"),
        ("4e2,9f\nab1,02\n", "9f,a\n02,b\n"),
    ],
)
def test_rows_without_a_header_are_data(tmp_path: Path, pairs: str, titles: str) -> None:
    source = videos(tmp_path / "x", pairs, titles)
    report = import_catalogue(source, tmp_path / "out", core=0)
    assert report.kept.interactions == pairs.count("\n")
    assert len(load_catalogue(tmp_path / "out").items) == titles.count("\n")


@pytest.mark.parametrize(
    ("file", "names", "name", "meant"),
    [
        (PRODUCTS, ("id", "name", "url", "cat", "brand", "seller"), "id", "item_id"),
        (LOG, ("iid", "uid", "act", "time"), "iid", "item_id"),
    ],
)
def test_so_it_is_in_tables_of_tmall(
    tmp_path: Path, file: str, names: tuple[str, ...], name: str, meant: str
) -> None:
    source = raw.tmall(tmp_path / "tmall", header=False)
    path = source / file
    path.write_text(MARK.join(names) + "\n" + path.read_text())
    message = refusal(source)
    assert f"{file}, row 1: {name!r} looks like the name of a column" in message
    assert f"is {meant!r} meant?" in message


def test_a_damaged_row_is_told_as_before(tmp_path: Path) -> None:
    source = videos(tmp_path / "x", '1,2\n3,"4\n')
    assert "row 2: a quote" in refusal(source)
