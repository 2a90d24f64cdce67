"""Colour scales: one for all maps that are compared, one of their own for differences."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass

import matplotlib as mpl
import numpy as np
from numpy.typing import NDArray

MAP_LABEL = "standard deviations from the map's mean"
DIFFERENCE_LABEL = "after − before, in standard deviations"
# Diverging and safe for the colour-blind; that of differences is another one, so that nobody
# takes a difference for a map.
MAP_COLOURS, DIFFERENCE_COLOURS = "RdBu_r", "PuOr_r"
# Lightness grows along the whole scale, so that a grey print keeps the order; a diverging scale
# is as dark at both its ends.
GREY_COLOURS = "cividis"
OPACITY, GREY_OPACITY = 0.62, 0.9  # in grey the picture must not pass for heat


@dataclass(frozen=True)
class Scale:
    """A symmetric colour scale and the levels that lines are drawn at.

    Attributes:
        colours: a matplotlib colour map.
        limit: the value at the ends.
        level: where lines are drawn, solid above zero and dashed below; None for no lines.
        opacity: of the colours over the picture, 0 to 1.
        label: what the values are.
    """

    colours: str
    limit: float
    level: float | None
    opacity: float
    label: str

    def table(self) -> NDArray[np.float32]:
        """The colours from -limit to limit, (256, 3) float32 RGB, 0 to 255."""
        colours = mpl.colormaps[self.colours](np.arange(256))[:, :3]
        return np.asarray(colours * 255, dtype=np.float32)

    def blend(self, picture: NDArray[np.uint8], values: NDArray[np.float32]) -> NDArray[np.uint8]:
        """Lay a map over the greyed picture.

        Args:
            picture: (H, W, 3) uint8.
            values: (H, W) float32; where NaN, the picture stays grey.

        Returns:
            (H, W, 3) uint8.
        """
        seen = ~np.isnan(values)
        place = np.clip((np.nan_to_num(values) / self.limit + 1) * 127.5 + 0.5, 0, 255)
        ground = luminance(picture)[..., None]
        blended = (1 - self.opacity) * ground + self.opacity * self.table()[place.astype(np.uint8)]
        return np.where(seen[..., None], blended, ground).round().astype(np.uint8)


def luminance(picture: NDArray[np.uint8]) -> NDArray[np.float32]:
    """Luminance of a picture, lightened so that colours on it stay true; (H, W), 64 to 255."""
    weights = np.array([0.299, 0.587, 0.114], dtype=np.float32)
    return np.asarray(64 + 0.75 * (picture.astype(np.float32) @ weights), dtype=np.float32)


def map_scale(
    maps: Iterable[NDArray[np.float32]], *, grey: bool = False, limit: float | None = None
) -> Scale:
    """Scale of standardised maps; lines at one standard deviation, or within a shorter scale.

    Args:
        maps: what is shown.
        grey: for a grey print.
        limit: the scale's end; that which fits ``maps`` by default.
    """
    limit = symmetric_limit(maps) if limit is None else limit
    level = 1.0 if limit > 1 else _level(limit)
    colours, opacity = (GREY_COLOURS, GREY_OPACITY) if grey else (MAP_COLOURS, OPACITY)
    return Scale(colours, limit, level, opacity, MAP_LABEL)


def difference_scale(
    maps: Iterable[NDArray[np.float32]], *, grey: bool = False, limit: float | None = None
) -> Scale:
    """Scale of signed differences; lines at the round number nearest to half the limit.

    Args:
        maps, grey, limit: as for `map_scale`.
    """
    limit = symmetric_limit(maps) if limit is None else limit
    colours, opacity = (GREY_COLOURS, GREY_OPACITY) if grey else (DIFFERENCE_COLOURS, OPACITY)
    return Scale(colours, limit, _level(limit), opacity, DIFFERENCE_LABEL)


def symmetric_limit(maps: Iterable[NDArray[np.float32]]) -> float:
    """Limit of the scale that all maps share: the largest of their 99.5 % quantiles."""
    sizes = [np.abs(values[~np.isnan(values)]) for values in maps]
    return max([*(float(np.quantile(size, 0.995)) for size in sizes if size.size), 1e-12])


def _level(limit: float) -> float | None:
    """Return the largest of 1, 2, 5 times a power of ten that is at most half the limit."""
    value = limit / 2
    if limit <= 1e-6:
        return None  # of maps without any differences
    power = 10.0 ** math.floor(math.log10(value))
    return max(step for step in (1.0, 2.0, 5.0) if step * power <= value * (1 + 1e-9)) * power
