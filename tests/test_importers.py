"""Importing each raw layout, with and without the headers that vary."""

from __future__ import annotations

import csv
import json
from datetime import datetime, timezone
from pathlib import Path

import numpy as np
import pytest

from recsys.data import ImportReport, import_catalogue, load_catalogue
from recsys.data.catalogue import Catalogue
from recsys.data.importers import detect_format, import_mmrec
from tests import raw_releases as raw
from tests.raw_releases import MAKERS, article, some_pairs

SPLIT_CODE = {"0": 0, "1": 1, "2": 2}


def pairs_of(catalogue: Catalogue) -> set[tuple[str, str]]:
    rows = catalogue.interactions
    return {
        (rows.user_ids[user], rows.item_ids[item])
        for user, item in zip(rows.users, rows.items, strict=True)
    }


def done(source: Path, tmp_path: Path, **options: object) -> tuple[Catalogue, ImportReport]:
    options = {"core": 0, "format": "auto", **options}
    report = import_catalogue(source, tmp_path / "out", **options)
    return load_catalogue(tmp_path / "out"), report


@pytest.mark.parametrize("name", MAKERS)
def test_formats_are_told_apart(tmp_path: Path, name: str) -> None:
    assert detect_format(MAKERS[name](tmp_path / "source")) == name


@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_mmrec(tmp_path: Path, end: str) -> None:
    source = raw.mmrec(tmp_path / "baby", end=end)
    catalogue, report = done(source, tmp_path)
    assert report.format == "mmrec"
    assert report.name == "baby"
    pairs = some_pairs()
    assert pairs_of(catalogue) == {(str(user), str(item)) for user, item in pairs}
    assert [item.item_id for item in catalogue.items] == [str(item) for item in range(8)]
    assert not catalogue.has_pictures
    assert list(catalogue.modality_files) == ["image", "text"]
    np.testing.assert_array_equal(
        catalogue.stored_features("text"), np.load(source / "text_feat.npy")
    )
    rows = catalogue.interactions
    assert np.bincount(rows.splits).tolist() == [36, 12, 12]
    assert report.parts == (36, 12, 12)
    assert report.modalities == {"image": 2, "text": 3}
    first = next(at for at, (user, _) in enumerate(pairs) if user == 3)
    place = np.flatnonzero((rows.users == rows.user_ids.index("3")) & (rows.splits == 2))
    assert rows.items[place].tolist() == [pairs[first][1]]
    assert rows.timestamps[place].tolist() == [1000 + first]


def test_mmrec_header_decides(tmp_path: Path) -> None:
    source = raw.mmrec(tmp_path / "a", header="x_label\titemID\tuserID", features=())
    catalogue, _ = done(source, tmp_path)
    assert catalogue.interactions.timestamps is None
    assert np.bincount(catalogue.interactions.splits).tolist() == [36, 12, 12]
    source = raw.mmrec(tmp_path / "b", header="userID\titemID", features=("whisper",))
    report = import_mmrec(source / "b.inter", tmp_path / "out2")
    assert report.parts is None
    assert report.options["core"] == 0
    assert load_catalogue(tmp_path / "out2").interactions.splits is None
    assert report.modalities == {"whisper": 2}


def test_mmrec_items_without_interactions_stay(tmp_path: Path) -> None:
    source = raw.mmrec(tmp_path / "a", [(0, 0), (0, 3), (1, 3), (1, 0)])
    catalogue, report = done(source, tmp_path, split="none")
    assert len(catalogue.items) == 4
    assert report.kept.items == report.read.items == 4
    assert catalogue.interactions.n_items == 4


@pytest.mark.parametrize("header", ["user,item,timestamp", "userID,videoID,timestamp", ""])
@pytest.mark.parametrize(
    ("title_file", "title_header"),
    [
        ("MicroLens-50k_titles.csv", "item,title"),
        ("MicroLens-100k_title_en.csv", ""),
    ],
)
@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_microlens(
    tmp_path: Path, header: str, title_file: str, title_header: str, end: str
) -> None:
    source = raw.microlens(
        tmp_path / "source",
        header=header,
        title_file=title_file,
        title_header=title_header,
        end=end,
    )
    catalogue, report = done(source, tmp_path)
    assert report.format == "microlens"
    assert report.name == "MicroLens-50k"
    assert pairs_of(catalogue) == {(str(user), str(item + 1)) for user, item in some_pairs()}
    assert [item.item_id for item in catalogue.items] == [str(item) for item in range(1, 9)]
    item = catalogue.item("3")
    assert item.title == 'Video 3, the "best" #fun'
    assert item.image == catalogue.root / "images" / "3.jpg"
    assert catalogue.picture_bytes(item) == (source / "MicroLens-50k_covers/3.jpg").read_bytes()
    assert catalogue.interactions.timestamps.min() == 1_583_378_629_552
    assert report.notes == ()
    assert report.dropped == ()


def test_microlens_missing_and_unquoted_titles(tmp_path: Path) -> None:
    source = raw.microlens(tmp_path / "source", title_header="")
    titles = source / "MicroLens-50k_titles.csv"
    titles.write_text("2,One, two, three\n11,Never seen\n1,Uno\n1,Again\n")
    (source / "MicroLens-50k_covers" / "4.jpg").write_bytes(b"")
    (source / "MicroLens-50k_covers" / "5.jpg").unlink()
    (source / "README.md").write_text("x")
    catalogue, report = done(source, tmp_path)
    order = [item.item_id for item in catalogue.items]
    assert order == ["2", "11", "1", "3", "4", "5", "6", "7", "8"]
    assert catalogue.item("2").title == "One, two, three"
    assert catalogue.item("1").title == "Uno"
    assert catalogue.item("3").title == ""
    assert catalogue.item("4").image is None
    assert catalogue.item("5").image is None
    assert [str(dropped) for dropped in report.dropped] == [
        "dropped 1 rows of items: the item is repeated in MicroLens-50k_titles.csv (first: row 4, "
        "item '1')",
        "dropped 1 pictures: the picture file is empty (first: item '4', images/4.jpg)",
    ]
    assert report.notes == ("not used: 'README.md'",)
    assert (report.pictures, report.texts) == (6, 3)
    titles.unlink()
    report = import_catalogue(source, tmp_path / "out2", core=0)
    assert "no file of titles: the items have no text" in report.notes
    assert [item.item_id for item in load_catalogue(tmp_path / "out2").items] == list("12345678")


def test_ids_never_become_paths(tmp_path: Path) -> None:
    source = raw.microlens(tmp_path / "source")
    (source / "secret.jpg").write_bytes(b"x")
    pairs = source / "MicroLens-50k_pairs.csv"
    pairs.write_text(pairs.read_text() + "../a,../secret,5\n" + "b,/etc/passwd,6\n")
    catalogue, _ = done(source, tmp_path)
    assert catalogue.item("../secret").image is None
    assert catalogue.item("/etc/passwd").image is None


@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_hm(tmp_path: Path, end: str) -> None:
    source = raw.hm(tmp_path / "hm", end=end)
    for name in ("customers.csv", "sample_submission.csv"):
        (source / name).write_text("x\n")
    catalogue, report = done(source, tmp_path)
    assert report.format == "hm"
    assert pairs_of(catalogue) == {(f"{user:064x}", article(item)) for user, item in some_pairs()}
    item = catalogue.item("0110775015")
    assert item.title == "Strap top 2. Jersey top, with narrow straps."
    assert item.category == "Vest top"
    assert item.image == catalogue.root / "images" / "011" / "0110775015.jpg"
    assert catalogue.picture(item).size == (4, 3)
    assert catalogue.items[0].title == "Strap top 0"
    days = catalogue.interactions.timestamps
    assert days.min() == datetime(2018, 9, 20, tzinfo=timezone.utc).timestamp()
    assert (np.diff(np.unique(days)) == 86_400).all()
    assert report.notes == ("not used: 'customers.csv', 'sample_submission.csv'",)


def test_hm_unknown_articles_are_dropped_and_counted(tmp_path: Path) -> None:
    source = raw.hm(tmp_path / "hm")
    with (source / "transactions_train.csv").open("a") as file:
        file.write("2018-09-20,c,0999999999,1,2\n2018-09-20,d,0999999998,1,2\n")
    catalogue, report = done(source, tmp_path)
    assert [str(dropped) for dropped in report.dropped] == [
        "dropped 2 interactions: the item is not in articles.csv (first: transactions_train.csv, "
        "row 62, item '0999999999')",
        "dropped 2 users: no interaction left (first: user 'c')",
    ]
    assert report.read.interactions == 62
    assert report.read.users == 14
    assert report.kept.interactions == catalogue.interactions.n == 60


@pytest.mark.parametrize("header", [True, False])
@pytest.mark.parametrize("time", ["2014-06-10 18:54:31", "20140610", "1402426471"])
def test_tmall(tmp_path: Path, header: bool, time: str) -> None:
    source = raw.tmall(tmp_path / "tmall", header=header, time=time)
    catalogue, report = done(source, tmp_path)
    assert report.format == "tmall"
    expected = {(f"u{user}", str(500 + item)) for user, item in some_pairs()}
    assert pairs_of(catalogue) == expected
    item = catalogue.item("503")
    assert item.title == 'Ladies" dress, 3'
    assert item.category == "50"
    assert catalogue.picture_bytes(item) == (source / "pictures" / "503.jpg").read_bytes()
    stamp = 1402426471.0 if "-" in time else float(time)
    assert set(catalogue.interactions.timestamps) == {stamp}
    assert report.dropped == ()
    assert len(report.files) == 3


def test_tmall_actions(tmp_path: Path) -> None:
    source = raw.tmall(tmp_path / "tmall")
    catalogue, report = done(source, tmp_path, actions=["alipay", "cart"])
    pairs = some_pairs()
    expected = {(f"u{u}", str(500 + i)) for at, (u, i) in enumerate(pairs) if at % 4 >= 2}
    assert pairs_of(catalogue) == expected
    reasons = {dropped.reason: dropped.count for dropped in report.dropped}
    assert reasons == {
        "the action is 'click', not asked for": 15,
        "the action is 'collect', not asked for": 15,
    }
    assert report.read.interactions == 60


def test_catalogue_keeps_all_that_belongs_to_an_item(tmp_path: Path) -> None:
    source = raw.catalogue(tmp_path / "shop")
    catalogue, report = done(source, tmp_path)
    before = load_catalogue(source)
    assert report.format == "catalogue"
    assert catalogue.fingerprint() == before.fingerprint()
    for old, new in zip(before.items, catalogue.items, strict=True):
        assert (old.item_id, old.title, old.category) == (new.item_id, new.title, new.category)
        if old.image is None:
            assert new.image is None
            continue
        assert before.picture_bytes(old) == catalogue.picture_bytes(new)
        assert new.mask.read_bytes() == old.mask.read_bytes()
        assert catalogue.labels_of(new).read_bytes() == before.labels_of(old).read_bytes()
    assert (catalogue.root / "labels.json").exists()
    found = catalogue.stored_features("audio")
    np.testing.assert_array_equal(found, before.stored_features("audio"))


def test_features_and_ids_follow_the_items_that_stay(tmp_path: Path) -> None:
    source = raw.catalogue(tmp_path / "shop", [(u, i) for u in range(4) for i in (1, 3, 4)])
    text = (source / "items.csv").read_text().splitlines()
    extra = ["i0,,,,", text[1], "i2,,,,", *text[2:]]  # 0 and 2 have no interactions
    (source / "items.csv").write_text("\n".join([text[0], *extra]) + "\n")
    values = np.arange(10, dtype=np.float32).reshape(5, 2)
    np.save(source / "features" / "audio.npy", values)
    catalogue, report = done(source, tmp_path, core=3)
    assert [item.item_id for item in catalogue.items] == ["i1", "i3", "i4"]
    np.testing.assert_array_equal(catalogue.stored_features("audio"), values[[1, 3, 4]])
    ids = catalogue.root / "features" / "audio.ids.csv"
    assert list(csv.reader(ids.open())) == [["item_id"], ["i1"], ["i3"], ["i4"]]
    ids.write_text("item_id\ni1\ni4\ni3\n")
    with pytest.raises(ValueError, match="another order"):
        load_catalogue(catalogue.root).stored_features("audio")
    assert report.dropped[0].what == "items"
    assert report.dropped[0].count == 2
    assert report.dropped[0].first == "item 'i0'"


def test_strange_ids_and_titles_survive(tmp_path: Path) -> None:
    ids = ["a,b", 'q"q', "é🧥", " x", "a\nb", "c\rd", "007", "7"]
    source = tmp_path / "shop"
    source.mkdir()
    with (source / "items.csv").open("w", newline="") as file:
        writer = csv.writer(file, quoting=csv.QUOTE_ALL)
        writer.writerows([["item_id", "image", "title"], *([name, "", name] for name in ids)])
    with (source / "interactions.csv").open("w", newline="") as file:
        writer = csv.writer(file, quoting=csv.QUOTE_ALL)
        writer.writerows([["user_id", "item_id"], *([name, name] for name in ids)])
    catalogue, _ = done(source, tmp_path)
    assert catalogue.fingerprint() == load_catalogue(source).fingerprint()
    assert [item.title for item in catalogue.items] == ids


def test_manifest(tmp_path: Path) -> None:
    import hashlib

    source = raw.hm(tmp_path / "secret-place" / "hm")
    _, report = done(source, tmp_path, core=3, split="random", seed=4)
    text = (tmp_path / "out" / "import.json").read_text()
    found = json.loads(text)
    assert found == json.loads(json.dumps(report.to_dict()))
    assert "secret-place" not in text
    assert found["schema"] == 1
    assert found["options"] == {
        "core": 3,
        "split": "random",
        "seed": 4,
        "pictures": "link",
        "actions": [],
    }
    assert [file["name"] for file in found["files"]] == ["articles.csv", "transactions_train.csv"]
    for file in found["files"]:
        data = (source / file["name"]).read_bytes()
        assert file["sha256"] == hashlib.sha256(data).hexdigest()
        assert file["bytes"] == len(data)
