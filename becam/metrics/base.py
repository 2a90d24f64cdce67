"""What a metric of a heatmap is, what it returns, and all of them by name."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from recsys.errors import unknown

if TYPE_CHECKING:
    from becam.metrics.case import Case

Need = Literal["mask", "others", "score", "explain"]

_MISSING: dict[Need, str] = {
    "mask": "the product's mask is not known",
    "others": "no other item's map is at hand",
    "score": "no score of the picture is at hand",
    "explain": "the method cannot be run again",
}


@dataclass(frozen=True)
class Value:
    """A metric's value, or why there is none. Never NaN, never a zero that stands for nothing.

    Attributes:
        value: a finite number, or None.
        reason: where there is no value: why, in a few words.

    Raises:
        ValueError: a value that is not finite, both a value and a reason, or neither.
    """

    value: float | None
    reason: str | None = None

    def __post_init__(self) -> None:
        if (self.value is None) != (self.reason is not None):
            raise ValueError("expected either a value or the reason why there is none")
        if self.value is not None and not math.isfinite(self.value):
            raise ValueError(f"value {self.value}: expected a finite number")

    @classmethod
    def undefined(cls, reason: str) -> Value:
        """Return no value, with the reason."""
        return cls(None, reason)


@dataclass(frozen=True)
class Metric:
    """A metric of one heatmap.

    Attributes:
        name: what a user types, e.g. ``energy-inside``.
        label: what stands in tables and figures.
        low, high: the values it can take, infinite where unbounded.
        better: which direction is better.
        needs: what a case must have for it: the product's mask, other items' maps, a score,
            the method to explain again.
        about: what it says, in a line.
        source: the paper that it comes from.
        measure: the value of a case that has what is needed; see `of`.
        details: further values by name, e.g. a share for each distractor.
    """

    name: str
    label: str
    low: float
    high: float
    better: Literal["higher", "lower"]
    needs: frozenset[Need]
    about: str
    source: str
    measure: Callable[[Case], Value]
    details: Callable[[Case], Mapping[str, Value]] | None = None

    def of(self, case: Case) -> Value:
        """Measure a case; where something needed is missing, the reason says what."""
        missing = sorted(self.needs - case.has)
        return Value.undefined(_MISSING[missing[0]]) if missing else self.measure(case)


METRICS: dict[str, Metric] = {}
"""All metrics by name, filled when `becam.metrics` is imported."""


def register(*metrics: Metric) -> None:
    """Add metrics to `METRICS`.

    Raises:
        ValueError: a name that is taken.
    """
    for metric in metrics:
        if metric.name in METRICS:
            raise ValueError(f"there is a metric {metric.name!r} already")
        METRICS[metric.name] = metric


def metric(name: str) -> Metric:
    """Look a metric up.

    Raises:
        InputError: no such metric.
    """
    if name not in METRICS:
        raise unknown("metric", name, METRICS)
    return METRICS[name]


def measured(case: Case, names: Iterable[str]) -> dict[str, Value]:
    """Measure a case by several metrics.

    Returns:
        values by metric name, in the order given; a metric's details follow it as
        ``drift/face``, where the case has them.

    Raises:
        InputError: no such metric.
    """
    found: dict[str, Value] = {}
    for one in [metric(name) for name in names]:
        found[one.name] = one.of(case)
        if one.details is not None and one.needs <= case.has:
            more = one.details(case)
            found |= {f"{one.name}/{name}": value for name, value in more.items()}
    return found
