"""Small grids with known values, for tests of paper figures."""

from __future__ import annotations

import numpy as np

from becam.figures.paper import Cell, Grid, GridRow

SIZE = 40


def ramp(low: float = -2.0, high: float = 2.0, size: int = SIZE) -> np.ndarray:
    """A map that grows from left to right."""
    return np.tile(np.linspace(low, high, size, dtype=np.float32), (size, 1))


def flat(value: int = 128, size: int = SIZE) -> np.ndarray:
    return np.full((size, size, 3), value, np.uint8)


def product(size: int = SIZE) -> np.ndarray:
    mask = np.zeros((size, size), bool)
    mask[10:20, 15:30] = True
    return mask


def picture_cell() -> Cell:
    return Cell(kind="picture", picture=flat())


def map_of(values: np.ndarray | None = None, **more: object) -> Cell:
    values = ramp() if values is None else values
    return Cell(kind="map", picture=flat(size=len(values)), values=values, **more)


def small_grid(rows: int = 2, **more: object) -> Grid:
    """Picture, two maps, their difference; of the second map the left is unseen."""
    unseen = ramp()
    unseen[:, :10] = np.nan
    figures = (("drift", "0.21"), ("omission", "0.05"))
    cells = (
        picture_cell(),
        map_of(mask=product(), figures=figures),
        map_of(unseen, mask=product(), figures=figures, alarm="the weights are nearly equal"),
        Cell(kind="difference", picture=flat(), values=ramp(-0.4, 0.4)),
    )
    return Grid(
        heads=("picture", "before: bm3", "after: bm3+befa", "after − before"),
        rows=tuple(GridRow(f"item {row}", cells) for row in range(rows)),
        **more,
    )
