"""Plane figures as polygons: (n, 2) float64 points, x to the right and y downward."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

Points: TypeAlias = npt.NDArray[np.float64]


def polygon(points: Iterable[tuple[float, float]]) -> Points:
    """Make an array of its corners."""
    return np.array(list(points), dtype=np.float64)


def mirrored(points: Points) -> Points:
    """Reflect left and right."""
    return np.stack([-points[:, 0], points[:, 1]], axis=1)


def rounded(points: Iterable[tuple[float, float]], steps: int = 3) -> Points:
    """Cut the corners of a closed polygon (Chaikin, 1974); a point given twice stays sharper."""
    cut = polygon(points)
    for _ in range(steps):
        after = np.concatenate([cut[1:], cut[:1]])
        pairs = np.stack([0.75 * cut + 0.25 * after, 0.25 * cut + 0.75 * after], axis=1)
        cut = pairs.reshape(-1, 2)
    return cut


def arc(
    cx: float, cy: float, rx: float, ry: float, start: float = 0.0, stop: float = 360.0
) -> Points:
    """Points of an elliptic arc; angles in degrees, clockwise from +x as y points down."""
    angle = np.deg2rad(np.linspace(start, stop, 36))
    return np.stack([cx + rx * np.cos(angle), cy + ry * np.sin(angle)], axis=1)


def stroke(line: Points, width: float) -> Points:
    """Turn a line into the polygon of a band of that width around it."""
    along = np.gradient(line, axis=0)
    along /= np.hypot(along[:, 0], along[:, 1])[:, None]
    side = 0.5 * width * np.stack([-along[:, 1], along[:, 0]], axis=1)
    return np.concatenate([line + side, (line - side)[::-1]])


def box(left: float, top: float, right: float, bottom: float) -> Points:
    """Make an upright rectangle."""
    return polygon([(left, top), (right, top), (right, bottom), (left, bottom)])


def rounded_box(
    left: float, top: float, right: float, bottom: float, radius: float = 0.1
) -> Points:
    """Make an upright rectangle with rounded corners."""
    r = radius
    return rounded(
        [
            (left + r, top),
            (left + r, top),
            (right - r, top),
            (right - r, top),
            (right, top),
            (right, top + r),
            (right, bottom - r),
            (right, bottom),
            (right - r, bottom),
            (left + r, bottom),
            (left, bottom),
            (left, bottom - r),
            (left, top + r),
            (left, top),
        ]
    )
