import io
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from recsys.data.catalogue import load_catalogue
from recsys.data.splits import split_from_column, split_random
from recsys.data.tables import CsvTable
from recsys.errors import InputError

ITEMS = "item_id,image,title\n007,images/7.png,A lamp\n7,images/8.png,\n"
INTERACTIONS = "user_id,item_id\nu2,7\nu1,007\nu1,7\n"


def build(folder, items=ITEMS, interactions=INTERACTIONS, pictures=("7", "8")):
    folder.mkdir(exist_ok=True)
    for name, text in (("items.csv", items), ("interactions.csv", interactions)):
        if text is not None:
            (folder / name).write_bytes(text if isinstance(text, bytes) else text.encode())
    (folder / "images").mkdir(exist_ok=True)
    for index, name in enumerate(pictures):
        Image.new("RGB", (4, 3), (index, 0, 0)).save(folder / "images" / f"{name}.png")
    return folder


@pytest.fixture
def shop(tmp_path):
    return tmp_path / "shop"


def refusal(folder):
    with pytest.raises(InputError) as caught:
        load_catalogue(folder)
    message = str(caught.value)
    assert "\n" not in message
    return message


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


def test_notes_tell_what_was_left_out(shop):
    interactions = (
        "user_id,item_id,Timestamp,price,split\n\na,7,1,2,train\n,,,,\na,007,1,2,train\n"
        "a,7,1,2,test\n  \nb,7,1,2,test\n\n\n"
    )
    catalogue = load_catalogue(build(shop, interactions=interactions, pictures=["7"]))
    assert catalogue.interactions.n == 3
    assert catalogue.interactions.splits.tolist() == [0, 0, 2]  # the first row of a pair counts
    assert catalogue.notes == (
        "interactions.csv: left out columns 'Timestamp', 'price' (is 'Timestamp' for "
        "'timestamp' meant?)",
        "interactions.csv: skipped 3 empty rows (first: row 2)",
        "interactions.csv: left out 1 repeated (user, item) pair (first: row 6)",
        "1 of 2 items has no text (first: item '7')",
        "1 of 2 picture files are missing (first: item '7', images/8.png)",
    )


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


def test_masks(shop):
    rows = ["1,images/7.png,a,m/fit.png", "2,images/8.png,b,m/big.png", "3,images/8.png,c,"]
    items = "\n".join(["item_id,image,title,mask", *rows])
    build(shop, items, "user_id,item_id\na,1\n")
    (shop / "m").mkdir()
    fit = np.zeros((3, 4), dtype=np.uint8)
    fit[1, 2] = 1
    Image.fromarray(fit).save(shop / "m" / "fit.png")
    Image.fromarray(np.kron(fit, np.ones((2, 2), dtype=np.uint8))).save(shop / "m" / "big.png")
    catalogue = load_catalogue(shop)
    np.testing.assert_array_equal(catalogue.mask(catalogue.items[0]), fit > 0)
    assert catalogue.notes == ()
    resized = catalogue.mask(catalogue.items[1])
    catalogue.mask(catalogue.items[1])
    assert resized.dtype == np.bool_
    np.testing.assert_array_equal(resized, fit > 0)
    assert len(catalogue.notes) == 1
    assert "8 x 6 pixels resized to its picture's 4 x 3" in catalogue.notes[0]
    assert catalogue.mask(catalogue.items[2]) is None
    (shop / "m" / "fit.png").unlink()
    with pytest.raises(InputError, match=r"item '1': .*fit.png: no such file"):
        catalogue.mask(catalogue.items[0])
    assert "1 of 3 mask files are missing" in load_catalogue(shop).notes[0]


LEGEND = """{"schema": 1, "legend": {
    "1": "product/body", "2": "product/handle", "32": "distractor/face",
    "33": "distractor/face"}}"""


def annotated(shop, labels, legend=LEGEND):
    build(shop)
    (shop / "labels").mkdir(exist_ok=True)
    (shop / "labels.json").write_text(legend)
    Image.fromarray(labels).save(shop / "labels" / "7.png")
    return load_catalogue(shop)


def test_annotation(shop):
    labels = np.zeros((3, 4), dtype=np.uint8)
    labels[0, :2] = 1
    labels[1, 0] = 32
    labels[1, 1] = 33
    catalogue = annotated(shop, labels)
    annotation = catalogue.annotation(catalogue.items[0])
    np.testing.assert_array_equal(annotation.labels, labels)
    np.testing.assert_array_equal(annotation.product(), labels == 1)
    assert list(annotation.parts()) == ["body"]  # no handle in this picture
    assert list(annotation.distractors()) == ["face"]
    np.testing.assert_array_equal(annotation.distractors()["face"], labels >= 32)
    assert catalogue.annotation(catalogue.items[1]) is None


@pytest.mark.parametrize(
    ("value", "shape", "legend", "message"),
    [
        (9, (3, 4), LEGEND, "7.png: label 9 is not in labels.json"),
        (1, (4, 4), LEGEND, "7.png: 4 x 4 pixels, but its picture has 4 x 3"),
        (1, (3, 4), "{", "labels.json: not JSON"),
        (1, (3, 4), "[]", "labels.json: expected an object with 'schema' 1"),
        (1, (3, 4), '{"schema": 2}', "'schema' 1"),
        (1, (3, 4), '{"schema": 1}', "'legend'"),
        (1, (3, 4), '{"schema": 1, "legend": {"0": "product/a"}}', "label '0', expected 1 to 255"),
        (1, (3, 4), '{"schema": 1, "legend": {"1111": "product/a"}}', "label '1111'"),
        (1, (3, 4), '{"schema": 1, "legend": {"1": "thing"}}', "label 1 is 'thing'"),
        (1, (3, 4), '{"schema": 1, "legend": {"1": 5}}', "label 1 is '5'"),
    ],
)
def test_bad_annotation(shop, value, shape, legend, message):
    catalogue = annotated(shop, np.full(shape, value, dtype=np.uint8), legend)
    with pytest.raises(InputError, match=message):
        catalogue.annotation(catalogue.items[0])


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
