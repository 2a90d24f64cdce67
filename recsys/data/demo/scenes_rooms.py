"""Rooms to live in: the bedroom and the living room."""

from __future__ import annotations

from itertools import pairwise

import numpy as np

from recsys.data.demo.canvas import (
    Canvas,
    corners,
    mix,
    muted,
    pastel,
    pick,
    shade,
    vivid,
    wood,
)
from recsys.data.demo.props import (
    book_pile,
    books,
    cushion,
    drawers,
    framed_picture,
    fruit_bowl,
    window,
)
from recsys.data.demo.textures import floor, mottle
from recsys.data.demo.vocabulary import RGB

_WHITE: RGB = (248, 247, 242)
_DARK: RGB = (44, 44, 50)


def _wall(canvas: Canvas, rng: np.random.Generator, bottom: float) -> None:
    """Paint a wall: plain, wallpaper with stripes, or panelled below."""
    colour = pick(rng, (pastel(rng), muted(rng), pastel(rng), shade(muted(rng), 0.7)))
    canvas.gradient((0, 0, 1, bottom), mix(colour, _WHITE, 0.12), colour)
    kind = int(rng.integers(3))
    if kind == 1:
        step, other = rng.uniform(0.06, 0.12), mix(colour, pick(rng, (_WHITE, _DARK)), 0.16)
        for x in np.arange(rng.uniform(-step, 0), 1, step).tolist():
            canvas.rect((x, 0, x + step / 2, bottom), other)
    elif kind == 2:
        panel = mix(colour, _WHITE, 0.55)
        canvas.rect((0, bottom - 0.2, 1, bottom), panel)
        canvas.rect((0, bottom - 0.2, 1, bottom - 0.185), shade(panel, 0.85))
        for x in np.arange(0.02, 1, 0.16).tolist():
            canvas.outline(
                corners((x, bottom - 0.165, x + 0.12, bottom - 0.05)), shade(panel, 0.87), 0.004
            )
    canvas.rect((0, bottom - 0.025, 1, bottom), mix(colour, _WHITE, 0.75))
    mottle(canvas, (0, 0, 1, bottom), rng, strength=0.06, cells=(5, 5))


def bedroom(canvas: Canvas, rng: np.random.Generator) -> None:
    """Draw a bed with pillows and blanket, a night table, a window, pictures."""
    line = rng.uniform(0.6, 0.66)
    _wall(canvas, rng, line)
    floor(canvas, line, rng, wood(rng))
    canvas.ellipse((rng.uniform(0.3, 0.7), 0.93), (0.5, 0.09), vivid(rng))
    left = rng.uniform(0.2, 0.34)
    right = left + rng.uniform(0.46, 0.52)
    if rng.random() < 0.5:
        window(canvas, rng, (0.06, 0.1, left - 0.02 + 0.04, 0.38), curtains=True)
        framed_picture(canvas, rng, (left + 0.18, 0.06, left + 0.38, 0.22))
    else:
        window(canvas, rng, (left + 0.1, 0.08, right - 0.1, 0.32), curtains=True)
        framed_picture(canvas, rng, (0.04, 0.14, 0.17, 0.32))
    if rng.random() < 0.4:
        _bunting(canvas, rng)
    _night_table(canvas, rng, left - 0.2, line)
    if right + 0.06 < 1:
        _wardrobe(canvas, rng, right + 0.05, line)
    _bed(canvas, rng, left, right, line)


def _bunting(canvas: Canvas, rng: np.random.Generator) -> None:
    """String coloured flags across the wall."""
    x = np.linspace(-0.02, 1.02, 13)
    y = 0.03 + 0.22 * x * (1 - x) + rng.uniform(0, 0.02)
    points = np.stack([x, y], axis=1)
    canvas.line(points, _WHITE, 0.005)
    for (x0, y0), (x1, y1) in zip(points[:-1].tolist(), points[1:].tolist(), strict=True):
        canvas.polygon([(x0, y0), (x1, y1), ((x0 + x1) / 2, (y0 + y1) / 2 + 0.075)], vivid(rng))


def _night_table(canvas: Canvas, rng: np.random.Generator, x: float, line: float) -> None:
    """Stand a night table with books and an alarm clock beside the bed."""
    top, colour = line - 0.08, pick(rng, (wood(rng), _WHITE, vivid(rng)))
    canvas.shadow((x - 0.03, line + 0.06, x + 0.2, line + 0.16), 0.4)
    drawers(canvas, (x, top, x + 0.17, line + 0.1), colour, 2)
    canvas.box((x - 0.012, top - 0.014, x + 0.182, top + 0.008), shade(colour, 0.8), 0.006)
    pile = book_pile(canvas, rng, x + 0.01, top - 0.014, 0.1, int(rng.integers(1, 4)))
    clock, case = (x + 0.06, pile - 0.034), vivid(rng)
    canvas.line(
        [(clock[0] - 0.02, clock[1] - 0.045), (clock[0] + 0.02, clock[1] - 0.045)], case, 0.01
    )
    canvas.rect((clock[0] - 0.005, clock[1] - 0.045, clock[0] + 0.005, clock[1] - 0.03), case)
    canvas.circle(clock, 0.036, case)
    canvas.circle(clock, 0.026, _WHITE)
    hand = (clock[0] + rng.uniform(-0.015, 0.015), clock[1] - 0.01)
    canvas.lines([[clock, hand], [clock, (clock[0], clock[1] - 0.019)]], _DARK, 0.005)


def _wardrobe(canvas: Canvas, rng: np.random.Generator, x: float, line: float) -> None:
    """Stand a wardrobe at the right edge."""
    top, colour = rng.uniform(0.1, 0.22), pick(rng, (wood(rng), _WHITE, muted(rng)))
    canvas.shadow((x - 0.06, top, x + 0.1, line + 0.1), 0.3, square=True)
    canvas.rect((x, top, 1.0, line + 0.06), colour)
    canvas.rect((x - 0.012, top - 0.02, 1.0, top), shade(colour, 0.75))
    middle = x + 0.16
    canvas.rect((x + 0.02, top + 0.03, middle - 0.012, line + 0.02), shade(colour, 0.88))
    canvas.rect((middle + 0.012, top + 0.03, 1.0, line + 0.02), shade(colour, 0.88))
    canvas.rect((middle - 0.004, top, middle + 0.004, line + 0.06), shade(colour, 0.6))
    canvas.circle((middle - 0.025, 0.42), 0.009, shade(colour, 0.4))
    canvas.circle((middle + 0.025, 0.42), 0.009, shade(colour, 0.4))


def _bed(canvas: Canvas, rng: np.random.Generator, left: float, right: float, line: float) -> None:
    """Draw a double bed seen from its foot."""
    board = pick(rng, (wood(rng), _WHITE, vivid(rng), muted(rng)))
    head = line - rng.uniform(0.24, 0.29)
    canvas.shadow((left - 0.16, line + 0.12, right + 0.16, 1.04), 0.5, square=True)
    canvas.box((left - 0.02, head, right + 0.02, line + 0.1), board, rng.uniform(0.01, 0.08))
    inner = (left + 0.015, head + 0.035, right - 0.015, line + 0.1)
    canvas.box(inner, shade(board, 0.86), 0.03)
    if rng.random() < 0.5:
        for x in np.linspace(left + 0.06, right - 0.06, 8).tolist():
            canvas.rect((x, head + 0.04, x + 0.008, line), shade(board, 0.66))
    sheet = mix(pastel(rng), _WHITE, 0.5)
    deep = line - 0.03  # the far edge of the mattress
    foot = rng.uniform(0.83, 0.88)
    flare = rng.uniform(0.07, 0.11)

    def across(share: float, y: float) -> tuple[float, float]:
        spread = flare * (y - deep) / (foot - deep)
        return left - spread + (right - left + 2 * spread) * share, y

    canvas.polygon([across(0, deep), across(1, deep), across(1, foot), across(0, foot)], sheet)
    pillow = pick(rng, (_WHITE, pastel(rng), vivid(rng)))
    for middle in (left + 0.125, right - 0.125):
        canvas.box(
            (middle - 0.105, deep - 0.1, middle + 0.105, deep + 0.03), shade(pillow, 0.82), 0.05
        )
        canvas.box((middle - 0.1, deep - 0.1, middle + 0.1, deep + 0.018), pillow, 0.05)
        canvas.line(
            [(middle - 0.06, deep - 0.07), (middle - 0.02, deep - 0.055)],
            shade(pillow, 0.88),
            0.006,
        )
    if rng.random() < 0.7:
        cushion(canvas, rng, ((left + right) / 2, deep - 0.02), rng.uniform(0.05, 0.07))
    colour, start = vivid(rng), deep + rng.uniform(0.05, 0.08)
    canvas.polygon([across(0, start), across(1, start), across(1, foot), across(0, foot)], colour)
    other = pick(rng, (vivid(rng), mix(colour, _WHITE, 0.5), shade(colour, 0.7)))
    kind = int(rng.integers(4))
    if kind == 0:  # stripes along the bed
        for share in np.arange(0.06, 0.95, 0.18).tolist():
            stripe = [
                across(share, start),
                across(share + 0.07, start),
                across(share + 0.07, foot),
                across(share, foot),
            ]
            canvas.polygon(stripe, other)
    elif kind == 1:  # patchwork
        rows = [start + (foot - start) * k / 3 for k in range(4)]
        for k, (near, far) in enumerate(pairwise(rows)):
            for share in np.arange((k % 2) / 6, 0.99, 1 / 3).tolist():
                patch = [
                    across(share, near),
                    across(min(1, share + 1 / 6), near),
                    across(min(1, share + 1 / 6), far),
                    across(share, far),
                ]
                canvas.polygon(patch, vivid(rng))
    elif kind == 2:  # a throw over the foot
        near, far = foot - 0.11, foot - 0.02
        canvas.polygon([across(0, near), across(1, near), across(1, far), across(0, far)], other)
    fold = [
        across(0, start - 0.006),
        across(1, start - 0.006),
        across(1, start + 0.032),
        across(0, start + 0.032),
    ]
    canvas.polygon(fold, sheet)
    canvas.line(
        [across(0.01, start + 0.034), across(0.99, start + 0.034)], shade(colour, 0.6), 0.005
    )
    for share in (0.22, 0.55, 0.8):
        x, y = across(share, foot - 0.01)
        canvas.line(
            [(x, y), (x + rng.uniform(-0.05, 0.05), start + 0.09)], shade(colour, 0.82), 0.005
        )
    (x0, _), (x1, _) = across(0, foot), across(1, foot)
    canvas.rect((x0, foot - 0.002, x1, foot + 0.07), shade(colour, 0.74))
    canvas.rect((x0, foot + 0.066, x1, foot + 0.076), shade(colour, 0.5))
    for x in (x0 + 0.015, x1 - 0.05):
        canvas.rect((x, foot + 0.075, x + 0.035, foot + 0.115), shade(board, 0.7))


def living_room(canvas: Canvas, rng: np.random.Generator) -> None:
    """Draw a sofa with cushions, a low table on a rug, a television or a fire, pictures."""
    line = rng.uniform(0.62, 0.68)
    _wall(canvas, rng, line)
    floor(canvas, line, rng, wood(rng))
    left = rng.uniform(-0.06, 0.08)
    width = rng.uniform(0.56, 0.64)
    side = left + width + 0.04
    kind = int(rng.integers(3))
    if kind == 0:
        window(canvas, rng, (left + 0.12, 0.08, left + 0.46, 0.34), curtains=True)
    else:
        _gallery(canvas, rng, left + 0.04, kind)
    pick(rng, (_fireplace, _media, _shelves))(canvas, rng, side, line)
    rug = vivid(rng)
    middle = rng.uniform(0.38, 0.5)
    canvas.ellipse((middle, 0.905), (0.44, 0.1), rug)
    canvas.ellipse((middle, 0.905), (0.38, 0.08), pick(rng, (vivid(rng), mix(rug, _WHITE, 0.5))))
    canvas.ellipse((middle, 0.905), (0.33, 0.066), rug)
    _sofa(canvas, rng, left, left + width, line)
    _low_table(canvas, rng, middle)


def _gallery(canvas: Canvas, rng: np.random.Generator, x: float, rows: int) -> None:
    """Hang several pictures over the sofa."""
    if rows == 1:
        framed_picture(canvas, rng, (x + 0.08, 0.07, x + 0.48, 0.31))
        return
    for width in (0.15, 0.13, 0.16):
        y = rng.uniform(0.05, 0.1)
        framed_picture(canvas, rng, (x, y, x + width, y + rng.uniform(0.15, 0.22)))
        x += width + 0.035


def _sofa(canvas: Canvas, rng: np.random.Generator, left: float, right: float, line: float) -> None:
    """Draw a wide sofa with cushions."""
    colour = pick(rng, (vivid(rng), muted(rng), vivid(rng), (150, 112, 78)))
    dark, bright = shade(colour, 0.72), mix(colour, _WHITE, 0.1)
    back, seat, low = line - 0.23, line - 0.06, line + 0.1
    canvas.shadow((left - 0.05, low - 0.05, right + 0.05, low + 0.1), 0.55)
    canvas.box((left + 0.03, back, right - 0.03, low - 0.02), shade(colour, 0.88), 0.05)
    count = int(rng.integers(2, 4))
    inner, wide = left + 0.075, (right - left - 0.15) / count
    for k in range(count):
        x = inner + k * wide
        canvas.box((x + 0.004, back + 0.018, x + wide - 0.004, seat + 0.02), colour, 0.035)
        canvas.box((x + 0.003, seat, x + wide - 0.003, seat + 0.065), bright, 0.022)
    canvas.box((left + 0.06, seat + 0.062, right - 0.06, low), dark, 0.012)
    for x in (left, right - 0.085):
        canvas.box((x, seat - 0.055, x + 0.085, low), colour, 0.036)
        canvas.box((x + 0.008, seat - 0.048, x + 0.077, seat - 0.008), bright, 0.02)
    for x in (left + 0.035, right - 0.06):
        canvas.rect((x, low, x + 0.022, low + 0.03), (62, 44, 32))
    for share in (0.12, 0.34, 0.66, 0.9):
        if rng.random() < 0.75:
            half = rng.uniform(0.048, 0.064)
            x = inner + (right - left - 0.15) * share
            cushion(canvas, rng, (x, seat - half + 0.018), half)
    if rng.random() < 0.5:
        blanket, x = vivid(rng), right - 0.2
        canvas.polygon(
            [
                (x, back - 0.006),
                (x + 0.1, back - 0.006),
                (x + 0.11, seat + 0.03),
                (x + 0.01, seat + 0.03),
            ],
            blanket,
        )
        canvas.rect((x + 0.005, seat - 0.03, x + 0.105, seat - 0.016), mix(blanket, _WHITE, 0.5))


def _low_table(canvas: Canvas, rng: np.random.Generator, middle: float) -> None:
    """Put a low table with books and a bowl on the rug."""
    colour, top = pick(rng, (wood(rng), _WHITE, _DARK)), rng.uniform(0.825, 0.85)
    canvas.shadow((middle - 0.24, 0.9, middle + 0.24, 0.98), 0.4)
    for x in (middle - 0.18, middle + 0.16):
        canvas.polygon(corners((x, top, x + 0.02, 0.945)), shade(colour, 0.6))
    book_pile(canvas, rng, middle - 0.17, top, 0.13, int(rng.integers(1, 4)))
    if rng.random() < 0.7:
        fruit_bowl(canvas, rng, middle + 0.01, top, 0.14)
    canvas.box((middle - 0.22, top, middle + 0.22, top + 0.03), colour, 0.012)
    canvas.rect((middle - 0.2, top + 0.022, middle + 0.2, top + 0.032), shade(colour, 0.7))


def _fireplace(canvas: Canvas, rng: np.random.Generator, x: float, line: float) -> None:
    """Build a fireplace with a burning fire and a picture over it."""
    stone = pick(rng, ((214, 208, 198), (152, 78, 60), _WHITE, muted(rng)))
    top = line - 0.28
    canvas.rect((x, top, 1.02, line + 0.02), stone)
    for k, y in enumerate(np.arange(top + 0.04, line, 0.045).tolist()):
        canvas.rect((x, y, 1.0, y + 0.005), shade(stone, 0.8))
        for joint in np.arange(x + 0.05 * (k % 2), 1.0, 0.1).tolist():
            canvas.rect((joint, y - 0.04, joint + 0.005, y), shade(stone, 0.8))
    canvas.rect((x - 0.03, top - 0.025, 1.0, top + 0.012), shade(stone, 0.7))
    canvas.box((x + 0.06, top + 0.08, x + 0.3, line + 0.02), (28, 20, 20), 0.05)
    canvas.rect((x + 0.06, line - 0.06, x + 0.3, line + 0.02), (28, 20, 20))
    fire = x + 0.18
    canvas.soften((fire - 0.13, top + 0.06, fire + 0.13, line + 0.06), (255, 140, 30), 0.6)
    for shift, tall, colour in (
        (-0.04, 0.1, (232, 84, 28)),
        (0.03, 0.13, (240, 120, 30)),
        (0.0, 0.08, (252, 206, 70)),
    ):
        foot = line + 0.01
        canvas.polygon(
            [
                (fire + shift - 0.035, foot),
                (fire + shift - 0.02, foot - tall * 0.6),
                (fire + shift + 0.005, foot - tall),
                (fire + shift + 0.02, foot - tall * 0.5),
                (fire + shift + 0.035, foot),
            ],
            colour,
        )
    canvas.line([(fire - 0.07, line + 0.008), (fire + 0.07, line - 0.004)], (92, 58, 36), 0.022)
    framed_picture(canvas, rng, (x + 0.07, 0.08, x + 0.28, 0.3))


def _media(canvas: Canvas, rng: np.random.Generator, x: float, line: float) -> None:
    """Stand a television on a low cabinet."""
    colour = pick(rng, (wood(rng), _WHITE, vivid(rng)))
    drawers(canvas, (x, line - 0.08, 1.03, line + 0.06), colour, 1, 2)
    canvas.rect((x + 0.14, line - 0.11, x + 0.2, line - 0.08), _DARK)
    screen = (x - 0.01, line - 0.32, 1.03, line - 0.1)
    canvas.box(screen, (22, 22, 26), 0.01)
    inner = (x + 0.006, line - 0.305, 1.01, line - 0.115)
    canvas.gradient(inner, vivid(rng), vivid(rng))
    canvas.circle((x + 0.12, line - 0.23), 0.035, vivid(rng))
    canvas.polygon(
        [
            (inner[0], inner[3]),
            (x + 0.11, line - 0.2),
            (x + 0.2, line - 0.16),
            (x + 0.27, line - 0.22),
            (1.0, inner[3]),
        ],
        vivid(rng),
    )
    canvas.rect((x, inner[3], 1.0, inner[3] + 0.014), (22, 22, 26))


def _shelves(canvas: Canvas, rng: np.random.Generator, x: float, line: float) -> None:
    """Hang two boards with books over a cabinet."""
    drawers(
        canvas,
        (x, line - 0.12, 1.03, line + 0.06),
        pick(rng, (wood(rng), _WHITE, vivid(rng))),
        2,
        2,
    )
    for y in (0.26, 0.44):
        canvas.shadow((x - 0.02, y, 1.04, y + 0.07), 0.35, square=True)
        books(canvas, rng, (x + 0.01, 1.0), y, 0.13)
        canvas.rect((x - 0.02, y, 1.0, y + 0.018), wood(rng))
