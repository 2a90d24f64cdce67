"""The curves behind insertion, deletion and ROAD, by name."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from functools import partial
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from becam.metrics.case import Case
from becam.metrics.faithfulness import Curve, deletion_curve, insertion_curve
from becam.metrics.road import road_curve
from becam.metrics.settings import MetricSettings

CURVES: Mapping[str, Callable[[Case], Curve]] = {
    "insertion": insertion_curve,
    "deletion": deletion_curve,
    "road-morf": partial(road_curve, hottest_first=True),
    "road-lerf": partial(road_curve, hottest_first=False),
}
"""By the metric that says what the curve is worth; ``road`` is the difference of two of them."""

SHOWN: Mapping[str, Literal["shown", "removed"]] = {
    name: "shown" if name == "insertion" else "removed" for name in CURVES
}
"""What a curve's shares are shares of: the pixels that are shown, or that are removed."""


def curve_names(metrics: Iterable[str]) -> tuple[str, ...]:
    """Return the curves that lie behind metrics, in the order of `CURVES`."""
    asked = set(metrics)
    if "road" in asked:
        asked |= {"road-morf", "road-lerf"}
    return tuple(name for name in CURVES if name in asked)


def curves_of(case: Case, metrics: Iterable[str]) -> dict[str, Curve]:
    """Return the curves that lie behind metrics of a case; those that it has.

    Args:
        case: what metrics computed of it before is not computed again.
        metrics: names of `becam.metrics.METRICS`; others than those with a curve are passed over.

    Returns:
        By name, shares ascending. A curve whose metric is undefined (no score, a constant map,
        scores that are not finite) is left out: the metric says why.
    """
    if "score" not in case.has or case.input_fault is not None:
        return {}
    found = {name: CURVES[name](case) for name in curve_names(metrics)}
    return {name: _sorted(each) for name, each in found.items() if np.isfinite(each.scores).all()}


def common_shares(name: str, settings: MetricSettings) -> NDArray[np.float64]:
    """Return the shares at which pictures of any size can be averaged, (k,) float64, ascending.

    A picture's own are whole pixels, as near to these as they come.
    """
    if name.startswith("road"):
        return np.array(sorted(settings.road_shares))
    return np.arange(settings.steps + 1) / settings.steps


def _sorted(curve: Curve) -> Curve:
    order = np.argsort(curve.shares, kind="stable")
    return Curve(curve.shares[order], curve.scores[order])
