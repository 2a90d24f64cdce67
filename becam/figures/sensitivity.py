"""The figure of `becam table sensitivity`: a metric over BeFA's hidden width."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import matplotlib as mpl
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from becam.figures.panels import INK, QUIET
from becam.figures.paper.grid import letter
from becam.figures.text import fit_for_figure, put
from recsys.statistics import Estimate

PANEL = (3.0, 2.3)  # inches
CURVE = "#0072b2"  # this colour and the next are told apart by the colour-blind as well
LINES: tuple[tuple[str, Any], ...] = (
    ("#555555", "-"),
    ("#555555", "--"),
    ("#d55e00", ":"),
    ("#009e73", "-."),
)


@dataclass(frozen=True)
class Curve:
    """A metric of one recommender on one data set.

    Attributes:
        metric: As in ``Recall@20``.
        data: The data set.
        recommender: The recommender.
        widths: By k: the metric over seeds; ``None`` where it failed.
        references: By name: what the curve is compared with.
    """

    metric: str
    data: str
    recommender: str
    widths: Mapping[float, Estimate | None]
    references: Mapping[str, Estimate | None]


def sensitivity_figure(
    curves: Sequence[Curve],
    label: str,
    *,
    width: float | None = None,
    size: float = 8.0,
    family: str | None = None,
) -> Figure:
    """Draw every curve with its standard deviation and its references, a panel each.

    A row of panels is a metric, a column a data set and recommender. Panels have letters where
    there are several.

    Args:
        curves: The curves, at least one.
        label: What the legend calls them.
        width: Of the figure, inches; by default what its columns need.
        size: Of the text, points.
        family: Font, matplotlib's own by default.
    """
    with mpl.rc_context({} if family is None else {"font.family": [family]}):
        return _drawn(curves, label, width, size)


def _drawn(curves: Sequence[Curve], label: str, width: float | None, size: float) -> Figure:
    metrics = list(dict.fromkeys(curve.metric for curve in curves))
    columns = list(dict.fromkeys((curve.data, curve.recommender) for curve in curves))
    wide = max(len(columns) * PANEL[0], 4.5) if width is None else width
    tall = min(PANEL[1], wide / len(columns)) * len(metrics) + 0.5
    figure = Figure(figsize=(wide, tall), layout="constrained")
    panels = figure.subplots(len(metrics), len(columns), squeeze=False, sharex=True)
    for curve in curves:
        row, column = metrics.index(curve.metric), columns.index((curve.data, curve.recommender))
        axes = panels[row][column]
        _draw(axes, curve, size)
        title = f"{curve.recommender}, {curve.data}" if row == 0 else ""
        several = panels.size > 1
        if several:
            title = f"({letter(row * len(columns) + column)}) {title}"
        if title:
            fitted, place = fit_for_figure(title, width=40), "left" if several else "center"
            put(axes.set_title(fitted, fontsize=1.1 * size, color=INK, loc=place))
        if column == 0:
            put(axes.set_ylabel(curve.metric, fontsize=size, color=INK))
        if row == len(metrics) - 1:
            put(axes.set_xlabel("k", fontsize=size, color=INK))
    names = list(dict.fromkeys(name for curve in curves for name in curve.references))
    handles = [Line2D([], [], color=CURVE, marker="o", markersize=3, label=label)]
    handles += [
        Line2D([], [], color=colour, linestyle=style, linewidth=1, label=name)
        for name, (colour, style) in zip(names, LINES, strict=False)
    ]
    letters = sum(len(str(handle.get_label())) + 6 for handle in handles) * 0.55 * size / 72
    style: dict[str, Any] = {"fontsize": 0.94 * size, "frameon": False}
    columns_of_legend = len(handles) if letters < wide else max(int(wide / (letters / 2)), 1)
    figure.legend(handles=handles, loc="outside lower center", ncols=columns_of_legend, **style)
    return figure


def _draw(axes: Axes, curve: Curve, size: float) -> None:
    found = {k: of for k, of in sorted(curve.widths.items()) if of is not None}
    ks = list(found)
    means = [of.mean for of in found.values()]
    sds = [of.sd or 0.0 for of in found.values()]
    axes.plot(ks, means, color=CURVE, marker="o", markersize=3, linewidth=1.2, zorder=3)
    axes.fill_between(
        ks,
        [mean - sd for mean, sd in zip(means, sds, strict=True)],
        [mean + sd for mean, sd in zip(means, sds, strict=True)],
        color=CURVE,
        alpha=0.18,
        linewidth=0,
    )
    for of, (colour, style) in zip(curve.references.values(), LINES, strict=False):
        if of is not None:
            axes.axhline(of.mean, color=colour, linestyle=style, linewidth=1)
    axes.set_xscale("log", base=2)
    axes.set_xticks(list(curve.widths), [f"{k:g}" for k in curve.widths])
    axes.minorticks_off()
    axes.tick_params(labelsize=0.88 * size, width=0.5, length=2.5, colors=QUIET)
    axes.tick_params(labelfontfamily=mpl.rcParams["font.family"])
    for side in ("top", "right"):
        axes.spines[side].set_visible(False)
