"""One demo picture: a product on a scene among distractors, with its exact label map."""

from __future__ import annotations

from dataclasses import dataclass
from statistics import NormalDist
from typing import Final, TypeAlias, TypeVar

import cv2
import numpy as np
import numpy.typing as npt

from recsys.data.demo.attributes import Attributes as Attributes
from recsys.data.demo.attributes import sample_attributes as sample_attributes
from recsys.data.demo.captions import caption
from recsys.data.demo.config import SMALLEST_SIZE
from recsys.data.demo.distractors import draw_distractor
from recsys.data.demo.outlines import PARTS
from recsys.data.demo.products import render_shape, sample_shape
from recsys.data.demo.scenes import draw_scene
from recsys.data.demo.vocabulary import DISTRACTORS, FIRST_DISTRACTOR
from recsys.errors import unknown

Bytes: TypeAlias = npt.NDArray[np.uint8]
Scalar = TypeVar("Scalar", bound=np.generic)

SMALLEST_SHARE: Final = 0.06
LARGEST_SHARE: Final = 0.20
_TARGET_SHARE: Final = (0.064, 0.165)
_EDGE: Final = 0.2  # of the beta distribution: the smaller, the nearer to the picture's edges
_TRIES: Final = 10
_SPOTS: Final = 8  # places tried for a distractor
_LEAST_VISIBLE: Final = 0.5  # the share of a distractor that no other thing may hide

# Quantiles of the normal distribution: noise by table is several times faster than by drawing it.
_NORMAL: Final = np.array([NormalDist().inv_cdf((k + 0.5) / 256) for k in range(256)])

LEGEND: Final[dict[int, str]] = {
    **{value: f"product/{name}" for value, name in enumerate(PARTS, start=1)},
    **{
        value: f"distractor/{name}"
        for value, name in enumerate(DISTRACTORS, start=FIRST_DISTRACTOR)
    },
}


@dataclass(frozen=True, eq=False)
class DemoPicture:
    """A picture with what is known about it.

    ``image`` is uint8 RGB (S, S, 3); ``labels`` uint8 (S, S), read with ``LEGEND``, 0 is the scene.
    """

    image: Bytes
    labels: Bytes
    attributes: Attributes
    caption: str

    @property
    def mask(self) -> npt.NDArray[np.bool_]:
        """Where the product is: bool (S, S)."""
        return (self.labels > 0) & (self.labels < FIRST_DISTRACTOR)


def draw_picture(attributes: Attributes, rng: np.random.Generator, size: int = 224) -> DemoPicture:
    """Draw the picture that ``attributes`` describe.

    The product covers 6 to 20% of the picture, lies fully inside it, is drawn last and is never
    occluded.

    Raises:
        InputError: an attribute is not in the vocabulary.
        ValueError: ``size`` is below 64.
    """
    if size < SMALLEST_SIZE:
        raise ValueError(f"size must be at least {SMALLEST_SIZE} pixels, got {size}")
    image = np.ascontiguousarray(draw_scene(attributes.scene, rng, size))
    product, parts = _product_of_share(attributes, rng, size)
    corner = _place_product(parts.shape, rng, size)
    labels = np.zeros((size, size), np.uint8)
    _paste(labels, parts, parts > 0, corner)
    for name in attributes.distractors:  # the product's place is taken, so they stay off it
        _add_distractor(image, labels, name, rng)
    _cast_shadow(image, product[:, :, 3], corner, rng)
    _blend(image, product, corner)
    return DemoPicture(_photograph(image, rng), labels, attributes, caption(attributes, rng))


def _product_of_share(
    attributes: Attributes, rng: np.random.Generator, size: int
) -> tuple[Bytes, Bytes]:
    """Draw the product at a random share of the picture, cropped to its own bounding box."""
    shape = sample_shape(attributes.category, rng)
    least, most = _TARGET_SHARE
    target = least + (most - least) * rng.random() ** 1.8  # small ones more often
    seed = int(rng.integers(2**32))
    side = size * np.sqrt(target / shape.coverage)
    # The coverage is measured on a coarse drawing, so the first size can miss the range a little.
    for _ in range(_TRIES):
        side = min(side, 0.96 * size)
        rgba, parts = render_shape(
            shape, attributes.colour, attributes.pattern, np.random.default_rng(seed), round(side)
        )
        share = np.count_nonzero(parts) / size**2
        if SMALLEST_SHARE <= share <= LARGEST_SHARE:
            break
        side *= np.sqrt(target / share)
    else:
        raise RuntimeError(f"a {attributes.category} cannot cover {target:.3f} of the picture")
    solid = rgba[:, :, 3] > 0
    rows, columns = np.flatnonzero(solid.any(axis=1)), np.flatnonzero(solid.any(axis=0))
    box = (slice(rows[0], rows[-1] + 1), slice(columns[0], columns[-1] + 1))
    return rgba[box], parts[box]


def _place_product(shape: tuple[int, ...], rng: np.random.Generator, size: int) -> tuple[int, int]:
    """Draw the top left corner of the product: fully inside and more often near an edge.

    A centred product would make any heatmap look good, hence the U-shaped distribution.
    """
    margin = round(0.015 * size)
    room = [max(0, size - side - 2 * margin) for side in shape]
    least = [min(margin, size - side) for side in shape]
    share = rng.beta(_EDGE, _EDGE, size=2)
    return least[0] + round(share[0] * room[0]), least[1] + round(share[1] * room[1])


def _add_distractor(image: Bytes, labels: Bytes, name: str, rng: np.random.Generator) -> None:
    """Draw a distractor where it hides, and is hidden, least."""
    if name not in DISTRACTORS:
        raise unknown("distractor", name, DISTRACTORS)
    value = FIRST_DISTRACTOR + DISTRACTORS.index(name)
    size = labels.shape[0]
    side = round(size * rng.uniform(0.2, 0.34))
    vacant = labels == 0
    for _ in range(3):
        patch = draw_distractor(name, rng, side)
        solid = patch[:, :, 3] >= 128
        spots = rng.integers(0, size - side + 1, size=(_SPOTS, 2))
        corners = [(int(top), int(left)) for top, left in spots]
        free = [
            np.count_nonzero(solid & _window(vacant, corner, solid.shape)) for corner in corners
        ]
        best = int(np.argmax(free))
        if free[best] >= _LEAST_VISIBLE * np.count_nonzero(solid):
            break
        side = max(round(0.14 * size), round(0.75 * side))
    corner = corners[best]
    visible = _window(vacant, corner, solid.shape)
    patch = np.dstack([patch[:, :, :3], patch[:, :, 3] * visible])  # it lies behind what is there
    _paste(labels, np.full(solid.shape, value, np.uint8), solid & visible, corner)
    _blend(image, patch, corner)


def _cast_shadow(
    image: Bytes, alpha: Bytes, corner: tuple[int, int], rng: np.random.Generator
) -> None:
    size = image.shape[0]
    shadow = np.zeros((size, size), np.uint8)
    _paste(shadow, alpha, alpha > 0, corner)
    aside, down = size * rng.uniform(-0.025, 0.025), size * rng.uniform(0.012, 0.035)
    spread = max(3, round(0.032 * size))
    move = np.array([[1.0, 0.0, aside], [0.0, 1.0, down]])
    shadow = np.asarray(cv2.warpAffine(shadow, move, (size, size)), np.uint8)
    for _ in range(2):  # two boxes are near a Gaussian, at a fraction of its cost
        shadow = np.asarray(cv2.blur(shadow, (spread, spread)), np.uint8)
    kept = 255 - cv2.convertScaleAbs(shadow, alpha=rng.uniform(0.3, 0.5))
    image[:] = cv2.multiply(image, cv2.merge([kept, kept, kept]), scale=1.0 / 255.0)


def _photograph(image: Bytes, rng: np.random.Generator) -> Bytes:
    """Add what an amateur's camera adds: exposure, contrast, slight blur, noise."""
    gain, offset = rng.uniform(0.88, 1.1), rng.uniform(-10.0, 10.0)
    taken = np.asarray(cv2.convertScaleAbs(image, alpha=gain, beta=max(offset, 0.0)), np.uint8)
    if offset < 0.0:
        taken = np.asarray(cv2.subtract(taken, np.full(4, -offset)), np.uint8)
    sigma = image.shape[0] / 224.0 * rng.uniform(0.0, 0.8)
    if sigma > 0.35:
        taken = np.asarray(cv2.GaussianBlur(taken, (0, 0), sigma), np.uint8)
    table = np.rint(rng.uniform(0.5, 5.0) * _NORMAL).astype(np.int16)
    grain = cv2.LUT(rng.integers(0, 256, size=image.shape[:2], dtype=np.uint8), table)
    return np.asarray(cv2.add(taken, cv2.merge([grain] * 3), dtype=cv2.CV_8U), np.uint8)


def _window(
    array: npt.NDArray[Scalar], corner: tuple[int, int], shape: tuple[int, ...]
) -> npt.NDArray[Scalar]:
    """The view of ``array`` that a patch of ``shape`` at ``corner`` (row, column) covers."""
    top, left = corner
    return array[top : top + shape[0], left : left + shape[1]]


def _paste(
    target: Bytes, patch: Bytes, where: npt.NDArray[np.bool_], corner: tuple[int, int]
) -> None:
    np.copyto(_window(target, corner, patch.shape), patch, where=where)


def _blend(image: Bytes, patch: Bytes, corner: tuple[int, int]) -> None:
    """Lay an RGBA patch (straight alpha) over the picture, in place."""
    under = _window(image, corner, patch.shape)
    alpha = patch[:, :, 3:].astype(np.uint16)
    mixed = patch[:, :, :3] * alpha + under * (255 - alpha) + 127
    under[:] = mixed // 255
