"""Tiled rooms: the kitchen and the bathroom."""

from __future__ import annotations

import numpy as np

from recsys.data.demo.canvas import (
    Canvas,
    corners,
    hsv,
    mix,
    muted,
    pastel,
    pick,
    shade,
    vivid,
    wood,
)
from recsys.data.demo.props import drawers, fruit, fruit_bowl, jar, window
from recsys.data.demo.textures import checkered_floor, fabric, mottle, tiles
from recsys.data.demo.vocabulary import RGB

_WHITE: RGB = (247, 247, 244)
_STEEL: RGB = (186, 192, 198)
_DARK: RGB = (46, 48, 54)


def kitchen(canvas: Canvas, rng: np.random.Generator) -> None:
    """Draw a counter with pots, jars and fruit, cupboards, a cooker, a tiled wall."""
    colour = pick(rng, (_WHITE, pastel(rng), pastel(rng), muted(rng)))
    tile = pick(rng, ((0.085, 0.085), (0.13, 0.065), (0.06, 0.06)))
    tiles(
        canvas,
        (0, 0, 1, 0.7),
        rng,
        colour=colour,
        joint=shade(colour, 0.8),
        tile=tile,
        gap=0.006,
        stagger=0.5 if tile[0] > tile[1] else 0.0,
        accents=(vivid(rng), vivid(rng)),
        accent_share=pick(rng, (0.0, 0.06, 0.14)),
    )
    cabinet = pick(rng, (_WHITE, wood(rng), muted(rng), vivid(rng)))
    counter = rng.uniform(0.58, 0.68)
    cooker = rng.uniform(0.08, 0.56)
    _cupboards(canvas, rng, cabinet, cooker)
    _rail(canvas, rng, rng.uniform(0.3, 0.33), cooker)
    drawers(canvas, (-0.02, counter, cooker, 1.02), cabinet, 2, max(1, round(cooker / 0.26)))
    rest = 1.02 - (cooker + 0.34)
    drawers(canvas, (cooker + 0.34, counter, 1.02, 1.02), cabinet, 2, max(1, round(rest / 0.26)))
    top = pick(rng, (wood(rng), (222, 220, 214), (76, 78, 84), (236, 228, 210)))
    canvas.rect((0, counter, 1, counter + 0.045), top)
    canvas.rect((0, counter + 0.034, 1, counter + 0.05), shade(top, 0.66))
    _cooker(canvas, rng, cooker, counter)
    left = cooker > 0.3
    _worktop(canvas, rng, (0.0, cooker - 0.02) if left else (cooker + 0.36, 1.0), counter)
    spare = (cooker + 0.36, 1.0) if left else (0.0, cooker - 0.02)
    _worktop(canvas, rng, spare, counter)


def _cupboards(canvas: Canvas, rng: np.random.Generator, cabinet: RGB, cooker: float) -> None:
    """Hang cupboards or a shelf of jars on either side of the cooker's hood."""
    hood = pick(rng, (_STEEL, _DARK, _WHITE))
    for left, right in ((-0.02, cooker), (cooker + 0.34, 1.02)):
        if right - left < 0.12:
            continue
        if rng.random() < 0.55:
            bottom = rng.uniform(0.22, 0.27)
            canvas.shadow((left, bottom - 0.04, right, bottom + 0.06), 0.4, square=True)
            drawers(
                canvas,
                (left, -0.12, right, bottom),
                cabinet,
                1,
                max(1, round((right - left) / 0.2)),
            )
            continue
        board = rng.uniform(0.2, 0.24)
        x = left + 0.04
        while x + 0.1 < right - 0.02:
            width = rng.uniform(0.07, 0.1)
            jar(canvas, rng, x, board, width)
            x += width + rng.uniform(0.015, 0.04)
        canvas.rect((left, board, right, board + 0.018), wood(rng))
        canvas.shadow((left, board, right, board + 0.06), 0.35, square=True)
    middle = cooker + 0.17
    canvas.rect((middle - 0.05, 0, middle + 0.05, 0.14), shade(hood, 0.9))
    canvas.polygon(
        [
            (middle - 0.05, 0.12),
            (middle + 0.05, 0.12),
            (middle + 0.17, 0.22),
            (middle - 0.17, 0.22),
        ],
        hood,
    )
    canvas.rect((middle - 0.17, 0.22, middle + 0.17, 0.245), shade(hood, 0.75))


def _rail(canvas: Canvas, rng: np.random.Generator, y: float, cooker: float) -> None:
    """Hang spoons, ladles, spatulas and whisks on a rail over the cooker."""
    left, right = cooker - 0.02, cooker + 0.36
    canvas.rect((left, y, right, y + 0.01), shade(_STEEL, 0.7))
    for x in np.arange(left + 0.04, right - 0.02, 0.07).tolist():
        if rng.random() < 0.15:
            continue
        tool = pick(rng, (_STEEL, _DARK, wood(rng), vivid(rng)))
        end = y + rng.uniform(0.1, 0.14)
        canvas.line([(x, y), (x, end)], tool, 0.009)
        kind = int(rng.integers(4))
        if kind == 0:
            canvas.ellipse((x, end + 0.014), (0.017, 0.024), tool)
        elif kind == 1:
            canvas.box((x - 0.02, end, x + 0.02, end + 0.045), tool, 0.006)
            for slot in (-0.008, 0.008):
                canvas.rect((x + slot - 0.002, end + 0.008, x + slot + 0.003, end + 0.036), _WHITE)
        elif kind == 2:
            canvas.ellipse((x, end + 0.008), (0.024, 0.024), tool, arc=(0, 180))
        else:
            for radius in (0.019, 0.008):
                canvas.ellipse((x, end + 0.022), (radius, 0.026), tool, width=0.004)


def _cooker(canvas: Canvas, rng: np.random.Generator, x: float, counter: float) -> None:
    """Draw a cooker with an oven door and pots or pans on its hob."""
    body = pick(rng, (_STEEL, _WHITE, _DARK, vivid(rng)))
    right = x + 0.34
    canvas.rect((x, counter - 0.005, right, 1), body)
    canvas.rect((x, counter - 0.01, right, counter + 0.012), _DARK)
    for share in (0.14, 0.32, 0.5, 0.68, 0.86):
        centre = (x + 0.34 * share, counter + 0.045)
        canvas.circle(centre, 0.017, shade(body, 0.55))
        canvas.circle(centre, 0.01, _WHITE)
    top = counter + 0.085
    canvas.box((x + 0.03, top, right - 0.03, top + 0.018), shade(body, 0.5), 0.009)
    glass = (x + 0.045, top + 0.04, right - 0.045, 0.96)
    canvas.box(glass, (34, 30, 32), 0.015)
    if rng.random() < 0.6:
        low = (top + 0.98) / 2
        canvas.soften((x + 0.03, top, right - 0.03, 1.0), (255, 150, 40), 0.7)
        canvas.line([(x + 0.06, low), (right - 0.06, low)], (96, 92, 90), 0.006)
        canvas.ellipse((x + 0.17, low), (0.07, 0.05), (206, 138, 62), arc=(180, 360))
    base = counter - 0.01
    for middle in (x + 0.095, x + 0.25):
        metal = pick(rng, (_STEEL, _DARK, vivid(rng), vivid(rng)))
        wide = rng.uniform(0.055, 0.075)
        if rng.random() < 0.6:  # a pot with two ears and a lid
            tall = rng.uniform(0.07, 0.12)
            canvas.box(
                (middle - wide - 0.02, base - tall * 0.75, middle + wide + 0.02, base - tall * 0.6),
                shade(metal, 0.6),
                0.006,
            )
            canvas.box((middle - wide, base - tall, middle + wide, base), metal, 0.012)
            canvas.rect(
                (middle - wide * 0.75, base - tall * 0.9, middle - wide * 0.55, base - 0.015),
                mix(metal, _WHITE, 0.4),
            )
            canvas.ellipse(
                (middle, base - tall), (wide * 1.05, 0.026), shade(metal, 0.8), arc=(180, 360)
            )
            canvas.circle((middle, base - tall - 0.032), 0.011, _DARK)
            if rng.random() < 0.4:
                steam = (middle - 0.05, base - tall - 0.16, middle + 0.05, base - tall)
                canvas.soften(steam, (255, 255, 255), 0.5)
        else:  # a pan
            canvas.polygon(
                [
                    (middle - wide, base - 0.04),
                    (middle + wide, base - 0.04),
                    (middle + wide * 0.8, base),
                    (middle - wide * 0.8, base),
                ],
                metal,
            )
            side = -1 if middle < x + 0.17 else 1
            canvas.line(
                [
                    (middle + side * wide, base - 0.036),
                    (middle + side * (wide + 0.08), base - 0.055),
                ],
                _DARK,
                0.015,
            )
            canvas.ellipse(
                (middle, base - 0.04), (wide * 0.7, 0.014), (250, 240, 226), arc=(180, 360)
            )
            canvas.circle((middle, base - 0.047), 0.011, (246, 180, 30))


def _worktop(
    canvas: Canvas, rng: np.random.Generator, span: tuple[float, float], base: float
) -> None:
    """Fill a stretch of worktop with jars, fruit, a board, a toaster or a knife block."""
    x, right = span
    x += rng.uniform(0.0, 0.03)
    while True:
        kind = int(rng.integers(6))
        width = (0.1, 0.22, 0.15, 0.16, 0.1, 0.19)[kind]
        if x + width > right:
            return
        canvas.shadow((x - 0.02, base - 0.03, x + width + 0.03, base + 0.03), 0.4)
        if kind == 0:
            jar(canvas, rng, x, base, 0.1)
        elif kind == 1:
            fruit_bowl(canvas, rng, x, base, 0.2)
        elif kind == 2:  # chopping board leaning on the wall
            plank = (x, base - rng.uniform(0.2, 0.26), x + 0.14, base)
            canvas.box(plank, wood(rng), 0.025)
            canvas.circle((x + 0.07, plank[1] + 0.03), 0.012, (70, 50, 34))
        elif kind == 3:  # toaster
            colour = vivid(rng)
            canvas.box((x + 0.02, base - 0.14, x + 0.13, base - 0.06), (214, 162, 92), 0.02)
            canvas.box((x, base - 0.105, x + 0.15, base), colour, 0.03)
            canvas.rect((x + 0.02, base - 0.05, x + 0.13, base - 0.042), shade(colour, 0.6))
            canvas.circle((x + 0.12, base - 0.024), 0.011, _WHITE)
        elif kind == 4:  # knife block
            block = wood(rng)
            canvas.polygon(
                [(x, base - 0.12), (x + 0.06, base - 0.15), (x + 0.09, base), (x + 0.02, base)],
                block,
            )
            for share in (0.1, 0.5, 0.9):
                foot = (x + 0.06 * share, base - 0.122 - 0.03 * share)
                canvas.line([foot, (foot[0] - 0.014, foot[1] - 0.05)], _DARK, 0.013)
        else:  # loose vegetables
            for step in range(3):
                fruit(canvas, rng, x + 0.03 + step * 0.06, base - 0.03, 0.03)
        x += width + rng.uniform(0.01, 0.05)


def bathroom(canvas: Canvas, rng: np.random.Generator) -> None:
    """Draw a wash-basin with mirror, a bath or shower, towels, a tiled wall and floor."""
    hue = pick(rng, (0.5, 0.55, 0.42, 0.6, 0.95, 0.12))
    wall = hsv(hue + rng.uniform(-0.03, 0.03), rng.uniform(0.06, 0.42), rng.uniform(0.78, 0.96))
    size = rng.uniform(0.05, 0.085)
    floor_line = rng.uniform(0.74, 0.8)
    dado = rng.uniform(0.0, 0.35) if rng.random() < 0.4 else 0.0
    canvas.rect((0, 0, 1, dado), pastel(rng))
    tiles(
        canvas,
        (0, dado, 1, floor_line),
        rng,
        colour=wall,
        joint=mix(wall, _WHITE, 0.75),
        tile=(size, size),
        gap=0.007,
        accents=(vivid(rng), shade(wall, 0.7), shade(wall, 0.82)),
        accent_share=pick(rng, (0.0, 0.1, 0.22)),
        bevel=0.1,
    )
    band = vivid(rng)
    y = max(dado, rng.uniform(0.1, 0.5))
    canvas.rect((0, y, 1, y + 0.018), band)
    if rng.random() < 0.5:
        checkered_floor(
            canvas, floor_line, rng, _WHITE, pick(rng, (_DARK, vivid(rng), shade(wall, 0.6)))
        )
    else:
        checkered_floor(canvas, floor_line, rng, shade(wall, 0.7), shade(wall, 0.6))
    _bath(canvas, rng, floor_line)
    _basin(canvas, rng, floor_line)
    mat = rng.uniform(0.1, 0.6)
    canvas.ellipse((mat + 0.15, 0.95), (0.19, 0.045), vivid(rng))
    canvas.ellipse((mat + 0.15, 0.948), (0.14, 0.03), vivid(rng))


def _basin(canvas: Canvas, rng: np.random.Generator, floor_line: float) -> None:
    """Draw a mirror over a basin on its foot, a tap, and towels on a rail beside it."""
    x, rim = rng.uniform(0.17, 0.24), floor_line - rng.uniform(0.19, 0.23)
    frame = pick(rng, (_STEEL, _WHITE, wood(rng), vivid(rng)))
    top, bottom = rng.uniform(0.06, 0.1), rim - rng.uniform(0.1, 0.13)
    if rng.random() < 0.5:
        centre, radii = (x, (top + bottom) / 2), (0.13, (bottom - top) / 2)
        canvas.ellipse(centre, radii, frame)
        canvas.ellipse(centre, (radii[0] - 0.014, radii[1] - 0.014), (196, 218, 226))
    else:
        canvas.box((x - 0.13, top, x + 0.13, bottom), frame, 0.02)
        canvas.box((x - 0.115, top + 0.015, x + 0.115, bottom - 0.015), (196, 218, 226), 0.012)
    for shift in (-0.03, 0.01):
        canvas.line(
            [(x + shift - 0.03, bottom - 0.07), (x + shift + 0.04, top + 0.07)],
            (232, 242, 246),
            0.014,
        )
    canvas.rect((x - 0.16, rim - 0.075, x + 0.16, rim - 0.065), _STEEL)
    for shift in (-0.12, -0.07, 0.09):  # soap, sponge, cream
        thing = vivid(rng)
        canvas.box((x + shift - 0.02, rim - 0.1, x + shift + 0.022, rim - 0.074), thing, 0.01)
    canvas.polygon(
        [
            (x - 0.05, rim + 0.06),
            (x + 0.05, rim + 0.06),
            (x + 0.07, floor_line + 0.06),
            (x - 0.07, floor_line + 0.06),
        ],
        shade(_WHITE, 0.88),
    )
    canvas.ellipse((x, rim), (0.165, 0.11), _WHITE, arc=(0, 180))
    canvas.ellipse((x, rim), (0.165, 0.024), shade(_WHITE, 0.93))
    canvas.ellipse((x, rim + 0.002), (0.135, 0.015), (190, 206, 214))
    metal = pick(rng, (_STEEL, (212, 176, 84), _DARK))
    canvas.line(
        [
            (x, rim),
            (x, rim - 0.05),
            (x + 0.01, rim - 0.06),
            (x + 0.05, rim - 0.055),
            (x + 0.055, rim - 0.03),
        ],
        metal,
        0.014,
    )
    for side in (-0.045, -0.025):
        canvas.circle((x + side, rim - 0.012), 0.011, metal)
    canvas.shadow((x - 0.14, floor_line + 0.02, x + 0.14, floor_line + 0.1), 0.35)


def _bath(canvas: Canvas, rng: np.random.Generator, floor_line: float) -> None:
    """Draw a bath with foam and a duck, a shower, a curtain, towels on a rail."""
    left, rim = rng.uniform(0.4, 0.46), floor_line - rng.uniform(0.14, 0.19)
    if rng.random() < 0.4:
        window(canvas, rng, (left + 0.2, 0.1, left + 0.42, 0.36), curtains=False)
    metal = pick(rng, (_STEEL, (212, 176, 84)))
    pipe = 0.9
    canvas.line([(pipe, rim), (pipe, 0.14), (pipe - 0.03, 0.11), (pipe - 0.1, 0.12)], metal, 0.014)
    canvas.polygon(
        [(pipe - 0.13, 0.135), (pipe - 0.07, 0.135), (pipe - 0.045, 0.175), (pipe - 0.155, 0.175)],
        metal,
    )
    if rng.random() < 0.6:
        drops = [(pipe - 0.14 + k * 0.02, 0.2 + 0.03 * (k % 3)) for k in range(5)]
        paths = [[(x, y + d), (x, y + d + 0.05)] for x, y in drops for d in (0.0, 0.09, 0.18)]
        canvas.lines(paths, (222, 238, 246), 0.005)
    rail_y = rng.uniform(0.34, 0.4)
    canvas.rect((left + 0.06, rail_y, left + 0.33, rail_y + 0.012), metal)
    x = left + 0.075
    while x + 0.075 < left + 0.32:
        wide = rng.uniform(0.07, 0.12)
        cloth, end = vivid(rng), rail_y + rng.uniform(0.12, 0.19)
        fabric(canvas, (x, rail_y - 0.004, x + wide, end), rng, cloth, folds=2)
        canvas.rect((x, end - 0.04, x + wide, end - 0.026), vivid(rng))
        x += wide + 0.012
    for radius, x, y in zip(
        rng.uniform(0.02, 0.042, 16).tolist(),
        np.linspace(left + 0.06, 0.98, 16).tolist(),
        rng.uniform(-0.02, 0.006, 16).tolist(),
        strict=True,
    ):
        canvas.circle((x, rim + y), radius, shade(_WHITE, 0.97 - radius))
    duck = rng.uniform(left + 0.12, 0.8)
    canvas.ellipse((duck, rim - 0.045), (0.045, 0.03), (248, 206, 44))
    canvas.circle((duck + 0.032, rim - 0.085), 0.025, (248, 206, 44))
    canvas.polygon(
        [(duck + 0.053, rim - 0.09), (duck + 0.078, rim - 0.08), (duck + 0.053, rim - 0.074)],
        (236, 110, 30),
    )
    canvas.circle((duck + 0.038, rim - 0.092), 0.005, _DARK)
    tub = pick(rng, (_WHITE, _WHITE, pastel(rng), vivid(rng)))
    canvas.polygon(
        [
            (left, rim),
            (1.05, rim),
            (1.05, floor_line + 0.08),
            (left + 0.08, floor_line + 0.08),
            (left + 0.03, floor_line + 0.03),
        ],
        tub,
    )
    canvas.gradient((left + 0.09, floor_line + 0.03, 1.0, floor_line + 0.08), tub, shade(tub, 0.8))
    canvas.box((left - 0.02, rim - 0.016, 1.06, rim + 0.018), mix(tub, (255, 255, 255), 0.5), 0.017)
    canvas.rect((left + 0.02, rim + 0.018, 1.0, rim + 0.03), shade(tub, 0.78))
    for foot in (left + 0.12, 0.93):
        canvas.polygon(corners((foot, floor_line + 0.08, foot + 0.035, floor_line + 0.115)), metal)
    if rng.random() < 0.6:  # shower curtain
        cloth, wide = vivid(rng), rng.uniform(0.1, 0.17)
        canvas.rect((left, 0.03, 1, 0.042), metal)
        fabric(canvas, (1 - wide, 0.036, 1.0, rim + 0.12), rng, cloth, folds=5)
    mottle(canvas, (0, 0, 1, 1), rng, strength=0.05, cells=(4, 4))
