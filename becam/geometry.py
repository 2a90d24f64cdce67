"""Where the encoder's input lies on the user's picture."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True)
class Geometry:
    """The rectangle of the picture that the encoder's input covers.

    Attributes:
        picture_size: (width, height) of the picture, pixels.
        box: left, top, right, bottom on the picture, pixels; it may reach beyond the picture
            (padding) or leave parts out (centre crop: those parts are unseen).
    """

    picture_size: tuple[int, int]
    box: tuple[float, float, float, float]

    @classmethod
    def squash(cls, size: tuple[int, int]) -> Geometry:
        """Whole picture onto the whole input, whatever the aspect ratio."""
        return cls(size, (0.0, 0.0, float(size[0]), float(size[1])))

    @classmethod
    def placed(
        cls,
        size: tuple[int, int],
        resized: tuple[int, int],
        offset: tuple[int, int],
        window: tuple[int, int],
    ) -> Geometry:
        """Undo a resize and a crop, or padding.

        Args:
            size: (width, height) of the picture.
            resized: (width, height) that the whole picture was resized to.
            offset: left, top of the window on the resized picture; negative where it was padded.
            window: (width, height) of the window that the encoder sees.
        """
        across, down = size[0] / resized[0], size[1] / resized[1]
        left, top = offset
        right, bottom = left + window[0], top + window[1]
        return cls(size, (left * across, top * down, right * across, bottom * down))

    def onto_picture(self, values: NDArray[np.float32]) -> NDArray[np.float32]:
        """Lay a map over the input onto the picture, bilinearly.

        Args:
            values: (h, w) float, any resolution; it covers ``box``.

        Returns:
            (height, width) float32; NaN where the encoder did not see the picture.
        """
        width, height = self.picture_size
        left, top, right, bottom = self.box
        columns, seen_columns = _sources(width, left, right, values.shape[1])
        rows, seen_rows = _sources(height, top, bottom, values.shape[0])
        result = _interpolated(_interpolated(values.astype(np.float64), rows).T, columns).T
        result[~seen_rows, :] = np.nan
        result[:, ~seen_columns] = np.nan
        return result.astype(np.float32)


def _sources(
    count: int, start: float, stop: float, cells: int
) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
    """Cell coordinates of each pixel centre, and which pixels the box covers."""
    centres = np.arange(count) + 0.5
    seen = (centres >= start) & (centres <= stop)
    if not seen.any():  # a box thinner than a pixel: the nearest pixel shows it
        seen[np.abs(centres - (start + stop) / 2).argmin()] = True
    cell = (centres - start) / (stop - start) * cells - 0.5
    return np.clip(cell, 0, cells - 1), seen


def _interpolated(
    values: NDArray[np.float64], position: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Interpolate linearly along the first axis."""
    low = np.minimum(position.astype(np.int64), max(values.shape[0] - 2, 0))
    high = np.minimum(low + 1, values.shape[0] - 1)
    share = (position - low)[:, None]
    blended: NDArray[np.float64] = values[low] * (1 - share) + values[high] * share
    return blended
