"""A square RGB canvas drawn on with anti-aliased shapes in unit coordinates, and its colours."""

from __future__ import annotations

import colorsys
import functools
import math
from collections.abc import Sequence
from typing import Any, TypeAlias, TypeVar

import cv2
import numpy as np
import numpy.typing as npt

from recsys.data.demo.vocabulary import RGB

Pixels: TypeAlias = npt.NDArray[np.uint8]
Box: TypeAlias = tuple[float, float, float, float]  # left, top, right, bottom
Points: TypeAlias = Sequence[tuple[float, float]] | npt.NDArray[np.floating[Any]]
Shapes: TypeAlias = Sequence[Points] | npt.NDArray[np.floating[Any]]
T = TypeVar("T")

_SHIFT = 4  # OpenCV's fixed-point coordinates: 1/16 pixel
_ONE = 1 << _SHIFT
_SMALL = 14.0  # pixels

# The hues of scene clutter. They cover the product colours, so that colour alone tells nothing.
_VIVID: tuple[RGB, ...] = (
    (210, 36, 46),
    (240, 122, 28),
    (246, 206, 48),
    (42, 146, 72),
    (32, 92, 200),
    (128, 56, 164),
    (226, 72, 132),
    (22, 158, 168),
    (38, 38, 44),
    (244, 243, 238),
)


def pick(rng: np.random.Generator, choices: Sequence[T]) -> T:
    """Draw one of ``choices`` (``rng.choice`` is ten times slower)."""
    return choices[int(rng.integers(len(choices)))]


def shade(colour: RGB, factor: float) -> RGB:
    """Scale a colour's brightness; ``factor`` 1 leaves it as it is."""
    red, green, blue = (min(255, int(value * factor)) for value in colour)
    return red, green, blue


def mix(first: RGB, second: RGB, share: float) -> RGB:
    """Blend two colours; ``share`` is the second's."""
    red, green, blue = (int(a + (b - a) * share + 0.5) for a, b in zip(first, second, strict=True))
    return red, green, blue


def hsv(hue: float, saturation: float, value: float) -> RGB:
    """Make an RGB colour from hue (any real, period 1), saturation and value in [0, 1]."""
    red, green, blue = colorsys.hsv_to_rgb(hue % 1.0, saturation, value)
    return int(red * 255), int(green * 255), int(blue * 255)


def jitter(rng: np.random.Generator, colour: RGB, amount: float = 0.1) -> RGB:
    """Vary brightness and tint of ``colour`` by about ``amount``."""
    light, *tint = (rng.random(4) * (2 * amount) - amount).tolist()
    red, green, blue = (
        min(255, max(0, int(value * (1.0 + light + part * 0.5))))
        for value, part in zip(colour, tint, strict=True)
    )
    return red, green, blue


def vivid(rng: np.random.Generator) -> RGB:
    """Draw a strong clutter colour (black and white are among them)."""
    return jitter(rng, pick(rng, _VIVID), 0.12)


def pastel(rng: np.random.Generator) -> RGB:
    """Draw a pale colour."""
    return hsv(rng.random(), rng.uniform(0.06, 0.28), rng.uniform(0.82, 0.97))


def muted(rng: np.random.Generator) -> RGB:
    """Draw a subdued wall or furniture colour of middle brightness."""
    return hsv(rng.random(), rng.uniform(0.12, 0.48), rng.uniform(0.5, 0.85))


def wood(rng: np.random.Generator) -> RGB:
    """Draw a wood colour, from birch to walnut."""
    return hsv(rng.uniform(0.055, 0.105), rng.uniform(0.3, 0.62), rng.uniform(0.38, 0.86))


@functools.lru_cache(maxsize=4)
def _falloff(square: bool) -> npt.NDArray[np.float32]:
    """A 48 x 48 spot, 1 inside and 0 at its rim, for soft shadows and glows."""
    ramp = np.abs(np.linspace(-1.0, 1.0, 48, dtype=np.float32))
    if square:
        edge = np.clip((1.0 - ramp) / 0.35, 0.0, 1.0)
        spot = edge[:, None] * edge[None, :]
    else:
        spot = np.clip(1.0 - np.sqrt(ramp[:, None] ** 2 + ramp[None, :] ** 2), 0.0, 1.0)
    return np.asarray(spot * spot * (3.0 - 2.0 * spot), np.float32)


class Canvas:
    """A ``size`` x ``size`` picture; shapes take x right and y down in [0, 1].

    Attributes:
        pixels: (size, size, 3) uint8 RGB, at first black; with ``alpha`` (size, size, 4)
            uint8 RGBA, colours multiplied by alpha, at first transparent.
    """

    def __init__(self, size: int, *, alpha: bool = False) -> None:
        self.size = size
        self.pixels: Pixels = np.zeros((size, size, 4 if alpha else 3), np.uint8)

    def _ink(self, colour: RGB) -> tuple[int, ...]:
        return (*colour, 255) if self.pixels.shape[2] == 4 else colour

    def region(self, box: Box) -> Pixels:
        """Return the view on a box, clipped to the canvas (it may be empty)."""
        left, top, right, bottom = (
            min(self.size, max(0, round(value * self.size))) for value in box
        )
        return self.pixels[top:bottom, left:right]

    def _fixed(self, points: Points | Shapes) -> npt.NDArray[np.int32]:
        # A pixel's centre is OpenCV's integer coordinate, ours lies half a pixel further.
        scaled = np.asarray(points, np.float64) * (self.size * _ONE) - _ONE / 2
        return scaled.astype(np.int32)

    def _fixed_all(self, shapes: Shapes) -> list[npt.NDArray[np.int32]]:
        if len({len(points) for points in shapes}) == 1:
            return list(self._fixed(shapes))
        return [self._fixed(points) for points in shapes]

    def _place(self, centre: tuple[float, float]) -> tuple[int, int]:
        scale = self.size * _ONE
        return int(centre[0] * scale) - _ONE // 2, int(centre[1] * scale) - _ONE // 2

    def width(self, width: float) -> int:
        """Convert a line width in unit coordinates to whole pixels, at least one."""
        return max(1, round(width * self.size))

    def fill(self, colour: RGB) -> None:
        """Paint everything."""
        self.pixels[:] = self._ink(colour)

    def rect(self, box: Box, colour: RGB) -> None:
        """Paint an upright rectangle with whole-pixel edges."""
        left, top, right, bottom = box
        start = (round(left * self.size), round(top * self.size))
        end = (round(right * self.size) - 1, round(bottom * self.size) - 1)
        if start[0] <= end[0] and start[1] <= end[1]:
            cv2.rectangle(self.pixels, start, end, self._ink(colour), -1)

    def gradient(self, box: Box, first: RGB, second: RGB, *, across: bool = False) -> None:
        """Paint a box from ``first`` (top, or left if ``across``) to ``second``."""
        view = self.region(box)
        steps = view.shape[1 if across else 0]
        ramp = np.linspace(self._ink(first), self._ink(second), steps).astype(np.uint8)
        view[:] = ramp[None] if across else ramp[:, None]

    def polygon(self, points: Points, colour: RGB, alpha: float = 1.0) -> None:
        """Fill a polygon; ``alpha`` below 1 lets through what lies under it."""
        fixed = self._fixed(points)
        if alpha >= 1.0:
            cv2.fillPoly(self.pixels, [fixed], self._ink(colour), cv2.LINE_AA, _SHIFT)
            return
        low = np.clip((fixed.min(axis=0) >> _SHIFT) - 1, 0, self.size)
        high = np.clip((fixed.max(axis=0) >> _SHIFT) + 3, 0, self.size)
        if (low >= high).any():
            return
        view = self.pixels[low[1] : high[1], low[0] : high[0]]
        painted = view.copy()
        cv2.fillPoly(painted, [fixed - (low * _ONE)], self._ink(colour), cv2.LINE_AA, _SHIFT)
        view[:] = cv2.addWeighted(painted, alpha, view, 1.0 - alpha, 0.0)

    def polygons(self, shapes: Shapes, colour: RGB) -> None:
        """Fill polygons of one colour that do not overlap."""
        if len(shapes):
            fixed = self._fixed_all(shapes)
            cv2.fillPoly(self.pixels, fixed, self._ink(colour), cv2.LINE_AA, _SHIFT)

    def box(self, box: Box, colour: RGB, radius: float = 0.0) -> None:
        """Fill a rectangle with rounded corners."""
        self.polygon(rounded(box, radius) if radius > 0 else corners(box), colour)

    def ellipse(
        self,
        centre: tuple[float, float],
        radii: tuple[float, float],
        colour: RGB,
        *,
        angle: float = 0.0,
        width: float = 0.0,
        arc: tuple[float, float] = (0.0, 360.0),
    ) -> None:
        """Fill an ellipse or, with a ``width``, draw its outline; angles in degrees."""
        if max(radii) * self.size < _SMALL:
            self._small_ellipse(centre, radii, colour, angle, width, arc)
            return
        (x, y), (rx, ry) = self._place(centre), radii
        axes = (max(1, round(rx * self.size * _ONE)), max(1, round(ry * self.size * _ONE)))
        line = self.width(width) if width > 0 else -1
        ink = self._ink(colour)
        cv2.ellipse(self.pixels, (x, y), axes, angle, *arc, ink, line, cv2.LINE_AA, _SHIFT)

    def _small_ellipse(
        self,
        centre: tuple[float, float],
        radii: tuple[float, float],
        colour: RGB,
        angle: float,
        width: float,
        arc: tuple[float, float],
    ) -> None:
        """Draw an ellipse as a polygon of our own: OpenCV's small ones are lozenges."""
        whole = arc[1] - arc[0] >= 360
        points = _circle(16) if whole else _arc(*arc)
        points = points * radii
        if angle:
            points = turned(points, (0.0, 0.0), math.radians(angle))
        points = points + centre
        if width <= 0:
            self.polygon(points, colour)
        elif whole:
            self.outline(points, colour, width)
        else:
            self.line(points, colour, width)

    def circle(
        self, centre: tuple[float, float], radius: float, colour: RGB, width: float = 0.0
    ) -> None:
        """Fill a circle or, with a ``width``, draw its outline."""
        if radius * self.size < _SMALL:
            points = _circle(12) * radius + centre
            if width > 0:
                self.outline(points, colour, width)
            else:
                self.polygon(points, colour)
            return
        line = self.width(width) if width > 0 else -1
        scaled = max(1, round(radius * self.size * _ONE))
        ink = self._ink(colour)
        cv2.circle(self.pixels, self._place(centre), scaled, ink, line, cv2.LINE_AA, _SHIFT)

    def lines(self, paths: Shapes, colour: RGB, width: float) -> None:
        """Draw open paths in one call."""
        if len(paths):
            fixed = self._fixed_all(paths)
            line = self.width(width)
            cv2.polylines(self.pixels, fixed, False, self._ink(colour), line, cv2.LINE_AA, _SHIFT)

    def line(self, path: Points, colour: RGB, width: float) -> None:
        """Draw one open path."""
        self.lines([path], colour, width)

    def outlines(self, shapes: Shapes, colour: RGB, width: float) -> None:
        """Draw closed paths in one call."""
        if len(shapes):
            fixed = self._fixed_all(shapes)
            line = self.width(width)
            cv2.polylines(self.pixels, fixed, True, self._ink(colour), line, cv2.LINE_AA, _SHIFT)

    def outline(self, points: Points, colour: RGB, width: float) -> None:
        """Draw a closed path."""
        self.outlines([points], colour, width)

    def soften(self, box: Box, colour: RGB, strength: float, *, square: bool = False) -> None:
        """Blend a soft-edged spot over a box: a shadow if dark, a glow if light."""
        left, top, right, bottom = (round(value * self.size) for value in box)
        x0, y0, x1, y1 = max(left, 0), max(top, 0), min(right, self.size), min(bottom, self.size)
        if x0 >= x1 or y0 >= y1:
            return
        spot = cv2.resize(_falloff(square), (right - left, bottom - top))
        weight = spot[y0 - top : y1 - top, x0 - left : x1 - left, None] * np.float32(strength)
        view = self.pixels[y0:y1, x0:x1]
        view[:] = view + weight * (np.asarray(colour, np.float32) - view)

    def shadow(self, box: Box, strength: float = 0.45, *, square: bool = False) -> None:
        """Darken a soft-edged spot."""
        self.soften(box, (12, 10, 16), strength, square=square)


def corners(box: Box) -> list[tuple[float, float]]:
    """Return a box's four corners, clockwise from the top left."""
    left, top, right, bottom = box
    return [(left, top), (right, top), (right, bottom), (left, bottom)]


def _arc(start: float, end: float) -> npt.NDArray[np.float64]:
    """Points of the unit circle from ``start`` to ``end`` degrees, (13, 2)."""
    angles = np.linspace(math.radians(start), math.radians(end), 13)
    return np.stack([np.cos(angles), np.sin(angles)], axis=1)


@functools.lru_cache(maxsize=8)
def _circle(steps: int) -> npt.NDArray[np.float64]:
    """Corners of a regular polygon that stands for a small unit circle, (steps, 2)."""
    angles = np.arange(steps) * (2 * math.pi / steps)
    return np.stack([np.cos(angles), np.sin(angles)], axis=1)


@functools.lru_cache(maxsize=1)
def _quarters() -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:
    """Four quarter circles of 5 points each, and the corner (signs) each belongs to."""
    angles = np.linspace(0.0, math.pi / 2, 5) + np.arange(4)[:, None] * (math.pi / 2)
    signs = np.repeat([[1.0, 1.0], [-1.0, 1.0], [-1.0, -1.0], [1.0, -1.0]], 5, axis=0)
    return np.stack([np.cos(angles.ravel()), np.sin(angles.ravel())], axis=1), signs


def rounded(box: Box, radius: float) -> npt.NDArray[np.float64]:
    """Return the outline of a rectangle with rounded corners, (20, 2)."""
    left, top, right, bottom = box
    radius = min(radius, (right - left) / 2, (bottom - top) / 2)
    circle, signs = _quarters()
    half = np.array([(right - left) / 2 - radius, (bottom - top) / 2 - radius])
    centre = np.array([(left + right) / 2, (top + bottom) / 2])
    return np.asarray(centre + radius * circle + half * signs)


def moved(points: Points, right: float, down: float) -> npt.NDArray[np.float64]:
    """Shift points."""
    return np.asarray(np.asarray(points, np.float64) + np.array([right, down]))


def turned(points: Points, centre: tuple[float, float], angle: float) -> npt.NDArray[np.float64]:
    """Turn points about ``centre`` by ``angle`` radians, clockwise on the screen."""
    cos, sin = math.cos(angle), math.sin(angle)
    offset = np.asarray(points, np.float64) - centre
    return np.asarray(offset @ np.array([[cos, sin], [-sin, cos]]) + np.asarray(centre))
