"""The curves behind insertion, deletion and ROAD: of every item, and their means."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from becam.measuring.bands import band
from becam.measuring.config import MeasureConfig
from becam.measuring.made import COLUMNS
from becam.measuring.methods import score_by
from becam.methods import METHODS
from becam.metrics import METRICS, MetricSettings
from becam.metrics.curves import SHOWN, common_shares
from becam.metrics.faithfulness import Curve

if TYPE_CHECKING:
    from matplotlib.figure import Figure

TIDY: Mapping[str, Any] = {
    **{"data": str, **COLUMNS, "item": str, "side": str, "model": str, "seed": int},
    **{"method": str, "kind": str, "score": str, "metric": str, "step": int, "share": float},
    "value": float,
}
SUMMARY: Mapping[str, Any] = {
    **{"data": str, **COLUMNS, "model": str, "seed": int, "method": str, "score": str},
    **{"metric": str, "step": int, "share": float, "n": int, "mean": float},
    **{"low": float, "high": float},
}


@dataclass(frozen=True, eq=False)
class ObservedCurve:
    """One curve: of an item, on a side, by a method, behind a metric.

    ``metric`` is a name of `becam.metrics.curves.CURVES`; ``curve`` has the shares of the pixels
    and the cosine at each.
    """

    item: str
    side: str
    model: str
    method: str
    kind: str
    metric: str
    curve: Curve


@dataclass(frozen=True, eq=False)
class MeanCurve:
    """The mean of a method's curves over items.

    Attributes:
        model, method, metric: which curves.
        n: of how many items.
        shares: of the pixels, (k,) float64; curves of pictures whose pixels don't divide so are
            interpolated.
        mean: of the cosine, (k,) float64.
        low, high: pointwise bootstrap confidence interval, (k,) float64; None for a single item.
    """

    model: str
    method: str
    metric: str
    n: int
    shares: NDArray[np.float64]
    mean: NDArray[np.float64]
    low: NDArray[np.float64] | None
    high: NDArray[np.float64] | None


def mean_curves(
    observed: Sequence[ObservedCurve], config: MeasureConfig, settings: MetricSettings
) -> tuple[MeanCurve, ...]:
    """Average curves over items, by model, method and metric.

    Args:
        observed: every curve.
        config: level and resamples of the intervals.
        settings: the metrics', which decide the shares.
    """
    groups: dict[tuple[str, str, str], list[Curve]] = {}
    for each in observed:
        groups.setdefault((each.model, each.method, each.metric), []).append(each.curve)
    found = []
    for (model, method, metric), curves in groups.items():
        shares = common_shares(metric, settings)
        values = np.stack([np.interp(shares, each.shares, each.scores) for each in curves])
        limits = band(
            values,
            resamples=config.resamples,
            confidence=config.confidence,
            seed=config.item_seed,
        )
        low, high = limits or (None, None)
        mean = values.mean(axis=0)
        found.append(MeanCurve(model, method, metric, len(curves), shares, mean, low, high))
    return tuple(found)


def curve_rows(
    observed: Sequence[ObservedCurve], same: tuple[Any, ...], seed: int
) -> Iterator[tuple[Any, ...]]:
    """Yield a row a step of every curve, in the order of `TIDY`; ``same`` begins each of them."""
    for each in observed:
        which = (
            *(*same, each.item, each.side, each.model, seed, each.method, each.kind),
            *(score_by(METHODS[each.method]), each.metric),
        )
        points = zip(each.curve.shares.tolist(), each.curve.scores.tolist(), strict=True)
        for step, point in enumerate(points):
            yield (*which, step, *point)


def mean_rows(
    means: Sequence[MeanCurve], same: tuple[Any, ...], seed: int
) -> Iterator[tuple[Any, ...]]:
    """Yield a row a step of every mean curve, in the order of `SUMMARY`."""
    for each in means:
        which = (*same, each.model, seed, each.method, score_by(METHODS[each.method]), each.metric)
        nothing = [None] * len(each.shares)
        low = nothing if each.low is None else each.low.tolist()
        high = nothing if each.high is None else each.high.tolist()
        points = zip(each.shares.tolist(), each.mean.tolist(), low, high, strict=True)
        for step, (share, mean, *limits) in enumerate(points):
            yield (*which, step, share, each.n, mean, *limits)


def curves_figure(means: Sequence[MeanCurve], *, data: str, confidence: float) -> Figure:
    """Draw mean curves with their intervals: a row of panels a model, a column a metric."""
    from becam.figures.lines import Line, Panel, lines_figure

    models = list(dict.fromkeys(each.model for each in means))
    metrics = [name for name in SHOWN if any(each.metric == name for each in means)]
    methods = [name for name in METHODS if any(each.method == name for each in means)]

    def panel(model: str, metric: str) -> Panel:
        of = {each.method: each for each in means if (each.model, each.metric) == (model, metric)}
        lines = {
            METHODS[name].label: Line(each.shares, each.mean, each.low, each.high)
            for name in methods
            if (each := of.get(name)) is not None
        }
        better = METRICS[metric].better
        title = f"{METRICS[metric].label} ({better} is better)"
        return Panel(title, f"share of the picture {SHOWN[metric]}", "cosine", lines)

    count = max(each.n for each in means)
    limits = f", {100 * confidence:g} % bootstrap interval" if count > 1 else ""
    return lines_figure(
        [(model, [panel(model, metric) for metric in metrics]) for model in models],
        names=[METHODS[name].label for name in methods],
        title=f"{data}: mean over {count} item{'s' if count > 1 else ''}{limits}",
    )
