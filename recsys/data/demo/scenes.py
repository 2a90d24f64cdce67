"""The scenes behind the products: cluttered places, drawn fresh for every picture."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Final

import cv2
import numpy as np

from recsys.data.demo import (
    scenes_beach,
    scenes_lawn,
    scenes_rooms,
    scenes_shelves,
    scenes_tiled,
    scenes_town,
)
from recsys.data.demo.canvas import Canvas, Pixels
from recsys.data.demo.textures import light
from recsys.errors import unknown

Painter = Callable[[Canvas, np.random.Generator], None]

_PAINTERS: Final[Mapping[str, Painter]] = MappingProxyType(
    {
        "kitchen": scenes_tiled.kitchen,
        "bedroom": scenes_rooms.bedroom,
        "living-room": scenes_rooms.living_room,
        "street": scenes_town.street,
        "lawn": scenes_lawn.lawn,
        "beach": scenes_beach.beach,
        "desk": scenes_shelves.desk,
        "bathroom": scenes_tiled.bathroom,
        "bookshelf": scenes_shelves.bookshelf,
        "brick-wall": scenes_town.brick_wall,
    }
)

MIN_SIZE: Final = 16


def draw_scene(name: str, rng: np.random.Generator, size: int = 224) -> Pixels:
    """Draw one scene with random layout, palette, clutter, viewpoint and light.

    Args:
        name: one of ``vocabulary.SCENES``.
        rng: the only source of randomness; the same state gives the same bytes.
        size: side in pixels, at least 16.

    Returns:
        (size, size, 3) uint8 RGB.

    Raises:
        InputError: ``name`` is not a scene.
        ValueError: ``size`` is below 16.
    """
    painter = _PAINTERS.get(name)
    if painter is None:
        raise unknown("scene", name, _PAINTERS)
    if size < MIN_SIZE:
        raise ValueError(f"size must be at least {MIN_SIZE} pixels, got {size}")
    canvas = Canvas(size)
    painter(canvas, rng)
    _reframe(canvas, rng)
    light(canvas, rng)
    return canvas.pixels


def _reframe(canvas: Canvas, rng: np.random.Generator) -> None:
    """Change the viewpoint: zoom in, turn a little, mirror every second time."""
    size, zoom = canvas.size, float(rng.uniform(1.0, 1.3))
    slope = float(rng.uniform(-0.05, 0.05))
    slack = (zoom - 1.0) / 2
    across, down = rng.uniform(-slack, slack, 2) * size
    cos, sin = zoom * np.cos(slope), zoom * np.sin(slope)
    centre = (size - 1) / 2
    flip = -1.0 if rng.random() < 0.5 else 1.0
    matrix = np.array([[cos * flip, -sin, 0.0], [sin * flip, cos, 0.0]])
    matrix[:, 2] = np.array([centre + across, centre + down]) - matrix[:, :2] @ (centre, centre)
    canvas.pixels = np.asarray(
        cv2.warpAffine(
            canvas.pixels,
            matrix,
            (size, size),
            flags=cv2.INTER_LINEAR,
            borderMode=cv2.BORDER_REFLECT_101,
        ),
        np.uint8,
    )
