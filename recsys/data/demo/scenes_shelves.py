"""Places to read and write: the desk and the bookshelf."""

from __future__ import annotations

import math

import numpy as np

from recsys.data.demo.canvas import (
    Box,
    Canvas,
    Points,
    corners,
    hsv,
    mix,
    muted,
    pastel,
    pick,
    shade,
    turned,
    vivid,
    wood,
)
from recsys.data.demo.props import book_pile, books
from recsys.data.demo.textures import mottle, planks
from recsys.data.demo.vocabulary import RGB

_WHITE: RGB = (248, 248, 244)
_DARK: RGB = (40, 42, 48)


def desk(canvas: Canvas, rng: np.random.Generator) -> None:
    """Draw a desk with monitor, keyboard, papers, pens and notes."""
    edge = rng.uniform(0.4, 0.5)
    wall = pick(rng, (pastel(rng), muted(rng), _WHITE, shade(muted(rng), 0.7)))
    canvas.gradient((0, 0, 1, edge), mix(wall, _WHITE, 0.2), wall)
    _notes(canvas, rng, edge)
    top = pick(rng, (wood(rng), wood(rng), (232, 230, 224), (82, 76, 76)))
    planks(canvas, (0, edge, 1, 1), rng, top, rows=int(rng.integers(1, 5)), strength=0.09)
    canvas.rect((0, edge, 1, edge + 0.008), shade(top, 0.6))
    middle = rng.uniform(0.34, 0.66)
    _papers(canvas, rng, edge)
    _monitor(canvas, rng, middle, edge)
    for x in (0.02, 0.86):
        if abs(x + 0.06 - middle) > 0.36:
            book_pile(canvas, rng, x, edge + 0.05, 0.15, int(rng.integers(2, 6)))
    _keyboard(canvas, rng, middle + rng.uniform(-0.06, 0.02), edge + rng.uniform(0.16, 0.24))
    _pens(canvas, rng, edge)


def _notes(canvas: Canvas, rng: np.random.Generator, edge: float) -> None:
    """Pin coloured notes or a calendar to the wall."""
    for x in np.arange(0.02, 0.95, 0.14).tolist():
        if rng.random() < 0.45:
            continue
        y, side = rng.uniform(0.02, edge * 0.6), rng.uniform(0.07, 0.1)
        colour = mix(vivid(rng), _WHITE, rng.uniform(0.0, 0.4))
        box = corners((x, y, x + side, y + side))
        canvas.polygon(turned(box, (x, y), rng.uniform(-0.15, 0.15)), colour)
        lines = [[(x + 0.015, y + t), (x + side - 0.02, y + t)] for t in (0.025, 0.04, 0.055)]
        canvas.lines(lines, shade(colour, 0.6), 0.004)


def _monitor(canvas: Canvas, rng: np.random.Generator, middle: float, edge: float) -> None:
    """Stand a monitor with windows, text and a chart on its screen."""
    half, top, low = rng.uniform(0.24, 0.29), rng.uniform(0.04, 0.09), edge - 0.035
    case = pick(rng, (_DARK, _DARK, (206, 208, 212), _WHITE))
    canvas.shadow((middle - 0.16, edge + 0.01, middle + 0.16, edge + 0.1), 0.5)
    canvas.rect((middle - 0.03, low, middle + 0.03, edge + 0.045), shade(case, 0.8))
    canvas.ellipse((middle, edge + 0.05), (0.12, 0.022), shade(case, 0.9))
    canvas.box((middle - half, top, middle + half, low), case, 0.014)
    screen = (middle - half + 0.016, top + 0.016, middle + half - 0.016, low - 0.022)
    canvas.gradient(screen, hsv(rng.random(), 0.55, 0.75), hsv(rng.random(), 0.6, 0.5))
    left, up, right, down = screen
    code = rng.random() < 0.5
    page: Box = (left + 0.02, up + 0.02, left + (right - left) * 0.58, down - 0.02)
    canvas.rect(page, (30, 32, 42) if code else _WHITE)
    canvas.rect((page[0], page[1], page[2], page[1] + 0.016), vivid(rng))
    for y in np.arange(page[1] + 0.032, page[3] - 0.01, 0.02).tolist():
        start = page[0] + 0.012 + 0.02 * int(rng.integers(3))
        end = min(page[2] - 0.01, start + rng.uniform(0.05, 0.22))
        ink = vivid(rng) if code else (110, 112, 120)
        canvas.rect((start, y, end, y + 0.008), ink)
    chart: Box = (page[2] + 0.015, up + rng.uniform(0.02, 0.06), right - 0.015, down - 0.03)
    canvas.rect(chart, _WHITE)
    wide = (chart[2] - chart[0]) / 5
    for k in range(4):
        x = chart[0] + wide * (k + 0.6)
        tall = (chart[3] - chart[1]) * rng.uniform(0.2, 0.85)
        canvas.rect((x, chart[3] - tall, x + wide * 0.7, chart[3]), vivid(rng))
    canvas.circle((middle, low - 0.011), 0.005, (120, 220, 140))


def _keyboard(canvas: Canvas, rng: np.random.Generator, middle: float, top: float) -> None:
    """Lay a keyboard and a mouse on the desk."""
    case = pick(rng, (_DARK, _WHITE, (198, 202, 208), vivid(rng)))
    keys = _WHITE if sum(case) < 380 else pick(rng, (shade(case, 0.72), _DARK))
    keys = pick(rng, (keys, shade(case, 1.4) if sum(case) < 380 else keys))
    left, right, rows, tall = middle - 0.25, middle + 0.19, 5, 0.034
    low = top + rows * tall + 0.03
    slant = 0.022

    def corner(x: float, y: float) -> tuple[float, float]:
        share = (y - top) / (low - top)
        return x + (x - middle) * slant * 4 * (share - 0.5), y

    canvas.shadow((left - 0.05, top + 0.03, right + 0.05, low + 0.05), 0.45, square=True)
    rim = [corner(left, top), corner(right, top), corner(right, low), corner(left, low)]
    canvas.polygon([(x, y + 0.012) for x, y in rim], shade(case, 0.6))
    canvas.polygon(rim, case)
    shapes: list[Points] = []
    accent: list[Points] = []
    special = rng.random() < 0.6
    for row in range(rows):
        y = top + 0.014 + row * tall
        edges = np.linspace(left + 0.014, right - 0.01, 13 - (row == 4) * 5)
        for k, (x, end) in enumerate(zip(edges[:-1].tolist(), edges[1:].tolist(), strict=True)):
            key = [
                corner(x, y),
                corner(end - 0.007, y),
                corner(end - 0.007, y + tall - 0.008),
                corner(x, y + tall - 0.008),
            ]
            (accent if special and (row * 13 + k) % 17 == 3 else shapes).append(key)
    canvas.polygons(shapes, keys)
    canvas.polygons(accent, vivid(rng))
    x, y = right + 0.09, top + 0.1
    colour = pick(rng, (case, vivid(rng)))
    canvas.shadow((x - 0.07, y - 0.06, x + 0.08, y + 0.1), 0.45)
    canvas.ellipse((x, y), (0.045, 0.068), colour)
    canvas.lines(
        [[(x, y - 0.064), (x, y - 0.014)], [(x - 0.043, y - 0.014), (x + 0.043, y - 0.014)]],
        shade(colour, 0.55),
        0.005,
    )
    canvas.line([(x, y - 0.066), (x + 0.02, y - 0.12), (x - 0.02, y - 0.2)], _DARK, 0.006)


def _papers(canvas: Canvas, rng: np.random.Generator, edge: float) -> None:
    """Scatter sheets with text, charts and coloured folders."""
    for _ in range(int(rng.integers(3, 6))):
        x, y = rng.uniform(0.0, 0.85), rng.uniform(edge + 0.1, 0.92)
        wide, tall, angle = 0.2, 0.2, rng.uniform(-0.5, 0.5)
        centre = (x + wide / 2, y + tall / 2)
        folder = rng.random() < 0.35
        colour = vivid(rng) if folder else mix(pastel(rng), _WHITE, 0.75)
        sheet = corners((x, y, x + wide, y + tall))
        canvas.polygon(
            turned([(a + 0.008, b + 0.01) for a, b in sheet], centre, angle), _DARK, 0.35
        )
        canvas.polygon(turned(sheet, centre, angle), colour)
        if folder:
            tag = corners((x + 0.03, y + 0.03, x + 0.12, y + 0.07))
            canvas.polygon(turned(tag, centre, angle), _WHITE)
            continue
        title = corners((x + 0.02, y + 0.02, x + 0.11, y + 0.035))
        canvas.polygon(turned(title, centre, angle), vivid(rng))
        text = [
            turned([(x + 0.02, t), (x + wide - rng.uniform(0.02, 0.08), t)], centre, angle)
            for t in np.arange(y + 0.055, y + tall - 0.02, 0.022).tolist()
        ]
        canvas.lines(text, (128, 130, 138), 0.005)


def _pens(canvas: Canvas, rng: np.random.Generator, edge: float) -> None:
    """Scatter pencils and pens, a ruler, rubbers and paper clips."""
    for _ in range(int(rng.integers(4, 8))):
        x, y = rng.uniform(0.04, 0.96), rng.uniform(edge + 0.12, 0.97)
        angle, length = rng.uniform(0, math.pi), rng.uniform(0.12, 0.2)
        step = np.array([math.cos(angle), math.sin(angle)]) * length / 2
        start, end = np.array([x, y]) - step, np.array([x, y]) + step
        colour = vivid(rng)
        canvas.line([tuple(start + 0.006), tuple(end + 0.006)], shade(colour, 0.35), 0.015)
        canvas.line([tuple(start), tuple(end)], colour, 0.017)
        canvas.line([tuple(start), tuple(start + step * 0.12)], (240, 150, 160), 0.017)
        canvas.line([tuple(end), tuple(end + step * 0.16)], (232, 200, 150), 0.012)
        canvas.line([tuple(end + step * 0.16), tuple(end + step * 0.24)], _DARK, 0.006)
    if rng.random() < 0.6:
        x, y, angle = rng.uniform(0.1, 0.6), rng.uniform(edge + 0.2, 0.95), rng.uniform(-0.7, 0.7)
        colour = pick(rng, ((244, 214, 96), (206, 226, 232), vivid(rng)))
        canvas.polygon(turned(corners((x, y, x + 0.32, y + 0.045)), (x, y), angle), colour)
        marks = [
            turned([(t, y), (t, y + 0.016)], (x, y), angle)
            for t in np.arange(x + 0.01, x + 0.31, 0.02)
        ]
        canvas.lines(marks, shade(colour, 0.4), 0.004)
    for _ in range(int(rng.integers(1, 4))):
        x, y, angle = rng.uniform(0, 0.9), rng.uniform(edge + 0.1, 0.92), rng.uniform(-0.6, 0.6)
        colour = mix(vivid(rng), _WHITE, 0.2)
        side = rng.uniform(0.06, 0.1)
        pad = corners((x, y, x + side, y + side))
        canvas.polygon(turned([(a + 0.005, b + 0.007) for a, b in pad], (x, y), angle), _DARK, 0.4)
        canvas.polygon(turned(pad, (x, y), angle), colour)


def bookshelf(canvas: Canvas, rng: np.random.Generator) -> None:
    """Draw shelves full of books, with boxes, a globe and piles in between."""
    board = pick(rng, (wood(rng), wood(rng), wood(rng), (238, 236, 230), shade(muted(rng), 0.8)))
    back = shade(board, 0.5)
    planks(canvas, (0, 0, 1, 1), rng, back, rows=int(rng.integers(4, 8)), upright=True)
    count = int(rng.integers(3, 6))
    tall = 1.0 / count
    thick = rng.uniform(0.022, 0.034)
    start = rng.uniform(-0.4, 0.0) * tall
    divider = rng.uniform(0.3, 0.7) if rng.random() < 0.6 else None
    spans = [(0.04, 0.965)] if divider is None else [(0.04, divider), (divider + 0.03, 0.965)]
    for row in range(count + 1):
        base = start + (row + 1) * tall - thick
        for span in spans:
            top = base - tall + thick
            canvas.gradient((span[0], top, span[1], top + tall * 0.3), shade(back, 0.5), back)
            _fill_shelf(canvas, rng, span, base, tall - thick)
        canvas.gradient((0, base, 1, base + thick), mix(board, _WHITE, 0.12), board)
        canvas.rect((0, base + thick * 0.8, 1, base + thick), shade(board, 0.65))
    posts = [0.0, 0.965] if divider is None else [0.0, divider - 0.004, 0.965]
    for x in posts:
        canvas.gradient((x, 0, x + 0.036, 1), mix(board, _WHITE, 0.12), board, across=True)
        canvas.rect((x + 0.03, 0, x + 0.036, 1), shade(board, 0.65))
    mottle(canvas, (0, 0, 1, 1), rng, strength=0.08, cells=(count, 3))


def _fill_shelf(
    canvas: Canvas, rng: np.random.Generator, span: tuple[float, float], base: float, tall: float
) -> None:
    """Fill one compartment: mostly standing books, here and there something else."""
    left, right = span
    if right - left > 0.3 and rng.random() < 0.5:
        kind, width = int(rng.integers(3)), 0.17
        x = left + 0.01 if rng.random() < 0.5 else right - width - 0.01
        if kind == 0:
            book_pile(canvas, rng, x, base, width, int(rng.integers(2, 5)))
        elif kind == 1:
            _globe(canvas, rng, x + width / 2, base, min(0.07, tall * 0.33))
        else:
            colour = vivid(rng)
            canvas.rect((x, base - tall * 0.6, x + width, base), colour)
            canvas.rect((x, base - tall * 0.6, x + width, base - tall * 0.5), shade(colour, 0.75))
            canvas.rect(
                (x + width * 0.34, base - tall * 0.36, x + width * 0.66, base - tall * 0.18), _WHITE
            )
        left, right = (x + width + 0.01, right) if x < (left + right) / 2 else (left, x - 0.01)
    books(canvas, rng, (left, right - rng.uniform(0, 0.04)), base, tall)


def _globe(canvas: Canvas, rng: np.random.Generator, x: float, base: float, radius: float) -> None:
    """Stand a globe on its foot."""
    foot: RGB = (92, 64, 40)
    canvas.box((x - radius * 0.7, base - 0.016, x + radius * 0.7, base), foot, 0.006)
    canvas.rect((x - 0.006, base - 0.04, x + 0.006, base), foot)
    y = base - radius - 0.03
    canvas.circle((x, y), radius * 1.12, (206, 168, 84), 0.008)
    canvas.circle((x, y), radius, (54, 118, 190))
    for _ in range(4):
        dx, dy = rng.uniform(-0.5, 0.5, 2) * radius
        wide, high = rng.uniform(0.2, 0.42, 2) * radius
        canvas.ellipse((x + dx, y + dy), (wide, high), (96, 158, 76), angle=rng.uniform(0, 180))
