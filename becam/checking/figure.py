"""The curve of MPRT: what is left of a map while the encoder becomes random."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from becam.checking.similarity import SIMILARITIES
from becam.methods import METHODS

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from becam.checking.result import Mean

NOTHING = "none"  # the step at which nothing is random: the original map itself


def mprt_figure(means: Sequence[Mean], *, data: str, confidence: float) -> Figure:
    """Draw a row of panels a model and a panel a similarity; every line begins at 1.

    Args:
        means: those of the check ``mprt``, at least one.
        data: the catalogue's name.
        confidence: level of the intervals.
    """
    from becam.figures.lines import Line, Panel, lines_figure

    stages = dict(sorted({each.step: each.stage for each in means}.items()))
    models = list(dict.fromkeys(each.model for each in means))
    methods = [name for name in METHODS if any(each.method == name for each in means)]

    def line(model: str, method: str, similarity: str) -> Line | None:
        which = (model, method, similarity)
        of = [e for e in means if (e.model, e.method, e.similarity) == which]
        if not of:
            return None
        alone = any(each.interval.low is None for each in of)
        low = None if alone else np.array([1.0, *(each.interval.low or 0 for each in of)])
        high = None if alone else np.array([1.0, *(each.interval.high or 0 for each in of)])
        steps = np.array([0.0, *(each.step for each in of)])
        return Line(steps, np.array([1.0, *(e.interval.estimate.mean for e in of)]), low, high)

    def panel(model: str, similarity: str, title: str) -> Panel:
        lines = {
            METHODS[name].label: found
            for name in methods
            if (found := line(model, name, similarity)) is not None
        }
        steps = [NOTHING, *stages.values()]
        return Panel(title, "weights random down to", "similarity", lines, steps)

    count = max(each.interval.estimate.n for each in means)
    limits = f", {100 * confidence:g} % bootstrap interval" if count > 1 else ""
    return lines_figure(
        [(model, [panel(model, *each) for each in SIMILARITIES.items()]) for model in models],
        names=[METHODS[name].label for name in methods],
        title=f"MPRT, {data}: mean over {count} item{'s' if count > 1 else ''}{limits}",
    )
