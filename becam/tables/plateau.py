"""Trainings that stopped far earlier than the others of their recommender.

Validation metrics may stand still for a while before they rise again. Where some runs stop there
and others do not, the rows of a table differ by luck, and the difference is often larger than
any adapter's.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterable, Mapping
from statistics import median
from typing import Any

from recsys.models.names import ModelName

SHARE = 0.25  # of the median best epoch: what is below it has stopped early


def early_stops(runs: Iterable[Mapping[str, Any]], *, patience: int) -> list[str]:
    """Say where trainings stopped early, one line a data set and recommender.

    Args:
        runs: with ``data``, ``model``, ``label``, ``seed``, ``best_epoch`` and, where it is
            known, ``epochs``. One that did not wait ``patience`` epochs for a better one was
            stopped by something else.
        patience: what they were trained with.
    """
    groups: dict[tuple[str, str], list[Mapping[str, Any]]] = defaultdict(list)
    for run in runs:
        recommender = ModelName.parse(str(run["model"])).recommender
        groups[str(run["data"]), recommender].append(run)
    found = []
    for (data, recommender), members in groups.items():
        usual = median(run["best_epoch"] for run in members)
        early = [
            run
            for run in members
            if run["best_epoch"] < SHARE * usual
            and run.get("epochs", math.inf) - run["best_epoch"] >= patience
        ]
        if not early:
            continue
        latest = max(run["best_epoch"] for run in early)
        counts: dict[str, int] = defaultdict(int)
        for run in early:
            counts[run["label"]] += 1
        which = ", ".join(f"{label}: {count}" for label, count in counts.items())
        found.append(
            f"{data}, {recommender}: {len(early)} of {len(members)} trainings were best by epoch "
            f"{latest:.0f}, where half are best in epoch {usual:.0f} or later ({which}); they may "
            "have stopped on a plateau, and differences between rows may be luck. Try a patience "
            f"above {patience}."
        )
    return found
