"""Masks of products and annotations of whole pictures, beside a catalogue's pictures."""

import numpy as np
import pytest
from PIL import Image

from recsys.data.catalogue import load_catalogue
from recsys.data.catalogue_masks import fitted_mask
from recsys.errors import InputError
from tests.small_catalogue import build


@pytest.fixture
def shop(tmp_path):
    return tmp_path / "shop"


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
    assert catalogue.notes[0] == (
        "item '2': m/big.png: mask of 8 x 6 pixels resized to its picture's 4 x 3, by nearest "
        "neighbour"
    )
    again, note = catalogue.fitted_mask(catalogue.items[1])
    np.testing.assert_array_equal(again, resized)
    assert note == catalogue.notes[0]
    assert catalogue.fitted_mask(catalogue.items[0])[1] is None
    assert catalogue.fitted_mask(catalogue.items[2]) == (None, None)
    assert catalogue.mask(catalogue.items[2]) is None
    (shop / "m" / "fit.png").unlink()
    with pytest.raises(InputError, match=r"item '1': .*fit.png: no such file"):
        catalogue.mask(catalogue.items[0])
    assert "1 of 3 mask files are missing" in load_catalogue(shop).notes[0]


@pytest.mark.parametrize(
    ("shape", "another"),
    [
        ((150, 100), False),
        ((149, 100), False),  # a thumbnail's rounding
        ((300, 197), False),
        ((100, 150), True),
        ((150, 105), True),
        ((155, 100), True),
        ((100, 100), True),
    ],
)
def test_a_mask_of_another_shape_is_said_to_be_another_pictures(shape, another):
    rows, columns = shape
    mask, note = fitted_mask(np.ones((rows, columns), dtype=bool), (200, 300))
    assert mask.shape == (300, 200)
    assert mask.all()
    assert f"mask of {columns} x {rows} pixels resized to its picture's 200 x 300" in note
    assert note.endswith("probably another picture's mask") == another


def test_a_mask_of_the_pictures_size_needs_no_note():
    assert fitted_mask(np.ones((300, 200), dtype=bool), (200, 300))[1] is None


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
