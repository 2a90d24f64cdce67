"""Things that several scenes share: windows, framed pictures, books, jars, fruit, cushions."""

from __future__ import annotations

import numpy as np

from recsys.data.demo.canvas import Box, Canvas, corners, hsv, mix, pastel, pick, shade, vivid
from recsys.data.demo.textures import fabric
from recsys.data.demo.vocabulary import RGB

_GLASS: RGB = (214, 228, 232)
_WHITE: RGB = (248, 247, 242)


def framed_picture(canvas: Canvas, rng: np.random.Generator, box: Box) -> None:
    """Hang a small abstract or landscape picture."""
    left, top, right, bottom = box
    canvas.shadow((left - 0.01, top, right + 0.02, bottom + 0.03), 0.4, square=True)
    canvas.rect(box, pick(rng, ((40, 34, 32), (236, 232, 222), (150, 106, 58), (196, 164, 84))))
    pad = min(right - left, bottom - top) * 0.1
    inner = (left + pad, top + pad, right - pad, bottom - pad)
    height = inner[3] - inner[1]
    if rng.random() < 0.5:  # a landscape
        horizon = inner[1] + height * rng.uniform(0.4, 0.65)
        canvas.gradient(inner, hsv(rng.uniform(0.5, 1.1), 0.5, 0.85), (250, 232, 200))
        canvas.rect((inner[0], horizon, inner[2], inner[3]), vivid(rng))
        middle = rng.uniform(inner[0] + pad, inner[2] - pad)
        canvas.circle((middle, horizon - height * 0.2), height * 0.11, vivid(rng))
    else:  # blocks of colour
        canvas.rect(inner, pastel(rng))
        x = rng.uniform(inner[0] + pad, inner[2] - pad)
        y = rng.uniform(inner[1] + pad, inner[3] - pad)
        canvas.rect((inner[0], inner[1], x, y), vivid(rng))
        canvas.rect((x, y, inner[2], inner[3]), vivid(rng))


def window(canvas: Canvas, rng: np.random.Generator, box: Box, *, curtains: bool) -> None:
    """Build a window with sky outside and, if asked, a curtain on either side."""
    left, top, right, bottom = box
    frame = pick(rng, (_WHITE, (226, 220, 206), (120, 84, 52), (64, 62, 64)))
    canvas.rect((left - 0.02, top - 0.02, right + 0.02, bottom + 0.02), frame)
    dusk = rng.random() < 0.25
    high: RGB = (70, 66, 130) if dusk else hsv(0.57, rng.uniform(0.25, 0.55), 0.95)
    low: RGB = (246, 150, 104) if dusk else (232, 242, 246)
    canvas.gradient(box, high, low)
    ground = bottom - (bottom - top) * rng.uniform(0.12, 0.3)
    green = hsv(rng.uniform(0.22, 0.36), 0.55, 0.3 if dusk else 0.58)
    for x in rng.uniform(left, right, 4).tolist():
        radius = min((right - left) * 0.14, right - x, x - left)
        if radius > 0.01:
            canvas.circle((x, ground), radius, jitter_green(green, x))
    canvas.rect((left, ground, right, bottom), green)
    middle, bar = (left + right) / 2, 0.008
    canvas.rect((middle - bar, top, middle + bar, bottom), frame)
    cross = top + (bottom - top) * rng.uniform(0.35, 0.5)
    canvas.rect((left, cross - bar, right, cross + bar), frame)
    canvas.rect((left - 0.035, bottom + 0.015, right + 0.035, bottom + 0.035), shade(frame, 0.9))
    if curtains:
        colour, share = vivid(rng), rng.uniform(0.2, 0.34)
        cloth, end = (right - left) * share, bottom + rng.uniform(0.05, 0.16)
        for start in (left - 0.06, right + 0.06 - cloth):
            fabric(canvas, (start, top - 0.03, start + cloth, end), rng, colour, folds=4)
        rail = (left - 0.09, top - 0.05, right + 0.09, top - 0.03)
        canvas.box(rail, shade(frame, 0.6), 0.01)


def jitter_green(colour: RGB, key: float) -> RGB:
    """Vary a green by a number that is at hand, so that trees differ without another draw."""
    return shade(colour, 0.8 + 0.35 * ((key * 37.0) % 1.0))


def books(
    canvas: Canvas,
    rng: np.random.Generator,
    span: tuple[float, float],
    base: float,
    height: float,
) -> None:
    """Stand books side by side on ``base`` from one end of ``span`` to the other."""
    x, end = span
    while True:
        thick = rng.uniform(0.022, 0.058)
        if x + thick > end:
            return
        tall = height * rng.uniform(0.66, 0.97)
        colour = vivid(rng)
        style = int(rng.integers(5))
        top = base - tall
        if style == 4 and x + thick + tall * 0.3 < end:  # leaning on the last one
            lean = tall * rng.uniform(0.16, 0.28)
            canvas.polygon(
                [
                    (x + lean, top + 0.01),
                    (x + lean + thick, top + thick * 0.3),
                    (x + thick, base),
                    (x, base - thick * 0.2),
                ],
                colour,
            )
            x += thick + lean * 0.9
            continue
        canvas.rect((x, top, x + thick, base), colour)
        if thick > 0.036:  # a highlight would be lost on a thin one
            canvas.rect((x, top, x + thick * 0.2, base), mix(colour, _WHITE, 0.22))
        canvas.rect((x + thick * 0.82, top, x + thick, base), shade(colour, 0.62))
        mark = shade(colour, 0.5) if sum(colour) > 420 else (238, 214, 150)
        if style == 0:
            for share in (0.14, 0.84):
                y = top + tall * share
                canvas.rect((x, y, x + thick, y + 0.007), mark)
        elif style == 1:
            label = (x + thick * 0.22, top + tall * 0.18, x + thick * 0.8, top + tall * 0.48)
            canvas.rect(label, _WHITE)
        elif style == 2:
            mid = x + thick / 2
            canvas.line([(mid, top + tall * 0.2), (mid, top + tall * 0.75)], mark, 0.007)
        x += thick + (0.002 if rng.random() < 0.9 else rng.uniform(0.01, 0.05))


def book_pile(
    canvas: Canvas, rng: np.random.Generator, left: float, base: float, width: float, count: int
) -> float:
    """Pile up lying books and return the height (y) of the top."""
    for _ in range(count):
        thick, inset = rng.uniform(0.022, 0.036), rng.uniform(0, width * 0.16)
        box = (left + inset, base - thick, left + width - rng.uniform(0, width * 0.1), base)
        colour = vivid(rng)
        canvas.rect(box, colour)
        canvas.rect((box[0], base - 0.007, box[2], base), shade(colour, 0.65))
        page = (box[2] - 0.012, base - thick + 0.006, box[2], base - 0.006)
        canvas.rect(page, (240, 234, 216))
        base -= thick
    return base


def jar(canvas: Canvas, rng: np.random.Generator, x: float, base: float, width: float) -> None:
    """Stand a squat storage jar: glass, contents, a flat lid."""
    height = width * rng.uniform(0.9, 1.25)
    top = base - height
    canvas.box((x, top, x + width, base), _GLASS, width * 0.14)
    content = vivid(rng)
    level = top + height * rng.uniform(0.2, 0.5)
    canvas.box((x + width * 0.07, level, x + width * 0.93, base - width * 0.06), content, 0.012)
    glint = (x + width * 0.16, top + height * 0.14, x + width * 0.24, base - height * 0.14)
    canvas.rect(glint, mix(content, (255, 255, 255), 0.6))
    lid = (x - width * 0.04, top - width * 0.16, x + width * 1.04, top + width * 0.08)
    canvas.box(lid, pick(rng, ((172, 122, 70), (60, 60, 64), (196, 198, 202), vivid(rng))), 0.008)


FRUIT: tuple[RGB, ...] = ((206, 40, 44), (242, 140, 32), (244, 208, 56), (120, 178, 52))


def fruit(canvas: Canvas, rng: np.random.Generator, x: float, y: float, radius: float) -> None:
    """Put down an apple, an orange or a lemon."""
    colour = pick(rng, FRUIT)
    canvas.circle((x, y), radius, colour)
    canvas.circle((x - radius * 0.3, y - radius * 0.35), radius * 0.32, mix(colour, _WHITE, 0.4))
    canvas.line([(x, y - radius), (x + radius * 0.2, y - radius * 1.35)], (84, 60, 34), 0.006)


def fruit_bowl(
    canvas: Canvas, rng: np.random.Generator, x: float, base: float, width: float
) -> None:
    """Put down a wide, shallow bowl of fruit."""
    radius, depth = width * 0.15, width * 0.32
    rim = base - depth
    for share in (0.24, 0.5, 0.76):
        fruit(canvas, rng, x + width * share, rim - radius * 0.35, radius)
    for share in (0.37, 0.63):
        fruit(canvas, rng, x + width * share, rim - radius * 1.2, radius)
    colour = vivid(rng)
    canvas.ellipse((x + width / 2, rim), (width / 2, depth), colour, arc=(0, 180))
    canvas.rect((x + width * 0.32, base - 0.012, x + width * 0.68, base), shade(colour, 0.7))
    edge = (x - width * 0.03, rim - 0.008, x + width * 1.03, rim + 0.01)
    canvas.box(edge, mix(colour, _WHITE, 0.25), 0.009)


def cushion(
    canvas: Canvas, rng: np.random.Generator, centre: tuple[float, float], half: float
) -> None:
    """Put down a square cushion, plain or with a motif."""
    x, y = centre
    colour = vivid(rng)
    pull = half * 0.13  # the sides are drawn in between the corners
    outline = [
        (x - half, y - half),
        (x, y - half + pull),
        (x + half, y - half),
        (x + half - pull, y),
        (x + half, y + half),
        (x, y + half - pull),
        (x - half, y + half),
        (x - half + pull, y),
    ]
    canvas.polygon(outline, colour)
    kind, other = int(rng.integers(4)), vivid(rng)
    if kind == 0:
        for share in (-0.5, 0.0, 0.5):
            bar = (x + half * (share - 0.1), y - half * 0.86)
            canvas.rect((*bar, bar[0] + half * 0.2, y + half * 0.86), other)
    elif kind == 1:
        diamond = [(x, y - half * 0.6), (x + half * 0.6, y), (x, y + half * 0.6)]
        canvas.polygon([*diamond, (x - half * 0.6, y)], other)
    elif kind == 2:
        canvas.rect((x - half * 0.86, y - half * 0.2, x + half * 0.86, y + half * 0.2), other)
    canvas.outline(outline, shade(colour, 0.7), 0.005)


def drawers(canvas: Canvas, box: Box, colour: RGB, rows: int, columns: int = 1) -> None:
    """Draw the front of a cabinet with ``rows`` x ``columns`` drawers or doors."""
    left, top, right, bottom = box
    canvas.rect(box, colour)
    wide, tall = (right - left) / columns, (bottom - top) / rows
    inset = min(wide, tall) * 0.08
    for k in range(rows * columns):
        x, y = left + (k % columns) * wide, top + (k // columns) * tall
        panel = (x + inset, y + inset, x + wide - inset, y + tall - inset)
        canvas.rect(panel, shade(colour, 0.8))
        face = (panel[0] + 0.004, panel[1] + 0.004, panel[2], panel[3])
        canvas.rect(face, mix(colour, _WHITE, 0.1))
        mid = x + wide / 2
        knob = (mid - wide * 0.12, y + tall * 0.22, mid + wide * 0.12, y + tall * 0.22 + 0.012)
        canvas.polygon(corners(knob), shade(colour, 0.45))
