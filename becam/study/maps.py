"""Heatmaps of one picture by many scores and weightings, measured together."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from becam.geometry import Geometry
from becam.metrics.masks import drift, omission, pixel_auc

FloatArray = NDArray[np.float64]
Mask = NDArray[np.bool_]

METRICS: Final = (
    *("auc", "drift", "omission", "own-minus-other-auc", "shuffled-auc"),
    *("spread", "distance"),
)
"""Per map. ``shuffled-auc``: pixel AUC with the masked contents dealt to the channels at random;
``spread``: standard deviation of the weights; ``distance``: 1 - correlation with the unweighted
map."""


ALIKE: Final = 1e-12  # relative: float64 numbers nearer than this are equal up to rounding


@dataclass(frozen=True, eq=False)
class Grid:
    """Every so many pixels of a picture, and how a map comes onto them.

    Attributes:
        rows, columns: bilinear interpolation, (pixels, h) and (pixels, w).
        product: the mask on them, (rows, columns) bool.
    """

    rows: FloatArray
    columns: FloatArray
    product: Mask

    @classmethod
    def of(cls, geometry: Geometry, cells: tuple[int, int], product: Mask, stride: int) -> Grid:
        """Prepare for maps of (h, w) cells.

        Pixels that the encoder does not see are left out.
        """
        height, width = cells
        down = [_column(geometry, cells, row, down=True) for row in range(height)]
        across = [_column(geometry, cells, column, down=False) for column in range(width)]
        rows, columns = np.stack(down, 1), np.stack(across, 1)
        seen = [np.flatnonzero(~np.isnan(each[:, 0]))[::stride] for each in (rows, columns)]
        return cls(rows[seen[0]], columns[seen[1]], product[np.ix_(*seen)])

    def lay(self, maps: FloatArray) -> NDArray[np.float32]:
        """Bring maps (K, h, w) onto the pixels: (K, rows, columns), standardised, float32.

        No metric depends on a map's scale or zero, and float32 has no digits for what is small
        beside a large constant.
        """
        laid: FloatArray = self.rows @ maps @ self.columns.T
        laid -= laid.mean(axis=(1, 2), keepdims=True)
        spread = laid.std(axis=(1, 2), keepdims=True)
        return (laid / np.where(spread > 0, spread, 1)).astype(np.float32)


def _column(geometry: Geometry, cells: tuple[int, int], place: int, *, down: bool) -> FloatArray:
    """Return one column of an interpolation matrix; NaN where nothing is seen."""
    ones = np.zeros(cells, np.float32)
    if down:
        ones[place, :] = 1
    else:
        ones[:, place] = 1
    laid = geometry.onto_picture(ones)
    laid = laid if down else laid.T
    seen = ~np.isnan(laid).all(axis=0)
    line: FloatArray = laid[:, int(seen.argmax())].astype(np.float64)  # all seen lines are alike
    return line


def measured(
    weights: FloatArray,
    foreign: FloatArray,
    order: NDArray[np.int64],
    activations: FloatArray,
    grid: Grid,
) -> FloatArray:
    """Measure K heatmaps of one picture.

    Args:
        weights: of the channels, (K, N); NaN rows are scores that are not defined.
        foreign: the same for another item's behaviour on this picture, (K, N).
        order: which channel's weight each channel gets for the shuffled control, (N,).
        activations: (N, h, w).
        grid: where they are measured.

    Returns:
        (K, len(METRICS)) float64; NaN where nothing is defined.
    """
    found = np.full((len(weights), len(METRICS)), np.nan)
    known = np.isfinite(weights).all(axis=1) & np.isfinite(foreign).all(axis=1)
    if not known.any():
        return found
    flat = activations.reshape(len(activations), -1)
    shape = activations.shape[1:]
    own, other, shuffled = (
        (each[known] @ flat).reshape(-1, *shape) for each in (weights, foreign, weights[:, order])
    )
    plain = flat.mean(0)
    values = []
    for one, laid, theirs, dealt, weighed in zip(
        own, grid.lay(own), grid.lay(other), grid.lay(shuffled), weights[known], strict=True
    ):
        if not _varies(one):
            values.append([*[np.nan] * 5, float(weighed.std()), np.nan])
            continue
        auc = pixel_auc(laid, grid.product)
        values.append(
            [
                auc,
                drift(laid, grid.product),
                omission(laid, grid.product),
                auc - pixel_auc(theirs, grid.product),
                pixel_auc(dealt, grid.product),
                float(weighed.std()),
                1 - _correlation(one.ravel(), plain),
            ]
        )
    found[known] = values
    return found


def _varies(values: FloatArray) -> bool:
    low, high = float(values.min()), float(values.max())
    return high - low > ALIKE * max(abs(low), abs(high))


def _correlation(one: FloatArray, other: FloatArray) -> float:
    a, b = one - one.mean(), other - other.mean()
    lengths = float(np.linalg.norm(a) * np.linalg.norm(b))
    return float(a @ b) / lengths if lengths else float("nan")
