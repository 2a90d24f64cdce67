"""Intervals and paired comparisons of measured items, also where little can be said."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest

from becam.measuring.statistics import Comparison, compare, holm_corrected, interval

SETTINGS: dict[str, Any] = {"resamples": 999, "confidence": 0.95, "seed": 0}


def test_an_interval_covers_the_mean_as_often_as_it_says() -> None:
    rng = np.random.default_rng(0)
    hits = 0
    for _ in range(200):
        found = interval(rng.normal(3.0, 1.0, 30), **{**SETTINGS, "resamples": 300})
        assert found.low is not None
        assert found.high is not None
        hits += found.low <= 3.0 <= found.high
    assert 178 <= hits <= 199  # 95 % of 200, less a little for 30 items


def test_an_interval_is_deterministic_and_defined_for_few_or_equal_values() -> None:
    values = [0.1, 0.5, 0.9, 0.4]
    assert interval(values, **SETTINGS) == interval(values, **SETTINGS)
    one = interval([0.5], **SETTINGS)
    assert (one.estimate.mean, one.low, one.high) == (0.5, None, None)
    same = interval([0.5, 0.5, 0.5], **SETTINGS)
    assert (same.low, same.high) == (0.5, 0.5)
    two = interval([0.0, 1.0], **SETTINGS)
    assert two.low is not None
    assert 0 <= two.low <= two.estimate.mean


def test_a_comparison_takes_the_items_that_both_have() -> None:
    one = {"a": 1.0, "b": 2.0, "c": 4.0, "d": 9.0}
    other = {"b": 1.0, "c": 2.0, "d": 4.0, "e": 100.0}
    found = compare(one, other, test="t", **SETTINGS)
    assert found is not None
    difference, p = found
    assert (difference.estimate.mean, difference.estimate.n) == (pytest.approx(8 / 3), 3)
    assert 0 < p < 1
    assert compare({"a": 1.0}, {"b": 1.0}, test="t", **SETTINGS) is None


@pytest.mark.parametrize("test", ["t", "wilcoxon"])
def test_nothing_is_tested_where_nothing_differs_or_one_item_is_left(test: Any) -> None:
    same = {"a": 1.0, "b": 2.0}
    for one, other in ((same, same), ({"a": 1.0}, {"a": 2.0})):
        found = compare(one, other, test=test, **SETTINGS)
        assert found is not None
        assert math.isnan(found[1])


def test_holm_counts_only_what_was_tested() -> None:
    nothing = interval([0.0], **SETTINGS)
    family = [
        Comparison("auc", "bm3", "becam", "bm3", name, nothing, p)
        for name, p in (("a", 0.02), ("b", math.nan), ("c", 0.04))
    ]
    assert [each.corrected for each in holm_corrected(family)] == [0.04, None, 0.04]
