"""Metrics against a mask: constructed cases, bad cases, the registry."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from becam.geometry import Geometry
from becam.metrics import METRICS, Case, Value, best_iou, fitted_mask, measured, pointing
from becam.metrics.parts import outline_parts
from recsys.errors import InputError
from tests.cases import SIZE, blob, small_case, window_case

MASKED = [name for name, metric in METRICS.items() if "mask" in metric.needs]


def masked_case(heatmap: np.ndarray, mask: np.ndarray | None = None, **more: Any) -> Case:
    return Case(
        heatmap=heatmap.astype(np.float32),
        geometry=Geometry.squash((SIZE, SIZE)),
        mask=blob() if mask is None else mask,
        **more,
    )


def random_map(seed: int) -> np.ndarray:
    return np.random.default_rng(seed).standard_normal((SIZE, SIZE)).astype(np.float32)


def test_a_perfect_map_has_the_best_value_of_each() -> None:
    case = masked_case(blob(), others=(-blob().astype(np.float32),))
    for name, value in measured(case, MASKED).items():
        metric = METRICS[name.partition("/")[0]]
        best = metric.high if metric.better == "higher" else metric.low
        assert value.value == pytest.approx(best), name


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 100_000))
def test_drift_and_energy_inside_are_one_and_all_values_in_range(seed: int) -> None:
    case = masked_case(random_map(seed), others=(random_map(seed + 1),))
    found = measured(case, MASKED)
    total = (found["drift"].value or 0) + (found["energy-inside"].value or 0)
    assert total == pytest.approx(1)
    for name, value in found.items():
        metric = METRICS[name.partition("/")[0]]
        assert value.value is not None
        assert metric.low <= value.value <= metric.high, name


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 100_000))
def test_rank_metrics_ignore_monotone_transforms(seed: int) -> None:
    values = random_map(seed)
    names = ["auc", "best-iou", "pointing-game"]
    first = measured(masked_case(values), names)
    second = measured(masked_case(np.exp(values.astype(np.float64))), names)
    for name in names:
        assert first[name].value == pytest.approx(second[name].value, abs=1e-6)


def test_best_iou_is_that_of_the_best_threshold() -> None:
    values = np.round(random_map(3) * 2).astype(np.float32)  # with ties
    product = blob()
    brute = max(
        ((values >= t) & product).sum() / ((values >= t) | product).sum() for t in np.unique(values)
    )
    assert best_iou(values, product) == pytest.approx(brute)


def test_equally_hot_pixels_count_in_shares() -> None:
    values = np.zeros((4, 4), np.float32)
    values[0, 0] = values[0, 1] = values[3, 3] = values[3, 2] = 1
    product = np.zeros((4, 4), bool)
    product[0, 0] = True
    assert pointing(values, product) == 0.25


def test_own_minus_other_is_a_difference_of_aucs() -> None:
    own, other, flat = random_map(0), random_map(1), np.zeros((SIZE, SIZE), np.float32)
    auc = {seed: measured(masked_case(random_map(seed)), ["auc"])["auc"].value for seed in (0, 1)}
    case = masked_case(own, others=(other, flat))
    value = measured(case, ["own-minus-other-auc"])["own-minus-other-auc"].value
    assert value == pytest.approx(auc[0] - (auc[1] + 0.5) / 2)


def test_drift_names_the_distractor_and_omission_the_part() -> None:
    product, face = blob(), np.zeros((SIZE, SIZE), bool)
    face[8:11, 1:3] = True
    shown = product.copy()
    shown[4:] = False  # the lower half is missed
    heat = shown.astype(np.float32) + 2 * face
    collar = np.zeros_like(product)
    collar[2, 5:10] = True
    case = masked_case(heat, distractors={"face": face}, parts={"collar": collar})
    found = measured(case, ["drift", "omission"])
    assert found["drift/face"].value == pytest.approx(found["drift"].value)
    assert found["omission"].value == pytest.approx(0.5)
    assert (found["omission/top half"].value, found["omission/bottom half"].value) == (0, 1)
    assert found["omission/left half"].value == pytest.approx(0.5)
    assert found["omission/collar"].value == 0


def test_halves_of_an_outline_cover_it_once() -> None:
    product = blob() | np.eye(SIZE, dtype=bool)
    parts = outline_parts(product)
    for one, other in (
        ("top half", "bottom half"),
        ("left half", "right half"),
        ("centre", "edge"),
    ):
        assert not (parts[one] & parts[other]).any()
        np.testing.assert_array_equal(parts[one] | parts[other], product)
    assert not (parts["centre"] & ~product).any()
    assert outline_parts(np.zeros((3, 3), bool)) == {}
    single = np.zeros((3, 3), bool)
    single[1, 1] = True
    assert all(part.any() for part in outline_parts(single).values())


NOTHING, EVERYTHING = np.zeros((SIZE, SIZE), bool), np.ones((SIZE, SIZE), bool)
NOT_A_NUMBER = np.where(blob(), np.nan, 1.0)


@pytest.mark.parametrize(
    ("heatmap", "mask", "reason"),
    [
        (random_map(0), NOTHING, "the mask is empty"),
        (random_map(0), EVERYTHING, "the mask fills the picture"),
        (np.full((SIZE, SIZE), 0.1), blob(), "the map is constant"),
        (NOT_A_NUMBER, blob(), "the map has values that are not finite"),
        (np.full((SIZE, SIZE), np.nan), blob(), "the map has values that are not finite"),
        (np.where(blob(), np.inf, 1.0), blob(), "the map has values that are not finite"),
    ],
)
def test_what_is_not_defined_says_why(heatmap: np.ndarray, mask: np.ndarray, reason: str) -> None:
    case = masked_case(heatmap, mask, others=(random_map(1),), distractors={"face": blob()})
    for name, value in measured(case, MASKED).items():
        if name.startswith("drift/") and "mask" in reason:
            continue  # of the map and the distractor alone
        assert (value.value, value.reason) == (None, reason), name


@pytest.mark.parametrize(
    ("part", "reason"),
    [
        ((slice(None), slice(0, 3)), "the encoder sees nothing of the product"),
        ((slice(None), slice(3, 9)), "the encoder sees nothing but the product"),
    ],
)
def test_a_product_outside_of_what_is_seen(part: Any, reason: str) -> None:
    mask = np.zeros((SIZE, SIZE), bool)
    mask[part] = True
    cropped = Geometry((SIZE, SIZE), (3, 0, 9, SIZE))
    case = Case(heatmap=random_map(0), geometry=cropped, mask=mask)
    for name in ("auc", "drift", "omission", "best-iou", "pointing-game", "energy-inside"):
        assert METRICS[name].of(case) == Value.undefined(reason)


def test_a_part_out_of_sight_is_not_omitted() -> None:
    left, product = np.zeros((SIZE, SIZE), bool), np.zeros((SIZE, SIZE), bool)
    product[4:6, 1:8] = True
    left[4:6, 1:3] = True
    cropped = Geometry((SIZE, SIZE), (3, 0, 9, SIZE))
    case = Case(heatmap=random_map(0), geometry=cropped, mask=product, parts={"sleeve": left})
    found = measured(case, ["omission"])["omission/sleeve"]
    assert found == Value.undefined("the encoder sees nothing of this part")


def test_a_distractor_out_of_sight_has_no_share() -> None:
    left, right = np.zeros((SIZE, SIZE), bool), np.zeros((SIZE, SIZE), bool)
    left[:, :3], right[:, 8:] = True, True
    cropped = Geometry((SIZE, SIZE), (3, 0, 9, SIZE))
    case = Case(
        heatmap=random_map(0),
        geometry=cropped,
        mask=blob(),
        distractors={"face": left, "plant": right},
    )
    found = measured(case, ["drift"])
    assert found["drift/face"] == Value.undefined("the encoder sees nothing of this distractor")
    assert found["drift/plant"].value is not None


def test_a_map_that_is_constant_where_it_is_seen() -> None:
    """Its variation lies in the input's padding alone."""
    heat = np.zeros((4, 4), np.float32)
    heat[0] = 1
    tall = Geometry((8, 2), (0, -6, 8, 2))
    mask = np.zeros((2, 8), bool)
    mask[:, :3] = True
    case = Case(heatmap=heat, geometry=tall, mask=mask)
    assert METRICS["drift"].of(case) == Value.undefined("the map is constant")
    scored = replace(window_case(heat), geometry=tall, mask=None)
    for name in ("deletion", "average-drop", "road", "infidelity"):
        assert METRICS[name].of(scored) == Value.undefined("the map is constant"), name


def test_a_bad_map_of_another_item_is_told() -> None:
    case = masked_case(random_map(0), others=(random_map(1), NOT_A_NUMBER.astype(np.float32)))
    value = METRICS["own-minus-other-auc"].of(case)
    assert value.reason == "another item's map has values that are not finite"


def test_what_is_missing_is_told() -> None:
    case = Case(heatmap=random_map(0), geometry=Geometry.squash((SIZE, SIZE)))
    reasons = {name: value.reason for name, value in measured(case, METRICS).items()}
    assert None not in reasons.values()
    assert reasons["auc"] == "the product's mask is not known"
    assert reasons["deletion"] == "no score of the picture is at hand"
    assert METRICS["sensitivity"].of(window_case(random_map(0))).reason is not None


def test_every_metric_says_what_it_is() -> None:
    expected = {
        *("energy-inside", "drift", "omission", "pointing-game", "best-iou", "auc"),
        *("own-minus-other-auc", "insertion", "deletion", "average-drop", "average-increase"),
        *("road", "road-morf", "road-lerf", "infidelity", "sensitivity"),
    }
    assert set(METRICS) == expected
    for name, metric in METRICS.items():
        assert metric.name == name
        assert metric.low < metric.high
        assert metric.about
        assert metric.source
        assert metric.needs


def test_the_documentation_lists_every_metric() -> None:
    page = (Path(__file__).parents[1] / "docs" / "reference" / "metrics.md").read_text()
    listed = re.findall(r"^\| `([a-z-]+)` \|[^|]*\| (higher|lower) \|", page, re.MULTILINE)
    assert listed == [(name, metric.better) for name, metric in METRICS.items()]


def test_an_unknown_metric_names_the_nearest() -> None:
    with pytest.raises(InputError, match="unknown metric 'insertoin'; did you mean insertion"):
        measured(small_case(), ["insertoin"])


def test_a_value_is_a_number_or_a_reason() -> None:
    for bad in ((None, None), (0.5, "why"), (float("nan"), None), (float("inf"), None)):
        with pytest.raises(ValueError, match="expected"):
            Value(*bad)


def test_a_mask_of_another_size_is_resized_and_said() -> None:
    mask, note = fitted_mask(np.array([[True, False], [False, False]]), (6, 4))
    assert mask.shape == (4, 6)
    assert mask.sum() == 6
    assert mask[:2, :3].all()
    said = "mask of 2 x 2 pixels resized to its picture's 6 x 4, by nearest neighbour"
    other = "; its shape is another than the picture's: it is probably another picture's mask"
    assert note == said + other
    assert fitted_mask(np.ones((2, 3), bool), (6, 4))[1] == said.replace("2 x 2", "3 x 2")
    assert fitted_mask(mask, (6, 4))[1] is None
    with pytest.raises(ValueError, match="expected the picture's"):
        masked_case(random_map(0), np.ones((3, 3), bool))
