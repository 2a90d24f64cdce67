"""What a grid of panels holds; how it looks is drawn from this alone."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Literal

import numpy as np
from numpy.typing import NDArray

UNTRUSTED = "not an explanation"
TRACE = "a trace of the content"
Kind = Literal["picture", "map", "difference"]


@dataclass(frozen=True, eq=False, kw_only=True)
class Cell:
    """A panel.

    Attributes:
        kind: ``picture``, ``map`` (of a recommender) or ``difference`` (of two maps).
        picture: (H, W, 3) uint8.
        values: of a map or a difference, (H, W) float32 in standard deviations, NaN where the
            encoder saw nothing.
        mask: the product, (H, W) bool, where it is known.
        lines: what stands under the panel, a line each.
        figures: names and values that stand under it.
        alarm: why the map is not to be trusted, in a few words without numbers.
        verdict: what that makes of the map, in a word or three under the panel.
    """

    kind: Kind
    picture: NDArray[np.uint8]
    values: NDArray[np.float32] | None = None
    mask: NDArray[np.bool_] | None = None
    lines: tuple[str, ...] = ()
    figures: tuple[tuple[str, str], ...] = ()
    alarm: str | None = None
    verdict: str = UNTRUSTED

    def __post_init__(self) -> None:
        shape = self.picture.shape[:2]
        if (self.values is None) != (self.kind == "picture"):
            raise ValueError(f"a {self.kind} {'needs' if self.values is None else 'has no'} values")
        for name, array in (("values", self.values), ("mask", self.mask)):
            if array is not None and array.shape != shape:
                raise ValueError(f"{name} {array.shape} are not of the picture's size {shape}")

    @cached_property
    def unseen(self) -> bool:
        """Whether the encoder did not see all of the picture."""
        return self.values is not None and bool(np.isnan(self.values).any())

    @cached_property
    def outlined(self) -> bool:
        """Whether the product has an outline to be drawn."""
        return self.mask is not None and bool(self.mask.any()) and not bool(self.mask.all())


@dataclass(frozen=True, eq=False)
class GridRow:
    """Panels beside each other: a cell for each head; None where there is no panel."""

    label: str
    cells: tuple[Cell | None, ...]


@dataclass(frozen=True, eq=False, kw_only=True)
class Grid:
    """Panels in rows and columns.

    Attributes:
        heads: what stands above the columns.
        rows: at least one, each with as many cells as there are heads.
        title: above all, for the screen; papers have captions.
        notes: below all, a line or more each.
        across: how many rows stand beside each other, each with its label and heads.
        widest: inches that a panel is wide at most; as wide as there is room without.
    """

    heads: tuple[str, ...]
    rows: tuple[GridRow, ...]
    title: str = ""
    notes: tuple[str, ...] = ()
    across: int = 1
    widest: float | None = None

    def __post_init__(self) -> None:
        if not self.heads or not self.rows or self.across < 1:
            raise ValueError("a grid has at least one row and one column")
        for row in self.rows:
            if len(row.cells) != len(self.heads):
                raise ValueError(
                    f"row {row.label!r} has {len(row.cells)} cells, expected {len(self.heads)}"
                )

    def cells(self) -> Iterator[Cell]:
        """All panels, row by row."""
        return (cell for row in self.rows for cell in row.cells if cell is not None)

    def values(self, kind: Kind) -> list[NDArray[np.float32]]:
        """All maps or all differences."""
        found = (cell.values for cell in self.cells() if cell.kind == kind)
        return [values for values in found if values is not None]

    def part(self, start: int, stop: int) -> Grid:
        """Some of the rows."""
        return replace(self, rows=self.rows[start:stop])


def letter(place: int) -> str:
    """Return a panel's letter: a to z, then aa, ab, ...

    >>> [letter(place) for place in (0, 25, 26, 701, 702)]
    ['a', 'z', 'aa', 'zz', 'aaa']
    """
    letters = ""
    place += 1
    while place:
        place, rest = divmod(place - 1, 26)
        letters = chr(ord("a") + rest) + letters
    return letters
