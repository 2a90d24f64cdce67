"""Many small heatmaps: an item a block, its maps side by side, one colour scale for all."""

from __future__ import annotations

import re
import textwrap
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from matplotlib.axes import Axes
from matplotlib.cm import ScalarMappable
from matplotlib.colors import Normalize
from matplotlib.figure import Figure
from numpy.typing import NDArray

from becam.figures.panels import (
    ALARM,
    COLOURS,
    INK,
    OPACITY,
    QUIET,
    SCALE_LABEL,
    UNSEEN_LABEL,
    show_map,
    show_picture,
    symmetric_limit,
)
from becam.figures.text import fit_for_figure, put

PANEL = 1.45  # inches, the longer side of a picture
GAP, BETWEEN = 0.06, 0.3  # between a block's panels, between blocks
LINE = 0.125  # inches, a line of 6.5-point text
WIDTH = 10.0  # inches: what a notebook shows without scrolling
NARROWEST = 4.8  # has room for the colour bar with its label
BAR = 0.45  # inches, the height of the colour bar with its numbers
TOP = 0.06  # margin
LONGEST = 1000  # letters of a remark or a warning, which are becam's own
KEPT = "\N{NO-BREAK SPACE}"


@dataclass(frozen=True, eq=False)
class Panel:
    """A picture or a map.

    Attributes:
        picture: (H, W, 3) uint8.
        values: (H, W) float32 in standard deviations, NaN where unseen; None for the picture.
        heading: above it.
        lines: below it.
        mask: the product's, (H, W) bool, to be outlined.
        warned: whether something speaks against the map; its heading is then red.
    """

    picture: NDArray[np.uint8]
    values: NDArray[np.float32] | None = None
    heading: str = ""
    lines: tuple[str, ...] = ()
    mask: NDArray[np.bool_] | None = None
    warned: bool = False


@dataclass(frozen=True, eq=False)
class Block:
    """Panels that belong together, below a title."""

    title: str
    panels: tuple[Panel, ...]


def small_maps_figure(
    blocks: Sequence[Block], *, remarks: Sequence[str] = (), warnings: Sequence[str] = ()
) -> Figure:
    """Draw blocks in as many columns as fit into 10 inches.

    Args:
        blocks: at least one.
        remarks, warnings: below all, a line each.
    """
    panels = [panel for block in blocks for panel in block.panels]
    widest = max(len(block.panels) for block in blocks)
    across = widest * (PANEL + GAP) - GAP
    columns = min(max(int((WIDTH + BETWEEN) // (across + BETWEEN)), 1), len(blocks))
    maps = [panel.values for panel in panels if panel.values is not None]
    if any(bool(np.isnan(values).any()) for values in maps):
        remarks = (*remarks, UNSEEN_LABEL)
    width = max(columns * (across + BETWEEN), NARROWEST)
    below = [(line, ALARM) for text in warnings for line in _wrapped(text, width)]
    below += [(line, QUIET) for text in remarks for line in _wrapped(text, width)]
    rows = [blocks[start : start + columns] for start in range(0, len(blocks), columns)]
    heights = [_height(row) for row in rows]
    foot = len(below) * 1.2 * LINE + (BAR if maps else 0)
    figure = Figure(figsize=(width, TOP + sum(heights) + foot))
    limit = symmetric_limit(maps) if maps else 1.0
    top = figure.get_figheight() - TOP
    for row, height in zip(rows, heights, strict=True):
        for place, block in enumerate(row):
            _draw(figure, block, place * (across + BETWEEN) + BETWEEN / 2, top, limit)
        top -= height
    if maps:
        _colour_bar(figure, limit, top)
        top -= BAR
    for place, (text, colour) in enumerate(below):
        y = (top - place * 1.2 * LINE) / figure.get_figheight()
        x = BETWEEN / 2 / width
        put(figure.text(x, y, text, fontsize=7, color=colour, va="top", ha="left"))
    return figure


def _wrapped(text: str, width: float) -> list[str]:
    """Break a remark or a warning into lines: nothing is cut, options stay with their values."""
    drawn = fit_for_figure(text, width=LONGEST)
    whole = re.sub(r"(--[\w-]+) (?=\w)", rf"\1{KEPT}", drawn)
    lines = textwrap.wrap(whole, int(width * 17), break_on_hyphens=False)
    return [line.replace(KEPT, " ") for line in lines]


def _size(panel: Panel) -> tuple[float, float]:
    """Width and height of a panel's picture in inches."""
    height, width = panel.picture.shape[:2]
    longer = max(height, width)
    return PANEL * width / longer, PANEL * height / longer


def _head(block: Block) -> float:
    headed = any(panel.heading for panel in block.panels)
    return (1.3 * LINE if block.title else 0) + (1.2 * LINE if headed else 0)


def _height(row: Sequence[Block]) -> float:
    """Height of a row of blocks, its text included."""
    heads = max(_head(block) for block in row)
    panels = [panel for block in row for panel in block.panels]
    pictures = max(_size(panel)[1] for panel in panels)
    return heads + pictures + (max(len(panel.lines) for panel in panels) + 1.5) * LINE


def _draw(figure: Figure, block: Block, left: float, top: float, limit: float) -> None:
    width, height = figure.get_size_inches()
    across = len(block.panels) * (PANEL + GAP) - GAP
    if block.title:
        title = fit_for_figure(block.title, width=max(int(across * 15), 12))
        place = left / width, top / height
        put(figure.text(*place, title, fontsize=8, color=INK, va="top", ha="left"))
    y = top - _head(block)
    for number, panel in enumerate(block.panels):
        wide, high = _size(panel)
        x = left + number * (PANEL + GAP)
        axes = figure.add_axes((x / width, (y - high) / height, wide / width, high / height))
        if panel.values is None:
            show_picture(axes, panel.picture)
        else:
            show_map(axes, panel.picture, panel.values, limit, panel.mask)
        _words(axes, panel, high)


def _words(axes: Axes, panel: Panel, high: float) -> None:
    if panel.heading:
        heading = fit_for_figure(panel.heading, width=int(PANEL * 19))
        place = (0, 1 + 0.25 * LINE / high)
        colour = ALARM if panel.warned else QUIET
        put(axes.text(*place, heading, fontsize=6.5, color=colour, transform=axes.transAxes))
    if panel.lines:
        lines = "\n".join(fit_for_figure(line, width=int(PANEL * 20)) for line in panel.lines)
        place = (0, -0.3 * LINE / high)
        text = axes.text(
            *place, lines, fontsize=6.5, color=QUIET, va="top", transform=axes.transAxes
        )
        put(text)


def _colour_bar(figure: Figure, limit: float, top: float) -> None:
    width, height = figure.get_size_inches()
    across = min(3.2, width - BETWEEN - 2.4)  # the label stands beside it
    place = figure.add_axes(
        (BETWEEN / 2 / width, (top - 0.1) / height, across / width, 0.1 / height)
    )
    mappable = ScalarMappable(Normalize(-limit, limit), COLOURS)
    bar = figure.colorbar(mappable, cax=place, orientation="horizontal", alpha=OPACITY + 0.2)
    bar.outline.set_linewidth(0.5)
    bar.ax.tick_params(labelsize=6.5, width=0.5, length=2, colors=QUIET, pad=1.5)
    bar.ax.text(
        *(1.03, 0.5, SCALE_LABEL),
        fontsize=6.5,
        color=QUIET,
        va="center",
        transform=bar.ax.transAxes,
    )
