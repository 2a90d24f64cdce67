"""Drift, omission, pixel AUC: against scikit-learn, and what they must not depend on."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.metrics import roc_auc_score

from becam.geometry import Geometry
from becam.metrics import (
    METRICS,
    Case,
    centre_prior,
    drift,
    mask_metrics,
    mask_metrics_of_many,
    measured,
    omission,
    pixel_auc,
)

SHAPE = (8, 10)


def maps(seed: int) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    # Few levels: ties are the hard part of an AUC.
    return rng.integers(0, 6, SHAPE).astype(np.float32), rng.random(SHAPE) < 0.3


@settings(max_examples=50, deadline=None)
@given(st.integers(0, 100_000))
def test_auc_agrees_with_scikit_learn(seed: int) -> None:
    values, product = maps(seed)
    if product.any() and not product.all():
        expected = roc_auc_score(product.ravel(), values.ravel())
        assert pixel_auc(values, product) == pytest.approx(expected, abs=1e-12)


@settings(max_examples=50, deadline=None)
@given(st.integers(0, 100_000), st.floats(0.1, 50), st.floats(-20, 20))
def test_metrics_ignore_scale_and_shift(seed: int, scale: float, shift: float) -> None:
    values, product = maps(seed)
    values = values + np.random.default_rng(seed).random(SHAPE).astype(np.float32)
    moved = (values.astype(np.float64) * scale + shift).astype(np.float64)
    for metric in (drift, omission, pixel_auc):
        first, second = metric(values, product), metric(moved, product)
        assert first == pytest.approx(second, abs=1e-3, nan_ok=True)
        assert math.isnan(first) or 0 <= first <= 1


def test_a_perfect_map_and_its_opposite() -> None:
    product = np.zeros(SHAPE, bool)
    product[2:4, 3:6] = True
    perfect = product.astype(np.float32)
    assert (drift(perfect, product), omission(perfect, product)) == (0, 0)
    assert pixel_auc(perfect, product) == 1
    assert (drift(-perfect, product), omission(-perfect, product)) == (1, 1)
    assert pixel_auc(-perfect, product) == 0


def test_drift_onto_distractors() -> None:
    product, face = np.zeros(SHAPE, bool), np.zeros(SHAPE, bool)
    product[0:2, 0:2], face[5:7, 5:7] = True, True
    values = np.zeros(SHAPE, np.float32)
    values[face], values[product] = 3, 1
    found = mask_metrics(values, values, product, {"face": face})
    assert found.drift == pytest.approx(found.distractor_drift["face"])
    assert found.drift > 0.5


def test_maps_of_one_picture_are_measured_as_one_at_a_time() -> None:
    (first, product), (second, face), (plain, _) = maps(0), maps(1), maps(2)
    together = mask_metrics_of_many([first, second], plain, product, {"face": face})
    alone = [mask_metrics(each, plain, product, {"face": face}) for each in (first, second)]
    assert together == alone
    assert together[0].auc != together[1].auc
    with pytest.raises(ValueError, match="must have one shape"):
        mask_metrics_of_many([first, second[1:]], plain, product)


def test_what_is_not_defined_is_nan() -> None:
    values, _ = maps(0)
    nothing, everything = np.zeros(SHAPE, bool), np.ones(SHAPE, bool)
    assert math.isnan(pixel_auc(values, nothing))
    assert math.isnan(pixel_auc(values, everything))
    assert math.isnan(drift(values, nothing))
    assert math.isnan(omission(values, nothing))
    assert drift(values, everything) == 0
    flat = np.full(SHAPE, 2.5, np.float32)
    assert math.isnan(drift(flat, maps(1)[1]))
    assert math.isnan(omission(flat, maps(1)[1]))
    assert pixel_auc(flat, maps(1)[1]) == 0.5
    with pytest.raises(ValueError, match="must have one shape"):
        mask_metrics(values, values, np.ones((3, 3), bool))


@pytest.mark.parametrize(
    ("fault", "seen"),
    [
        ("the mask is empty", slice(None)),
        ("the mask fills the picture", slice(None)),
        ("the encoder sees nothing of the product", slice(5, None)),
        ("the encoder sees nothing but the product", slice(5)),
        ("the map is constant", slice(None)),
    ],
)
def test_what_says_nothing_is_undefined_as_in_becam_metrics(fault: str, seen: slice) -> None:
    """One policy on both paths, and never a 0 or a chance 0.5 that stands for nothing."""
    (values, _), (plain, _) = maps(0), maps(1)
    product = np.zeros(SHAPE, bool)
    product[:, :5] = True
    product = {
        "the mask is empty": product & False,
        "the mask fills the picture": product | True,
    }.get(fault, product)
    if fault == "the map is constant":
        values = np.full(SHAPE, 0.3, np.float32)
    hidden = np.full(SHAPE, np.nan, np.float32)
    hidden[:, seen] = 0
    values, plain = values + hidden, plain + hidden
    found, other = mask_metrics_of_many([values, maps(2)[0] + hidden], plain, product)
    assert found.undefined == fault
    assert all(math.isnan(each) for each in (found.drift, found.omission, found.auc))
    of_the_mask = fault != "the map is constant"
    assert math.isnan(found.centre_auc) == math.isnan(found.unweighted_auc) == of_the_mask
    assert other.undefined == (fault if of_the_mask else None)
    case = Case(heatmap=values, geometry=Geometry.squash(SHAPE[::-1]), mask=product)
    if not np.isnan(values).any():  # there a map has no gaps of its own
        named = measured(case, ["drift", "omission", "auc"])
        assert {value.reason for name, value in named.items() if "/" not in name} == {fault}


def test_what_is_defined_has_no_reason() -> None:
    values, product = maps(4)
    assert mask_metrics(values, values, product).undefined is None


def test_a_distractor_that_is_not_seen_has_no_share() -> None:
    values, product = maps(3)
    values[:, :4] = np.nan
    unseen = np.zeros(SHAPE, bool)
    unseen[:, :4] = True
    found = mask_metrics(values, values, product, {"face": unseen, "logo": ~unseen})
    assert math.isnan(found.distractor_drift["face"])
    assert found.distractor_drift["logo"] == 1


def test_unseen_pixels_do_not_count() -> None:
    values, product = maps(3)
    hidden = values.copy()
    hidden[:, :4] = np.nan
    assert pixel_auc(hidden, product) == pixel_auc(values[:, 4:], product[:, 4:])
    assert drift(hidden, product) == pytest.approx(drift(values[:, 4:], product[:, 4:]))


def test_what_departs_from_the_papers_is_said_where_the_metric_is_named() -> None:
    assert "oracle threshold per picture" in METRICS["best-iou"].about
    assert "without the paper's tolerance" in METRICS["pointing-game"].about


def test_centre_prior_peaks_in_the_middle() -> None:
    prior = centre_prior((9, 21))
    assert np.unravel_index(prior.argmax(), prior.shape) == (4, 10)
    np.testing.assert_allclose(prior, prior[::-1, ::-1])
