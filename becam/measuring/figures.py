"""Figures that describe a heatmap and do not judge it: its health, as values of a table."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from becam.content_dependence import ContentDependence
from becam.health import Health
from becam.metrics import Value
from becam.recognition import Recognition

_UNWEIGHED = "the method does not weigh channels"
_NOT_FINITE = "the weights are not finite"
_NOT_ASKED = "measured for methods that ask the recommender about this item alone"
CONSTANT = "the map or the unweighted one is constant"
ALL_ALIKE = "the projection makes the content of all items alike"


@dataclass(frozen=True)
class Described:
    """A figure of a heatmap's health.

    Attributes:
        name: what a user types.
        label: what stands in tables.
        of: the figure, or why there is none.
    """

    name: str
    label: str
    of: Callable[[Health], Value]


def _finite(figure: float, otherwise: str) -> Value:
    return Value(figure) if math.isfinite(figure) else Value.undefined(otherwise)


def _of_weights(health: Health, figure: float) -> Value:
    return _finite(figure, _NOT_FINITE if health.channels else _UNWEIGHED)


def _distance(health: Health) -> Value:
    weighed = health.channels == 0 or math.isfinite(health.spread)
    return _finite(health.distance, CONSTANT if weighed else _NOT_FINITE)


def _degenerate(health: Health) -> Value:
    """1 or 0, so that the mean over items is a share."""
    if health.degenerate:
        return Value(1.0)
    distance = _distance(health)
    return distance if distance.value is None else Value(0.0)


def of_content(found: ContentDependence | None) -> Value:
    """Return a content dependence, or why there is none; None where it was not measured."""
    return Value.undefined(_NOT_ASKED) if found is None else _finite(found.ratio, ALL_ALIKE)


def of_recognition(found: Recognition | None) -> Value:
    """Return a recognition, or why there is none; None where it was not measured."""
    return Value.undefined(_NOT_ASKED) if found is None else Value(found.value)


CONTENT, RECOGNITION = "content-dependence", "recognition"

HEALTH: Mapping[str, Described] = {
    each.name: each
    for each in (
        Described(
            "spread", "spread of the weights", lambda health: _of_weights(health, health.spread)
        ),
        Described(
            "effective-channels",
            "effective channels",
            lambda health: _of_weights(health, health.effective_channels),
        ),
        Described("distance", "distance from unweighted", _distance),
        Described("degenerate", "degenerate maps", _degenerate),
        Described(CONTENT, "content dependence", lambda health: of_content(health.content)),
        Described(RECOGNITION, "recognition", lambda health: of_recognition(health.recognition)),
    )
}


def health_of(health: Health) -> dict[str, Value]:
    """Return every figure of a heatmap's health, by name."""
    return {name: figure.of(health) for name, figure in HEALTH.items()}
