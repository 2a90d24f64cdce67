"""The figure of `becam deviation`: histograms of the angle theta, before and after."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch
from numpy.typing import NDArray

from becam.figures.panels import INK, QUIET
from becam.figures.text import fit_for_figure, put

PANEL = (3.1, 2.2)  # inches
BINS = 60
BEFORE, AFTER, SHUFFLED = "#8c8c8c", "#0072b2", "#d55e00"  # told apart by the colour-blind too
ACROSS = 4  # panels


@dataclass(frozen=True, eq=False)
class Panel:
    """One model's angles, in radians, without NaN.

    Attributes:
        title: which data, modality and model.
        before: of the recommender without its adapter.
        after: of the recommender with it; None for one that has none.
        shuffled: like ``after``, each item with another item's content.
        note: what else a reader must know, a line; may be empty.
    """

    title: str
    before: NDArray[np.float64]
    after: NDArray[np.float64] | None
    shuffled: NDArray[np.float64] | None
    note: str = ""


def deviation_figure(panels: Sequence[Panel]) -> Figure:
    """Draw a histogram a panel; all share the axis of the angle.

    Args:
        panels: at least one.
    """
    across = min(len(panels), ACROSS)
    down = -(-len(panels) // across)
    figure = Figure(
        figsize=(max(across * PANEL[0], 4.5), down * PANEL[1] + 0.4), layout="constrained"
    )
    axes = figure.subplots(down, across, squeeze=False, sharex=True).ravel()
    bins = _bins(panels)
    for place, panel in zip(axes, panels, strict=False):
        _draw(place, panel, bins)
    for place in axes[len(panels) :]:
        place.set_visible(False)
    for place in axes[max(len(panels) - across, 0) : len(panels)]:
        place.set_xlabel("angle theta to the behaviour, degrees", fontsize=7.5)
        place.tick_params(labelbottom=True)
    for place in axes[::across]:
        place.set_ylabel("share of items", fontsize=7.5)
    handles: list[Patch | Line2D] = [Patch(color=BEFORE, alpha=0.6, label="before")]
    if any(panel.after is not None for panel in panels):
        handles.append(Patch(color=AFTER, alpha=0.6, label="after"))
        label = "after, with another item's content"
        handles.append(Line2D([], [], color=SHUFFLED, linewidth=1, linestyle="--", label=label))
    figure.legend(handles=handles, loc="outside lower center", ncols=3, fontsize=7.5, frameon=False)
    return figure


def _bins(panels: Sequence[Panel]) -> NDArray[np.float64]:
    every = [p for panel in panels for p in (panel.before, panel.after, panel.shuffled)]
    values = np.degrees(np.concatenate([each for each in every if each is not None]))
    if not len(values):
        return np.linspace(0, 180, BINS + 1)
    low, high = 5 * math.floor(values.min() / 5), 5 * math.ceil(values.max() / 5)
    return np.linspace(low, max(high, low + 5), BINS + 1)


def _draw(axes: Axes, panel: Panel, bins: NDArray[np.float64]) -> None:
    def histogram(radians: NDArray[np.float64], **style: Any) -> None:
        if len(radians):
            weights = np.full(len(radians), 1 / len(radians))
            axes.hist(np.degrees(radians), bins=bins.tolist(), weights=weights, **style)

    histogram(panel.before, color=BEFORE, alpha=0.6)
    if panel.after is not None:
        histogram(panel.after, color=AFTER, alpha=0.6)
    if panel.shuffled is not None:
        histogram(panel.shuffled, histtype="step", edgecolor=SHUFFLED, linewidth=1, linestyle="--")
    put(axes.set_title(fit_for_figure(panel.title, width=44), fontsize=8.5, color=INK))
    if panel.note:
        note = fit_for_figure(panel.note, width=40, lines=2)
        put(axes.text(0.98, 0.96, note, transform=axes.transAxes, ha="right", va="top", fontsize=7))
    axes.tick_params(labelsize=7, width=0.5, length=2.5, colors=QUIET)
    for side in ("top", "right"):
        axes.spines[side].set_visible(False)
