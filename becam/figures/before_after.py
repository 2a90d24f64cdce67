"""The figure of `becam render`: picture, heatmap before, heatmap after, signed difference."""

from __future__ import annotations

from typing import TYPE_CHECKING

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from becam.figures.panels import (
    ALARM,
    INK,
    QUIET,
    TALLEST,
    WIDEST,
    add_colour_bar,
    health_lines,
    passes_lines,
    show_map,
    show_picture,
    symmetric_limit,
    unseen_lines,
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
    rise = PANEL * min(max(height / width, WIDEST), TALLEST)
    settings = _settings(sides[0].attribution.provenance)
    caption = "\n".join([settings, *unseen_lines(maps[0])])
    # Room above for title and headings, below for the longest caption and for each warning.
    rows = max([caption.count("\n") + 1, *(len(_numbers(side)) for side in sides)])
    wrapped = [fit_for_figure(w, width=44 * panels, lines=2) for w in explanation.warnings]
    warnings = "\n".join(wrapped)
    margin = 0.6 + 0.14 * rows + (0.16 * (warnings.count("\n") + 1) if warnings else 0)
    figure = Figure(figsize=(panels * PANEL + 0.7, 0.96 * rise + margin), layout="constrained")
    axes = figure.subplots(1, panels)
    show_picture(axes[0], picture)
    for place, values in zip(axes[1:], maps, strict=True):
        show_map(place, picture, values, limit, mask)
    add_colour_bar(axes[-1], limit, rise=rise)

    _heading(axes[0], "picture")
    for place, side in zip(axes[1:], sides, strict=False):
        _heading(place, f"{side.role}: {side.model}" if len(sides) == 2 else side.model)
        place.set_xlabel("\n".join(_numbers(side)), fontsize=7, color=QUIET)
    if len(sides) == 2:
        _heading(axes[-1], "after − before")
    put(axes[0].xaxis.label)
    axes[0].set_xlabel(caption, fontsize=7, color=QUIET)

    name = fit_for_figure(f"item {explanation.item_id}", width=40)
    # As much of the title as fits beside the name.
    title = fit_for_figure(explanation.title, width=max(29 * panels - len(name), 12))
    put(figure.suptitle(f"{name} — {title}" if title else name, fontsize=10, color=INK))
    if warnings:
        put(figure.supxlabel(warnings, fontsize=7.5, color=ALARM))
    return figure


def _heading(axes: Axes, text: str) -> None:
    put(axes.set_title(text, fontsize=9, color=INK))


def _numbers(side: Side) -> list[str]:
    """The figures that stand under a map, a line each."""
    lines = [*health_lines(side.attribution), *passes_lines(side.attribution)]
    if side.metrics is not None:
        metrics = side.metrics
        lines += [
            f"drift {metrics.drift:.2f} · omission {metrics.omission:.2f}",
            f"pixel AUC {metrics.auc:.2f} (centre prior {metrics.centre_auc:.2f})",
        ]
    return lines


def _settings(facts: Provenance) -> str:
    """Say how the maps were made, in a few short lines."""
    # An encoder's name can hold that of a user's file: any length, any characters.
    encoder = fit_for_figure(facts.encoder, width=46, lines=2)
    layer = fit_for_figure(facts.layer, width=46)
    together = len(encoder) + len(layer) <= 36
    lines = [f"{encoder} · {layer}"] if together else [encoder, layer]
    named = [
        ("method", None if facts.method == "becam" else facts.method),
        ("fill", facts.fill),
        ("weighting", facts.weighting),
        ("preset", facts.preset),
    ]
    made = " · ".join(f"{name} {value}" for name, value in named if value)
    if facts.rectify:
        made = f"{made} · rectified" if made else "rectified"
    return "\n".join([*lines, made, f"seed {facts.seed}"])
