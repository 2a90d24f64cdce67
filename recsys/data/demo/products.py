"""Products: an outline in a pose, coloured, patterned and shaded, with its exact part map."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, TypeAlias

import cv2
import numpy as np
import numpy.typing as npt

from recsys.data.demo.outlines import OUTLINES, PARTS, Part
from recsys.data.demo.patterns import draw_pattern, to_pixels
from recsys.data.demo.vocabulary import COLOURS, CONTRASTS, PATTERNS
from recsys.errors import unknown

Bytes: TypeAlias = npt.NDArray[np.uint8]

_SUPERSAMPLING: Final = 3
_SHIFT: Final = 4
_CODES: Final = 8  # codes a part takes in the drawing: pattern levels, then its contour
_CONTOUR: Final = 4
_GAUGE: Final = 96  # side, in pixels, of the drawing that measures a shape's coverage
_PART_VALUES: Final = {name: value for value, name in enumerate(PARTS, start=1)}


@dataclass(frozen=True, eq=False)
class Shape:
    """An outline in a pose.

    ``affine`` (2, 3) maps the product frame to the unit square, whose longer side it fills;
    ``coverage`` is the share of that square the product covers; ``pitch`` and ``reach`` (product
    frame) scale the pattern.
    """

    parts: tuple[Part, ...]
    affine: npt.NDArray[np.float64]
    coverage: float
    pitch: float
    reach: float


def sample_shape(category: str, rng: np.random.Generator) -> Shape:
    """Draw the proportions and the pose of one product of ``category``.

    Raises:
        InputError: ``category`` is not one of ``CATEGORIES``.
    """
    if category not in OUTLINES:
        raise unknown("category", category, OUTLINES)
    parts = tuple(OUTLINES[category](rng))
    points = np.concatenate([polygon for part in parts for polygon in part.polygons])
    pose = _sample_pose(rng)
    posed = points @ pose.T
    low, high = posed.min(axis=0), posed.max(axis=0)
    scale = 0.98 / (high - low).max()
    offset = 0.5 - scale * 0.5 * (low + high)
    affine = np.column_stack([scale * pose, offset])
    coverage = _coverage(parts, affine)
    side = float(np.sqrt(coverage / abs(np.linalg.det(affine[:, :2]))))  # in the product frame
    return Shape(
        parts=parts,
        affine=affine,
        coverage=coverage,
        pitch=side * rng.uniform(0.23, 0.29),
        reach=float(np.hypot(points[:, 0], points[:, 1]).max()),
    )


def render_shape(
    shape: Shape, colour: str, pattern: str, rng: np.random.Generator, size: int
) -> tuple[Bytes, Bytes]:
    """Draw ``shape`` on a patch of ``size`` pixels.

    Returns:
        RGBA uint8 (size, size, 4), straight alpha, and the part map uint8 (size, size): the
        product's mask is where it is not 0, and that is where alpha is at least 128.

    Raises:
        InputError: ``colour`` or ``pattern`` is unknown.
    """
    if colour not in COLOURS:
        raise unknown("colour", colour, COLOURS)
    if pattern not in PATTERNS:
        raise unknown("pattern", pattern, PATTERNS)
    fine = size * _SUPERSAMPLING
    affine = shape.affine * fine
    codes = _draw_parts(shape.parts, affine, fine, thickness=max(3, round(0.022 * fine)) | 1)
    inside = np.where(codes > 0, np.uint8(255), np.uint8(0))
    levels = draw_pattern(
        pattern, rng, pitch=shape.pitch, reach=shape.reach, affine=affine, size=fine
    )
    palette = _palette(shape.parts, colour, rng)
    painted = cv2.applyColorMap(cv2.add(codes, levels), palette)
    rgb = _reduced(np.asarray(painted, np.uint8), size)
    alpha = _reduced(inside, size)
    middle = _SUPERSAMPLING // 2
    values = codes // np.uint8(_CODES)
    parts = values[middle::_SUPERSAMPLING, middle::_SUPERSAMPLING].copy()
    # A pixel more than half covered can have its very middle outside: take the top part in it.
    around = cv2.dilate(values, np.ones((3, 3), np.uint8))[
        middle::_SUPERSAMPLING, middle::_SUPERSAMPLING
    ]
    parts = np.where(parts == 0, around, parts)
    parts[alpha < 128] = 0
    return np.dstack([_shade(rgb, alpha, rng), alpha]), parts


def draw_product(
    category: str, colour: str, pattern: str, rng: np.random.Generator, size: int
) -> tuple[Bytes, Bytes]:
    """Draw one product in a random pose, tightly framed: ``sample_shape`` then ``render_shape``."""
    return render_shape(sample_shape(category, rng), colour, pattern, rng, size)


def _reduced(fine: Bytes, size: int) -> Bytes:
    return np.asarray(cv2.resize(fine, (size, size), interpolation=cv2.INTER_AREA), np.uint8)


def _sample_pose(rng: np.random.Generator) -> npt.NDArray[np.float64]:
    angle = np.deg2rad(rng.uniform(-30.0, 30.0))
    rotation = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    shear = np.array([[1.0, rng.uniform(-0.12, 0.12)], [0.0, 1.0]])
    aspect = rng.uniform(-0.1, 0.1)
    mirror = 1.0 if rng.random() < 0.5 else -1.0
    stretch = np.diag([mirror * np.exp(aspect), np.exp(-aspect)])
    pose: npt.NDArray[np.float64] = rotation @ shear @ stretch
    return pose


def _draw_parts(
    parts: tuple[Part, ...], affine: npt.NDArray[np.float64], size: int, thickness: int
) -> Bytes:
    """Draw each part's code (8 times its value; plus 4 on its contour) in drawing order."""
    codes = np.zeros((size, size), np.uint8)
    for part in parts:
        code = _CODES * _PART_VALUES[part.name]
        for polygon in part.polygons:
            outline = [to_pixels(polygon, affine)]
            cv2.fillPoly(codes, outline, code, shift=_SHIFT)
            if thickness:
                cv2.polylines(codes, outline, True, code + _CONTOUR, thickness, shift=_SHIFT)
    return codes


def _coverage(parts: tuple[Part, ...], affine: npt.NDArray[np.float64]) -> float:
    drawn = _draw_parts(parts, affine * _GAUGE, _GAUGE, thickness=2)
    return float(np.count_nonzero(drawn)) / drawn.size


def _palette(parts: tuple[Part, ...], colour: str, rng: np.random.Generator) -> Bytes:
    """The colour of every code, (256, 1, 3) uint8; codes of nothing have the contour's colour."""
    grey = colour in ("black", "white")
    jitter = rng.uniform(-3.0, 3.0, size=3) if grey else rng.uniform(-10.0, 10.0, size=3)
    jitter += rng.uniform(-7.0, 7.0)
    base = np.array(COLOURS[colour], dtype=np.float64) + jitter
    second = np.array(CONTRASTS[colour], dtype=np.float64)
    # A black product needs a light edge to stand out from a dark scene.
    contour = np.array([104.0, 104.0, 110.0]) if colour == "black" else 0.42 * base
    palette = np.tile(contour, (256, 1))
    between = 0.28 if grey else 0.42  # black and white must not meet in the middle
    for part in parts:
        code = _CODES * _PART_VALUES[part.name]
        plain = _toned(base, part.tone, dark=colour == "black")
        other = _toned(second, min(part.tone, 1.0), dark=False) if part.patterned else plain
        for level, mix in enumerate((0.0, between, 1.0)):
            palette[code + level] = (1.0 - mix) * plain + mix * other
    return np.clip(np.rint(palette), 0, 255).astype(np.uint8)[:, None, :]


def _toned(colour: npt.NDArray[np.float64], tone: float, *, dark: bool) -> npt.NDArray[np.float64]:
    if tone > 1.0:
        return colour + (tone - 1.0) * (250.0 - colour)
    if dark:  # black cannot get much darker: its parts differ by getting lighter
        return colour + (1.0 - tone) * 70.0
    return colour * tone


def _shade(rgb: Bytes, alpha: Bytes, rng: np.random.Generator) -> Bytes:
    """Round the product off: lighter toward the light, darker at the far edge."""
    size = alpha.shape[0]
    reach = max(1.0, 0.1 * size)
    box = (2 * round(0.5 * reach) + 1,) * 2
    soft = cv2.blur(cv2.blur(alpha, box), box).astype(np.float32)
    aside = float(rng.choice((-1.0, 1.0))) * reach
    shift = np.array([[1.0, 0.0, aside], [0.0, 1.0, reach]], dtype=np.float32)
    moved = cv2.warpAffine(soft, shift, (size, size), borderMode=cv2.BORDER_CONSTANT)
    light = 1.0 + (0.16 / 255.0) * (soft - moved)
    return np.clip(rgb * light[:, :, None], 0, 255).astype(np.uint8)
