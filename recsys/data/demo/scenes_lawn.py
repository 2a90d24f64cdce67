"""The lawn."""

from __future__ import annotations

import numpy as np

from recsys.data.demo.canvas import (
    Canvas,
    hsv,
    mix,
    moved,
    pick,
    shade,
    vivid,
    wood,
)
from recsys.data.demo.outdoors import ball, sky
from recsys.data.demo.textures import mottle
from recsys.data.demo.vocabulary import RGB

_WHITE: RGB = (248, 247, 242)
_DARK: RGB = (44, 46, 52)


def lawn(canvas: Canvas, rng: np.random.Generator) -> None:
    """Draw a mown lawn with flowers, a fence or a hedge, trees, balls, butterflies."""
    line = rng.uniform(0.3, 0.42)
    sky(canvas, rng, line)
    hue = rng.uniform(0.22, 0.34)
    grass = hsv(hue, rng.uniform(0.5, 0.75), rng.uniform(0.5, 0.72))
    _trees(canvas, rng, line, hue)
    canvas.gradient((0, line, 1, 1), mix(grass, (214, 226, 150), 0.28), shade(grass, 0.84))
    vanish = rng.uniform(0.2, 0.8)
    if rng.random() < 0.65:  # stripes left by the mower
        ends = np.arange(-1.3, 2.3, 0.3)
        stripes = [
            [
                (vanish + (a - vanish) * 0.35, line),
                (vanish + (a + 0.15 - vanish) * 0.35, line),
                (a + 0.15, 1.0),
                (a, 1.0),
            ]
            for a in ends.tolist()
        ]
        canvas.polygons(stripes, shade(grass, 1.05))
    mottle(canvas, (0, line, 1, 1), rng, strength=0.12, cells=(9, 7))
    if rng.random() < 0.7:
        _fence(canvas, rng, line)
    else:
        _hedge(canvas, rng, line, hue)
    _blades(canvas, rng, line, grass)
    _flowers(canvas, rng, line)
    for _ in range(int(rng.integers(1, 4))):
        ball(canvas, rng, rng.uniform(0.05, 0.95), rng.uniform(line + 0.14, 0.95), line)
    if rng.random() < 0.5:
        _hose(canvas, rng, line)
    for _ in range(int(rng.integers(0, 4))):
        _butterfly(canvas, rng, rng.uniform(0.05, 0.95), rng.uniform(0.15, 0.9))


def _trees(canvas: Canvas, rng: np.random.Generator, line: float, hue: float) -> None:
    """Grow trees and, now and then, a house behind the lawn."""
    if rng.random() < 0.55:
        x, wall = rng.uniform(0.05, 0.65), pick(rng, (_WHITE, (232, 208, 160), vivid(rng)))
        canvas.rect((x, line - 0.16, x + 0.26, line), wall)
        canvas.polygon(
            [(x - 0.03, line - 0.15), (x + 0.13, line - 0.29), (x + 0.29, line - 0.15)],
            pick(rng, ((166, 62, 48), (96, 80, 74), vivid(rng))),
        )
        canvas.rect((x + 0.11, line - 0.11, x + 0.16, line), vivid(rng))
        for pane in (x + 0.035, x + 0.185):
            canvas.rect((pane, line - 0.12, pane + 0.045, line - 0.07), (120, 158, 184))
    for x in np.arange(rng.uniform(-0.1, 0.05), 1.05, rng.uniform(0.14, 0.24)).tolist():
        if rng.random() < 0.3:
            continue
        x += rng.uniform(-0.03, 0.03)
        leaf = hsv(hue + rng.uniform(-0.06, 0.04), rng.uniform(0.45, 0.75), rng.uniform(0.28, 0.5))
        if rng.random() < 0.3:
            for k in range(3):
                top, half = line - 0.3 + 0.075 * k, 0.045 + 0.018 * k
                canvas.polygon(
                    [(x, top), (x + half, top + 0.13), (x - half, top + 0.13)],
                    shade(leaf, 0.8 + 0.08 * k),
                )
            continue
        canvas.rect((x - 0.013, line - 0.12, x + 0.013, line), (92, 68, 48))
        for dx, dy, radius in ((-0.05, -0.13, 0.06), (0.05, -0.14, 0.06), (0.0, -0.2, 0.075)):
            canvas.circle((x + dx, line + dy), radius, shade(leaf, 0.9 - dy))
        if rng.random() < 0.35:
            blossom = vivid(rng)
            for dx, dy in zip(
                rng.uniform(-0.08, 0.08, 6).tolist(),
                rng.uniform(-0.24, -0.1, 6).tolist(),
                strict=True,
            ):
                canvas.circle((x + dx, line + dy), 0.011, blossom)


def _fence(canvas: Canvas, rng: np.random.Generator, line: float) -> None:
    """Put up a fence of pickets."""
    colour = pick(rng, (_WHITE, _WHITE, wood(rng), vivid(rng)))
    base, top = line + 0.05, line - rng.uniform(0.05, 0.09)
    canvas.shadow((-0.1, base - 0.02, 1.1, base + 0.05), 0.35, square=True)
    for y in (top + 0.03, base - 0.035):
        canvas.rect((0, y, 1, y + 0.014), shade(colour, 0.82))
    wide, step = 0.034, rng.uniform(0.05, 0.065)
    pickets = [
        [
            (x, base),
            (x, top + 0.018),
            (x + wide / 2, top),
            (x + wide, top + 0.018),
            (x + wide, base),
        ]
        for x in np.arange(rng.uniform(-0.05, 0), 1, step).tolist()
    ]
    canvas.polygons(pickets, colour)


def _hedge(canvas: Canvas, rng: np.random.Generator, line: float, hue: float) -> None:
    """Plant a clipped hedge with blossoms."""
    leaf = hsv(hue + 0.03, 0.65, 0.36)
    canvas.rect((0, line - 0.05, 1, line + 0.045), leaf)
    for x, y in zip(
        rng.uniform(0, 1, 34).tolist(), rng.uniform(-0.06, 0.04, 34).tolist(), strict=True
    ):
        canvas.circle((x, line + y), 0.022, shade(leaf, 0.95 - 4 * y))
    blossom = vivid(rng)
    for x, y in zip(
        rng.uniform(0, 1, 16).tolist(), rng.uniform(-0.05, 0.03, 16).tolist(), strict=True
    ):
        canvas.circle((x, line + y), 0.01, blossom)
    canvas.shadow((-0.1, line + 0.02, 1.1, line + 0.08), 0.35, square=True)


def _blades(canvas: Canvas, rng: np.random.Generator, line: float, grass: RGB) -> None:
    """Draw blades of grass, longer in front."""
    for colour in (shade(grass, 0.66), shade(grass, 1.28), mix(grass, (220, 226, 96), 0.35)):
        depth = rng.random(80) ** 0.6
        foot = np.stack([rng.random(80), line + 0.05 + depth * (0.97 - line)], axis=1)
        lean = np.stack([rng.uniform(-0.5, 0.5, 80), -np.ones(80)], axis=1)
        tip = foot + lean * (0.01 + 0.04 * depth * rng.uniform(0.6, 1.2, 80))[:, None]
        canvas.lines(np.stack([foot, tip], axis=1), colour, 0.004)


def _flowers(canvas: Canvas, rng: np.random.Generator, line: float) -> None:
    """Scatter flowers: petals round a centre, smaller far away."""
    colours = (vivid(rng), vivid(rng), _WHITE, (250, 214, 60))
    count = int(rng.integers(12, 30))
    places = np.sort(rng.random(count) ** 0.8)
    for share, x in zip(places.tolist(), rng.random(count).tolist(), strict=True):
        y, size = line + 0.07 + share * (0.9 - line), 0.005 + 0.011 * share
        colour = pick(rng, colours)
        canvas.line([(x, y), (x, y + size * 3)], (58, 112, 48), 0.005)
        for dx, dy in ((-1, 0.1), (1, 0.1), (-0.5, -0.9), (0.5, -0.9), (0, 0.9)):
            canvas.circle((x + dx * size, y + dy * size), size * 0.75, colour)
        canvas.circle((x, y), size * 0.6, (246, 196, 40) if colour[2] > 90 else (110, 70, 30))


def _hose(canvas: Canvas, rng: np.random.Generator, line: float) -> None:
    """Leave a garden hose lying in curves."""
    t = np.linspace(0, 1, 36)
    phase, colour = rng.uniform(0, 6), vivid(rng)
    y = rng.uniform(line + 0.2, 0.85) + 0.05 * np.sin(9 * t + phase) + 0.08 * t
    path = np.stack([rng.uniform(-0.2, 0.2) + 0.8 * t + 0.05 * np.cos(13 * t + phase), y], axis=1)
    canvas.line(moved(path, 0.006, 0.006), shade((60, 90, 40), 0.7), 0.017)
    canvas.line(path, colour, 0.016)
    canvas.line(moved(path, -0.003, -0.003), mix(colour, _WHITE, 0.4), 0.004)


def _butterfly(canvas: Canvas, rng: np.random.Generator, x: float, y: float) -> None:
    """Let a butterfly hover."""
    colour = vivid(rng)
    for side in (-1, 1):
        canvas.ellipse((x + side * 0.019, y - 0.012), (0.022, 0.014), colour, angle=side * -35)
        canvas.ellipse(
            (x + side * 0.014, y + 0.01), (0.014, 0.01), shade(colour, 0.8), angle=side * 35
        )
    canvas.line([(x, y - 0.02), (x, y + 0.02)], _DARK, 0.007)
