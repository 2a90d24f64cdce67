"""What has no value, how often and why, in words."""

from __future__ import annotations

from collections.abc import Sequence

from becam.measuring.metrics import label_of
from becam.measuring.result import Observed
from becam.measuring.words import listed, share
from becam.methods import METHODS


def missing(observed: Sequence[Observed], items: int) -> list[str]:
    """Count the items without a value by their reason; what lacks the same stands in one line.

    Args:
        observed: every value.
        items: how many were measured.
    """
    counts: dict[tuple[str, str, str], dict[str, int]] = {}
    for each in observed:
        if each.value.value is None:
            of = counts.setdefault((each.model, each.method, str(each.value.reason)), {})
            of[each.metric] = of.get(each.metric, 0) + 1
    # Who lacks what in so many items for that reason: first the methods, then the models.
    methods: dict[tuple[str, str, int, str], list[str]] = {}
    for (model, method, reason), gaps in counts.items():
        for count in dict.fromkeys(gaps.values()):
            lacking = listed([label_of(name) for name, found in gaps.items() if found == count])
            methods.setdefault((model, lacking, count, reason), []).append(METHODS[method].label)
    models: dict[tuple[str, str, int, str], list[str]] = {}
    for (model, lacking, count, reason), names in methods.items():
        models.setdefault((listed(names), lacking, count, reason), []).append(model)
    return [
        f"{listed(of)}, {by}: no value of {lacking} in {share(count, items)}: {reason}."
        for (by, lacking, count, reason), of in models.items()
    ]
