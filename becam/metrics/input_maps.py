"""A heatmap on the encoder's input, where pixels are removed."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from becam.geometry import Geometry
from becam.upsampling import upsampling_matrix


def onto_input(
    values: NDArray[np.float32], geometry: Geometry, size: tuple[int, int]
) -> NDArray[np.float32]:
    """Lay a map over the encoder's input, bilinearly.

    Args:
        values: (h, w), any resolution; it covers the whole input.
        geometry: where the input lies on the picture.
        size: (H, W) of the input.

    Returns:
        (H, W) float32; NaN where the input shows nothing of the picture (padding).
    """
    rows, columns = (
        upsampling_matrix(cells, count).numpy()
        for cells, count in zip(values.shape, size, strict=True)
    )
    laid: NDArray[np.float32] = (rows @ values.astype(np.float64) @ columns.T).astype(np.float32)
    laid[~shown_pixels(geometry, size)] = np.nan
    return laid


def mask_on_input(
    mask: NDArray[np.bool_], geometry: Geometry, size: tuple[int, int]
) -> NDArray[np.bool_]:
    """Lay a mask of the picture over the encoder's input, (H, W), by nearest neighbour."""
    down, across = _centres(geometry, size)
    height, width = mask.shape
    rows = np.clip(down.astype(np.int64), 0, height - 1)
    columns = np.clip(across.astype(np.int64), 0, width - 1)
    laid: NDArray[np.bool_] = mask[rows][:, columns] & shown_pixels(geometry, size)
    return laid


def shown_pixels(geometry: Geometry, size: tuple[int, int]) -> NDArray[np.bool_]:
    """Tell which pixels of the input, (H, W), show the picture; the others are padding."""
    width, height = geometry.picture_size
    down, across = _centres(geometry, size)
    inside_down, inside_across = (down > 0) & (down < height), (across > 0) & (across < width)
    shown: NDArray[np.bool_] = inside_down[:, None] & inside_across[None, :]
    return shown


def _centres(
    geometry: Geometry, size: tuple[int, int]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Where the centres of the input's rows and columns lie on the picture, in its pixels."""
    left, top, right, bottom = geometry.box
    down = top + (np.arange(size[0]) + 0.5) / size[0] * (bottom - top)
    across = left + (np.arange(size[1]) + 0.5) / size[1] * (right - left)
    return down, across
