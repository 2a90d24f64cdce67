"""Learning curves: loss and validation metric over the epochs, one line a seed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from becam.figures.axes import quiet_axes
from becam.figures.panels import INK, QUIET
from becam.figures.text import fit_for_figure, put

# Okabe and Ito's colours, told apart by the colour-blind too; yellow is too pale for a line.
COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#56B4E9", "#E69F00", "#1a1a1a")
STYLES = ("-", "--", ":")
LEGEND_AT_MOST = 10


@dataclass(frozen=True)
class Curve:
    """The epochs of one run.

    Attributes:
        label: what the legend calls it.
        epochs: numbers, from 1.
        loss: the mean loss of each.
        metric: the validation metric after each; None where it was not evaluated.
        best_epoch: the epoch whose weights were kept.
    """

    label: str
    epochs: Sequence[int]
    loss: Sequence[float]
    metric: Sequence[float | None]
    best_epoch: int


def learning_curves_figure(curves: Sequence[Curve], *, metric: str, title: str) -> Figure:
    """Draw curves in two panels, the loss and the validation metric; best epochs are ringed."""
    figure = Figure(figsize=(7.6, 3.1), layout="constrained")
    left, right = figure.subplots(1, 2)
    for place, curve in enumerate(curves):
        colour = COLOURS[place % len(COLOURS)]
        style = STYLES[place // len(COLOURS) % len(STYLES)]
        seen = [
            (epoch, value)
            for epoch, value in zip(curve.epochs, curve.metric, strict=True)
            if value is not None
        ]
        label = fit_for_figure(curve.label, width=24)
        _line(left, curve.epochs, curve.loss, colour, style, label)
        _line(right, [e for e, _ in seen], [v for _, v in seen], colour, style, label)
        for axes, points in ((left, zip(curve.epochs, curve.loss, strict=True)), (right, seen)):
            best = [(epoch, value) for epoch, value in points if epoch == curve.best_epoch]
            axes.plot(
                [e for e, _ in best],
                [v for _, v in best],
                linestyle="none",
                marker="o",
                markersize=6,
                markerfacecolor="white",
                markeredgecolor=colour,
                markeredgewidth=1.4,
                zorder=3,
            )
    _axes(left, "training loss")
    _axes(right, f"validation {metric}")
    right.plot([], [], "o", color=QUIET, markerfacecolor="white", label="best epoch")
    handles, labels = right.get_legend_handles_labels()
    if len(curves) > LEGEND_AT_MOST:  # a list of twenty seeds would cover the curves
        handles, labels = handles[-1:], labels[-1:]
    for text in right.legend(handles, labels, fontsize=7, framealpha=0.8, edgecolor="none").texts:
        put(text).set_color(QUIET)
    put(figure.suptitle(fit_for_figure(title, width=90), fontsize=10, color=INK))
    return figure


def _line(
    axes: Axes,
    epochs: Sequence[int],
    values: Sequence[float],
    colour: str,
    style: str,
    label: str,
) -> None:
    # A single epoch has no line: a dot shows that it is there.
    marker = "." if len(epochs) == 1 else ""
    axes.plot(epochs, values, style, marker=marker, color=colour, linewidth=1.2, label=label)


def _axes(axes: Axes, what: str) -> None:
    axes.set_xlabel("epoch", fontsize=8, color=QUIET)
    put(axes.set_title(what, fontsize=9, color=INK))
    axes.xaxis.set_major_locator(MaxNLocator(integer=True, nbins=6, min_n_ticks=1))
    if axes.dataLim.width == 0:  # a single epoch; else the axis would count in hundredths
        axes.set_xlim(axes.dataLim.x0 - 0.5, axes.dataLim.x0 + 0.5)
    quiet_axes(axes)
