"""Windows: square parts of the pictures, some cells a side, that hold the product.

Training starts on them: the product fills more of a window than of the picture, so a small tower
learns its shape sooner, and a step costs less.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

from becam.encoders.demo.config import VisionConfig
from becam.encoders.demo.training.pairs import Boxes, Bytes

Cells: TypeAlias = npt.NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class Windows:
    """One window for each picture of a batch.

    Attributes:
        rows, columns: its first cell, (B,) int64.
        side: its side, in cells.
    """

    rows: Cells
    columns: Cells
    side: int

    @classmethod
    def whole(cls, count: int, vision: VisionConfig) -> Windows:
        """Windows that are whole pictures."""
        return cls(np.zeros(count, np.int64), np.zeros(count, np.int64), vision.grid)


def choose_windows(
    boxes: Boxes, side: int, vision: VisionConfig, rng: np.random.Generator
) -> Windows:
    """Choose for each product one of the windows that hold it whole, all equally likely.

    A product that no window of ``side`` cells holds gets the window around its middle.

    Args:
        boxes: (B, 4) float32 as in ``Pairs.boxes``.
        side: of the windows, in cells.
        vision: the tower's sizes.
        rng: draws B numbers for the columns, then B for the rows.

    Raises:
        ValueError: ``side`` is not within 1 and the tower's grid.
    """
    if not 1 <= side <= vision.grid:
        raise ValueError(f"side must be within 1..{vision.grid} cells, got {side}")
    pixels = boxes * vision.image_size
    columns = _first_cells(pixels[:, 0], pixels[:, 2], side, vision, rng)
    rows = _first_cells(pixels[:, 1], pixels[:, 3], side, vision, rng)
    return Windows(rows, columns, side)


def cut(pictures: Bytes, indices: npt.NDArray[np.int64], windows: Windows, cell: int) -> Bytes:
    """Read the windows of some pictures: (n, S, S, 3) -> (B, side * cell, side * cell, 3)."""
    side = windows.side * cell
    if side == pictures.shape[1]:
        return np.asarray(pictures[indices])
    corners = zip(indices, windows.rows * cell, windows.columns * cell, strict=True)
    return np.stack(
        [pictures[at, top : top + side, left : left + side] for at, top, left in corners]
    )


def _first_cells(
    low: Boxes, high: Boxes, side: int, vision: VisionConfig, rng: np.random.Generator
) -> Cells:
    last = vision.grid - side
    least = np.maximum(0, np.ceil(high / vision.cell - side))
    most = np.minimum(last, np.floor(low / vision.cell))
    middle = np.clip(np.round((low + high) / 2 / vision.cell - side / 2), 0, last)
    drawn = np.floor(least + rng.random(len(low)) * (most - least + 1))
    return np.where(least <= most, drawn, middle).clip(0, last).astype(np.int64)
