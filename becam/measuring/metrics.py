"""The metrics that can be measured, by name, and their values with the reason of each gap."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Literal

from becam.attribution import Attribution
from becam.health import Health
from becam.measuring.config import named
from becam.measuring.subject import Subject
from becam.metrics import drift, omission, pixel_auc
from recsys.errors import unknown


@dataclass(frozen=True)
class Value:
    """A finite figure, or why there is none."""

    value: float | None
    reason: str = ""


@dataclass(frozen=True)
class Metric:
    """A figure of one heatmap.

    Attributes:
        name: what a user types.
        label: what stands in tables.
        better: which direction is better; None for what describes and does not judge.
        needs: what the subject must have: ``mask`` or nothing.
        of: the figure; NaN where it is not defined.
        undefined: what NaN means, in words.
    """

    name: str
    label: str
    better: Literal["higher", "lower"] | None
    needs: frozenset[str]
    of: Callable[[Subject, Attribution], float]
    undefined: str


def _against_mask(measure: Callable[..., float]) -> Callable[[Subject, Attribution], float]:
    return lambda subject, found: measure(found.on_picture(), subject.mask)


def _of_health(figure: Callable[[Health], float]) -> Callable[[Subject, Attribution], float]:
    def of(_: Subject, found: Attribution) -> float:
        return figure(found.health)

    return of


_MASK = frozenset({"mask"})
_FLAT = "the map is constant, or the product's mask is empty or full"
_UNWEIGHED = "the method does not weigh channels"

METRICS: Mapping[str, Metric] = {
    metric.name: metric
    for metric in (
        Metric("drift", "drift", "lower", _MASK, _against_mask(drift), _FLAT),
        Metric("omission", "omission", "lower", _MASK, _against_mask(omission), _FLAT),
        Metric("auc", "pixel AUC", "higher", _MASK, _against_mask(pixel_auc), _FLAT),
        Metric(
            "spread",
            "spread of weights",
            None,
            frozenset(),
            _of_health(lambda health: health.spread),
            _UNWEIGHED,
        ),
        Metric(
            "effective-channels",
            "effective channels",
            None,
            frozenset(),
            _of_health(lambda health: health.effective_channels),
            _UNWEIGHED,
        ),
        Metric(
            "distance",
            "distance from unweighted",
            None,
            frozenset(),
            _of_health(lambda health: health.distance),
            "the map or the unweighted one is constant",
        ),
        Metric(
            "content-dependence",
            "content dependence",
            None,
            frozenset(),
            _of_health(lambda health: health.content.ratio if health.content else math.nan),
            "not measured for this method, or the projection makes all content alike",
        ),
    )
}


def metrics_of(text: str) -> tuple[Metric, ...]:
    """Return the metrics that ``text`` names, in the registry's order.

    Raises:
        InputError: an unknown name, a name twice.
    """
    names = named("metric", text)
    if names == ("all",):
        return tuple(METRICS.values())
    for name in names:
        if name not in METRICS:
            raise unknown("metric", name, [*METRICS, "all"])
    return tuple(metric for metric in METRICS.values() if metric.name in names)


def values_of(
    subject: Subject, found: Attribution, metrics: tuple[Metric, ...]
) -> dict[str, Value]:
    """Measure one heatmap."""
    values = {}
    for metric in metrics:
        if "mask" in metric.needs and subject.mask is None:
            values[metric.name] = Value(None, "the product's mask is not known")
            continue
        value = metric.of(subject, found)
        known = math.isfinite(value)
        values[metric.name] = Value(value) if known else Value(None, metric.undefined)
    return values
