"""Means along steps with their intervals: rows and columns of panels, one line a method."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from numpy.typing import NDArray

from becam.figures.axes import quiet_axes
from becam.figures.learning_curves import COLOURS
from becam.figures.panels import INK, QUIET
from becam.figures.text import fit_for_figure, put

PANEL = (2.5, 2.1)  # inches
# Seven colours, four strokes and five marks: no two of the first 140 lines are alike, and what
# colour tells, stroke and mark tell in grey.
STROKES = ("-", "--", "-.", ":")
MARKS = ("o", "s", "^", "D", "v")
MARKED = 6  # marks on a line at most


@dataclass(frozen=True, eq=False)
class Line:
    """A mean at every step.

    Attributes:
        x, mean: (k,) float64.
        low, high: its interval, (k,) float64; None where there is none.
    """

    x: NDArray[np.float64]
    mean: NDArray[np.float64]
    low: NDArray[np.float64] | None = None
    high: NDArray[np.float64] | None = None


@dataclass(frozen=True, eq=False)
class Panel:
    """Lines on one pair of axes.

    Attributes:
        title: over the panel, where it is in the first row.
        across, up: what the axes are.
        lines: by what the legend calls them.
        steps: names of the steps 0, 1, ... along x, where it counts steps.
    """

    title: str
    across: str
    up: str
    lines: Mapping[str, Line]
    steps: Sequence[str] | None = None


def lines_figure(
    rows: Sequence[tuple[str, Sequence[Panel]]], *, names: Sequence[str], title: str
) -> Figure:
    """Draw panels; those of a column have one axis along x, those of a row one along y.

    Args:
        rows: what a row is about, and its panels, as many in each row; at least one.
        names: of the lines, in the order in which colours are dealt: the same name looks the
            same in every panel and in every figure that has these names.
        title: over all of it.
    """
    columns = len(rows[0][1])
    wide = max(columns * PANEL[0] + 0.4, 4.5)
    across = max(1, int(wide / (0.075 * max(map(len, names)) + 0.55)))
    lines_of_legend = -(-len(names) // across)
    figure = Figure(
        figsize=(wide, len(rows) * PANEL[1] + 0.17 * lines_of_legend + 0.5), layout="constrained"
    )
    grid = figure.subplots(len(rows), columns, squeeze=False, sharex="col", sharey="row")
    for down, (name, panels) in enumerate(rows):
        for place, panel in enumerate(panels):
            axes = grid[down][place]
            for number, each in enumerate(names):
                if each in panel.lines:
                    _draw(axes, panel.lines[each], number)
            if down == 0:
                put(axes.set_title(fit_for_figure(panel.title, width=44), fontsize=8, color=INK))
            if down == len(rows) - 1:
                put(axes.set_xlabel(panel.across, fontsize=7.5, color=QUIET))
            if place == 0:
                label = fit_for_figure(f"{name}: {panel.up}" if name else panel.up, width=34)
                put(axes.set_ylabel(label, fontsize=7.5, color=QUIET))
            _axes(axes, panel.steps)
    handles = [
        Line2D([], [], color=_colour(number), **_style(number), label=each)
        for number, each in enumerate(names)
    ]
    legend = figure.legend(
        handles=handles,
        loc="outside lower center",
        ncols=min(across, len(names)),
        fontsize=7.5,
        frameon=False,
        handlelength=3.2,
    )
    for text in legend.texts:
        put(text)
    put(figure.suptitle(fit_for_figure(title, width=int(14 * wide)), fontsize=8.5, color=INK))
    return figure


def _draw(axes: Axes, line: Line, number: int) -> None:
    # Each line's marks begin elsewhere, lest they hide each other where lines run together.
    every = max(1, -(-len(line.x) // MARKED))
    axes.plot(
        line.x,
        line.mean,
        color=_colour(number),
        markevery=(number % every, every),
        zorder=3 if number == 0 else 2,
        **_style(number),
    )
    if line.low is not None and line.high is not None:
        axes.fill_between(
            line.x, line.low, line.high, color=_colour(number), alpha=0.1, linewidth=0, zorder=1
        )


def _colour(number: int) -> str:
    return COLOURS[number % len(COLOURS)]


def _style(number: int) -> dict[str, Any]:
    """The first line, that of the method itself, is the widest."""
    return {
        "linestyle": STROKES[number % len(STROKES)],
        "marker": MARKS[number % len(MARKS)],
        "markersize": 3.2,
        "linewidth": 1.9 if number == 0 else 1.1,
    }


def _axes(axes: Axes, steps: Sequence[str] | None) -> None:
    if steps is not None:
        names = [fit_for_figure(each, width=24) for each in steps]
        axes.set_xticks(range(len(steps)), names, rotation=40, ha="right", rotation_mode="anchor")
    quiet_axes(axes)
