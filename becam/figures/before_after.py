"""The figure of `becam render`: picture, heatmap before, heatmap after, signed difference."""

from __future__ import annotations

from typing import TYPE_CHECKING

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from becam.figures.panels import (
    ALARM,
    INK,
    QUIET,
    add_colour_bar,
    show_map,
    show_picture,
    symmetric_limit,
)
from becam.figures.text import fit_for_figure, put

if TYPE_CHECKING:
    from becam.explanation import Explanation, Side

PANEL = 2.5  # inches


def before_after_figure(explanation: Explanation) -> Figure:
    """Draw an explanation. All maps share one colour scale, shown by the colour bar."""
    sides = explanation.sides
    maps = [side.attribution.on_picture(standard=True) for side in sides]
    if len(sides) == 2:
        maps.append(sides[1].attribution - sides[0].attribution)
    limit = symmetric_limit(maps)
    picture, mask = sides[0].attribution.picture, explanation.mask
    height, width = picture.shape[:2]

    panels = 1 + len(maps)
    rise = PANEL * min(max(height / width, 0.2), 2.5)
    # Room above for title and headings, below for the figures and a line for each warning.
    margin = (1.25 if explanation.mask is not None else 1.05) + 0.16 * len(explanation.warnings)
    figure = Figure(figsize=(panels * PANEL + 0.7, 0.96 * rise + margin), layout="constrained")
    axes = figure.subplots(1, panels)
    show_picture(axes[0], picture)
    for place, values in zip(axes[1:], maps, strict=True):
        show_map(place, picture, values, limit, mask)
    add_colour_bar(axes[-1], limit)

    _heading(axes[0], "picture")
    for place, side in zip(axes[1:], sides, strict=False):
        _heading(place, f"{side.role}: {side.model}" if len(sides) == 2 else side.model)
        _under(place, side)
    if len(sides) == 2:
        _heading(axes[-1], "after − before")
    facts = sides[0].attribution.provenance
    settings = f"{facts.encoder} · {facts.layer}\nfill {facts.fill} · weighting {facts.weighting}"
    if facts.rectify:
        settings += " · rectified"
    axes[0].set_xlabel(f"{settings}\nseed {facts.seed}", fontsize=7, color=QUIET)

    name = fit_for_figure(f"item {explanation.item_id}", width=40)
    title = fit_for_figure(explanation.title, width=30 * panels, lines=1)
    put(figure.suptitle(f"{name} — {title}" if title else name, fontsize=10, color=INK))
    if explanation.warnings:
        lines = [fit_for_figure(w, width=44 * panels, lines=2) for w in explanation.warnings]
        put(figure.supxlabel("\n".join(lines), fontsize=7.5, color=ALARM))
    return figure


def _heading(axes: Axes, text: str) -> None:
    put(axes.set_title(text, fontsize=9, color=INK))


def _under(axes: Axes, side: Side) -> None:
    numbers = side.attribution.health
    lines = [
        f"spread of weights {numbers.spread:.2g}",
        f"distance from unweighted {numbers.distance:.2g}",
    ]
    if side.metrics is not None:
        metrics = side.metrics
        lines += [
            f"drift {metrics.drift:.2f} · omission {metrics.omission:.2f}",
            f"pixel AUC {metrics.auc:.2f} (centre prior {metrics.centre_auc:.2f})",
        ]
    axes.set_xlabel("\n".join(lines), fontsize=7, color=QUIET)
