"""Paired tests and corrections, against worked examples and against scipy's plain forms."""

from __future__ import annotations

import itertools
import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from recsys.statistics import (
    USER_TESTS,
    PerUser,
    averaged_over_seeds,
    estimate,
    holm,
    improvement,
    paired_t,
    wilcoxon,
)

# Student, "The probable error of a mean", 1908: hours of sleep gained with two soporifics.
FIRST = [0.7, -1.6, -0.2, -1.2, -0.1, 3.4, 3.7, 0.8, 0.0, 2.0]
SECOND = [1.9, 0.8, 1.1, 0.1, -0.1, 4.4, 5.5, 1.6, 4.6, 3.4]

p_lists = st.lists(st.floats(0, 1), max_size=12)


def test_paired_t_gives_students_sleep_data() -> None:
    # t = -4.0621 with 9 degrees of freedom: p = 0.002833 in every textbook.
    assert paired_t(FIRST, SECOND) == pytest.approx(0.002833, abs=5e-7)
    assert paired_t(SECOND, FIRST) == paired_t(FIRST, SECOND)


def test_paired_t_is_scipys() -> None:
    rng = np.random.default_rng(0)
    values, others = rng.normal(size=(2, 500))
    assert paired_t(values, others) == pytest.approx(stats.ttest_rel(values, others).pvalue)


def test_wilcoxon_counts_all_signs() -> None:
    """With n pairs the exact null distribution is that of all 2^n signs of the ranks."""
    values, others = [1.1, 2.6, 3.2, 4.9, 0.3, 7.9], [1.0, 2.0, 4.0, 3.0, 5.0, 3.0]
    differences = np.subtract(values, others)
    ranks = np.argsort(np.argsort(np.abs(differences))) + 1
    positive = ranks[differences > 0].sum()
    sums = [
        sum(rank for rank, sign in zip(ranks, signs, strict=True) if sign)
        for signs in itertools.product([False, True], repeat=6)
    ]
    centre = ranks.sum() / 2
    at_least = np.mean([abs(s - centre) >= abs(positive - centre) for s in sums])
    assert wilcoxon(values, others) == pytest.approx(at_least)


def test_five_seeds_cannot_convince_wilcoxon() -> None:
    assert wilcoxon([1.1, 2.3, 3.2, 4.5, 5.9], [1, 2, 3, 4, 5]) == pytest.approx(0.0625)


@pytest.mark.parametrize("test", USER_TESTS.values())
def test_equal_values_are_no_evidence(test) -> None:
    assert test([0.1, 0.2, 0.3], [0.1, 0.2, 0.3]) == 1.0


def test_a_constant_difference_cannot_be_tested() -> None:
    assert math.isnan(paired_t([0.1, 0.2], [0.0, 0.1]))  # equal up to rounding
    assert math.isnan(paired_t([2.0, 3.0], [1.0, 2.0]))
    assert not math.isnan(paired_t([2.0, 3.0], [1.0, 2.001]))


@pytest.mark.parametrize("test", USER_TESTS.values())
@pytest.mark.parametrize(
    ("values", "others"),
    [([1.0], [2.0]), ([], []), ([1.0, 2.0], [1.0]), ([1.0, math.nan], [1.0, 2.0])],
)
def test_what_cannot_be_paired_is_refused(test, values, others) -> None:
    with pytest.raises(ValueError, match="expected"):
        test(values, others)


def test_holm_worked_example() -> None:
    # By hand: sorted 0.005, 0.01, 0.03, 0.04, times 4, 3, 2, 1 gives 0.02, 0.03, 0.06, 0.04;
    # the last may not be below the one before it.
    assert holm([0.01, 0.04, 0.03, 0.005]) == pytest.approx([0.03, 0.06, 0.06, 0.02])
    assert holm([0.3, 0.9]) == pytest.approx([0.6, 0.9])
    assert holm([0.7, 0.9]) == [1.0, 1.0]
    assert holm([]) == []


@given(p_lists, st.floats(0.001, 0.3))
def test_holm_rejects_what_the_step_down_procedure_rejects(p_values, alpha) -> None:
    """Holm's own words: go up through the sorted values, stop at the first p > alpha / left."""
    order = sorted(range(len(p_values)), key=lambda i: p_values[i])
    rejected = set()
    for step, index in enumerate(order):
        if p_values[index] * (len(order) - step) > alpha:
            break
        rejected.add(index)
    assert {i for i, p in enumerate(holm(p_values)) if p <= alpha} == rejected


@given(p_lists)
def test_holm_lies_between_the_raw_value_and_bonferroni(p_values) -> None:
    for raw, corrected in zip(p_values, holm(p_values), strict=True):
        assert raw <= corrected <= min(1.0, raw * len(p_values)) or corrected == pytest.approx(raw)


@given(p_lists, st.randoms(use_true_random=False))
def test_holm_does_not_depend_on_the_order(p_values, random) -> None:
    order = list(range(len(p_values)))
    random.shuffle(order)
    shuffled = holm([p_values[i] for i in order])
    assert shuffled == [holm(p_values)[i] for i in order]


@pytest.mark.parametrize("value", [-0.1, 1.1, math.nan])
def test_holm_refuses_what_is_no_p_value(value: float) -> None:
    with pytest.raises(ValueError, match=r"\[0, 1\]"):
        holm([0.5, value])


def test_estimate() -> None:
    found = estimate([2, 4, 4, 4, 5, 5, 7, 9])
    assert found.mean == 5
    assert found.sd == pytest.approx(math.sqrt(32 / 7))  # n - 1 below the line
    assert found.n == 8
    assert estimate([0.3]).sd is None
    with pytest.raises(ValueError, match="at least one"):
        estimate([])


def test_improvement() -> None:
    assert improvement(0.11, 0.10) == pytest.approx(10)
    assert improvement(0.05, 0.10) == pytest.approx(-50)
    assert improvement(-1.0, -2.0) == pytest.approx(50)
    assert math.isnan(improvement(0.1, 0.0))


def per_user(users, values) -> PerUser:
    return PerUser(np.array(users), np.array(values, dtype=float))


def test_each_user_counts_once_however_many_seeds_have_them() -> None:
    ones = {0: per_user([1, 4, 7], [0.2, 0.4, 1.0]), 5: per_user([1, 7], [0.6, 0.0])}
    others = {5: per_user([1, 7], [0.0, 0.5]), 0: per_user([1, 4, 7], [0.0, 0.1, 0.2])}
    values, baseline = averaged_over_seeds(ones, others)
    np.testing.assert_allclose(values, [0.4, 0.4, 0.5])
    np.testing.assert_allclose(baseline, [0.0, 0.1, 0.35])


def test_recommenders_that_were_evaluated_on_other_users_are_no_pairs() -> None:
    one = {0: per_user([1, 2], [0.1, 0.2])}
    with pytest.raises(ValueError, match="other users in seed 0"):
        averaged_over_seeds(one, {0: per_user([1, 3], [0.1, 0.2])})
    with pytest.raises(ValueError, match="same seeds"):
        averaged_over_seeds(one, {1: per_user([1, 2], [0.1, 0.2])})


@pytest.mark.parametrize("users", [[2, 1], [1, 1]])
def test_users_are_ascending(users) -> None:
    with pytest.raises(ValueError, match="ascending"):
        per_user(users, [0.1, 0.2])


def test_the_test_over_users_holds_its_level() -> None:
    """Two equal recommenders on zero-inflated metrics: 5 % false alarms, not more."""
    rng = np.random.default_rng(1)
    alarms = 0
    for _ in range(1000):
        values, others = rng.binomial(1, 0.05, (2, 300)) * rng.random((2, 300))
        alarms += paired_t(values, others) < 0.05
    assert 25 < alarms < 75  # 50 expected, standard deviation 7
