"""Confidence intervals along a curve."""

from __future__ import annotations

import warnings

import numpy as np
from numpy.typing import NDArray

FloatArray = NDArray[np.float64]


def band(
    values: FloatArray, *, resamples: int, confidence: float, seed: int
) -> tuple[FloatArray, FloatArray] | None:
    """Return bootstrap confidence intervals of the mean at every step (BCa; Efron 1987).

    At each step this is `becam.measuring.statistics.interval`, with the same resamples of items
    at all of them. The band is pointwise: it does not hold the whole curve with that confidence.

    Args:
        values: finite, (items, steps).
        resamples: of the items.
        confidence: level, in (0, 1).
        seed: of the resampling.

    Returns:
        Lower and upper limits, (steps,) each; None for fewer than two items.
    """
    count, steps = values.shape
    if count < 2:
        return None
    mean = values.mean(axis=0)
    low, high = mean.copy(), mean.copy()
    vary = np.ptp(values, axis=0) > 0
    if not vary.any():
        return low, high
    from scipy import stats  # takes a second

    def bootstrap(columns: NDArray[np.bool_], method: str) -> None:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # what they say, the check below acts on
            limits = stats.bootstrap(
                (values[:, columns],),
                np.mean,
                axis=0,
                n_resamples=resamples,
                batch=max(1, 2**22 // (count * steps)),
                confidence_level=confidence,
                method=method,
                random_state=np.random.default_rng(seed),
            ).confidence_interval
        low[columns], high[columns] = limits.low, limits.high

    bootstrap(vary, "BCa")
    undefined = ~(np.isfinite(low) & np.isfinite(high))
    if undefined.any():
        bootstrap(undefined, "percentile")  # BCa's correction is undefined for few values
    return low, high
