"""Damaged sources: one line that names file, row and column, and nothing is written."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from recsys.data import blocks, import_catalogue, load_catalogue
from recsys.errors import InputError
from tests import raw_releases as raw
from tests.raw_releases import MAKERS, MARK

HM_ROW = f"2018-09-20,c,{raw.article(1)},0.1,2\n"
LOGS = {
    "mmrec": "source.inter",
    "microlens": "MicroLens-50k_pairs.csv",
    "hm": "transactions_train.csv",
    "tmall": "tianchi_2014001_rec_tmall_log_parta.txt",
}


@pytest.fixture(params=["strict", "pyarrow"])
def reader(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """Both ways of reading must refuse alike."""
    monkeypatch.setattr(blocks, "FAST_BYTES", 0 if request.param == "pyarrow" else 1 << 60)
    return str(request.param)


def refusal(source: Path, tmp_path: Path, **options: object) -> str:
    before = sorted(path.name for path in tmp_path.iterdir())
    with pytest.raises(InputError) as caught:
        import_catalogue(source, tmp_path / "out", **{"core": 0, **options})
    assert sorted(path.name for path in tmp_path.iterdir()) == before
    message = str(caught.value)
    assert "\n" not in message
    return message


def append(text: str) -> Callable[[bytes], bytes]:
    return lambda data: data + text.encode()


def swap(old: str, new: str) -> Callable[[bytes], bytes]:
    def change(data: bytes) -> bytes:
        assert old.encode() in data
        return data.replace(old.encode(), new.encode(), 1)

    return change


@pytest.mark.usefixtures("reader")
@pytest.mark.parametrize(
    ("name", "change", "message"),
    [
        ("mmrec", lambda _: b"", "source.inter: empty file, expected a header with userID, itemID"),
        ("mmrec", swap("userID", "user"), "column 'userID': missing; is 'user' meant?"),
        ("mmrec", swap("x_label", "x_lable"), "unknown column 'x_lable'; is 'x_label' meant? exp"),
        ("mmrec", swap("rating", "review"), "row 1: unknown column 'review'; expected userID, it"),
        ("mmrec", lambda data: data.replace(b"\t", b","), "separated by commas, expected tabs"),
        ("mmrec", append("5\t1.0\t1\t1\t0\n"), "row 62, column 'itemID': '1.0', expected a whole"),
        ("mmrec", append("5\t01\t1\t1\t0\n"), "'01', expected a whole number"),
        ("mmrec", append("5\t-1\t1\t1\t0\n"), "'-1', expected a whole number"),
        ("mmrec", append("5\t8\t1\t1\t0\n"), "item 8 has no row in image_feat.npy, which has 8"),
        ("mmrec", append("5\t1\t1\t1\t3\n"), "column 'x_label': '3', expected 0 (train), 1 (val"),
        ("mmrec", append("5\t1\t1\tnan\t0\n"), "column 'timestamp': 'nan', expected a number or"),
        ("mmrec", append("\t1\t1\t1\t0\n"), "row 62, column 'userID': empty, expected an id"),
        ("mmrec", append("5\t1\t1"), "column 'timestamp': missing; the row has 3 fields, expected 5"
         " (the last line has no end: is the file cut off?)"),
        ("microlens", lambda _: b"", "empty file, expected columns user, item"),
        ("microlens", lambda _: b"user,item,timestamp\n", "MicroLens-50k_pairs.csv: no interactio"),
        ("microlens", append("7,1\n"), "row 62, column 'timestamp': missing"),
        ("microlens", append("7,1,x\n"), "row 62, column 'timestamp': 'x', expected a number"),
        ("microlens", append("7,1,5,6\n"), "row 62: 4 fields, expected 3; the first too many is"),
        ("microlens", append("7,,5\n"), "row 62, column 'item': empty, expected an id"),
        ("microlens", swap("user,item,", "user,itm,"), "row 1: 'itm' looks like the name of a"),
        ("microlens", lambda data: data.replace(b",", b"\t"), "separated by tabs, expected com"),
        ("hm", swap("customer_id", "customer"), "column 'customer_id': missing; is 'customer' m"),
        ("hm", swap("price", "cost"), "unknown column 'cost'"),
        ("hm", append(HM_ROW.replace("0109", "109")), "'109775015', expected 10 digits (its lead"),
        ("hm", append(HM_ROW.replace("2018-09-20", "20/09/2018")), "column 't_dat': '20/09/2018'"),
        ("hm", append(HM_ROW.replace("2018-09-20", "2018-13-20")), "column 't_dat': '2018-13-20'"),
        ("hm", append(HM_ROW[:-4]), "row 62, column 'sales_channel_id': missing; the row has 4 fi"
         "elds, expected 5 (the last line has no end: is the file cut off?)"),
        ("hm", append(HM_ROW[:12]), "column 'article_id': missing"),
        ("hm", append("2018-09-20,caf\udce9,1,1,2\n"), "is not UTF-8"),
        ("tmall", lambda data: data.replace(MARK.encode(), b","), "row 1, column 'user_id': missi"),
        ("tmall", append(MARK.join(("503", "u1", "click"))), "column 'vtime': missing"),
        ("tmall", append(MARK.join(("503", "u1", "click", "soon\n"))), "column 'vtime': 'soon'"),
    ],
)  # fmt: skip
def test_bad_logs(
    tmp_path: Path, name: str, change: Callable[[bytes], bytes], message: str
) -> None:
    source = MAKERS[name](tmp_path / "source")
    path = source / LOGS[name]
    try:
        data = change(path.read_bytes())
    except UnicodeEncodeError:
        data = path.read_bytes() + b"2018-09-20,caf\xe9,1,1,2\n"
    path.write_bytes(data)
    found = refusal(source, tmp_path, format=name)
    assert message in found
    assert LOGS[name] in found


@pytest.mark.usefixtures("reader")
@pytest.mark.parametrize("name", LOGS)
def test_marks_and_line_ends_do_not_matter(tmp_path: Path, name: str) -> None:
    plain = MAKERS[name](tmp_path / "source")
    path = plain / LOGS[name]
    import_catalogue(plain, tmp_path / "plain", core=0)
    text = path.read_text()
    path.write_bytes(b"\xef\xbb\xbf" + text.replace("\n", "\r\n").removesuffix("\r\n").encode())
    import_catalogue(plain, tmp_path / "marked", core=0)
    one, two = (load_catalogue(tmp_path / out) for out in ("plain", "marked"))
    assert one.fingerprint() == two.fingerprint()
    path.write_bytes(text.encode("utf-16"))
    assert "UTF-16" in refusal(plain, tmp_path, format=name)


@pytest.mark.usefixtures("reader")
def test_columns_may_be_skipped(tmp_path: Path) -> None:
    source = raw.mmrec(tmp_path / "source")
    path = source / "source.inter"
    path.write_text(path.read_text().replace("rating", "review", 1))
    report = import_catalogue(source, tmp_path / "out", skip_columns=True)
    assert report.notes == ("source.inter: left out column 'review'",)


def test_a_catalogue_s_columns_are_refused_or_skipped_like_others(tmp_path: Path) -> None:
    source = raw.catalogue(tmp_path / "shop")
    path = source / "interactions.csv"
    path.write_text(path.read_text().replace("timestamp", "timestmp", 1))
    message = refusal(source, tmp_path)
    assert "row 1: unknown column 'timestmp'; is 'timestamp' meant?" in message
    assert message.endswith("(an import with --skip-columns leaves others out)")
    path.write_text(path.read_text().replace("timestmp", "price", 1))
    assert "unknown column 'price'; expected user_id, item_id" in refusal(source, tmp_path)
    report = import_catalogue(source, tmp_path / "out", skip_columns=True)
    assert "interactions.csv: left out column 'price'" in report.notes
    assert load_catalogue(tmp_path / "out").interactions.timestamps is None


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (swap("prod_name", "product"), "articles.csv, row 1, column 'prod_name': missing"),
        (swap("detail_desc", "details"), "unknown column 'details'; is 'detail_desc' meant?"),
        (swap("0109775015", "109775015"), "row 3, column 'article_id': '109775015', expected 10"),
        (swap("0109775015", ""), "row 3, column 'article_id': empty"),
        (lambda _: b"", "articles.csv: empty file"),
    ],
)
def test_bad_articles(tmp_path: Path, change: Callable[[bytes], bytes], message: str) -> None:
    source = raw.hm(tmp_path / "hm")
    path = source / "articles.csv"
    path.write_bytes(change(path.read_bytes()))
    assert message in refusal(source, tmp_path)


def test_no_articles(tmp_path: Path) -> None:
    source = raw.hm(tmp_path / "hm")
    (source / "articles.csv").unlink()
    assert "has no articles.csv" in refusal(source, tmp_path)


def test_only_unknown_items(tmp_path: Path) -> None:
    source = raw.hm(tmp_path / "hm")
    path = source / "articles.csv"
    header = path.read_text().split("\n")[0]
    path.write_text(f"{header}\n0999999999{',x' * 24}\n")
    message = refusal(source, tmp_path)
    assert (
        "transactions_train.csv: no interactions; dropped 60 interactions: the item is" in message
    )


N_ITEMS = 8


@pytest.mark.parametrize(
    ("array", "message"),
    [
        (np.zeros((N_ITEMS + 1, 2)), "audio.npy: 9 rows, but the items of source.inter are 0 to 7"),
        (np.zeros((N_ITEMS - 1, 2)), "audio.npy: 7 rows, but the items of source.inter are 0 to 7"),
        (np.zeros(N_ITEMS), "audio.npy: shape (8,), expected (items, D)"),
        (np.full((N_ITEMS, 2), np.nan), "audio.npy: row 0 (from 0; item '0'), column 0 is nan"),
        (np.array([[{}]] * N_ITEMS, dtype=object), "audio.npy: holds Python objects"),
    ],
)
def test_bad_features(tmp_path: Path, array: np.ndarray, message: str) -> None:
    source = raw.mmrec(tmp_path / "source")
    np.save(source / "audio.npy", array, allow_pickle=True)
    assert message in refusal(source, tmp_path)


def test_mmrec_s_own_graphs_are_left_out(tmp_path: Path) -> None:
    source = raw.mmrec(tmp_path / "source")
    np.save(source / "user_graph_dict.npy", np.array({1: [2]}, dtype=object), allow_pickle=True)
    (source / "mm_adj_10.pt").write_bytes(b"x")
    report = import_catalogue(source, tmp_path / "out")
    assert report.notes == ("not used: 'mm_adj_10.pt', 'user_graph_dict.npy'",)


def test_features_whose_names_collide(tmp_path: Path) -> None:
    source = raw.mmrec(tmp_path / "source", features=("image_feat", "image"))
    message = refusal(source, tmp_path)
    assert "image_feat.npy and image.npy both hold the modality 'image'" in message


def test_a_catalogue_s_unknown_items(tmp_path: Path) -> None:
    source = raw.catalogue(tmp_path / "shop")
    with (source / "interactions.csv").open("a") as file:
        file.write("u1,i77,5\n")
    assert "unknown item 'i77'" in refusal(source, tmp_path)


def test_a_gap_in_the_item_ids(tmp_path: Path) -> None:
    source = raw.mmrec(tmp_path / "source", features=())
    with (source / "source.inter").open("a") as file:
        file.write("5\t99999999999\t1\t1\t0\n")
    assert "the largest itemID is 99,999,999,999, of 9 items" in refusal(source, tmp_path)
