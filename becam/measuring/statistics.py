"""From values of items to means, intervals and paired comparisons."""

from __future__ import annotations

import math
import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from recsys.statistics import USER_TESTS, Estimate, UserTest, estimate, holm

FloatArray = NDArray[np.float64]


@dataclass(frozen=True)
class Interval:
    """A mean over items with its confidence interval.

    Attributes:
        estimate: mean, standard deviation, number of items.
        low, high: of the mean; equal to it where all values are, None for a single item.
    """

    estimate: Estimate
    low: float | None
    high: float | None


@dataclass(frozen=True)
class Comparison:
    """Two measured series, paired by item.

    Attributes:
        metric: what was measured.
        model, method: of the one.
        other_model, other_method: of what it is compared with.
        difference: the one minus the other.
        p: of the paired test; NaN where nothing can be tested (fewer than two items; the same
            difference everywhere).
        corrected: ``p`` by Holm's method, over all comparisons of the same kind.
    """

    metric: str
    model: str
    method: str
    other_model: str
    other_method: str
    difference: Interval
    p: float
    corrected: float | None = None


def interval(
    values: Sequence[float] | FloatArray, *, resamples: int, confidence: float, seed: int
) -> Interval:
    """Return the mean with a bootstrap confidence interval (BCa; Efron 1987).

    Args:
        values: finite, at least one, one an item.
        resamples: of the items.
        confidence: level, in (0, 1).
        seed: of the resampling; the same for all series, so that none depends on the others.
    """
    found = np.asarray(values, dtype=np.float64)
    of = estimate(found)
    if len(found) < 2:
        return Interval(of, None, None)
    if np.ptp(found) == 0:
        return Interval(of, of.mean, of.mean)
    from scipy import stats  # takes a second

    def bootstrap(method: str) -> tuple[float, float]:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # what they say, the check below acts on
            limits = stats.bootstrap(
                (found,),
                np.mean,
                n_resamples=resamples,
                batch=max(1, 2**22 // len(found)),
                confidence_level=confidence,
                method=method,
                random_state=np.random.default_rng(seed),
            ).confidence_interval
        return float(limits.low), float(limits.high)

    low, high = bootstrap("BCa")
    if not (math.isfinite(low) and math.isfinite(high)):
        low, high = bootstrap("percentile")  # BCa's correction is undefined for few values
    return Interval(of, low, high)


def compare(
    one: Mapping[str, float],
    other: Mapping[str, float],
    *,
    test: UserTest,
    resamples: int,
    confidence: float,
    seed: int,
) -> tuple[Interval, float] | None:
    """Compare two series over the items that both have; None without any.

    Args:
        one, other: finite values by item.
        test: paired test over items.
        resamples, confidence, seed: see `interval`.
    """
    items = [item for item in one if item in other]
    if not items:
        return None
    first, second = (np.array([of[item] for item in items]) for of in (one, other))
    found = interval(first - second, resamples=resamples, confidence=confidence, seed=seed)
    # Equal throughout: the method never asks the recommender, so there is nothing to test.
    tested = len(items) > 1 and bool((first != second).any())
    return found, USER_TESTS[test](first, second) if tested else math.nan


def holm_corrected(comparisons: Sequence[Comparison]) -> tuple[Comparison, ...]:
    """Correct the p-values of a family of comparisons for their number."""
    tested = [each for each in comparisons if not math.isnan(each.p)]
    values = iter(holm([each.p for each in tested]))
    return tuple(
        each if math.isnan(each.p) else replace(each, corrected=next(values))
        for each in comparisons
    )
