"""Catalogue folders: what is read from them, what is told about them."""

import io
import os
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from recsys.data.catalogue import load_catalogue
from recsys.data.splits import split_from_column, split_random
from recsys.data.tables import CsvTable
from recsys.errors import InputError
from tests.small_catalogue import INTERACTIONS, ITEMS, build


@pytest.fixture
def shop(tmp_path):
    return tmp_path / "shop"


def test_loads(shop):
    catalogue = load_catalogue(build(shop))
    assert catalogue.name == "shop"
    assert load_catalogue(str(shop), name="other").name == "other"
    assert [item.item_id for item in catalogue.items] == ["007", "7"]
    assert catalogue.items[0].title == "A lamp"
    assert catalogue.items[1].title == ""
    assert catalogue.items[0].category is None
    assert catalogue.interactions.user_ids == ("u1", "u2")
    assert catalogue.interactions.item_ids == ("007", "7")
    assert catalogue.interactions.users.tolist() == [0, 0, 1]
    assert catalogue.interactions.items.tolist() == [0, 1, 1]
    assert catalogue.interactions.timestamps is None
    assert catalogue.notes == ("1 of 2 items has no text (first: item '7')",)
    assert catalogue.index_of("7") == 1
    assert catalogue.picture(catalogue.item("7")).getpixel((0, 0)) == (1, 0, 0)
    assert catalogue.picture_bytes(catalogue.items[0]) == (shop / "images/7.png").read_bytes()
    assert catalogue.mask(catalogue.items[0]) is None
    assert catalogue.annotation(catalogue.items[0]) is None


def test_unknown_item_names_the_nearest(shop):
    catalogue = load_catalogue(build(shop))
    with pytest.raises(InputError, match="unknown item '07'; did you mean 007"):
        catalogue.index_of("07")


def test_spreadsheet_files(shop):
    """A byte order mark, CRLF, quotes, columns in another order, no last line end."""
    items = (
        '\ufefftitle,category,item_id,image\r\n"A ""red"" lamp,\r\nsmall",Lamps,1,./images/7.png'
    )
    text = "\ufeffitem_id,split,timestamp,user_id\r\n1,test,1.5e3,a\r\n1,train,-2,b\r\n"
    catalogue = load_catalogue(build(shop, items, text))
    assert catalogue.items[0].title == 'A "red" lamp,\r\nsmall'
    assert catalogue.items[0].category == "Lamps"
    assert catalogue.interactions.timestamps.tolist() == [1500.0, -2.0]
    assert catalogue.interactions.splits.tolist() == [2, 0]
    assert catalogue.picture(catalogue.items[0]).size == (4, 3)


def test_items_may_lack_picture_and_text(shop):
    items = "item_id,image,title\n1,,A lamp\n2,images/7.png,\n3,,\n4,images/8.png,  \n"
    catalogue = load_catalogue(build(shop, items, "user_id,item_id\na,1\n"))
    assert [item.image is None for item in catalogue.items] == [True, False, True, False]
    assert [item.has_text for item in catalogue.items] == [True, False, False, False]
    assert catalogue.has_pictures
    assert catalogue.has_texts
    assert catalogue.notes == (
        "2 of 4 items have no picture (first: item '1')",
        "3 of 4 items have no text (first: item '2')",
    )
    for read in (catalogue.picture, catalogue.picture_bytes):
        with pytest.raises(InputError, match=r"item '1': it has no picture"):
            read(catalogue.items[0])
    assert catalogue.annotation(catalogue.items[0]) is None
    assert catalogue.mask(catalogue.items[0]) is None
    other = items.replace("1,,A", "1,images/7.png,A")
    fingerprint = catalogue.fingerprint()
    assert load_catalogue(build(shop, other, "user_id,item_id\na,1\n")).fingerprint() != fingerprint


def test_all_items_may_lack_picture_and_text(shop):
    build(shop, "item_id,image,title\n1,,\n2,,\n", "user_id,item_id\na,1\n", pictures=())
    (shop / "images").rmdir()
    catalogue = load_catalogue(shop)
    assert not catalogue.has_pictures
    assert not catalogue.has_texts


def test_split_column_is_used(shop):
    rows = "".join(
        f"{user},{item},{part}\n"
        for user in "ab"
        for item, part in zip(("007", "7", "8"), ("train", "valid", "test"), strict=True)
    )
    build(shop, ITEMS + "8,images/8.png,x\n", "user_id,item_id,split\n" + rows)
    split = split_from_column(load_catalogue(shop).interactions)
    assert split.test.tolist() == [[0, 2], [1, 2]]


def test_notes_tell_what_was_left_out(shop):
    interactions = (
        "user_id,item_id,time,price,split\n\na,7,1,2,train\n,,,,\na,007,1,2,train\n"
        "a,7,1,2,test\n  \nb,7,1,2,test\n\n\n"
    )
    catalogue = load_catalogue(build(shop, interactions=interactions, pictures=["7"]))
    assert catalogue.interactions.n == 3
    assert catalogue.interactions.splits.tolist() == [0, 0, 2]  # the first row of a pair counts
    assert catalogue.notes == (
        "interactions.csv: left out columns 'time', 'price' (is 'time' for 'timestamp' meant?)",
        "interactions.csv: skipped 3 empty rows (first: row 2)",
        "interactions.csv: left out 1 repeated (user, item) pair (first: row 6)",
        "1 of 2 items has no text (first: item '7')",
        "1 of 2 picture files are missing (first: item '7', images/8.png)",
    )


NASTY = [
    "../x",
    "<script>alert(1)</script>",
    "y" * 300,
    "🧥👜",
    "a\nb",
    "CON",
    "'",
    " x",
    "-rf",
    "a,b",
]


def test_nasty_ids_and_titles_are_text(shop):
    items = io.StringIO()
    quote = '"{}"'.format
    items.write("item_id,image,title\n")
    for text in NASTY:
        items.write(f"{quote(text)},images/7.png,{quote(text)}\n")
    interactions = "user_id,item_id\n" + "".join(f"{quote(a)},{quote(a)}\n" for a in NASTY)
    catalogue = load_catalogue(build(shop, items.getvalue(), interactions))
    assert [item.item_id for item in catalogue.items] == NASTY
    assert [item.title for item in catalogue.items] == NASTY
    assert sorted(catalogue.interactions.user_ids) == sorted(NASTY)
    assert all(catalogue.picture(item).size == (4, 3) for item in catalogue.items)


def test_fingerprint(tmp_path):
    texts = [
        (ITEMS, INTERACTIONS),
        (ITEMS.replace("lamp", "mug"), INTERACTIONS),
        (ITEMS.replace("8.png", "7.png"), INTERACTIONS),
        (ITEMS.replace("007", "0"), INTERACTIONS.replace("007", "0")),
        (ITEMS, INTERACTIONS + "u3,7\n"),
    ]
    found = [
        load_catalogue(build(tmp_path / str(index), *text)).fingerprint()
        for index, text in enumerate(texts)
    ]
    assert len(set(found)) == len(found)
    header, *rows = INTERACTIONS.splitlines()
    moved = "\r\n".join([header, *reversed(rows)])
    assert load_catalogue(build(tmp_path / "x", ITEMS, moved)).fingerprint() == found[0]


@settings(max_examples=60, deadline=None)
@given(
    st.lists(
        st.tuples(*[st.text(st.characters(exclude_characters="\0", codec="utf-8"))] * 2),
        max_size=5,
    )
)
def test_any_text_survives(tmp_path_factory, rows):
    rows = [row for row in rows if any(field.strip() for field in row)]
    path = tmp_path_factory.getbasetemp() / "round.csv"
    quoted = ['"' + '","'.join(field.replace('"', '""') for field in row) + '"\n' for row in rows]
    path.write_bytes(("a,b\n" + "".join(quoted)).encode())
    with CsvTable(path, ("b", "a")) as table:
        assert [fields for _, fields in table] == [(b, a) for a, b in rows]


def shared_data():
    given_ = os.environ.get("BECAM_SHARED_DATA")
    return Path(given_) if given_ else Path(__file__).parents[2] / "shared" / "data"


@pytest.mark.skipif(not (shared_data() / "clothing").is_dir(), reason="no shared data here")
def test_real_catalogue():
    catalogue = load_catalogue(shared_data() / "clothing")
    assert len(catalogue.items) == catalogue.interactions.n_items == 1600
    assert catalogue.interactions.n == 51_955
    assert catalogue.interactions.timestamps is not None
    assert catalogue.notes == ()
    assert catalogue.picture(catalogue.item("17")).mode == "RGB"
    split = split_random(catalogue.interactions, seed=0)
    assert len(split.train) / catalogue.interactions.n == pytest.approx(0.8, abs=0.02)


def test_import_is_light():
    code = (
        "import sys, recsys.data, recsys.data.catalogue, recsys.data.splits;"
        "print(sorted({'torch', 'pandas', 'scipy', 'cv2', 'matplotlib'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
    code = "import sys, recsys.data; print('numpy' in sys.modules or 'PIL' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"
