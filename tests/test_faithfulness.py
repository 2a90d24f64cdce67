"""Insertion, deletion, drop, increase: a score that is known, exports to Quantus."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from becam.geometry import Geometry
from becam.metrics import METRICS, MetricSettings, measured
from becam.metrics.faithfulness import deletion_curve, insertion_curve
from becam.metrics.input_maps import mask_on_input, onto_input, shown_pixels
from recsys.errors import InputError
from tests.cases import SIZE, WindowEncoder, blob, small_case, window_case

SCORED = [name for name, metric in METRICS.items() if metric.needs == {"score"}]
EACH = MetricSettings(steps=SIZE * SIZE, blank="mean")


def cosine(light: float) -> float:
    """Score of a window with so much light in it."""
    return light / float(np.hypot(light, 1))


def test_curves_of_a_perfect_map_are_as_calculated() -> None:
    size = int(blob().sum())
    heat = blob() + 0.01 * np.arange(SIZE * SIZE).reshape(SIZE, SIZE) / SIZE**2
    case = window_case(heat, settings=EACH)
    left = [cosine(max(size - k, 0) / size) for k in range(SIZE * SIZE + 1)]
    found = deletion_curve(case)
    np.testing.assert_allclose(found.scores, left, atol=1e-6)
    np.testing.assert_allclose(found.shares, np.linspace(0, 1, SIZE * SIZE + 1))
    assert found.area == pytest.approx((sum(left) - (left[0] + left[-1]) / 2) / SIZE**2)
    there = [cosine(min(k, size) / size) for k in range(SIZE * SIZE + 1)]
    np.testing.assert_allclose(insertion_curve(case).scores, there, atol=1e-6)


@settings(max_examples=20, deadline=None)
@given(st.integers(0, 100_000))
def test_no_map_beats_the_perfect_one(seed: int) -> None:
    other = np.random.default_rng(seed).standard_normal((SIZE, SIZE))
    options = MetricSettings(blank="mean", seed=seed)
    names = ["insertion", "deletion"]
    best = measured(window_case(blob(), settings=options), names)
    found = measured(window_case(other, settings=options), names)
    assert (best["insertion"].value or 0) >= (found["insertion"].value or 0) - 1e-6
    assert (best["deletion"].value or 0) <= (found["deletion"].value or 0) + 1e-6


def test_steps_hold_equally_many_pixels() -> None:
    case = window_case(blob(), settings=MetricSettings(steps=5))
    np.testing.assert_allclose(deletion_curve(case).shares, [0, 0.2, 0.4, 0.6, 0.8, 1], atol=0.01)


def test_drop_and_increase_of_what_the_map_keeps() -> None:
    # The perfect map keeps the window whole, its opposite removes all of it.
    found = measured(window_case(blob()), ["average-drop", "average-increase"])
    assert (found["average-drop"].value, found["average-increase"].value) == (0, 0)
    missed = measured(window_case(~blob()), ["average-drop", "average-increase"])
    assert missed["average-drop"].value == pytest.approx(1)
    dark = window_case(blob())
    darker = replace(
        dark, picture=torch.where(torch.from_numpy(blob()), 0.5, -1.0).expand(3, -1, -1)
    )
    assert measured(darker, ["average-drop"])["average-drop"].value == pytest.approx(0, abs=1e-6)


def test_a_map_that_hides_what_disagrees_increases_the_score() -> None:
    product, half = blob(), blob()
    half[4:] = False
    picture = torch.where(torch.from_numpy(half), 1.0, -0.5).expand(3, -1, -1)
    case = replace(window_case(half), picture=picture, mask=product)
    assert METRICS["average-increase"].of(case).value == 1
    assert METRICS["average-drop"].of(case).value == 0


def test_a_score_that_is_not_positive_has_no_share_to_drop() -> None:
    case = replace(window_case(blob()), picture=-torch.ones(3, SIZE, SIZE))
    found = METRICS["average-drop"].of(case)
    assert found.reason == "the whole picture's score is not positive"
    assert METRICS["average-increase"].of(case).value == 0


@pytest.mark.parametrize("batch", [1, 4])
def test_batches_do_not_change_values(batch: int) -> None:
    alone = measured(small_case(batch=batch), SCORED)
    together = measured(small_case(batch=64), SCORED)
    for name in SCORED:
        assert alone[name].value == pytest.approx(together[name].value, abs=1e-5), name


def test_pictures_are_scored_in_batches() -> None:
    case = window_case(blob(), batch=8, settings=MetricSettings(steps=20))
    assert case.scorer is not None
    deletion_curve(case)
    encoder = case.scorer.encoder
    assert isinstance(encoder, WindowEncoder)
    assert encoder.batches == [8, 8, 5]
    METRICS["deletion"].of(case)
    assert len(encoder.batches) == 3  # the curve was kept


def test_a_seed_gives_the_same_values_again() -> None:
    first, again = (measured(small_case(), SCORED) for _ in range(2))
    assert first == again
    other = measured(small_case(settings=MetricSettings(seed=1)), SCORED)
    assert first["road-morf"] != other["road-morf"]
    assert first["infidelity"] != other["infidelity"]


def test_equally_hot_pixels_go_in_no_particular_order() -> None:
    heat = np.zeros((SIZE, SIZE))
    heat[0, 0] = 1
    case = window_case(heat, settings=EACH)
    order = case.ranks.flatten().argsort().numpy()
    assert order[0] == 0
    assert not np.array_equal(order, np.arange(SIZE * SIZE))
    assert sorted(order.tolist()) == list(range(SIZE * SIZE))


@pytest.mark.parametrize(
    ("heatmap", "reason"),
    [
        (np.full((SIZE, SIZE), 3.0), "the map is constant"),
        (np.where(blob(), np.nan, 1.0), "the map has values that are not finite"),
    ],
)
def test_a_map_without_an_order_says_so(heatmap: np.ndarray, reason: str) -> None:
    for name, value in measured(window_case(heatmap), SCORED).items():
        assert (value.value, value.reason) == (None, reason), name


def test_scores_that_are_not_finite_say_so() -> None:
    case = replace(window_case(blob()), picture=torch.full((3, SIZE, SIZE), float("nan")))
    for name in SCORED:
        assert METRICS[name].of(case).reason == "the scores are not finite", name


PADDED = Geometry((10, 5), (0, -2.5, 10, 7.5))


def test_padding_is_not_removed() -> None:
    shown = shown_pixels(PADDED, (SIZE, SIZE))
    assert shown.sum() == SIZE * SIZE // 2
    assert shown[3:9].all()
    case = replace(window_case(np.random.default_rng(0).random((6, 6))), geometry=PADDED, mask=None)
    assert np.array_equal(np.isnan(case.on_input), ~shown)
    blank = case.filled("mean")
    assert (blank[:, shown] == 0).all()
    assert (blank[:, ~shown] == 1).all()
    assert sorted(case.ranks[torch.from_numpy(shown)].tolist()) == list(range(int(shown.sum())))
    # The window reaches into the padding, whose light stays at the end.
    assert deletion_curve(case).scores[-1] > 0


def test_maps_on_the_input_are_those_on_the_picture() -> None:
    values = np.random.default_rng(0).random((4, 5)).astype(np.float32)
    same = Geometry.squash((SIZE, SIZE))
    laid = onto_input(values, same, (SIZE, SIZE))
    np.testing.assert_allclose(laid, same.onto_picture(values), atol=1e-6)
    np.testing.assert_array_equal(mask_on_input(blob(), same, (SIZE, SIZE)), blob())
    small = mask_on_input(np.ones((5, 10), bool), PADDED, (SIZE, SIZE))
    np.testing.assert_array_equal(small, shown_pixels(PADDED, (SIZE, SIZE)))


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"steps": 0}, "steps '0': expected at least 1"),
        ({"removed": "men"}, "unknown fill 'men'; did you mean mean"),
        ({"road_shares": (0.5, 1.0)}, "expected shares between 0 and 1"),
        ({"road_shares": ()}, "expected shares between 0 and 1"),
        ({"road_noise": -1.0}, "expected 0 or more"),
        ({"window": 0.0}, "expected a share above 0"),
        ({"radius": float("nan")}, "expected more than 0"),
        ({"seed": -1}, "expected 0 or more"),
    ],
)
def test_settings_out_of_range_are_refused(options: dict[str, Any], message: str) -> None:
    with pytest.raises(InputError, match=message):
        MetricSettings(**options)
