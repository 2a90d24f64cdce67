"""From every value to means, comparisons and what must be said about them."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, cast

from becam.measuring.config import MeasureConfig
from becam.measuring.methods import OWN
from becam.measuring.metrics import better_of
from becam.measuring.missing import missing
from becam.measuring.report import directions
from becam.measuring.result import Mean, Observed, masks_of, series
from becam.measuring.statistics import Comparison, compare, holm_corrected, interval
from becam.measuring.words import sentence
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
    found, masks = series(observed), masks_of(observed)
    settings: dict[str, Any] = {
        **{"resamples": config.resamples, "confidence": config.confidence},
        "seed": config.item_seed,
    }
    means = tuple(
        Mean(*which, interval(list(values.values()), **settings), masks.get(which, ""))
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
    items = len({each.item for each in observed})
    gaps = missing(observed, items)
    if observed and not means:
        gaps = ["No heatmap has a value of any of these metrics, for these reasons.", *gaps]
    return Summary(
        means=means,
        changes=holm_corrected(changes),
        against=holm_corrected(against),
        notes=(*map(sentence, notes), *directions(metrics), *gaps),
    )
