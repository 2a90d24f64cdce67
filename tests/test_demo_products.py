"""Demo products and pictures: exact masks, honest shares, off-centre, nameable, repeatable."""

from __future__ import annotations

from itertools import product as pairs

import cv2
import numpy as np
import pytest

from recsys.data.demo import captions
from recsys.data.demo.attributes import Attributes, sample_attributes
from recsys.data.demo.outlines import PARTS
from recsys.data.demo.picture import LEGEND, draw_picture
from recsys.data.demo.products import draw_product
from recsys.data.demo.vocabulary import (
    CATEGORIES,
    COLOURS,
    CONTRASTS,
    DISTRACTORS,
    FIRST_DISTRACTOR,
    PATTERNS,
    PREFERRED_DISTRACTORS,
    PREFERRED_SCENES,
    SCENES,
)
from recsys.errors import InputError


def _rng(*seed: int) -> np.random.Generator:
    return np.random.default_rng(seed)


@pytest.fixture(scope="module")
def pictures():
    drawn = []
    for index in range(200):
        rng = _rng(7, index)
        drawn.append(draw_picture(sample_attributes(rng, correlation=0.6), rng, 112))
    return drawn


def test_vocabulary_is_consistent():
    assert set(CONTRASTS) == set(COLOURS)
    assert set(PREFERRED_SCENES) == set(PREFERRED_DISTRACTORS) == set(CATEGORIES)
    assert all(set(names) <= set(SCENES) for names in PREFERRED_SCENES.values())
    assert all(set(names) <= set(DISTRACTORS) for names in PREFERRED_DISTRACTORS.values())
    assert len(PARTS) == len(set(PARTS)) < FIRST_DISTRACTOR
    assert LEGEND[1] == "product/body"
    assert LEGEND[FIRST_DISTRACTOR] == "distractor/face"


@pytest.mark.parametrize("category", CATEGORIES)
def test_product_fills_its_frame_and_its_mask_is_its_alpha(category):
    rgba, parts = draw_product(category, "red", "plain", _rng(1), 100)
    assert rgba.shape == (100, 100, 4)
    assert parts.shape == (100, 100)
    assert np.array_equal(parts > 0, rgba[:, :, 3] >= 128)
    rows, columns = np.flatnonzero(parts.any(axis=1)), np.flatnonzero(parts.any(axis=0))
    assert max(np.ptp(rows), np.ptp(columns)) >= 94
    names = {PARTS[value - 1] for value in np.unique(parts[parts > 0])}
    assert len(names) >= 3


def test_outlines_differ_between_categories():
    """Aligned silhouettes of one category overlap more than those of two categories."""
    silhouettes = {
        category: [draw_product(category, "red", "plain", _rng(2, k), 48)[1] > 0 for k in range(12)]
        for category in CATEGORIES
    }

    def overlap(first: str, second: str) -> float:
        best = []
        for a in silhouettes[first]:
            scores = [
                (a & c).sum() / (a | c).sum()
                for b in silhouettes[second]
                for c in (b, b[:, ::-1])
                if b is not a
            ]
            best.append(max(scores))
        return float(np.mean(best))

    for one in CATEGORIES:
        own = overlap(one, one)
        assert all(own > overlap(one, other) for other in CATEGORIES if other != one)


@pytest.mark.parametrize("colour", COLOURS)
@pytest.mark.parametrize("pattern", PATTERNS)
def test_named_colour_dominates(colour, pattern):
    """Most pixels of a product are nearer to its own colour than to any other one's."""
    rgba, parts = draw_product("shirt", colour, pattern, _rng(3), 96)
    solid = cv2.erode((parts == PARTS.index("body") + 1).astype(np.uint8), np.ones((7, 7))) > 0
    names = list(COLOURS)
    palette = np.array([COLOURS[name] for name in names], dtype=float)
    pixels = rgba[:, :, :3][solid].astype(float)
    nearest = np.argmin(((pixels[:, None] - palette) ** 2).sum(axis=2), axis=1)
    assert np.bincount(nearest, minlength=len(names)).argmax() == names.index(colour)
    assert (nearest == names.index(colour)).mean() > (0.9 if pattern == "plain" else 0.35)


@pytest.mark.parametrize("colour", COLOURS)
def test_pattern_is_visible_on_small_pictures(colour):
    spread = {}
    for pattern in PATTERNS:
        rgba, parts = draw_product("mug", colour, pattern, _rng(4), 36)
        inner = cv2.erode((parts == 1).astype(np.uint8), np.ones((5, 5))) > 0
        spread[pattern] = rgba[:, :, :3][inner].std(axis=0).max()
    assert min(spread[name] for name in PATTERNS[1:]) > 3 * spread["plain"]


def test_unknown_names_are_refused_in_one_line():
    for bad in (("shrit", "red", "plain"), ("shirt", "pink", "plain"), ("shirt", "red", "dots")):
        with pytest.raises(InputError, match=r"unknown (category|colour|pattern)"):
            draw_product(*bad, _rng(0), 50)
    with pytest.raises(InputError, match="unknown distractor 'cat'"):
        draw_picture(Attributes("mug", "red", "plain", "desk", ("cat",)), _rng(0), 64)
    with pytest.raises(ValueError, match="at least 64"):
        draw_picture(Attributes("mug", "red", "plain", "desk"), _rng(0), 32)


def test_product_share_is_six_to_twenty_percent(pictures):
    shares = [picture.mask.mean() for picture in pictures]
    assert min(shares) >= 0.06
    assert max(shares) <= 0.20
    assert max(shares) - min(shares) > 0.05


@pytest.mark.parametrize("category", CATEGORIES)
@pytest.mark.parametrize("size", [64, 224])
def test_share_holds_at_any_size(category, size):
    attributes = Attributes(category, "white", "dotted", "beach", DISTRACTORS[:1])
    for seed in range(3):
        share = draw_picture(attributes, _rng(5, seed), size).mask.mean()
        assert 0.06 <= share <= 0.20


def test_centre_prior_does_not_find_the_product(pictures):
    """Mean pixel AUC of a Gaussian at the centre (sigma a quarter of the side)."""
    size = pictures[0].labels.shape[0]
    y, x = np.mgrid[:size, :size] - (size - 1) / 2
    prior = np.exp(-(x**2 + y**2) / (2 * (size / 4) ** 2)).ravel()
    order = np.argsort(prior, kind="stable")
    rank = np.empty(size * size)
    rank[order] = np.arange(1, size * size + 1)
    auc = []
    for picture in pictures:
        mask = picture.mask.ravel()
        inside, outside = mask.sum(), (~mask).sum()
        auc.append((rank[mask].sum() - inside * (inside + 1) / 2) / (inside * outside))
    assert 0.5 < np.mean(auc) <= 0.65


def test_every_named_distractor_is_visible_and_no_other(pictures):
    for picture in pictures:
        values = set(np.unique(picture.labels).tolist())
        assert values <= {0, *LEGEND}
        shown = {LEGEND[v].partition("/")[2] for v in values if v >= FIRST_DISTRACTOR}
        assert shown == set(picture.attributes.distractors)
        for name in picture.attributes.distractors:
            value = FIRST_DISTRACTOR + DISTRACTORS.index(name)
            assert (picture.labels == value).mean() > 0.003


def test_labels_are_exact():
    """Two pictures that differ in the product's colour alone differ where the product is."""
    first, second = (
        draw_picture(Attributes("bag", colour, "plain", "street", ("face",)), _rng(8), 128)
        for colour in ("red", "blue")
    )
    assert np.array_equal(first.labels, second.labels)
    changed = np.abs(first.image.astype(int) - second.image).max(axis=2) > 12
    around = cv2.dilate(first.mask.astype(np.uint8), np.ones((7, 7))) > 0
    inner = cv2.erode(first.mask.astype(np.uint8), np.ones((7, 7))) > 0
    assert not (changed & ~around).any()
    assert changed[inner].mean() > 0.8


def test_same_generator_same_picture_and_no_global_state():
    attributes = Attributes("lamp", "green", "checked", "desk", ("plant", "sticker"))
    first = draw_picture(attributes, _rng(9), 96)
    np.random.default_rng().random()
    second = draw_picture(attributes, _rng(9), 96)
    assert np.array_equal(first.image, second.image)
    assert np.array_equal(first.labels, second.labels)
    assert first.caption == second.caption
    assert not np.array_equal(first.image, draw_picture(attributes, _rng(10), 96).image)


def test_correlation_follows_the_category_only_when_asked():
    def preferred(correlation: float) -> float:
        drawn = [sample_attributes(_rng(11, k), correlation=correlation) for k in range(600)]
        return float(np.mean([x.scene in PREFERRED_SCENES[x.category] for x in drawn]))

    assert preferred(1.0) == 1.0
    assert 0.55 < preferred(0.6) < 0.8
    assert 0.12 < preferred(0.0) < 0.28
    with pytest.raises(ValueError, match=r"0\.\.1"):
        sample_attributes(_rng(0), correlation=1.5)


def test_captions_stay_within_the_vocabulary_and_use_all_of_it():
    words = captions.vocabulary()
    assert list(words) == sorted(set(words))
    assert len(words) <= 250
    used: set[str] = set()
    for index in range(4000):
        rng = _rng(12, index)
        attributes = sample_attributes(rng, correlation=0.0)
        used.update(captions.caption(attributes, rng).split(" "))
        used.update(captions.title(attributes).split(" "))
    assert used == set(words)


def test_title_tells_attributes_apart():
    combinations = list(pairs(CATEGORIES, COLOURS, PATTERNS, SCENES))
    titles = {captions.title(Attributes(*names, ("face",))) for names in combinations}
    assert len(titles) == len(combinations)
    assert (
        captions.title(Attributes("trousers", "orange", "plain", "kitchen", ("face", "logo")))
        == "a pair of plain orange trousers in a kitchen next to a face and a logo"
    )
