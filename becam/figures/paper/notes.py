"""What stands below a grid: its marks, and which panels are not to be trusted and why."""

from __future__ import annotations

from collections import defaultdict

from becam.figures.paper.grid import Grid, letter
from becam.figures.paper.style import PaperStyle

UNSEEN = "Hatched: not seen by the encoder."
OUTLINE = "Black line edged in white: the product."


def notes_of(grid: Grid, style: PaperStyle, first: int = 0) -> list[str]:
    """Say below a grid what its marks mean, and which panels are not to be trusted and why."""
    cells = list(grid.cells())
    marks = []
    if style.outline and any(cell.outlined for cell in cells):
        marks.append(OUTLINE)
    if any(cell.unseen for cell in cells):
        marks.append(UNSEEN)
    return [*([" ".join(marks)] if marks else []), *alarms(grid, style, first), *grid.notes]


def alarms(grid: Grid, style: PaperStyle, first: int = 0) -> list[str]:
    """Say which panels are not to be trusted and why, a line a reason."""
    found: dict[tuple[str, str], list[str]] = defaultdict(list)
    for place, cell in enumerate(grid.cells(), first):
        if cell.alarm:
            found[cell.verdict, cell.alarm].append(f"({letter(place)})")
    return [
        f"{', '.join(which) if style.letters else verdict.capitalize()}: {why}."
        for (verdict, why), which in found.items()
    ]
