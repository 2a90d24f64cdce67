"""The beach."""

from __future__ import annotations

import math

import numpy as np

from recsys.data.demo.canvas import (
    Canvas,
    Points,
    hsv,
    mix,
    moved,
    pick,
    shade,
    turned,
    vivid,
)
from recsys.data.demo.outdoors import ball, sky
from recsys.data.demo.textures import grain, mottle
from recsys.data.demo.vocabulary import RGB

_WHITE: RGB = (248, 247, 242)
_DARK: RGB = (44, 46, 52)


def beach(canvas: Canvas, rng: np.random.Generator) -> None:
    """Draw sea and sand with an umbrella, towels, balls, shells, starfish, boats."""
    horizon = rng.uniform(0.2, 0.32)
    shore = horizon + rng.uniform(0.16, 0.24)
    sky(canvas, rng, horizon)
    if rng.random() < 0.6:
        x, y = rng.uniform(0.1, 0.9), rng.uniform(0.05, horizon - 0.06)
        canvas.soften((x - 0.15, y - 0.15, x + 0.15, y + 0.15), (255, 240, 190), 0.8)
        canvas.circle((x, y), 0.04, (255, 240, 180))
    sea = hsv(rng.uniform(0.48, 0.6), rng.uniform(0.55, 0.85), rng.uniform(0.55, 0.8))
    canvas.gradient(
        (0, horizon, 1, shore + 0.06), shade(sea, 0.72), mix(sea, (170, 240, 226), 0.45)
    )
    for _ in range(int(rng.integers(1, 3))):
        _boat(canvas, rng, rng.uniform(0.08, 0.92), horizon + rng.uniform(0.01, 0.05))
    _waves(canvas, rng, horizon, shore)
    sand = hsv(rng.uniform(0.085, 0.125), rng.uniform(0.2, 0.46), rng.uniform(0.82, 0.97))
    along = np.linspace(-0.05, 1.05, 30)
    bays = 0.02 * np.sin(along * rng.uniform(5, 9) + rng.uniform(0, 6))
    edge = np.stack([along, shore + bays + rng.uniform(-0.06, 0.06) * along], axis=1)
    closing = [[1.05, 1.1], [-0.05, 1.1]]
    canvas.polygon(np.concatenate([moved(edge, 0, -0.012), closing]), _WHITE)
    canvas.polygon(np.concatenate([moved(edge, 0, 0.008), closing]), shade(sand, 0.78))
    canvas.polygon(np.concatenate([moved(edge, 0, 0.045), closing]), sand)
    mottle(canvas, (0, shore + 0.06, 1, 1), rng, strength=0.08, cells=(14, 6))
    grain(canvas, (0, shore + 0.05, 1, 1), rng, 12)
    _litter(canvas, rng, shore)
    side = rng.uniform(0.14, 0.34) if rng.random() < 0.5 else rng.uniform(0.66, 0.86)
    _towel(canvas, rng, rng.uniform(0.2, 0.8), rng.uniform(0.74, 0.92))
    if rng.random() < 0.5:
        _castle(
            canvas, rng, 1 - side + rng.uniform(-0.06, 0.06), shore + rng.uniform(0.16, 0.24), sand
        )
    if rng.random() < 0.5:
        _ring(canvas, rng, rng.uniform(0.1, 0.9), rng.uniform(shore + 0.15, 0.9))
    _umbrella(canvas, rng, side)
    ball(canvas, rng, rng.uniform(0.08, 0.92), rng.uniform(shore + 0.14, 0.94), horizon)
    if rng.random() < 0.35:
        _palm(canvas, rng, 0.04 if side > 0.5 else 0.96, shore)


def _boat(canvas: Canvas, rng: np.random.Generator, x: float, y: float) -> None:
    """Sail a boat near the horizon."""
    scale = rng.uniform(0.7, 1.4)
    canvas.polygon(
        [
            (x - 0.05 * scale, y - 0.014 * scale),
            (x + 0.05 * scale, y - 0.014 * scale),
            (x + 0.035 * scale, y + 0.008),
            (x - 0.035 * scale, y + 0.008),
        ],
        vivid(rng),
    )
    canvas.polygon(
        [(x, y - 0.12 * scale), (x + 0.045 * scale, y - 0.022 * scale), (x, y - 0.022 * scale)],
        _WHITE,
    )
    canvas.polygon(
        [
            (x - 0.006, y - 0.1 * scale),
            (x - 0.006, y - 0.022 * scale),
            (x - 0.036 * scale, y - 0.022 * scale),
        ],
        vivid(rng),
    )


def _waves(canvas: Canvas, rng: np.random.Generator, horizon: float, shore: float) -> None:
    """Draw crests, longer and wider apart towards the shore."""
    crests: list[Points] = []
    glints: list[Points] = []
    angles = np.linspace(0, math.pi, 6)
    step, hump = angles / math.pi, np.sin(angles)
    for share in (0.12, 0.24, 0.4, 0.6, 0.82):
        y = horizon + (shore - horizon) * share
        x = rng.uniform(-0.2, 0.05)
        while x < 1:
            length = rng.uniform(0.04, 0.12) * (0.5 + share)
            wave = np.stack([x + length * step, y - 0.012 * share * hump], axis=1)
            (crests if rng.random() < 0.6 else glints).append(wave)
            x += length + rng.uniform(0.03, 0.16)
    canvas.lines(crests, (236, 248, 248), 0.005)
    canvas.lines(glints, (120, 196, 210), 0.005)


def _umbrella(canvas: Canvas, rng: np.random.Generator, x: float) -> None:
    """Plant a striped sunshade in the sand."""
    base, lean = rng.uniform(0.74, 0.86), rng.uniform(-0.2, 0.2)
    half, height = rng.uniform(0.17, 0.23), rng.uniform(0.5, 0.58)
    first, second = vivid(rng), pick(rng, (_WHITE, vivid(rng)))
    foot, top = (x, base), (x + lean * height, base - height)
    canvas.shadow((x - 0.05, base - 0.03, x + 0.32, base + 0.05), 0.45)
    canvas.line([foot, top], (236, 230, 220), 0.014)
    angles = np.linspace(math.pi, 2 * math.pi, 25)
    rim_y = 0.17
    for k in range(6):
        part = angles[k * 4 : k * 4 + 5]
        # Seams run from the tip to equal steps along the rim.
        edges = [(half * math.cos(part[-1]), 0.0), (half * math.cos(part[0]), 0.0)]
        gore = np.array(
            [(0.0, -rim_y), *_bow(0.0, -rim_y, *edges[1]), *_bow(*edges[0], 0.0, -rim_y)]
        )
        canvas.polygon(
            turned(moved(gore, top[0], top[1] + rim_y * 0.6), top, lean), second if k % 2 else first
        )
    tip = turned(
        [(top[0], top[1] - rim_y * 0.4 - 0.025), (top[0], top[1] - rim_y * 0.4)], top, lean
    )
    canvas.line(tip, _DARK, 0.01)


def _bow(x0: float, y0: float, x1: float, y1: float) -> list[tuple[float, float]]:
    """Points of a quarter ellipse between the tip of a dome and a point of its rim."""
    points = []
    for share in (0.25, 0.5, 0.75, 1.0):
        if y0 < y1:  # outwards and down
            angle = share * math.pi / 2
            points.append((x0 + (x1 - x0) * math.sin(angle), y1 + (y0 - y1) * math.cos(angle)))
        else:  # inwards and up
            angle = (1 - share) * math.pi / 2
            points.append((x1 + (x0 - x1) * math.sin(angle), y0 + (y1 - y0) * math.cos(angle)))
    return points


def _towel(canvas: Canvas, rng: np.random.Generator, x: float, y: float) -> None:
    """Spread a striped towel on the sand."""
    wide, tall, slant = rng.uniform(0.26, 0.34), rng.uniform(0.13, 0.17), rng.uniform(-0.14, 0.14)
    left, top = x - wide / 2, y - tall / 2
    first, second = vivid(rng), pick(rng, (_WHITE, vivid(rng)))
    count = int(rng.integers(4, 8))
    low = [
        (left - slant + 0.01, top + tall + 0.012),
        (left + wide - slant + 0.01, top + tall + 0.012),
    ]
    canvas.polygon([(left, top), (left + wide, top), low[1], low[0]], (60, 44, 30), 0.4)
    for k in range(count):
        a, b = k / count, (k + 1) / count
        canvas.polygon(
            [
                (left + wide * a, top),
                (left + wide * b, top),
                (left + wide * b - slant, top + tall),
                (left + wide * a - slant, top + tall),
            ],
            second if k % 2 else first,
        )


def _ring(canvas: Canvas, rng: np.random.Generator, x: float, y: float) -> None:
    """Leave a swimming ring on the sand."""
    first, second = vivid(rng), _WHITE
    canvas.shadow((x - 0.12, y - 0.03, x + 0.14, y + 0.09), 0.45)
    for k in range(8):
        canvas.ellipse(
            (x, y),
            (0.085, 0.05),
            second if k % 2 else first,
            width=0.034,
            arc=(45 * k, 45 * k + 45),
        )


def _litter(canvas: Canvas, rng: np.random.Generator, shore: float) -> None:
    """Scatter shells, starfish and pebbles over the sand."""
    for _ in range(int(rng.integers(8, 16))):
        x, y = rng.uniform(0.02, 0.98), rng.uniform(shore + 0.1, 0.98)
        size, kind = 0.012 + 0.02 * (y - shore), int(rng.integers(3))
        if kind == 0:  # a starfish
            angle = rng.uniform(0, 1.2) + np.arange(10) * math.pi / 5
            radius = np.where(np.arange(10) % 2 == 0, size * 1.7, size * 0.7)
            star = np.stack([x + radius * np.cos(angle), y + radius * np.sin(angle) * 0.8], axis=1)
            canvas.polygon(moved(star, 0.004, 0.006), (120, 90, 60))
            canvas.polygon(star, vivid(rng))
        elif kind == 1:  # a shell
            colour = mix(vivid(rng), (255, 236, 220), 0.6)
            canvas.ellipse((x, y), (size * 1.3, size * 1.2), colour, arc=(180, 360))
            ribs = [
                [(x, y + size * 0.4), (x + dx * size, y - size * 0.7)] for dx in (-0.8, 0.0, 0.8)
            ]
            canvas.polygon([(x - size * 1.3, y), (x + size * 1.3, y), (x, y + size * 0.5)], colour)
            canvas.lines(ribs, shade(colour, 0.7), 0.004)
        else:
            canvas.ellipse(
                (x, y), (size * 0.8, size * 0.55), shade((150, 146, 140), rng.uniform(0.5, 1.2))
            )


def _castle(canvas: Canvas, rng: np.random.Generator, x: float, base: float, sand: RGB) -> None:
    """Build a sandcastle with flags."""
    colour = shade(sand, 0.82)
    canvas.shadow((x - 0.16, base - 0.04, x + 0.2, base + 0.05), 0.5)
    for dx, wide, tall in ((0.0, 0.045, 0.17), (-0.075, 0.035, 0.12), (0.075, 0.035, 0.12)):
        canvas.polygon(
            [
                (x + dx - wide * 1.15, base),
                (x + dx - wide, base - tall),
                (x + dx + wide, base - tall),
                (x + dx + wide * 1.15, base),
            ],
            shade(colour, 1.0 - 0.5 * abs(dx)),
        )
        for notch in (-0.8, 0.0, 0.8):
            spot = x + dx + notch * wide
            canvas.rect(
                (spot - wide * 0.22, base - tall - 0.018, spot + wide * 0.22, base - tall + 0.002),
                colour,
            )
        canvas.line([(x + dx, base - tall), (x + dx, base - tall - 0.07)], (90, 70, 50), 0.005)
        canvas.polygon(
            [
                (x + dx, base - tall - 0.07),
                (x + dx + 0.04, base - tall - 0.055),
                (x + dx, base - tall - 0.04),
            ],
            vivid(rng),
        )
    canvas.ellipse((x, base), (0.018, 0.04), shade(sand, 0.45), arc=(180, 360))


def _palm(canvas: Canvas, rng: np.random.Generator, x: float, shore: float) -> None:
    """Grow a palm at the edge."""
    lean = 0.12 if x < 0.5 else -0.12
    t = np.linspace(0, 1, 10)
    trunk = np.stack([x + lean * t**2, shore + 0.2 - (shore + 0.08) * t], axis=1)
    canvas.line(trunk, (122, 90, 60), 0.024)
    top = trunk[-1]
    for angle in np.arange(-0.3, 3.6, 0.65).tolist():
        reach = 0.16 + rng.uniform(-0.02, 0.02)
        end = moved(top, reach * math.cos(angle), 0.06 - 0.7 * reach * math.sin(angle))
        bend = moved((top + end) / 2, 0, -0.05)
        canvas.polygon(
            np.stack([top, bend, end, moved(bend, 0, 0.03)]),
            hsv(0.3, 0.65, 0.36 + 0.05 * (angle % 2)),
        )
