"""Figures for papers: exact column widths, the venue's font, one colour scale, LaTeX.

>>> grid = grid_of([GridItem("item 123", picture, mask, explanation.sides)])
>>> style = PaperStyle(venue="acm", width="column")
>>> save_grid(grid, "figure.pdf", style, caption="Heatmaps.")
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from recsys.lazy import lazy

if TYPE_CHECKING:
    from becam.figures.paper.caption import caption_of
    from becam.figures.paper.draw import Scales, grid_figure
    from becam.figures.paper.grid import Cell, Grid, GridRow
    from becam.figures.paper.save import grid_figures, save_grid
    from becam.figures.paper.sides import GridItem, grid_of
    from becam.figures.paper.style import PaperStyle

__all__ = [
    "Cell",
    "Grid",
    "GridItem",
    "GridRow",
    "PaperStyle",
    "Scales",
    "caption_of",
    "grid_figure",
    "grid_figures",
    "grid_of",
    "save_grid",
]

_DRAW = ("Scales", "grid_figure")
_GRID = ("Cell", "Grid", "GridRow")
_SAVE = ("grid_figures", "save_grid")
_SIDES = ("GridItem", "grid_of")
_FOLDER = "becam.figures.paper"

__getattr__, __dir__ = lazy(
    __name__,
    {
        **dict.fromkeys(_DRAW, f"{_FOLDER}.draw"),
        **dict.fromkeys(_GRID, f"{_FOLDER}.grid"),
        **dict.fromkeys(_SAVE, f"{_FOLDER}.save"),
        **dict.fromkeys(_SIDES, f"{_FOLDER}.sides"),
        "PaperStyle": f"{_FOLDER}.style",
        "caption_of": f"{_FOLDER}.caption",
    },
)
