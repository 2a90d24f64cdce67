"""The figure of a study: a row a recommender and adapter, a panel a quantity."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import matplotlib as mpl
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from becam.figures.panels import INK, QUIET
from recsys.statistics import Estimate

ROW = 0.2  # inches
# Told apart by shape as well as by colour, for the colour-blind and for grey prints.
UNNAMED = ""  # a series that needs no legend
MARKS = (("o", "#d55e00"), ("D", "#0072b2"), ("|", "#555555"))


@dataclass(frozen=True)
class Dots:
    """One quantity of all rows.

    Attributes:
        title: over the panel.
        series: by what the legend calls it, at most three: a value a row, None where there is
            none. The same name has the same mark in every panel.
        chance: a value to compare with, drawn as a line.
        log: whether the axis is logarithmic; values of 0 stand at its left end.
    """

    title: str
    series: Mapping[str, Sequence[Estimate | None]]
    chance: float | None = None
    log: bool = False


def study_figure(
    rows: Sequence[tuple[str, str]], panels: Sequence[Dots], *, width: float = 7.0, size: float = 8
) -> Figure:
    """Draw quantities beside each other, with standard deviations where there are several seeds.

    Args:
        rows: recommender and adapter; a gap separates recommenders.
        panels: the quantities.
        width: inches.
        size: of the text, points.
    """
    heights = _heights([recommender for recommender, _ in rows])
    figure = Figure(figsize=(width, 0.9 + ROW * (heights[-1] + 1)), layout="constrained")
    names = list(dict.fromkeys(n for panel in panels for n in panel.series if n != UNNAMED))
    axes = figure.subplots(1, len(panels), squeeze=False, sharey=True)[0]
    for place, (each, panel) in enumerate(zip(axes, panels, strict=True)):
        _draw(each, panel, heights, names, size)
        if place == 0:
            labels = [f"{recommender}, {adapter}" for recommender, adapter in rows]
            each.set_yticks(heights, labels, fontsize=size, color=INK)
            each.set_ylim(heights[-1] + 0.7, -0.7)
    handles = [
        Line2D([], [], linestyle="", marker=mark, color=colour, label=name, markersize=5)
        for name, (mark, colour) in zip(names, MARKS, strict=True)
    ]
    figure.legend(
        handles=handles, loc="outside lower center", ncols=3, fontsize=size, frameon=False
    )
    return figure


def _heights(groups: Sequence[str]) -> list[float]:
    found, height = [], 0.0
    for place, group in enumerate(groups):
        if place:
            height += 1 if group == groups[place - 1] else 1.6
        found.append(height)
    return found


def _draw(
    axes: Axes, panel: Dots, heights: Sequence[float], names: Sequence[str], size: float
) -> None:
    axes.set_title(panel.title, fontsize=size, color=INK)
    if panel.log:
        known = [e.mean for of in panel.series.values() for e in of if e and e.mean > 0]
        left = min(known, default=1.0) / 10
        axes.set_xscale("log")
        axes.set_xlim(left, 2)
    else:
        left = 0.0
    for name, values in panel.series.items():
        mark, colour = ("s", INK) if name == UNNAMED else MARKS[names.index(name)]
        for height, each in zip(heights, values, strict=True):
            if each is None:
                continue
            at = max(each.mean, left) if panel.log else each.mean
            if each.sd:
                ends = (max(each.mean - each.sd, left) if panel.log else each.mean - each.sd,)
                axes.plot([*ends, each.mean + each.sd], [height] * 2, color=colour, linewidth=1)
            hollow = panel.log and each.mean <= left
            axes.plot(
                [at], [height], mark, color=colour, markersize=7 if mark == "|" else 4.5,
                markerfacecolor="white" if hollow else colour, clip_on=False, zorder=3,
            )  # fmt: skip
    if panel.chance is not None:
        axes.axvline(panel.chance, color=QUIET, linewidth=0.8, linestyle=":")
    for height in heights:
        axes.axhline(height, color="#dddddd", linewidth=0.5, zorder=0)
    axes.tick_params(labelsize=0.88 * size, width=0.5, length=2.5, colors=QUIET)
    axes.tick_params(axis="y", length=0)
    axes.tick_params(labelfontfamily=mpl.rcParams["font.family"])
    for side in ("top", "right", "left"):
        axes.spines[side].set_visible(False)
