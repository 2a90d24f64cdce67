"""Outlines of the ten product categories, as named parts made of polygons.

Coordinates are about -1..1 with x to the right and y downward. Parts are listed in drawing
order. Every outline draws its proportions from the generator it is given.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

import numpy as np

from recsys.data.demo.geometry import (
    Points,
    arc,
    box,
    mirrored,
    polygon,
    rounded,
    rounded_box,
    stroke,
)

# The position in this tuple, plus one, is the part's value in a label map: append only, 31 at most.
PARTS: Final[tuple[str, ...]] = (
    "body",
    "left sleeve",
    "right sleeve",
    "collar",
    "waistband",
    "left leg",
    "right leg",
    "bodice",
    "skirt",
    "straps",
    "belt",
    "upper",
    "sole",
    "laces",
    "opening",
    "flap",
    "handle",
    "clasp",
    "rim",
    "shade",
    "stem",
    "base",
    "seat",
    "back",
    "legs",
    "crown",
    "band",
    "brim",
    "neck",
    "cap",
)


@dataclass(frozen=True, eq=False)
class Part:
    """One named part of a product.

    ``polygons`` are (n, 2) points. ``tone`` scales the product's colour: below 1 darker, above 1
    mixed with white. ``patterned`` says whether the pattern covers it.
    """

    name: str
    polygons: tuple[Points, ...]
    tone: float = 1.0
    patterned: bool = True


def _shirt(rng: np.random.Generator) -> list[Part]:
    half, hem = rng.uniform(0.42, 0.54), rng.uniform(0.72, 0.98)
    neck, length = rng.uniform(0.17, 0.22), rng.uniform(0.46, 1.0)
    angle, cuff = np.deg2rad(rng.uniform(28, 58)), rng.uniform(0.26, 0.32)
    shoulder = half + 0.04
    neckline = arc(0.0, -0.84, neck, rng.uniform(0.12, 0.22), 180.0, 0.0)
    right = polygon([(shoulder, -0.72), (half, -0.28), (half * rng.uniform(0.96, 1.1), hem)])
    body = np.concatenate([neckline, right, mirrored(right)[::-1]])
    out = np.array([np.cos(angle), np.sin(angle)])
    inward = np.array([-out[1], out[0]])
    top = np.array([shoulder - 0.05, -0.735])
    end = top + length * out
    sleeve = np.stack([top, end, end + cuff * inward, np.array([half - 0.02, -0.24])])
    return [
        Part("left sleeve", (mirrored(sleeve),), tone=0.9),
        Part("right sleeve", (sleeve,), tone=0.9),
        Part("body", (body,)),
        Part("collar", (stroke(neckline, 0.1),), tone=0.7, patterned=False),
    ]


def _trousers(rng: np.random.Generator) -> list[Part]:
    waist, hem = rng.uniform(0.34, 0.42), rng.uniform(0.75, 1.05)
    outer, width = rng.uniform(0.5, 0.66), rng.uniform(0.24, 0.36)
    crotch, hip = rng.uniform(-0.36, -0.24), waist + rng.uniform(0.03, 0.07)
    leg = polygon(
        [
            (0.0, -0.84),
            (waist, -0.84),
            (hip, -0.45),
            (outer, hem),
            (outer - width, hem),
            (0.02, crotch),
            (0.0, crotch),
        ]
    )
    return [
        Part("left leg", (mirrored(leg),)),
        Part("right leg", (leg,)),
        Part("waistband", (box(-waist, -0.98, waist, -0.82),), tone=0.72, patterned=False),
    ]


def _dress(rng: np.random.Generator) -> list[Part]:
    waist, bust = rng.uniform(0.2, 0.26), rng.uniform(0.29, 0.36)
    flare, hem = rng.uniform(0.62, 0.86), rng.uniform(0.72, 0.98)
    neckline = arc(0.0, -0.58, bust * 0.8, rng.uniform(0.06, 0.16), 180.0, 0.0)
    side = polygon([(bust, -0.56), (bust * 0.98, -0.36), (waist, -0.05)])
    bodice = np.concatenate([neckline, side, mirrored(side)[::-1]])
    edge = arc(0.0, hem, flare, 0.12, 0.0, 180.0)
    bend = (waist + 0.42 * (flare - waist), 0.2 + 0.3 * hem)
    skirt = np.concatenate(
        [polygon([(-waist, -0.06), (waist, -0.06), bend]), edge, polygon([(-bend[0], bend[1])])]
    )
    strap = stroke(polygon([(bust * 0.86, -0.55), (bust * 0.55, -0.92)]), 0.1)
    return [
        Part("straps", (strap, mirrored(strap)), tone=0.8, patterned=False),
        Part("skirt", (skirt,)),
        Part("bodice", (bodice,)),
        Part(
            "belt",
            (box(-waist - 0.02, -0.1, waist + 0.02, 0.02),),
            tone=0.62,
            patterned=False,
        ),
    ]


def _shoe(rng: np.random.Generator) -> list[Part]:
    ankle, toe = rng.uniform(-0.72, -0.42), rng.uniform(0.0, 0.1)
    tongue = ankle - rng.uniform(0.02, 0.1)
    bend = rng.uniform(-0.08, 0.06)
    upper = rounded(
        [
            (-0.84, ankle),
            (-0.84, ankle),
            (-0.16, tongue),
            (-0.16, tongue),
            (bend, -0.14),
            (0.62, toe),
            (0.98, 0.16),
            (0.98, 0.44),
            (0.98, 0.44),
            (-0.86, 0.44),
            (-0.86, 0.44),
            (-0.94, 0.1),
        ]
    )
    thick = rng.uniform(0.56, 0.66)
    sole = rounded(
        [
            (-0.98, 0.34),
            (-0.98, 0.34),
            (0.5, 0.38),
            (1.04, 0.24),
            (1.08, 0.4),
            (0.95, thick),
            (-0.94, thick),
            (-1.0, thick - 0.06),
        ]
    )
    middle = 0.5 * (ankle + tongue)
    opening = arc(-0.5, middle + 0.03, 0.36, 0.1)
    start, stop = np.array([-0.12, tongue + 0.2]), np.array([0.4, toe - 0.01])
    across = np.array([-0.08, 0.17])
    laces = tuple(
        stroke(np.stack([spot - 0.25 * across, spot + across]), 0.1)
        for spot in (start + t * (stop - start) for t in (0.2, 0.55, 0.9))
    )
    return [
        Part("upper", (upper,)),
        Part("opening", (opening,), tone=0.42, patterned=False),
        Part("laces", laces, tone=1.75, patterned=False),
        Part("sole", (sole,), tone=1.75, patterned=False),
    ]


def _bag(rng: np.random.Generator) -> list[Part]:
    top, bottom = rng.uniform(0.58, 0.72), rng.uniform(0.74, 0.94)
    base, flap = rng.uniform(0.62, 0.88), rng.uniform(-0.04, 0.1)
    grip = rng.uniform(0.34, 0.46)
    body = rounded(
        [
            (-top, -0.25),
            (-top, -0.25),
            (top, -0.25),
            (top, -0.25),
            (bottom, base - 0.08),
            (bottom - 0.02, base),
            (bottom - 0.12, base),
            (-bottom + 0.12, base),
            (-bottom + 0.02, base),
            (-bottom, base - 0.08),
        ]
    )
    edge = top + 0.03
    cover = rounded(
        [
            (-edge, -0.29),
            (-edge, -0.29),
            (edge, -0.29),
            (edge, -0.29),
            (edge + 0.03, flap - 0.14),
            (edge - 0.12, flap),
            (0.0, flap + 0.07),
            (-edge + 0.12, flap),
            (-edge - 0.03, flap - 0.14),
        ]
    )
    strap = arc(0.0, -0.24, grip, rng.uniform(0.48, 0.78), 180.0, 360.0)
    return [
        Part("handle", (stroke(strap, 0.12),), tone=0.72, patterned=False),
        Part("body", (body,)),
        Part("flap", (cover,), tone=0.74, patterned=False),
        Part("clasp", (arc(0.0, flap + 0.02, 0.085, 0.085),), tone=1.8, patterned=False),
    ]


def _mug(rng: np.random.Generator) -> list[Part]:
    half, height = rng.uniform(0.5, 0.6), rng.uniform(0.52, 0.74)
    lip, taper = rng.uniform(0.1, 0.17), rng.uniform(0.84, 1.0)
    foot = half * taper
    sides = arc(0.0, height - 0.06, foot, lip, 0.0, 180.0)
    body = np.concatenate([polygon([(-half, -height), (half, -height)]), sides])
    reach, tall = rng.uniform(0.32, 0.44), height * rng.uniform(0.5, 0.64)
    ring = arc(half * 0.94, 0.02, reach, tall, -100.0, 100.0)
    return [
        Part("handle", (stroke(ring, rng.uniform(0.13, 0.18)),), tone=0.82, patterned=False),
        Part("body", (body,)),
        Part("rim", (arc(0.0, -height, half, lip),), tone=0.5, patterned=False),
    ]


def _lamp(rng: np.random.Generator) -> list[Part]:
    top, bottom = rng.uniform(0.22, 0.36), rng.uniform(0.56, 0.74)
    edge = rng.uniform(-0.12, 0.06)
    foot, stem = rng.uniform(0.34, 0.46), rng.uniform(0.055, 0.08)
    lower = arc(0.0, edge, bottom, 0.09, 0.0, 180.0)
    shade = np.concatenate([polygon([(-top, -0.96), (top, -0.96)]), lower])
    base = np.concatenate(
        [arc(0.0, 0.92, foot, 0.2, 180.0, 360.0), arc(0.0, 0.92, foot, 0.07, 0.0, 180.0)]
    )
    return [
        Part("stem", (box(-stem, edge, stem, 0.86),), tone=0.66, patterned=False),
        Part("base", (base,), tone=0.66, patterned=False),
        Part("shade", (shade,)),
    ]


def _chair(rng: np.random.Generator) -> list[Part]:
    half, tall = rng.uniform(0.4, 0.5), rng.uniform(-1.05, -0.8)
    lean, depth = rng.uniform(0.12, 0.3), rng.uniform(0.3, 0.4)
    floor, thick = rng.uniform(0.9, 1.1), rng.uniform(0.09, 0.12)
    gap = rng.uniform(0.08, 0.16)
    front = half + 0.06
    back = rounded_box(-half + lean, tall, half + lean, -gap)
    posts = tuple(
        stroke(polygon([(x + lean, -gap - 0.05), (x + lean, 0.08)]), thick)
        for x in (-half + 0.1, half - 0.1)
    )
    seat = polygon(
        [
            (-half + lean, 0.0),
            (half + lean, 0.0),
            (front, depth),
            (front, depth + 0.1),
            (-front, depth + 0.1),
            (-front, depth),
        ]
    )
    ends = (
        ((-half + lean + 0.08, 0.1), (-half + lean + 0.04, floor - 0.22)),
        ((half + lean - 0.05, 0.1), (half + lean - 0.02, floor - 0.22)),
        ((-front + 0.06, depth), (-front + 0.02, floor)),
        ((front - 0.06, depth), (front - 0.02, floor)),
    )
    legs = tuple(stroke(polygon(end), thick) for end in ends)
    return [
        Part("legs", (*legs, *posts), tone=0.6, patterned=False),
        Part("seat", (seat,), tone=0.9),
        Part("back", (back,)),
    ]


def _hat(rng: np.random.Generator) -> list[Part]:
    half, tall = rng.uniform(0.46, 0.56), rng.uniform(-0.62, -0.4)
    droop, pinch = rng.uniform(0.17, 0.26), rng.uniform(0.0, 0.14)
    level = 0.3
    curve = arc(0.0, level - 0.02, half, 0.12, 0.0, 180.0)
    dome = rounded(
        [
            (-half, level),
            (-half, level),
            (-half * 0.92, tall),
            (-half * 0.5, tall - 0.06),
            (0.0, tall + pinch),
            (half * 0.5, tall - 0.06),
            (half * 0.92, tall),
            (half, level),
            (half, level),
        ]
    )
    width = rng.uniform(0.14, 0.2)
    ribbon = np.concatenate([curve, (curve - np.array([0.0, width]))[::-1]])
    crown = np.concatenate([curve, polygon([(-half, level - 0.02)])])
    return [
        Part("brim", (arc(0.0, level + 0.02, 1.0, droop),), tone=0.92),
        Part("crown", (dome, crown)),
        Part("band", (ribbon,), tone=0.5, patterned=False),
    ]


def _bottle(rng: np.random.Generator) -> list[Part]:
    half, slope = rng.uniform(0.3, 0.4), rng.uniform(-0.34, -0.1)
    throat, mouth = rng.uniform(0.1, 0.14), rng.uniform(-0.8, -0.68)
    body = rounded(
        [
            (throat, slope - 0.24),
            (throat, slope - 0.24),
            (throat + 0.02, slope - 0.12),
            (half, slope - 0.06),
            (half, slope + 0.1),
            (half, 0.8),
            (half, 0.96),
            (half, 0.98),
            (half - 0.12, 0.98),
            (-half + 0.12, 0.98),
            (-half, 0.98),
            (-half, 0.96),
            (-half, 0.8),
            (-half, slope + 0.1),
            (-half, slope - 0.06),
            (-throat - 0.02, slope - 0.12),
            (-throat, slope - 0.24),
            (-throat, slope - 0.24),
        ]
    )
    cap = throat + 0.045
    return [
        Part("neck", (box(-throat, mouth, throat, slope - 0.18),), tone=0.85, patterned=False),
        Part("body", (body,)),
        Part("cap", (rounded_box(-cap, -1.0, cap, mouth, 0.04),), tone=0.55, patterned=False),
    ]


OUTLINES: Final[dict[str, Callable[[np.random.Generator], list[Part]]]] = {
    "shirt": _shirt,
    "trousers": _trousers,
    "dress": _dress,
    "shoe": _shoe,
    "bag": _bag,
    "mug": _mug,
    "lamp": _lamp,
    "chair": _chair,
    "hat": _hat,
    "bottle": _bottle,
}
