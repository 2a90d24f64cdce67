"""From every value to means, comparisons and what must be said about them."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, cast

from becam.measuring.config import MeasureConfig
from becam.measuring.methods import OWN
from becam.measuring.metrics import better_of
from becam.measuring.report import directions
from becam.measuring.result import Mean, Observed, series
from becam.measuring.statistics import Comparison, compare, holm_corrected, interval
from recsys.statistics import UserTest


@dataclass(frozen=True)
class Summary:
    """Means and comparisons; see `becam.measuring.result.Measurements`."""

    means: tuple[Mean, ...]
    changes: tuple[Comparison, ...]
    against: tuple[Comparison, ...]
    notes: tuple[str, ...]


def summarise(config: MeasureConfig, observed: Sequence[Observed], notes: Sequence[str]) -> Summary:
    """Average over items, compare before with after and BeCAM with every other method.

    Args:
        config: level and resamples of the intervals, the paired test.
        observed: every value.
        notes: what is known to be missing or estimated.
    """
    found = series(observed)
    settings: dict[str, Any] = {
        **{"resamples": config.resamples, "confidence": config.confidence},
        "seed": config.item_seed,
    }
    means = tuple(
        Mean(*which, interval(list(values.values()), **settings))
        for which, values in found.items()
        if values
    )

    def compared(one: tuple[str, str], other: tuple[str, str], metric: str) -> list[Comparison]:
        pair = compare(
            found.get((*one, metric), {}),
            found.get((*other, metric), {}),
            test=cast(UserTest, config.test),
            **settings,
        )
        if pair is None:
            return []
        difference, p = pair
        # What describes a map is not tested: no direction of it is better.
        return [Comparison(metric, *one, *other, difference, p if better_of(metric) else math.nan)]

    models = list(dict.fromkeys(model for model, _, _ in found))
    methods = list(dict.fromkeys(method for _, method, _ in found))
    metrics = [name for name in dict.fromkeys(name for *_, name in found) if "/" not in name]
    changes = [
        each
        for method in methods
        for metric in metrics
        if len(models) == 2
        for each in compared((models[1], method), (models[0], method), metric)
    ]
    against = [
        each
        for model in models
        for method in methods
        for metric in metrics
        if OWN in methods and method != OWN and better_of(metric)
        for each in compared((model, OWN), (model, method), metric)
    ]
    sentences = [f"{note[:1].upper()}{note[1:].rstrip('.')}." for note in notes]
    return Summary(
        means=means,
        changes=holm_corrected(changes),
        against=holm_corrected(against),
        notes=(*sentences, *directions(metrics), *_missing(observed)),
    )


def _missing(observed: Sequence[Observed]) -> list[str]:
    """Say how many values are missing and why, methods that miss the same in one line."""
    counts: dict[tuple[str, str], dict[str, int]] = {}
    for each in observed:
        if each.value.value is None:
            of = counts.setdefault((str(each.value.reason), each.method), {})
            of[each.metric] = of.get(each.metric, 0) + 1
    alike: dict[tuple[str, str], list[str]] = {}
    for (reason, method), of in counts.items():
        gaps = ", ".join(f"{metric} ({count})" for metric, count in of.items())
        alike.setdefault((reason, gaps), []).append(method)
    return [
        f"No value of {gaps} by {', '.join(methods)}: {reason}."
        for (reason, gaps), methods in alike.items()
    ]
