"""A plant in a pot."""

from __future__ import annotations

import math

import numpy as np

from recsys.data.demo.canvas import Canvas, hsv, mix, pick, shade, vivid
from recsys.data.demo.vocabulary import RGB

_WHITE: RGB = (248, 246, 240)
_RIM = 0.62


def plant(canvas: Canvas, rng: np.random.Generator) -> None:
    """Draw a pot with broad leaves, swords, a cactus, or flowers."""
    hue = rng.uniform(0.24, 0.4)
    green = hsv(hue, rng.uniform(0.5, 0.8), rng.uniform(0.42, 0.66))
    pick(rng, (_broad, _broad, _swords, _cactus, _flowers))(canvas, rng, green)
    _pot(canvas, rng)


def _pot(canvas: Canvas, rng: np.random.Generator) -> None:
    """Draw a pot that narrows to its foot, with a rim."""
    colour = pick(rng, ((196, 98, 58), (196, 98, 58), _WHITE, vivid(rng)))
    top, foot = rng.uniform(0.2, 0.24), rng.uniform(0.13, 0.17)
    canvas.polygon(
        [(0.5 - top, _RIM), (0.5 + top, _RIM), (0.5 + foot, 0.98), (0.5 - foot, 0.98)], colour
    )
    shadow = [
        (0.5 + top * 0.35, _RIM),
        (0.5 + top, _RIM),
        (0.5 + foot, 0.98),
        (0.5 + foot * 0.35, 0.98),
    ]
    canvas.polygon(shadow, shade(colour, 0.84))
    if rng.random() < 0.4:
        y, near, far = 0.8, top * 0.82, top * 0.72
        band = [
            (0.5 - near, y - 0.05),
            (0.5 + near, y - 0.05),
            (0.5 + far, y + 0.03),
            (0.5 - far, y + 0.03),
        ]
        canvas.polygon(band, vivid(rng))
    canvas.box(
        (0.5 - top - 0.03, _RIM - 0.02, 0.5 + top + 0.03, _RIM + 0.06),
        mix(colour, _WHITE, 0.14),
        0.015,
    )
    canvas.box((0.5 - top, _RIM + 0.06, 0.5 + top, _RIM + 0.078), shade(colour, 0.66))


def _leaf(
    canvas: Canvas,
    foot: tuple[float, float],
    angle: float,
    length: float,
    width: float,
    colour: RGB,
) -> None:
    """Draw a pointed leaf with its vein; ``angle`` in radians from upright, to the right."""
    t = np.linspace(0.0, 1.0, 9)
    bulge = width * np.sin(math.pi * t**0.8)
    bend = 0.25 * angle * t**2
    sin, cos = np.sin(angle * 0.8 + bend), np.cos(angle * 0.8 + bend)
    spine = np.stack([foot[0] + length * t * sin, foot[1] - length * t * cos], axis=1)
    normal = np.stack([cos, sin], axis=1) * bulge[:, None]
    canvas.polygon(np.concatenate([spine + normal, (spine - normal)[::-1]]), colour)
    canvas.line(spine[:-1], shade(colour, 0.74), 0.012)


def _broad(canvas: Canvas, rng: np.random.Generator, green: RGB) -> None:
    """Grow broad leaves on all sides."""
    count = int(rng.integers(7, 11))
    order = np.argsort(-np.abs(np.linspace(-1, 1, count)))
    angles = np.linspace(-1.5, 1.5, count)[order] + rng.uniform(-0.12, 0.12, count)
    width = rng.uniform(0.055, 0.095)
    for k, angle in enumerate(angles.tolist()):
        length = rng.uniform(0.42, 0.6) * (1 - 0.16 * abs(angle))
        _leaf(canvas, (0.5, _RIM), angle, length, width, shade(green, 0.8 + 0.45 * k / count))


def _swords(canvas: Canvas, rng: np.random.Generator, green: RGB) -> None:
    """Grow narrow upright leaves with pale edges."""
    for shift in (-0.13, 0.13, -0.07, 0.07, 0.0):
        foot = (0.5 + shift, _RIM + 0.02)
        angle, length = shift * 2.2 + rng.uniform(-0.08, 0.08), rng.uniform(0.45, 0.62)
        _leaf(canvas, foot, angle, length, 0.062, mix(green, (236, 226, 120), 0.6))
        _leaf(canvas, foot, angle, length * 0.96, 0.042, shade(green, 0.8 + abs(shift)))


def _cactus(canvas: Canvas, rng: np.random.Generator, green: RGB) -> None:
    """Grow a cactus with arms, spines and a blossom."""
    half, top = rng.uniform(0.1, 0.14), rng.uniform(0.06, 0.16)
    for side in (-1, 1):
        if rng.random() < 0.75:
            y, reach = rng.uniform(0.34, 0.46), half + rng.uniform(0.09, 0.13)
            arm = [
                (0.5, y),
                (0.5 + side * reach, y),
                (0.5 + side * reach, y - rng.uniform(0.1, 0.18)),
            ]
            canvas.line(arm, shade(green, 0.9), 0.085)
    canvas.box((0.5 - half, top, 0.5 + half, _RIM + 0.05), green, half)
    for share in (-0.6, 0.0, 0.6):
        x = 0.5 + share * half
        canvas.line([(x, top + 0.06), (x, _RIM)], shade(green, 0.74), 0.014)
    spines = [
        [(0.5 + share * half - 0.016, y), (0.5 + share * half + 0.016, y - 0.012)]
        for share in (-0.3, 0.3)
        for y in np.arange(top + 0.08, _RIM - 0.03, 0.075).tolist()
    ]
    canvas.lines(spines, (250, 246, 214), 0.012)
    if rng.random() < 0.6:
        blossom = vivid(rng)
        for dx, dy in ((-0.04, 0.0), (0.04, 0.0), (0.0, -0.03)):
            canvas.circle((0.5 + dx, top + dy), 0.036, blossom)
        canvas.circle((0.5, top - 0.005), 0.02, (250, 212, 70))


def _flowers(canvas: Canvas, rng: np.random.Generator, green: RGB) -> None:
    """Grow stems with leaves and blossoms."""
    for angle in (-0.9, 0.9, -0.5, 0.5):
        _leaf(canvas, (0.5, _RIM), angle, 0.34, 0.06, shade(green, 0.85))
    petals, heart = vivid(rng), pick(rng, ((250, 206, 60), (120, 70, 36)))
    for angle in (-0.55, 0.55, 0.0):
        reach = rng.uniform(0.36, 0.46)
        x, y = 0.5 + reach * math.sin(angle), _RIM - reach * math.cos(angle)
        canvas.line(
            [(0.5, _RIM), (0.5 + 0.3 * (x - 0.5), (y + _RIM) / 2), (x, y)],
            shade(green, 0.75),
            0.024,
        )
        for k in range(6):
            turn = k * math.pi / 3 + angle
            centre = (x + 0.07 * math.cos(turn), y + 0.07 * math.sin(turn))
            canvas.circle(centre, 0.052, shade(petals, 0.88 + 0.12 * (k % 2)))
        canvas.circle((x, y), 0.042, heart)
