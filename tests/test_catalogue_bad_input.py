"""Catalogue folders that are refused: one line that names file, row and column."""

import os
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from recsys.data.catalogue import load_catalogue
from recsys.data.splits import split_random
from recsys.data.tables import CsvTable
from recsys.errors import InputError
from tests.small_catalogue import build, refusal


@pytest.fixture
def shop(tmp_path):
    return tmp_path / "shop"


@pytest.mark.parametrize(
    ("items", "message"),
    [
        ("", "items.csv: empty file, expected a header with item_id, image, title"),
        ("\n\n", "empty file"),
        ("item_id,image,title\n", "items.csv: no items"),
        ("item_id,image\n1,a\n", "items.csv, row 1, column 'title': missing"),
        ("Item_ID,image,title\n", "row 1, column 'item_id': missing; is 'Item_ID' meant?"),
        ("item_id, image,title\n", "column 'image': missing; is ' image' meant?"),
        ("item_id;image;title\n", "separated by semicolons, expected commas"),
        ("item_id\timage\ttitle\n", "separated by tabs"),
        ("item_id,image,title,title\n", "column 'title': occurs twice in the header"),
        ("item_id,image,title\n1,a.png,x\n2,b.png\n", "row 3, column 'title': missing; the row"),
        ("item_id,image,title\n1,a.png,a, b\n", "row 2: 4 fields, expected 3; .* ' b' "),
        ("item_id,image,title\n,a.png,x\n", "row 2, column 'item_id': empty"),
        ("item_id,image,title\n ,a.png,x\n", "row 2, column 'item_id': empty"),
        ("item_id,image,title,mask\n1,,x,m.png\n", "column 'mask': a mask, but .* no image"),
        ("item_id,image,title\n1,a,\n1,b,\n", "row 3, column 'item_id': '1' is .* row 2"),
        ('item_id,image,title\n1,a,"x\ny"\n1,b,\n', "row 4, column 'item_id'"),
        ("item_id,image,title\n1,../x.png,\n", "row 2, column 'image': '../x.png' leads out"),
        ("item_id,image,title\n1,images/../../x,\n", "leads out"),
        ("item_id,image,title\n1,/etc/passwd,\n", "column 'image': '/etc/passwd' is absolute"),
        ("item_id,image,title\n1,C:/x.png,\n", "is absolute"),
        ("item_id,image,title\n1,images\\x.png,\n", "write / between folders"),
        ("item_id,image,title\n1,.,\n", "expected a picture file"),
        ("item_id,image,title,mask\n1,a,,../m.png\n", "column 'mask': '../m.png' leads out"),
        ('item_id,image,title\n1,a,"x\n2,b,y\n', "row 2: a quote .* never closed"),
        ('item_id,image,title\n1,a,"x" y\n', "row 2: text after a closing quote"),
        ("item_id,image,title\r1,a,x\r", "row 1: a lone carriage return"),
        (b"item_id,image,title\n1,a,caf\xe9\n", r"row 2: byte 8 \(0xe9\) is not UTF-8"),
        (b'item_id,image,title\n1,a,"x\n\xff"\n', "row 3: byte 1 .0xff"),
        (b"item_id,image,title\n1,a,\0\n", "row 2: a NUL byte"),
        ("item_id,image,title\n".encode("utf-16"), "row 1: the file is UTF-16"),
        ("item_id,image,title\n1,a," + "x" * 200_000, "row 2: a field is too long"),
        (b"x" * (1 << 21), "row 1: a line of more than"),
    ],
)
def test_bad_items(shop, items, message):
    build(shop, items)
    with pytest.raises(InputError, match=message):
        load_catalogue(shop)
    assert len(refusal(shop)) < 700


@pytest.mark.parametrize(
    ("interactions", "message"),
    [
        ("user,item_id\n", "column 'user_id': missing; is 'user' meant?"),
        ("user_id,item_id\na,7\na,70\n", "row 3, column 'item_id': unknown item '70'; did you"),
        ("user_id,item_id\na,0007\n", "row 2, column 'item_id': unknown item '0007'"),
        ("user_id,item_id\n,7\n", "row 2, column 'user_id': empty"),
        ("user_id,item_id\na,\n", "row 2, column 'item_id': empty"),
        ("user_id,item_id,timestamp\na,7,2024-01-01\n", "column 'timestamp': '2024-01-01', exp"),
        ("user_id,item_id,timestamp\na,7,nan\n", "column 'timestamp': 'nan'"),
        ("user_id,item_id,timestamp\na,7,1e999\n", "column 'timestamp'"),
        ("user_id,item_id,timestamp\na,7,1_0\n", "column 'timestamp'"),
        ("user_id,item_id,timestamp\na,7,\n", "column 'timestamp': ''"),
        ("user_id,item_id,split\na,7,val\n", "column 'split': unknown split 'val'; did.* valid"),
        ("user_id,item_id,split\na,7,\n", "column 'split'.*train, valid or test"),
    ],
)
def test_bad_interactions(shop, interactions, message):
    build(shop, interactions=interactions)
    with pytest.raises(InputError, match=f"interactions.csv, .*{message}"):
        load_catalogue(shop)


@pytest.mark.parametrize(
    ("file", "header", "message"),
    [
        ("interactions.csv", "user_id,item_id,timestmp", "'timestmp'; is 'timestamp' meant? exp"),
        ("interactions.csv", "user_id,item_id,Timestamp", "'Timestamp'; is 'timestamp' meant?"),
        ("interactions.csv", "user_id,item_id,spilt", "'spilt'; is 'split' meant?"),
        ("items.csv", "item_id,image,title,categroy", "'categroy'; is 'category' meant?"),
        ("items.csv", "item_id,image,title,masks", "'masks'; is 'mask' meant?"),
    ],
)
def test_a_column_that_is_nearly_a_known_one_is_refused(shop, file, header, message):
    build(shop)
    rows = (shop / file).read_text().splitlines()[1:]
    (shop / file).write_text("\n".join([header, *(f"{row},1" for row in rows)]) + "\n")
    assert f"{file}, row 1: unknown column {message}" in refusal(shop)


@pytest.mark.parametrize(
    ("header", "row"),
    [
        ("user_id,item_id,price", "a,7,1"),
        ("user_id,item_id,split,split_name", "a,7,train,x"),  # near one that is there
    ],
)
def test_other_columns_are_left_out_with_a_note(shop, header, row):
    catalogue = load_catalogue(build(shop, interactions=f"{header}\n{row}\n"))
    assert f"interactions.csv: left out column {header.split(',')[-1]!r}" in catalogue.notes


def test_no_interactions_is_too_small_to_train(shop):
    catalogue = load_catalogue(build(shop, interactions="user_id,item_id\n"))
    with pytest.raises(InputError, match=r"too small to train.* found 0 users, 2 items"):
        split_random(catalogue.interactions, seed=0)


def test_wrong_folders(tmp_path, shop):
    message = refusal(tmp_path / "shpo")
    assert "does not exist; expected a folder with items.csv, interactions.csv" in message
    build(shop)
    assert refusal(tmp_path / "shpo").endswith("did you mean 'shop'?")
    assert "did you mean" in refusal(tmp_path)
    assert str(shop) in refusal(tmp_path)
    assert "is not a folder" in refusal(shop / "items.csv")
    assert "does not exist" in refusal(shop / ("x" * 300)) or "too long" in refusal(
        shop / ("x" * 300)
    )
    refusal(Path("a\0b"))
    (shop / "items.csv").rename(shop / "Items.csv.txt")
    assert "has no items.csv" in refusal(shop)
    assert "is 'Items.csv.txt' meant?" in refusal(shop)
    (shop / "items.csv").mkdir()
    assert "items.csv: is a folder" in refusal(shop)
    (shop / "items.csv").rmdir()
    os.mkfifo(shop / "items.csv")
    assert "items.csv: not a regular file" in refusal(shop)


def test_bad_pictures_name_item_and_file(shop):
    catalogue = load_catalogue(build(shop, pictures=["7"]))
    with pytest.raises(InputError, match=r"item '7': .*images/8.png: no such file"):
        catalogue.picture(catalogue.items[1])
    (shop / "images" / "7.png").write_bytes(b"")
    with pytest.raises(InputError, match=r"item '007': .*images/7.png: empty file"):
        catalogue.picture(catalogue.items[0])


def test_links_must_stay_inside(tmp_path, shop):
    build(shop)
    secret = tmp_path / "secret.png"
    (shop / "images" / "8.png").rename(secret)
    (shop / "images" / "8.png").symlink_to(secret)
    catalogue = load_catalogue(shop)
    for read in (catalogue.picture, catalogue.picture_bytes):
        with pytest.raises(InputError, match=r"item '7': .*leads out of the catalogue's folder"):
            read(catalogue.items[1])
    (shop / "images" / "8.png").unlink()
    (shop / "images" / "8.png").symlink_to("7.png")
    assert catalogue.picture(catalogue.items[1]).size == (4, 3)
    (shop / "images" / "8.png").unlink()
    (shop / "images" / "8.png").symlink_to("8.png")
    with pytest.raises(InputError, match="item '7'"):
        catalogue.picture(catalogue.items[1])
    (shop / "images" / "8.png").unlink()
    elsewhere = tmp_path / "disk"
    (shop / "images").rename(elsewhere)
    (shop / "images").symlink_to(elsewhere)
    assert catalogue.picture(catalogue.items[0]).size == (4, 3)


@settings(max_examples=200, deadline=None)
@given(
    st.binary(max_size=120)
    | st.text(alphabet='ab,"\n\r\t \ufeff\0é', max_size=80).map(str.encode)
    | st.text(alphabet='ab,"\n', max_size=60).map(lambda text: b"a,b\n" + text.encode())
)
def test_any_bytes_are_read_or_refused(tmp_path_factory, data):
    path = tmp_path_factory.getbasetemp() / "fuzz.csv"
    path.write_bytes(data)
    refused = None
    rows = []
    try:
        with CsvTable(path, ("a", "b"), ("c",)) as table:
            rows.extend(table)
    except InputError as error:
        refused = str(error)
    if refused is not None:
        assert "fuzz.csv" in refused
        assert "\n" not in refused
    lines = data.count(b"\n") + 1
    numbers = [number for number, _ in rows]
    assert numbers == sorted(set(numbers))
    assert all(2 <= number <= lines for number in numbers)
    assert all(len(fields) == 3 for _, fields in rows)
