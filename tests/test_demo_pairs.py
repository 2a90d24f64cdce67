"""What the demo encoders are trained on: captions of parts, pictures, windows."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from becam.encoders.demo.config import VisionConfig
from becam.encoders.demo.tokenizer import demo_tokenizer
from becam.encoders.demo.training import pairs as pairs_module
from becam.encoders.demo.training.pairs import (
    CHOICES,
    PairsConfig,
    attribute_ids,
    attributes_of,
    draw_chunk,
    draw_pairs,
)
from becam.encoders.demo.training.windows import Windows, choose_windows, cut
from recsys.data.demo.attributes import Attributes
from recsys.data.demo.captions import attribute_caption, product_caption
from recsys.data.demo.config import CATALOGUE_STREAM, TRAINING_STREAM
from recsys.data.demo.picture import draw_picture, sample_attributes
from recsys.errors import InputError


def seeded(seed: int = 0) -> np.random.Generator:
    return np.random.default_rng(seed)


# --- captions of parts


def test_captions_of_parts_use_known_words_and_name_the_value():
    words = set(demo_tokenizer().words)
    rng = seeded()
    for name, values in CHOICES.items():
        for value in values:
            texts = {attribute_caption(name, value, rng) for _ in range(40)}
            assert len(texts) > 2
            assert {word for text in texts for word in text.split()} <= words
    assert attribute_caption("category", "trousers", rng).rsplit(" ", 1)[0].endswith("a pair of")
    mug = {product_caption(Attributes("mug", "red", "striped", "desk"), rng) for _ in range(40)}
    assert "striped red mug" in mug
    assert {word for text in mug for word in text.split()} <= words


def test_captions_of_unknown_parts_are_refused():
    with pytest.raises(InputError, match="colour"):
        attribute_caption("color", "red", seeded())
    with pytest.raises(InputError, match="mug"):
        attribute_caption("category", "mgu", seeded())


# --- pictures


def test_pairs_do_not_depend_on_the_workers_and_are_drawn_once(tmp_path: Path, monkeypatch):
    config = PairsConfig(count=70, seed=1, stream=4, sizes=(32, 48), drawn=64)
    one = draw_pairs(tmp_path / "one", config, report=lambda _: None)
    two = draw_pairs(tmp_path / "two", config, workers=2, report=lambda _: None)
    for side in config.sizes:
        assert one.pictures[side].shape == (70, side, side, 3)
        assert np.array_equal(one.pictures[side], two.pictures[side])
    assert np.array_equal(one.attributes, two.attributes)
    assert np.array_equal(one.boxes, two.boxes)
    other = draw_chunk(dataclasses.replace(config, stream=5), range(2))
    assert not np.array_equal(one.pictures[32][:2], other["pictures-32"])

    def refuse(*_: object) -> None:
        raise AssertionError("drawn again")

    monkeypatch.setattr(pairs_module, "draw_chunk", refuse)
    again = draw_pairs(tmp_path / "two", config, workers=1, report=lambda _: None)
    assert np.array_equal(again.pictures[48], one.pictures[48])
    with pytest.raises(AssertionError, match="drawn again"):
        draw_pairs(tmp_path / "two", dataclasses.replace(config, seed=2), report=lambda _: None)
    # The interrupted one has left nothing behind, and the old pairs are still there.
    assert sorted(entry.name for entry in tmp_path.iterdir()) == ["one", "two"]
    assert len(draw_pairs(tmp_path / "two", config, report=lambda _: None)) == 70


def test_other_pairs_replace_old_ones_but_never_something_else(tmp_path: Path):
    config = PairsConfig(count=3, seed=1, stream=0, sizes=(32,), drawn=64)
    draw_pairs(tmp_path / "train", config, report=lambda _: None)
    wider = dataclasses.replace(config, count=5)
    assert len(draw_pairs(tmp_path / "train", wider, report=lambda _: None)) == 5
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "thesis.txt").write_text("precious")
    with pytest.raises(InputError, match="in the way"):
        draw_pairs(tmp_path / "mine", config, report=lambda _: None)
    assert (tmp_path / "mine" / "thesis.txt").read_text() == "precious"


def test_boxes_hold_the_products_and_attributes_survive_numbers():
    assert TRAINING_STREAM != CATALOGUE_STREAM
    config = PairsConfig(count=9, seed=2, stream=1, sizes=(32,), drawn=64, correlation=0.6)
    drawn = draw_chunk(config, range(3, 9))
    for row, index in enumerate(range(3, 9)):
        rng = np.random.default_rng([2, TRAINING_STREAM, 1, index])
        shown = sample_attributes(rng, correlation=0.6)
        assert drawn["attributes"][row].tolist() == attribute_ids(shown)
        assert attributes_of(drawn["attributes"][row]) == shown
        mask = draw_picture(shown, rng, 64).mask
        left, top, right, bottom = np.rint(drawn["boxes"][row] * 64).astype(int)
        assert mask[top:bottom, left:right].sum() == mask.sum() > 0
        assert mask[top].any()
        assert mask[:, left].any()
        assert mask[bottom - 1].any()
        assert mask[:, right - 1].any()


# --- windows


@settings(max_examples=80, deadline=None)
@given(st.integers(0, 2**32 - 1), st.integers(1, 12))
def test_windows_hold_the_product_where_one_can(seed, side):
    vision = VisionConfig(image_size=144, width=16, layers=1, patch_size=12)
    rng = seeded(seed)
    low = rng.uniform(0, 0.8, (50, 2))
    high = low + rng.uniform(0.05, 1, (50, 2)) * (1 - low)
    boxes = np.concatenate([low, high], 1).astype(np.float32)
    windows = choose_windows(boxes, side, vision, rng)
    for axis, first in enumerate((windows.columns, windows.rows)):
        assert first.min() >= 0
        assert first.max() <= 12 - side
        begin, end = boxes[:, axis] * 12, boxes[:, axis + 2] * 12
        needed = np.ceil(end - 1e-4) - np.floor(begin + 1e-4)
        fits = needed <= side
        assert (first[fits] <= begin[fits] + 1e-4).all()
        assert (first[fits] + side >= end[fits] - 1e-4).all()
        off = np.abs(first + side / 2 - (begin + end) / 2)[~fits]
        assert (off <= np.maximum(1, (needed[~fits] - side) / 2 + 1)).all()


def test_every_fitting_window_is_chosen_and_no_other():
    vision = VisionConfig(image_size=144, width=16, layers=1, patch_size=12)
    boxes = np.tile(np.array([[36, 60, 72, 84]], np.float32) / 144, (400, 1))
    windows = choose_windows(boxes, 5, vision, seeded())
    assert set(windows.columns.tolist()) == {1, 2, 3}  # cells 3..5 inside
    assert set(windows.rows.tolist()) == {2, 3, 4, 5}  # cells 5 and 6 inside
    with pytest.raises(ValueError, match=r"1\.\.12 cells, got 13"):
        choose_windows(boxes, 13, vision, seeded())


def test_cut_reads_rows_and_columns():
    pictures = np.arange(2 * 24 * 24 * 3, dtype=np.uint32).astype(np.uint8).reshape(2, 24, 24, 3)
    windows = Windows(np.array([1, 0]), np.array([0, 2]), 1)
    seen = cut(pictures, np.array([1, 0]), windows, 8)
    assert np.array_equal(seen[0], pictures[1, 8:16, :8])
    assert np.array_equal(seen[1], pictures[0, :8, 16:])
