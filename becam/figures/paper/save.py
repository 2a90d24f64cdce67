"""Save a grid: a file a page, and the LaTeX beside it."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from matplotlib.figure import Figure

from becam.figures.files import save_figure
from becam.figures.formats import format_of
from becam.figures.paper.draw import Scales, grid_figure
from becam.figures.paper.faces import Face, face_to_draw
from becam.figures.paper.grid import Grid
from becam.figures.paper.layout import lay_out
from becam.figures.paper.notes import notes_of
from becam.figures.paper.scale import DIFFERENCE_LABEL, MAP_LABEL
from becam.figures.paper.style import PaperStyle
from becam.figures.paper.tex import check_included, to_latex
from recsys.files import write_text


def pages(grid: Grid, style: PaperStyle, face: Face) -> tuple[Grid, ...]:
    """Split a grid into pages that fit on paper with a caption; a row is never split.

    Rows that stand beside each other stay together.
    """
    split, start, step = [], 0, grid.across
    for last in range(step, len(grid.rows), step):  # where another line of rows begins
        part = grid.part(start, last + step)
        bars = (MAP_LABEL, DIFFERENCE_LABEL)
        height = lay_out(part, style, face, notes_of(part, style), bars).height
        if height > 72 * style.tallest:
            split.append(grid.part(start, last))
            start = last
    return (*split, grid.part(start, len(grid.rows)))


def grid_figures(grid: Grid, style: PaperStyle | None = None) -> tuple[Figure, ...]:
    """Draw a grid, a figure a page; all share scales and go on with the letters.

    Raises:
        InputError: the style names a font file that can't be used.
    """
    style = style or PaperStyle()
    face, scales, first, figures = face_to_draw(style), Scales.of(grid, style), 0, []
    for page in pages(grid, style, face):
        figures.append(grid_figure(page, style, scales=scales, first=first, face=face))
        first += sum(1 for _ in page.cells())
    return tuple(figures)


def save_grid(
    grid: Grid,
    path: str | Path,
    style: PaperStyle | None = None,
    *,
    caption: str | None = None,
) -> list[Path]:
    """Save a grid as PNG, PDF or SVG, by the ending.

    A grid that is too long for a page becomes ``NAME-1``, ``NAME-2``, ...

    Args:
        grid: the panels.
        path: where to.
        style: width, font, colours, dots an inch.
        caption: plain text; with it, ``NAME.tex`` is written beside the figure, which then has
            no title of its own.

    Returns:
        The files that were written.

    Raises:
        InputError: another ending; with a caption, a name that LaTeX can't include; a font that
            can't be used.
        OSError: the folder can't be written.
    """
    path, style = Path(path), style or PaperStyle()
    format_of(path)
    if caption is not None:
        check_included(path)
    figures = grid_figures(grid if caption is None else replace(grid, title=""), style)
    files = [path]
    if len(figures) > 1:
        files = [
            path.with_name(f"{path.stem}-{page + 1}{path.suffix}") for page in range(len(figures))
        ]
    for figure, file in zip(figures, files, strict=True):
        save_figure(figure, file, dpi=style.dpi)
    if caption is None:
        return files
    tex = path.with_suffix(".tex")
    write_text(tex, to_latex(files, caption, style, described=described(grid), name=path.stem))
    return [*files, tex]


def described(grid: Grid) -> str:
    """Say what a grid looks like, for those who do not see it."""
    rows = ", ".join(row.label for row in grid.rows if row.label)
    return f"A grid of pictures and heatmaps. Rows: {rows or 'one'}. Columns: " + (
        f"{', '.join(grid.heads)}."
    )
