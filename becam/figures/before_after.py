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
    passes_lines,
    show_map,
    show_picture,
    symmetric_limit,
)
from becam.figures.text import fit_for_figure, put

if TYPE_CHECKING:
    from becam.explanation import Explanation, Side
    from becam.provenance import Provenance

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
    caption = _settings(sides[0].attribution.provenance)
    # Room above for title and headings, below for the figures and a line for each warning.
    margin = (1.25 if explanation.mask is not None else 1.05) + 0.16 * len(explanation.warnings)
    margin += 0.13 * max(caption.count("\n") - 2, 0)
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
    put(axes[0].xaxis.label)
    axes[0].set_xlabel(caption, fontsize=7, color=QUIET)

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
    lines += passes_lines(side.attribution)
    if side.metrics is not None:
        metrics = side.metrics
        lines += [
            f"drift {metrics.drift:.2f} · omission {metrics.omission:.2f}",
            f"pixel AUC {metrics.auc:.2f} (centre prior {metrics.centre_auc:.2f})",
        ]
    axes.set_xlabel("\n".join(lines), fontsize=7, color=QUIET)


def _settings(facts: Provenance) -> str:
    """Say how the maps were made, in a few short lines."""
    # An encoder's name can hold that of a user's file: any length, any characters.
    encoder = fit_for_figure(facts.encoder, width=46, lines=2)
    layer = fit_for_figure(facts.layer, width=46)
    together = len(encoder) + len(layer) <= 36
    lines = [f"{encoder} · {layer}"] if together else [encoder, layer]
    made = f"fill {facts.fill} · weighting {facts.weighting}"
    if facts.preset:
        made += f" · preset {facts.preset}"
    if facts.rectify:
        made += " · rectified"
    return "\n".join([*lines, made, f"seed {facts.seed}"])
