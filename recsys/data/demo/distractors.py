"""What stands beside a product in a shop's picture: a face, a plant, a logo, a sticker."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Final

import cv2
import numpy as np

from recsys.data.demo.canvas import Canvas, Pixels, mix, pick, rounded, shade, vivid
from recsys.data.demo.face import face
from recsys.data.demo.lettering import stamp
from recsys.data.demo.plant import plant
from recsys.data.demo.vocabulary import RGB
from recsys.errors import unknown

Painter = Callable[[Canvas, np.random.Generator], None]

MIN_SIZE: Final = 8
_WHITE: RGB = (250, 249, 245)
_DARK: RGB = (38, 38, 44)


def draw_distractor(name: str, rng: np.random.Generator, size: int) -> Pixels:
    """Draw one distractor, as large as it fits into a square.

    Args:
        name: one of ``vocabulary.DISTRACTORS``.
        rng: the only source of randomness; the same state gives the same bytes.
        size: side in pixels, at least 8.

    Returns:
        (size, size, 4) uint8 RGBA with straight alpha: the longer side touches both edges, the
        shorter one is centred. Colours are black where alpha is 0.

    Raises:
        InputError: ``name`` is not a distractor.
        ValueError: ``size`` is below 8.
    """
    painter = _PAINTERS.get(name)
    if painter is None:
        raise unknown("distractor", name, _PAINTERS)
    if size < MIN_SIZE:
        raise ValueError(f"size must be at least {MIN_SIZE} pixels, got {size}")
    canvas = Canvas(max(64, min(2 * size, 192)), alpha=True)
    painter(canvas, rng)
    return _straight(_fitted(canvas.pixels, size))


def _fitted(pixels: Pixels, size: int) -> Pixels:
    """Crop to what is not transparent and scale it to a (size, size) square."""
    alpha = pixels[:, :, 3]
    rows = np.flatnonzero(alpha.any(axis=1))
    columns = np.flatnonzero(alpha.any(axis=0))
    cropped = pixels[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]
    height, width = cropped.shape[:2]
    scale = size / max(height, width)
    high, wide = max(1, round(height * scale)), max(1, round(width * scale))
    method = cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR
    top, left = (size - high) // 2, (size - wide) // 2
    square = np.zeros((size, size, 4), np.uint8)
    square[top : top + high, left : left + wide] = cv2.resize(
        cropped, (wide, high), interpolation=method
    )
    return square


def _straight(premultiplied: Pixels) -> Pixels:
    """Divide colours by alpha (which leaves opaque pixels as they are)."""
    alpha = premultiplied[:, :, 3]
    edge = (alpha > 0) & (alpha < 255)
    partial = premultiplied[edge].astype(np.float32)
    partial[:, :3] *= 255.0 / partial[:, 3:]
    premultiplied[edge] = np.clip(np.rint(partial), 0, 255).astype(np.uint8)
    return premultiplied


def _turn(canvas: Canvas, degrees: float) -> None:
    """Turn what is drawn about the centre."""
    middle = (canvas.size - 1) / 2
    matrix = cv2.getRotationMatrix2D((middle, middle), degrees, 1.0)
    shape = (canvas.size, canvas.size)
    canvas.pixels = np.asarray(cv2.warpAffine(canvas.pixels, matrix, shape), np.uint8)


def _ring(points: int, radius: float, inner: float | None = None) -> list[tuple[float, float]]:
    """Corners of a regular polygon or, with an ``inner`` radius, a star, about the centre."""
    count = points if inner is None else 2 * points
    return [
        (
            0.5 + (radius if inner is None or k % 2 == 0 else inner) * math.sin(angle),
            0.5 - (radius if inner is None or k % 2 == 0 else inner) * math.cos(angle),
        )
        for k, angle in enumerate(np.linspace(0, 2 * math.pi, count, endpoint=False).tolist())
    ]


def _shield(scale: float) -> list[tuple[float, float]]:
    """Outline of a shield about the centre."""
    half = [(0.0, -0.46), (0.2, -0.4), (0.4, -0.38), (0.41, -0.1), (0.35, 0.14), (0.2, 0.35)]
    right = [(0.5 + x * scale, 0.5 + y * scale) for x, y in [*half, (0.0, 0.48)]]
    return right + [(1.0 - x, y) for x, y in right[-2:0:-1]]


def _logo(canvas: Canvas, rng: np.random.Generator) -> None:
    """Draw a badge with a rim and a letter or a simple mark."""
    base = vivid(rng)
    pale = sum(base) > 460
    rim = _DARK if pale else pick(rng, (_WHITE, (246, 206, 66), shade(base, 0.6)))
    kind = int(rng.integers(6))
    layers = ((1.0, shade(base, 0.8)), (0.93, rim), (0.84, base))
    for scale, colour in layers:
        radius = 0.48 * scale
        if kind == 0:
            canvas.circle((0.5, 0.5), radius, colour)
        elif kind == 1:
            canvas.polygon(_shield(scale), colour)
        elif kind == 2:
            canvas.polygon(_ring(5, radius * 1.04, radius * 0.62), colour)
        elif kind == 3:
            canvas.polygon(_ring(6, radius), colour)
        elif kind == 4:
            box = (0.5 - radius, 0.5 - radius, 0.5 + radius, 0.5 + radius)
            canvas.polygon(rounded(box, 0.3 * radius), colour)
        else:
            canvas.polygon(_ring(16, radius, radius * 0.9), colour)
    ink = _DARK if pale else pick(rng, (_WHITE, _WHITE, (250, 214, 74)))
    reach = 0.17 if kind == 2 else 0.22
    if rng.random() < 0.55:
        letter = pick(rng, "ABCDEFGHJKLMNPRSTUVWXZ&")
        stamp(canvas, letter, (0.5 - reach, 0.5 - reach, 0.5 + reach, 0.5 + reach), ink)
        return
    _mark(canvas, int(rng.integers(6)), reach, ink, base)


def _mark(canvas: Canvas, kind: int, reach: float, ink: RGB, base: RGB) -> None:
    """Draw one of six simple marks about the centre."""

    def at(points: list[tuple[float, float]]) -> list[tuple[float, float]]:
        return [(0.5 + x * reach, 0.5 + y * reach) for x, y in points]

    if kind == 0:  # a bolt
        bolt = [
            (0.25, -1.1),
            (-0.65, 0.2),
            (-0.05, 0.2),
            (-0.25, 1.1),
            (0.65, -0.25),
            (0.05, -0.25),
        ]
        canvas.polygon(at(bolt), ink)
    elif kind == 1:  # a crown
        crown = [(-1, 0.7), (-1, -0.6), (-0.45, 0), (0, -0.8), (0.45, 0), (1, -0.6), (1, 0.7)]
        canvas.polygon(at(crown), ink)
    elif kind == 2:  # chevrons
        for shift in (-0.7, 0.15):
            chevron = [(-0.9, 0.5), (0, -0.2), (0.9, 0.5), (0.9, 0.95), (0, 0.25), (-0.9, 0.95)]
            canvas.polygon(at([(x, y + shift) for x, y in chevron]), ink)
    elif kind == 3:  # rings
        for radius, colour in ((1.0, ink), (0.68, base), (0.36, ink)):
            canvas.circle((0.5, 0.5), reach * radius, colour)
    elif kind == 4:  # a mountain
        canvas.polygon(at([(-1.1, 0.8), (-0.25, -0.75), (0.6, 0.8)]), ink)
        canvas.polygon(at([(0.1, 0.8), (0.6, -0.15), (1.15, 0.8)]), mix(ink, base, 0.35))
    else:  # a tick
        tick = [
            (-0.95, 0.05),
            (-0.55, -0.35),
            (-0.2, 0.1),
            (0.65, -0.85),
            (1.05, -0.45),
            (-0.2, 0.9),
        ]
        canvas.polygon(at(tick), ink)


def _words(rng: np.random.Generator) -> tuple[str, str]:
    """Draw a sticker's text and a small second line (empty for half of them)."""
    percent, euros = int(rng.integers(1, 15)) * 5, int(rng.integers(1, 100))
    cents = pick(rng, (0, 49, 50, 90, 95, 99))
    text = pick(
        rng,
        (
            "SALE",
            "NEW",
            "HOT",
            "TOP",
            "WOW",
            "ONLY",
            "OFFER",
            "LAST",
            f"-{percent}%",
            f"-{percent}%",
            f"${euros}.{cents:02d}",
            f"${euros}",
            f"EUR {euros}.{cents:02d}",
            "2 FOR 1",
            "BUY 3",
        ),
    )
    second = pick(rng, ("", "", "TODAY", "NOW", "SAVE", "LIMITED", "ONLINE", "DEAL"))
    return text, second


def _sticker(canvas: Canvas, rng: np.random.Generator) -> None:
    """Draw a price sticker: a rectangle with text, turned a little."""
    text, second = _words(rng)
    paper = pick(rng, (_WHITE, (252, 222, 60), (252, 222, 60), (216, 34, 44), vivid(rng)))
    pale = sum(paper) > 430
    ink = pick(rng, (_DARK, (200, 26, 36), (26, 70, 170))) if pale else _WHITE
    if not pale and rng.random() < 0.4:
        ink = (252, 226, 80)
    half = 0.44 * rng.uniform(0.42, 0.62) * (1.25 if second else 1.0)
    box = (0.06, 0.5 - half, 0.94, 0.5 + half)
    radius = rng.uniform(0.01, 0.07)
    canvas.box((0.075, box[1] + 0.018, 0.955, box[3] + 0.02), shade(paper, 0.62), radius)
    canvas.box(box, paper, radius)
    if rng.random() < 0.55:
        frame = rounded((0.085, box[1] + 0.025, 0.915, box[3] - 0.025), radius * 0.7)
        canvas.outline(frame, ink, 0.016)
    low = 0.5 + half * (0.24 if second else 0.66)
    stamp(canvas, text, (0.13, 0.5 - half * 0.66, 0.87, low), ink)
    if second:
        stamp(canvas, second, (0.16, 0.5 + half * 0.42, 0.84, 0.5 + half * 0.74), ink)
    _turn(canvas, rng.uniform(-14, 14))


_PAINTERS: Final[Mapping[str, Painter]] = MappingProxyType(
    {"face": face, "plant": plant, "logo": _logo, "sticker": _sticker}
)
