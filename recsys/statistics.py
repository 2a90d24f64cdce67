"""Is one recommender better than another? Paired tests, and what many of them are worth.

Two tests answer two questions. *Over users*: would other users of this kind see the gain? Each
user's metric is averaged over seeds first, so that a user counts once, and the paired t-test is
the default: its null hypothesis is about the difference of means, which is what tables print,
and with hundreds of users it needs no normal distribution. The Wilcoxon signed-rank test asks
about the median instead and leaves out the users with equal values, often most of them. *Over
seeds*: would other trainings (and splits, where each seed has its own) see it? There are few
seeds, so only the t-test can tell: with five, Wilcoxon's p-value cannot fall below 0.0625.

All tests are two-sided. p-values of several comparisons are corrected with Holm's method, which
holds however they depend on each other.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]
UserTest = Literal["t", "wilcoxon"]


@dataclass(frozen=True)
class Estimate:
    """A mean over seeds.

    Attributes:
        mean: The mean.
        sd: The sample standard deviation (n - 1 below the line); ``None`` for a single value.
        n: Number of values.
    """

    mean: float
    sd: float | None
    n: int


def estimate(values: Sequence[float] | FloatArray) -> Estimate:
    """Return mean and sample standard deviation of at least one finite value."""
    found = _checked(values)
    if not len(found):
        raise ValueError("expected at least one value")
    sd = float(found.std(ddof=1)) if len(found) > 1 else None
    return Estimate(float(found.mean()), sd, len(found))


def improvement(value: float, baseline: float) -> float:
    """Return by how many percent ``value`` exceeds ``baseline``; NaN for a baseline of 0."""
    return 100 * (value - baseline) / abs(baseline) if baseline else math.nan


def paired_t(values: Sequence[float] | FloatArray, others: Sequence[float] | FloatArray) -> float:
    """Return the p-value of the paired t-test, two-sided.

    Equal values throughout give 1. The same difference in every pair gives NaN: its spread,
    which the test lives on, cannot be estimated from it.

    Raises:
        ValueError: Different lengths, fewer than two pairs, or a value that is not finite.
    """
    differences = _differences(values, others)
    spread = np.ptp(differences)
    if spread <= 1e-12 * np.abs(differences).max(initial=0.0):  # rounding alone
        return math.nan if differences.any() else 1.0
    from scipy import stats  # takes a second, and most of this file needs none of it

    return float(stats.ttest_1samp(differences, 0.0).pvalue)


def wilcoxon(values: Sequence[float] | FloatArray, others: Sequence[float] | FloatArray) -> float:
    """Return the p-value of the Wilcoxon signed-rank test, two-sided.

    Pairs of equal values are left out; without any other the p-value is 1.

    Raises:
        ValueError: As ``paired_t``.
    """
    differences = _differences(values, others)
    if not differences.any():
        return 1.0
    from scipy import stats

    return float(stats.wilcoxon(differences, zero_method="wilcox").pvalue)


USER_TESTS = {"t": paired_t, "wilcoxon": wilcoxon}
"""Tests over users, by name; the first is the default."""


def holm(p_values: Sequence[float]) -> list[float]:
    """Correct p-values for their number with Holm's step-down method.

    Source: Holm, "A simple sequentially rejective multiple test procedure", Scandinavian Journal
    of Statistics 6, 1979. All corrected values at or below alpha are significant together, with
    a chance of at most alpha of any false one among them.

    Raises:
        ValueError: A value that is not in [0, 1].
    """
    given = np.asarray(p_values, dtype=np.float64)
    if not ((given >= 0) & (given <= 1)).all():
        raise ValueError(f"p-values must be in [0, 1], not {list(p_values)}")
    order = np.argsort(given, kind="stable")
    factors = np.arange(len(given), 0, -1)
    corrected = np.empty_like(given)
    corrected[order] = np.minimum(np.maximum.accumulate(given[order] * factors), 1.0)
    return [float(value) for value in corrected]


@dataclass(frozen=True, eq=False)
class PerUser:
    """One metric of one trained recommender, user by user.

    Attributes:
        users: Who, int64 (n,), ascending.
        values: Their values, float64 (n,).
    """

    users: IntArray
    values: FloatArray

    def __post_init__(self) -> None:
        if self.users.shape != self.values.shape or self.users.ndim != 1:
            raise ValueError(
                f"users and values must be (n,), not {self.users.shape} and {self.values.shape}"
            )
        if (np.diff(self.users) <= 0).any():
            raise ValueError("users must be ascending, each once")


def averaged_over_seeds(
    runs: Mapping[int, PerUser], others: Mapping[int, PerUser]
) -> tuple[FloatArray, FloatArray]:
    """Average each user's metric over seeds, for two recommenders evaluated alike.

    A user whose items are held out in some seeds alone is averaged over those.

    Args:
        runs: By seed, of one recommender.
        others: By seed, of the other.

    Returns:
        Values of the one and of the other, float64 (n,) each, in the order of users.

    Raises:
        ValueError: Different seeds, or different users within a seed.
    """
    if set(runs) != set(others) or not runs:
        raise ValueError(f"expected the same seeds, not {sorted(runs)} and {sorted(others)}")
    for seed, run in runs.items():
        if not np.array_equal(run.users, others[seed].users):
            raise ValueError(f"the two recommenders were evaluated on other users in seed {seed}")
    seeds = sorted(runs)
    users = np.concatenate([runs[seed].users for seed in seeds])
    who, place = np.unique(users, return_inverse=True)
    counts = np.bincount(place, minlength=len(who))
    means = [
        np.bincount(place, np.concatenate([of[seed].values for seed in seeds]), len(who)) / counts
        for of in (runs, others)
    ]
    return means[0], means[1]


def _differences(
    values: Sequence[float] | FloatArray, others: Sequence[float] | FloatArray
) -> FloatArray:
    first, second = _checked(values), _checked(others)
    if first.shape != second.shape or len(first) < 2:
        raise ValueError(f"expected at least two pairs, not {len(first)} and {len(second)} values")
    difference: FloatArray = first - second
    return difference


def _checked(values: Sequence[float] | FloatArray) -> FloatArray:
    found = np.asarray(values, dtype=np.float64)
    if found.ndim != 1 or not np.isfinite(found).all():
        raise ValueError("expected finite values in one dimension")
    return found
