"""What a check says, in plain words."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

from becam.checking.checks import Check
from becam.measuring.statistics import Interval
from becam.measuring.words import counted

# Of the mean rank correlation: half of the way from nothing left to nothing changed. A map's own
# blur and the picture's edges alone leave some.
HALF = 0.5


@dataclass(frozen=True)
class Reading:
    """What a check says of a method's maps.

    Attributes:
        model, method, check: of which.
        verdict: ``stays``, ``changes``, or ``open`` where the interval holds both.
        text: the same in a sentence.
    """

    model: str
    method: str
    check: str
    verdict: str
    text: str

    def to_dict(self) -> dict[str, Any]:
        """Return plain values for JSON."""
        return asdict(self)


def read(model: str, method: str, label: str, check: Check, found: Interval) -> Reading:
    """Say what a mean rank correlation with the original map means.

    Args:
        model: the recommender.
        method, label: the method, and what a table calls it.
        check: what is random.
        found: the correlation, over items, where all of it is random.
    """
    mean, count = found.estimate.mean, found.estimate.n
    low = mean if found.low is None else found.low
    high = mean if found.high is None else found.high
    interval = "" if found.low is None or count < 2 else f" [{low:.2f}, {high:.2f}]"
    figure = f"Spearman {mean:.2f}{interval} over {counted(count, 'item')}"
    if low >= HALF:
        verdict, said = "stays", f"the map hardly changes {check.when}"
        meaning = f"not an explanation of {check.explains}"
    elif high < HALF:
        verdict, said = "changes", f"the map changes {check.when}"
        meaning = f"it depends on {check.explains}"
    else:
        verdict, said = "open", f"whether the map changes {check.when} is open"
        meaning = "more items may tell" if count > 1 else "one item tells little"
    text = f"{model}, {label}: {said} ({figure}): {meaning}."
    return Reading(model, method, check.name, verdict, text)
