"""The patterns on a product, drawn as flat shapes in the product's own frame.

A pattern is an image of levels: 0 the product's colour, 1 between the two, 2 the contrasting tone.
"""

from __future__ import annotations

from typing import Final

import cv2
import numpy as np
import numpy.typing as npt

_SHIFT: Final = 4  # sub-pixel bits of OpenCV's integer coordinates

Levels = npt.NDArray[np.uint8]
Affine = npt.NDArray[np.float64]  # (2, 3): product frame -> pixels


def to_pixels(points: npt.NDArray[np.float64], affine: Affine) -> npt.NDArray[np.int32]:
    """Map (..., 2) product-frame points to OpenCV's fixed-point pixel coordinates."""
    placed = points @ affine[:, :2].T + affine[:, 2]
    return np.rint(placed * (1 << _SHIFT)).astype(np.int32)


def draw_pattern(
    pattern: str,
    rng: np.random.Generator,
    *,
    pitch: float,
    reach: float,
    affine: Affine,
    size: int,
) -> Levels:
    """Draw the levels of a pattern.

    Args:
        pattern: One of ``PATTERNS``.
        rng: Direction and phase are drawn from it.
        pitch: Distance between two stripes or dots, in the product frame.
        reach: The pattern covers at least the disc of this radius around the frame's origin.
        affine: (2, 3) map from the product frame to pixels.
        size: Side of the square result, in pixels.

    Returns:
        uint8 (size, size) of levels 0 to 2.
    """
    angle = rng.uniform(-8.0, 8.0)
    turn = rng.integers(4)
    phase = rng.uniform(0.0, 1.0, size=2) * pitch
    levels = np.zeros((size, size), np.uint8)
    if pattern == "striped":
        direction = angle + (0.0, 90.0, 45.0, -45.0)[turn]
        _bands(levels, 2, direction, 0.4 * pitch, pitch, phase[0], reach, affine)
    elif pattern == "checked":
        direction = angle + (0.0, 0.0, 0.0, 45.0)[turn]
        wide = 1.15 * pitch
        _bands(levels, 1, direction, 0.32 * wide, wide, phase[0], reach, affine)
        across = np.zeros_like(levels)
        _bands(across, 1, direction + 90.0, 0.32 * wide, wide, phase[1], reach, affine)
        levels = np.asarray(cv2.add(levels, across), np.uint8)
    elif pattern == "dotted":
        _dots(levels, angle, 0.27 * pitch, pitch, phase, reach, affine)
    return levels


def _rotation(degrees: float) -> npt.NDArray[np.float64]:
    a = np.deg2rad(degrees)
    return np.array([[np.cos(a), -np.sin(a)], [np.sin(a), np.cos(a)]])


def _bands(
    levels: Levels,
    value: int,
    degrees: float,
    width: float,
    pitch: float,
    phase: float,
    reach: float,
    affine: Affine,
) -> None:
    start = np.arange(-reach - pitch, reach + pitch, pitch) + phase
    far = 1.5 * reach
    bands = np.empty((len(start), 4, 2))
    bands[:, :2, 1], bands[:, 2:, 1] = start[:, None], start[:, None] + width
    bands[:, (0, 3), 0], bands[:, 1:3, 0] = -far, far
    for band in to_pixels(bands @ _rotation(degrees).T, affine):
        cv2.fillConvexPoly(levels, band, value, shift=_SHIFT)


def _dots(
    levels: Levels,
    degrees: float,
    radius: float,
    pitch: float,
    phase: npt.NDArray[np.float64],
    reach: float,
    affine: Affine,
) -> None:
    rows = np.arange(-reach - pitch, reach + pitch, 0.87 * pitch)
    columns = np.arange(-reach - pitch, reach + pitch, pitch)
    x, y = np.meshgrid(columns, rows)
    x[1::2] += 0.5 * pitch  # staggered rows read as dots sooner than a square grid
    centres = np.stack([x.ravel(), y.ravel()], axis=1) + phase
    centres = centres[np.hypot(centres[:, 0], centres[:, 1]) < reach + pitch]
    turn = np.linspace(0.0, 2.0 * np.pi, 20, endpoint=False)
    circle = radius * np.stack([np.cos(turn), np.sin(turn)], axis=1)
    dots = (centres @ _rotation(degrees).T)[:, None, :] + circle
    for dot in to_pixels(dots, affine):
        cv2.fillConvexPoly(levels, dot, 2, shift=_SHIFT)
