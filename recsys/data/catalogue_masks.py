"""Product masks that are not of their picture's size."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from PIL import Image

ANOTHER_SHAPE = 0.02  # sides that differ by more than rounding: hardly this picture's mask


def fitted_mask(
    mask: npt.NDArray[np.bool_], picture_size: tuple[int, int]
) -> tuple[npt.NDArray[np.bool_], str | None]:
    """Bring a mask to its picture's size by nearest neighbour, and say so.

    Args:
        mask: (H, W).
        picture_size: (width, height).

    Returns:
        (height, width) bool, and a note where the mask was of another size, which says too where
        its aspect ratio differs by more than `ANOTHER_SHAPE`.

    Raises:
        ValueError: a mask that is not (H, W), or has no pixels.
    """
    if mask.ndim != 2 or mask.size == 0:
        raise ValueError(f"mask {mask.shape}: expected (H, W)")
    mask, (width, height) = mask.astype(bool), picture_size
    rows, columns = mask.shape
    if (rows, columns) == (height, width):
        return mask, None
    resized = Image.fromarray(mask).resize(picture_size, Image.Resampling.NEAREST)
    note = (
        f"mask of {columns} x {rows} pixels resized to its picture's {width} x {height}, "
        "by nearest neighbour"
    )
    own, other = columns * height, width * rows
    if max(own, other) > (1 + ANOTHER_SHAPE) * min(own, other):
        note += "; its shape is another than the picture's: it is probably another picture's mask"
    return np.array(resized, dtype=np.bool_), note
