"""The town: the street and the brick wall."""

from __future__ import annotations

import math
from itertools import pairwise

import numpy as np

from recsys.data.demo.canvas import Canvas, corners, hsv, mix, muted, pick, shade, turned, vivid
from recsys.data.demo.outdoors import sky
from recsys.data.demo.textures import grain, mottle, tiles
from recsys.data.demo.vocabulary import RGB

_WHITE: RGB = (246, 246, 242)
_DARK: RGB = (44, 46, 52)


def street(canvas: Canvas, rng: np.random.Generator) -> None:
    """Draw a road between house fronts, with cars, lane marks, a crossing, signals, trees."""
    horizon = rng.uniform(0.5, 0.58)
    sky(canvas, rng, horizon)
    vanish = rng.uniform(0.4, 0.6)
    _skyline(canvas, rng, horizon)
    kerb = 0.9
    canvas.gradient((0, horizon, 1, 1), (160, 156, 150), (190, 186, 180))
    slabs = [[(vanish, horizon), (x, 1.0)] for x in np.arange(-1.6, 2.7, 0.22).tolist()]
    canvas.lines(slabs, (146, 142, 138), 0.004)
    for share in (0.06, 0.14, 0.27, 0.46, 0.72):
        y = horizon + (1 - horizon) * share
        canvas.rect((0, y, 1, y + 0.004), (148, 144, 140))
    asphalt = pick(rng, ((84, 86, 92), (104, 104, 108), (70, 72, 82)))
    near, far = kerb / 2 + rng.uniform(-0.06, 0.04), 0.05
    road = [(vanish - far, horizon), (vanish + far, horizon), (0.5 + near, 1.0), (0.5 - near, 1.0)]
    rim = [(x + (0.018 if x > 0.5 else -0.018), y) for x, y in road]
    canvas.polygon(rim, (206, 202, 196))
    canvas.polygon(road, asphalt)
    for side in (-1, 1):
        _fronts(canvas, rng, side, vanish, horizon)
    mark = pick(rng, (_WHITE, _WHITE, (244, 200, 60)))
    dashes = []
    for a, b in ((0.05, 0.1), (0.16, 0.26), (0.36, 0.54), (0.7, 1.0)):
        ends = []
        for share, half in ((a, 0.002 + a * 0.016), (b, 0.002 + b * 0.016)):
            y = horizon + (1 - horizon) * share
            ends.append((vanish + (0.5 - vanish) * share, y, half))
        (x0, y0, h0), (x1, y1, h1) = ends
        dashes.append([(x0 - h0, y0), (x0 + h0, y0), (x1 + h1, y1), (x1 - h1, y1)])
    canvas.polygons(dashes, mark)
    if rng.random() < 0.45:
        _crossing(canvas, rng, vanish, horizon, near)
    grain(canvas, (0, horizon, 1, 1), rng, 5)
    _signal(canvas, rng, pick(rng, (0.1, 0.88)) + rng.uniform(-0.03, 0.03), horizon)
    for share in sorted(rng.uniform(0.1, 0.7, int(rng.integers(2, 4))).tolist()):
        lane = pick(rng, (-0.5, 0.5))
        y = horizon + (1 - horizon) * share
        half = far + (near - far) * share
        centre = vanish + (0.5 - vanish) * share + lane * half
        _car(canvas, rng, centre, y, half * 0.36, rear=lane > 0)


def _skyline(canvas: Canvas, rng: np.random.Generator, horizon: float) -> None:
    """Raise houses far away, in the gap at the end of the road."""
    x = 0.2
    while x < 0.8:
        wide, top = rng.uniform(0.05, 0.1), horizon - rng.uniform(0.08, 0.24)
        colour = mix(muted(rng), (206, 216, 226), 0.5)
        canvas.rect((x, top, x + wide, horizon), colour)
        dots = [
            corners((a, b, a + 0.009, b + 0.012))
            for a in np.arange(x + 0.01, x + wide - 0.012, 0.02).tolist()
            for b in np.arange(top + 0.015, horizon - 0.01, 0.03).tolist()
        ]
        canvas.polygons(dots, shade(colour, 0.75))
        x += wide


def _fronts(
    canvas: Canvas, rng: np.random.Generator, side: int, vanish: float, horizon: float
) -> None:
    """Build a row of houses in perspective with shops, on the left (-1) or right (1) side."""
    edge = vanish + side * 0.62  # where the fronts leave the picture at full scale

    def place(depth: float, height: float) -> tuple[float, float]:
        """Map a depth (1 near, 0 at the vanishing point) and a height over the eye."""
        return vanish + (edge - vanish) * depth, horizon - height * depth + 0.2 * depth

    depths = [1.12, rng.uniform(0.62, 0.74), rng.uniform(0.4, 0.48), rng.uniform(0.24, 0.3), 0.16]
    for near, far in reversed(list(pairwise(depths))):
        wall = pick(rng, (muted(rng), muted(rng), vivid(rng), (178, 92, 70), (226, 210, 178)))
        tall = rng.uniform(0.62, 0.95)
        canvas.polygon([place(near, 0), place(far, 0), place(far, tall), place(near, tall)], wall)
        canvas.line([place(near, tall), place(far, tall)], shade(wall, 0.6), 0.012 * near)
        steps = 4 if near > 0.5 else 2
        edges = np.linspace(near, far, 2 * steps + 1)
        floors = [0.36, 0.53, 0.7, 0.87]
        panes = [
            [place(a, low), place(b, low), place(b, low + 0.1), place(a, low + 0.1)]
            for a, b in zip(edges[1::2].tolist(), edges[2::2].tolist(), strict=False)
            for low in floors
            if low + 0.12 < tall
        ]
        glass = pick(rng, ((72, 92, 116), (150, 184, 206), (250, 220, 140), (52, 58, 70)))
        canvas.polygons(panes, glass)
        canvas.outlines(panes, mix(wall, _WHITE, 0.7), 0.004)
        shop, cloth, other = (48, 54, 66), vivid(rng), pick(rng, (_WHITE, vivid(rng)))
        inside = [near - (near - far) * 0.1, near - (near - far) * 0.9]
        canvas.polygon(
            [
                place(inside[0], 0.03),
                place(inside[1], 0.03),
                place(inside[1], 0.22),
                place(inside[0], 0.22),
            ],
            shop,
        )
        goods = np.linspace(inside[0], inside[1], 6)
        for a, b in zip(goods[:-1].tolist(), goods[1:].tolist(), strict=True):
            canvas.polygon(
                [place(a, 0.04), place((a + b) / 2, 0.04), place((a + b) / 2, 0.1), place(a, 0.1)],
                vivid(rng),
            )
        bands = np.linspace(near, far, 9).tolist()
        awnings = [
            [place(a, 0.29), place(b, 0.29), place(b * 0.97, 0.2), place(a * 0.97, 0.2)]
            for a, b in pairwise(bands)
        ]
        canvas.polygons(awnings[::2], cloth)
        canvas.polygons(awnings[1::2], other)


def _crossing(
    canvas: Canvas, rng: np.random.Generator, vanish: float, horizon: float, near: float
) -> None:
    """Paint a zebra crossing over the road."""
    a, b = rng.uniform(0.4, 0.5), rng.uniform(0.62, 0.72)
    stripes = []
    for lane in np.arange(-0.9, 0.85, 0.26).tolist():
        points = []
        for share, extra in ((a, 0.0), (a, 0.13), (b, 0.13), (b, 0.0)):
            half = 0.05 + (near - 0.05) * share
            centre = vanish + (0.5 - vanish) * share
            points.append((centre + (lane + extra) * half, horizon + (1 - horizon) * share))
        stripes.append(points)
    canvas.polygons(stripes, _WHITE)


def _signal(canvas: Canvas, rng: np.random.Generator, x: float, horizon: float) -> None:
    """Stand a traffic light on the pavement, and now and then a tree beside it."""
    base = rng.uniform(0.78, 0.9)
    if rng.random() < 0.6:
        tree = x + rng.uniform(0.06, 0.12) * (1 if x < 0.5 else -1)
        canvas.rect((tree - 0.012, horizon - 0.1, tree + 0.012, base - 0.06), (96, 70, 50))
        green = hsv(rng.uniform(0.2, 0.36), 0.6, rng.uniform(0.4, 0.65))
        for dx, dy, radius in ((-0.05, -0.12, 0.07), (0.05, -0.12, 0.07), (0, -0.19, 0.08)):
            canvas.circle((tree + dx, horizon + dy), radius, shade(green, 0.85 - dy))
    top = horizon - rng.uniform(0.2, 0.28)
    canvas.rect((x - 0.009, top, x + 0.009, base), (70, 74, 78))
    canvas.box((x - 0.034, top - 0.08, x + 0.034, top + 0.1), (36, 38, 42), 0.014)
    lit = int(rng.integers(3))
    for k, colour in enumerate(((228, 44, 40), (246, 190, 40), (60, 200, 90))):
        canvas.circle(
            (x, top - 0.05 + 0.057 * k), 0.021, colour if k == lit else shade(colour, 0.35)
        )


def _car(
    canvas: Canvas, rng: np.random.Generator, x: float, base: float, half: float, *, rear: bool
) -> None:
    """Draw a car from the front or the rear, ``half`` its half width, standing on ``base``."""
    colour = vivid(rng)
    canvas.shadow((x - half * 1.3, base - half * 0.4, x + half * 1.3, base + half * 0.3), 0.7)
    for side in (-1, 1):
        wheel = x + side * half * 0.74
        canvas.box(
            (wheel - half * 0.17, base - half * 0.4, wheel + half * 0.17, base),
            (26, 26, 28),
            half * 0.1,
        )
    roof = base - half * 1.5
    canvas.polygon(
        [
            (x - half * 0.82, base - half * 0.85),
            (x - half * 0.6, roof),
            (x + half * 0.6, roof),
            (x + half * 0.82, base - half * 0.85),
        ],
        shade(colour, 0.85),
    )
    canvas.polygon(
        [
            (x - half * 0.68, base - half * 0.88),
            (x - half * 0.5, roof + half * 0.12),
            (x + half * 0.5, roof + half * 0.12),
            (x + half * 0.68, base - half * 0.88),
        ],
        (150, 188, 206) if rear else (58, 72, 88),
    )
    canvas.box((x - half, base - half * 0.9, x + half, base - half * 0.18), colour, half * 0.22)
    lamps: RGB = (214, 30, 36) if rear else (255, 246, 206)
    for side in (-1, 1):
        canvas.ellipse(
            (x + side * half * 0.74, base - half * 0.58), (half * 0.17, half * 0.12), lamps
        )
    canvas.rect((x - half * 0.3, base - half * 0.48, x + half * 0.3, base - half * 0.3), _WHITE)


def brick_wall(canvas: Canvas, rng: np.random.Generator) -> None:
    """Draw a brick wall with graffiti, posters, pipes, ivy and a strip of pavement."""
    colour = pick(
        rng,
        (
            (168, 84, 62),
            (148, 66, 52),
            (186, 116, 82),
            (120, 72, 62),
            (206, 186, 156),
            (150, 146, 144),
            (214, 206, 198),
        ),
    )
    joint = pick(rng, ((206, 198, 186), (166, 158, 148), (96, 88, 84), (226, 220, 210)))
    height = rng.uniform(0.045, 0.07)
    ground = rng.uniform(0.86, 0.94)
    tiles(
        canvas,
        (0, 0, 1, ground),
        rng,
        colour=colour,
        joint=joint,
        tile=(height * rng.uniform(2.1, 2.8), height),
        gap=height * rng.uniform(0.11, 0.17),
        stagger=0.5,
        variation=0.16,
        accents=(shade(colour, 0.62), mix(colour, (236, 200, 160), 0.3)),
        accent_share=0.14,
        bevel=0.16,
    )
    mottle(canvas, (0, 0, 1, ground), rng, strength=0.14, cells=(5, 5))
    grain(canvas, (0, 0, 1, ground), rng, 9)
    pavement = pick(rng, ((150, 148, 146), (118, 118, 122), (182, 172, 156)))
    canvas.gradient((0, ground, 1, 1), shade(pavement, 0.72), pavement)
    slabs = [[(x, ground), (x + (x - 0.5) * 0.4, 1.0)] for x in np.arange(-0.1, 1.2, 0.24).tolist()]
    canvas.lines(slabs, shade(pavement, 0.6), 0.005)
    if rng.random() < 0.35:
        _bricked_window(canvas, rng)
    for _ in range(int(rng.integers(1, 4))):
        _graffiti(canvas, rng)
    for _ in range(int(rng.integers(1, 4))):
        _poster(canvas, rng)
    if rng.random() < 0.6:
        _pipe(canvas, rng, ground)
    if rng.random() < 0.55:
        _ivy(canvas, rng)
    tufts = [
        [(x, ground + 0.012), (x + dx, ground - rng.uniform(0.02, 0.06))]
        for x in rng.uniform(0, 1, 9).tolist()
        for dx in (-0.014, 0.0, 0.015)
    ]
    canvas.lines(tufts, hsv(rng.uniform(0.2, 0.34), 0.6, 0.5), 0.006)


def _bricked_window(canvas: Canvas, rng: np.random.Generator) -> None:
    """Set a shuttered window into the wall."""
    x, y = rng.uniform(0.08, 0.6), rng.uniform(0.06, 0.2)
    box = (x, y, x + 0.28, y + 0.32)
    canvas.rect((x - 0.03, y - 0.045, x + 0.31, y), (200, 194, 184))
    colour = vivid(rng)
    canvas.rect(box, shade(colour, 0.7))
    for part in (x + 0.012, x + 0.146):
        canvas.rect((part, y + 0.015, part + 0.122, y + 0.305), colour)
        for slat in np.arange(y + 0.035, y + 0.29, 0.028).tolist():
            canvas.rect((part + 0.012, slat, part + 0.11, slat + 0.01), shade(colour, 0.72))
    canvas.rect((x - 0.03, y + 0.32, x + 0.31, y + 0.35), (186, 180, 170))


def _graffiti(canvas: Canvas, rng: np.random.Generator) -> None:
    """Spray a looping tag or a bubble shape."""
    x, y = rng.uniform(0.05, 0.6), rng.uniform(0.15, 0.7)
    colour = vivid(rng)
    t = np.linspace(0, 1, 40)
    turns, tall = rng.uniform(2.0, 4.0), rng.uniform(0.05, 0.12)
    phase = rng.uniform(0, 2 * math.pi)
    loops = 2 * math.pi * turns * t + phase
    path = np.stack(
        [
            x + rng.uniform(0.26, 0.42) * t + 0.05 * np.cos(loops),
            y + tall * np.sin(loops) * (0.6 + 0.4 * np.sin(5 * t + phase)) - 0.08 * t,
        ],
        axis=1,
    )
    width = rng.uniform(0.022, 0.034)
    if rng.random() < 0.5:
        canvas.line(path, pick(rng, (_WHITE, _DARK, vivid(rng))), width * 1.7)
    canvas.line(path, colour, width)
    canvas.line(path - 0.004, mix(colour, _WHITE, 0.35), 0.005)
    drips = [
        [(px, py), (px, py + length)]
        for (px, py), length in zip(
            path[5::9].tolist(), rng.uniform(0.03, 0.1, 4).tolist(), strict=False
        )
    ]
    canvas.lines(drips, colour, 0.007)


def _poster(canvas: Canvas, rng: np.random.Generator) -> None:
    """Paste a poster: blocks of colour and rules, no words."""
    x, y = rng.uniform(0.0, 0.78), rng.uniform(0.05, 0.55)
    wide, tall = rng.uniform(0.14, 0.22), rng.uniform(0.2, 0.28)
    centre, angle = (x + wide / 2, y + tall / 2), rng.uniform(-0.06, 0.06)

    def part(left: float, top: float, right: float, bottom: float) -> np.ndarray:
        box = (x + wide * left, y + tall * top, x + wide * right, y + tall * bottom)
        return turned(corners(box), centre, angle)

    paper = pick(rng, (_WHITE, vivid(rng), (236, 222, 190)))
    canvas.polygon(part(0.03, 0.03, 1.05, 1.04), (30, 24, 22), 0.45)
    canvas.polygon(part(0, 0, 1, 1), paper)
    kind = int(rng.integers(3))
    if kind == 0:
        canvas.polygon(part(0.1, 0.08, 0.9, 0.55), vivid(rng))
        canvas.polygon(part(0.3, 0.2, 0.7, 0.42), vivid(rng))
    elif kind == 1:
        canvas.polygon([*part(0.1, 0.1, 0.9, 0.6)[[0, 2, 3]]], vivid(rng))
        canvas.polygon([*part(0.1, 0.1, 0.9, 0.6)[[0, 1, 2]]], vivid(rng))
    else:
        for k in range(4):
            canvas.polygon(part(0.1, 0.08 + k * 0.13, 0.9, 0.16 + k * 0.13), vivid(rng))
    ink = _DARK if sum(paper) > 380 else _WHITE
    for top, right in ((0.66, 0.9), (0.76, 0.75), (0.86, 0.82)):
        canvas.polygon(part(0.1, top, right, top + 0.05), ink)


def _pipe(canvas: Canvas, rng: np.random.Generator, ground: float) -> None:
    """Run a rain pipe down the wall, or a meter box with a cable."""
    x, metal = rng.uniform(0.05, 0.92), pick(rng, ((120, 126, 130), (66, 70, 74), vivid(rng)))
    if rng.random() < 0.6:
        canvas.shadow((x, 0, x + 0.09, ground), 0.4, square=True)
        canvas.gradient((x, 0, x + 0.022, ground), mix(metal, _WHITE, 0.3), metal, across=True)
        canvas.gradient((x + 0.022, 0, x + 0.045, ground), metal, shade(metal, 0.55), across=True)
        for y in np.arange(rng.uniform(0.05, 0.2), ground, 0.3).tolist():
            canvas.rect((x - 0.008, y, x + 0.053, y + 0.025), shade(metal, 0.7))
        return
    y = rng.uniform(0.4, 0.6)
    canvas.line([(x, 0), (x, y)], _DARK, 0.012)
    canvas.box((x - 0.07, y, x + 0.07, y + 0.2), metal, 0.01)
    canvas.box((x - 0.055, y + 0.015, x + 0.055, y + 0.185), mix(metal, _WHITE, 0.15), 0.008)
    canvas.polygon([(x, y + 0.05), (x + 0.03, y + 0.11), (x - 0.03, y + 0.11)], (246, 204, 40))


def _ivy(canvas: Canvas, rng: np.random.Generator) -> None:
    """Let ivy hang down from the top at one side."""
    count = 70
    side = rng.uniform(0, 0.3) if rng.random() < 0.5 else rng.uniform(0.75, 1.0)
    spread = rng.normal(0, 0.09, count)
    down = np.abs(rng.normal(0, 0.24, count)) * np.exp(-np.abs(spread) * 5)
    radii = rng.uniform(0.014, 0.028, count)
    hue = rng.uniform(0.22, 0.36)
    for k, (dx, y, radius) in enumerate(
        zip(spread.tolist(), down.tolist(), radii.tolist(), strict=True)
    ):
        leaf = hsv(hue, 0.62, 0.3 + 0.3 * (k / count))
        canvas.ellipse((side + dx, y), (radius, radius * 0.7), leaf, angle=(k * 53) % 180)
