"""Cheap textures: low-resolution noise stretched over a region, tiles, planks, light."""

from __future__ import annotations

from itertools import pairwise

import cv2
import numpy as np
import numpy.typing as npt

from recsys.data.demo.canvas import Box, Canvas, Pixels, mix, shade
from recsys.data.demo.vocabulary import RGB


def _multiply(view: Pixels, factors: npt.NDArray[np.float32]) -> None:
    """Scale the pixels of a view by (H, W) factors, saturating."""
    three = cv2.cvtColor(np.ascontiguousarray(factors, np.float32), cv2.COLOR_GRAY2RGB)
    view[:] = cv2.multiply(view, three, dtype=cv2.CV_8U)


def mottle(
    canvas: Canvas,
    box: Box,
    rng: np.random.Generator,
    *,
    strength: float = 0.1,
    cells: tuple[int, int] = (12, 12),
) -> None:
    """Vary the brightness of a box by smooth noise of ``cells`` (rows, columns)."""
    view = canvas.region(box)
    if view.size == 0:
        return
    noise = rng.random(cells, np.float32) * np.float32(2 * strength) + np.float32(1 - strength)
    shape = (view.shape[1], view.shape[0])
    smooth = cv2.resize(noise, shape, interpolation=cv2.INTER_CUBIC)
    _multiply(view, np.asarray(smooth, np.float32))


def grain(canvas: Canvas, box: Box, rng: np.random.Generator, strength: int = 10) -> None:
    """Add fine brightness noise of at most ``strength`` grey levels to a box."""
    view = canvas.region(box)
    if view.size == 0:
        return
    noise = rng.integers(0, 2 * strength + 1, view.shape[:2], np.uint8)
    three = cv2.cvtColor(noise, cv2.COLOR_GRAY2RGB)
    view[:] = cv2.addWeighted(view, 1.0, three, 1.0, -strength)


def tiles(
    canvas: Canvas,
    box: Box,
    rng: np.random.Generator,
    *,
    colour: RGB,
    joint: RGB,
    tile: tuple[float, float],
    gap: float,
    stagger: float = 0.0,
    variation: float = 0.06,
    accents: tuple[RGB, ...] = (),
    accent_share: float = 0.0,
    bevel: float = 0.0,
) -> None:
    """Cover a box with tiles or bricks of ``tile`` (width, height), varied in brightness.

    Each second row is moved by ``stagger`` tile widths; ``accents`` replace the colour of a
    random ``accent_share`` of the tiles; ``bevel`` lightens upper and darkens lower edges.
    """
    view = canvas.region(box)
    if view.size == 0:
        return
    height, width = view.shape[:2]
    tile_width = max(3.0, tile[0] * canvas.size)
    tile_height = max(3.0, tile[1] * canvas.size)
    gap_pixels = max(1.0, gap * canvas.size)
    y = np.arange(height) + rng.uniform(0, tile_height)
    row = (y / tile_height).astype(np.intp)
    x = np.arange(width) + rng.uniform(0, tile_width)
    shifted = x[None] + np.where(np.arange(2) == 1, stagger * tile_width, 0.0)[:, None]
    columns = (shifted / tile_width).astype(np.intp)  # (2, width): even and odd rows
    in_joint = shifted % tile_width < gap_pixels
    rows, count = int(row[-1]) + 1, int(columns.max()) + 1
    light = 1.0 + rng.uniform(-variation, variation, (rows, count, 1))
    tint = 1.0 + rng.uniform(-variation, variation, (rows, count, 3)) * 0.3
    palette = np.clip(np.asarray(colour) * light * tint, 0, 255)
    if accents:
        chosen = rng.random((rows, count)) < accent_share
        kinds = rng.integers(len(accents), size=(rows, count))
        palette[chosen] = np.asarray(accents, np.float64)[kinds[chosen]]
    table = palette.astype(np.uint8)
    # One line of pixels per row of tiles, then each line repeated: no (H, W) look-up.
    odd = np.arange(rows) % 2
    strips = table[np.arange(rows)[:, None], columns[odd]]
    strips[in_joint[odd]] = joint
    painted = strips[row]
    place = y % tile_height
    if bevel > 0:
        upper = (place >= gap_pixels) & (place < gap_pixels + 1)
        lower = place >= tile_height - 1
        painted[upper] = cv2.convertScaleAbs(painted[upper], alpha=1 + bevel)
        painted[lower] = cv2.convertScaleAbs(painted[lower], alpha=1 - bevel)
    painted[place < gap_pixels] = joint
    view[:] = painted


def planks(
    canvas: Canvas,
    box: Box,
    rng: np.random.Generator,
    colour: RGB,
    *,
    rows: int = 1,
    upright: bool = False,
    strength: float = 0.14,
) -> None:
    """Cover a box with ``rows`` boards of streaky wood; ``upright`` boards stand side by side."""
    view = canvas.region(box)
    if view.size == 0:
        return
    height, width = view.shape[:2]
    along, across = (height, width) if upright else (width, height)
    noise = rng.random((max(4, min(across // 2, 12 * rows)), 5), np.float32)
    streaks = cv2.resize(noise, (along, across), interpolation=cv2.INTER_LINEAR)
    factor = np.asarray(streaks, np.float32) * np.float32(2 * strength) + np.float32(1 - strength)
    if rows > 1:
        board = (np.arange(across) * rows // across).astype(np.intp)
        factor *= rng.uniform(0.86, 1.1, rows).astype(np.float32)[board][:, None]
        factor[np.flatnonzero(np.diff(board)) + 1] *= np.float32(0.62)
    view[:] = colour
    _multiply(view, factor.T if upright else factor)


def floor(canvas: Canvas, top: float, rng: np.random.Generator, colour: RGB) -> None:
    """Lay a floor of boards from ``top`` to the bottom, running towards a vanishing point."""
    planks(canvas, (0, top, 1, 1), rng, colour, rows=1, strength=0.07)
    vanish = (rng.uniform(0.3, 0.7), top - rng.uniform(0.25, 0.5))
    ends = np.arange(-0.9, 1.9, rng.uniform(0.13, 0.2))
    share = (top - vanish[1]) / (1.0 - vanish[1])
    starts = vanish[0] + (ends - vanish[0]) * share
    canvas.lines(
        [[(a, top), (b, 1.0)] for a, b in zip(starts.tolist(), ends.tolist(), strict=True)],
        shade(colour, 0.72),
        0.004,
    )
    canvas.gradient((0, top, 1, top + 0.012), shade(colour, 0.45), shade(colour, 0.7))


def checkered_floor(
    canvas: Canvas, top: float, rng: np.random.Generator, first: RGB, second: RGB
) -> None:
    """Lay square floor tiles in perspective from ``top`` to the bottom."""
    canvas.gradient((0, top, 1, 1), shade(first, 0.86), first)
    across = rng.uniform(0.1, 0.16)
    height = 1.0 - top
    depths = [top + height * (k / 5) ** 1.5 for k in range(6)]
    vanish = (rng.uniform(0.35, 0.65), top - height * 1.1)

    def place(x: float, y: float) -> tuple[float, float]:
        scale = (y - vanish[1]) / (1.0 - vanish[1])
        return vanish[0] + (x - vanish[0]) * scale, y

    shapes = [
        [place(x, near), place(x + across, near), place(x + across, far), place(x, far)]
        for k, (near, far) in enumerate(pairwise(depths))
        for x in np.arange(-1.2 + (k % 2) * across, 2.2, 2 * across).tolist()
    ]
    canvas.polygons(shapes, second)


def light(canvas: Canvas, rng: np.random.Generator) -> None:
    """Light the finished scene: a smooth field, a colour temperature, sensor noise."""
    level, fall = rng.uniform(0.82, 1.02), rng.uniform(0.03, 0.17)
    corners = (level + rng.uniform(-fall, fall, (2, 2))).astype(np.float32)
    warmth = float(rng.uniform(-0.05, 0.06))
    gains = np.array([1 + warmth, 1.0, 1 - warmth], np.float32)
    coarse = np.ascontiguousarray(corners[:, :, None] * gains, np.float32)
    shape = (canvas.size, canvas.size)
    field = cv2.resize(coarse, shape, interpolation=cv2.INTER_LINEAR)
    canvas.pixels[:] = cv2.multiply(canvas.pixels, field, dtype=cv2.CV_8U)
    grain(canvas, (0, 0, 1, 1), rng, int(rng.integers(1, 5)))


def fabric(
    canvas: Canvas, box: Box, rng: np.random.Generator, colour: RGB, *, folds: int = 6
) -> None:
    """Hang cloth with vertical folds in a box."""
    view = canvas.region(box)
    if view.size == 0:
        return
    x = np.linspace(0, folds, view.shape[1]) + rng.random()
    wave = 0.5 + 0.5 * np.sin(2 * np.pi * x)
    dark, bright = np.asarray(shade(colour, 0.72)), np.asarray(mix(colour, (255, 255, 255), 0.12))
    view[:] = (dark + wave[:, None] * (bright - dark)).astype(np.uint8)[None]
