"""An estimate of the product's mask on a photo, by GrabCut (Rother et al. 2004) of OpenCV."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np
from PIL import Image

from becam.metrics.masks import Mask

# Chosen by eye on photos of clothes. Products nearly touch the picture's edges: a wider margin
# cuts sleeves and trouser legs off. More pixels or iterations gain nothing.
MARGIN = 0.02
ITERATIONS = 5
LONG_SIDE = 256
# Of the rectangle; less is noise, more means that no outline was found.
SMALLEST, LARGEST = 0.01, 0.99
SHORTEST_SIDE = 8


@dataclass(frozen=True, eq=False)
class EstimatedMask:
    """A mask that was estimated from the picture alone, or why there is none.

    Attributes:
        mask: the product, (height, width) bool of the picture's size, or None.
        reason: where there is none: why.
        label: what must stand next to every figure that comes from it.
    """

    mask: Mask | None
    reason: str | None = None
    label: str = "estimated (GrabCut)"


def grabcut_mask(picture: Image.Image, *, seed: int = 0) -> EstimatedMask:
    """Estimate the product's mask: what differs in colour from the picture's rim.

    The same picture and seed give the same mask. OpenCV's random numbers of the calling thread
    are left alone.

    Args:
        picture: RGB. Photos of one product on a plain ground; a patterned carpet or a person
            who wears the product become part of the mask.
        seed: of OpenCV's clustering of colours.
    """
    if min(picture.size) < SHORTEST_SIDE:
        return EstimatedMask(None, f"the picture is smaller than {SHORTEST_SIDE} pixels")
    ratio = min(1.0, LONG_SIDE / max(picture.size))
    width, height = (max(round(side * ratio), 1) for side in picture.size)
    small = picture.convert("RGB").resize((width, height), Image.Resampling.BOX)
    if min(small.size) < SHORTEST_SIDE:
        return EstimatedMask(None, "the picture is too narrow")
    # OpenCV's generator belongs to the thread, and can be set but not read.
    with ThreadPoolExecutor(1) as thread:
        found = thread.submit(_grabcut, np.asarray(small), seed).result()
    if isinstance(found, str):
        return EstimatedMask(None, found)
    full = Image.fromarray(found).resize(picture.size, Image.Resampling.NEAREST)
    return EstimatedMask(np.array(full, dtype=np.bool_))


def _grabcut(pixels: np.ndarray[tuple[int, ...], np.dtype[np.uint8]], seed: int) -> Mask | str:
    """Run GrabCut from a rectangle; return the mask, (H, W) bool, or what went wrong."""
    import cv2

    height, width = pixels.shape[:2]
    across, down = (max(round(MARGIN * side), 1) for side in (width, height))
    inside = width - 2 * across, height - 2 * down
    labels = np.zeros((height, width), np.uint8)
    models = np.zeros((1, 65)), np.zeros((1, 65))
    cv2.setRNGSeed(seed)
    try:
        cv2.grabCut(
            np.ascontiguousarray(pixels[:, :, ::-1]),
            labels,
            (across, down, *inside),
            *models,
            ITERATIONS,
            cv2.GC_INIT_WITH_RECT,
        )
    except cv2.error:
        return "GrabCut fails on this picture"
    mask: Mask = (labels == cv2.GC_FGD) | (labels == cv2.GC_PR_FGD)
    share = float(mask.sum()) / (inside[0] * inside[1])
    if share < SMALLEST:
        return "GrabCut finds no product"
    if share > LARGEST:
        return "GrabCut finds nothing but product"
    return mask
