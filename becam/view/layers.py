"""The pictures that a view puts on top of each other, as data addresses."""

from __future__ import annotations

import base64
import io

import matplotlib as mpl
import numpy as np
from numpy.typing import NDArray
from PIL import Image

from becam.figures.panels import COLOURS, OPACITY, grey

LONGEST = 640  # pixels: sharp enough on the screen, small enough to be kept in a notebook
STRIPE = 6  # pixels from one line of the hatching to the next
UNSEEN_GREY = 85
PALE = 0.3  # what is left of the saturation of a map with a warning
LINE, STRIPES = 2, 14  # pixels of its lines; from one pair to the next, in lines
_LEVELS = 254  # of the colour scale; the two colours left are the hatching and nothing


def shrunk(size: tuple[int, int]) -> tuple[int, int]:
    """Return a picture's width and height on the screen at most, from those that it has."""
    ratio = min(1.0, LONGEST / max(size))
    return max(round(size[0] * ratio), 1), max(round(size[1] * ratio), 1)


def photo(picture: NDArray[np.uint8], size: tuple[int, int]) -> str:
    """Return a picture as JPEG."""
    return jpeg(Image.fromarray(picture).resize(size, Image.Resampling.LANCZOS))


def heat(values: NDArray[np.float32], limit: float, size: tuple[int, int]) -> str:
    """Return a map's colours as PNG; what is unseen is hatched, and transparent between.

    Args:
        values: (H, W), NaN where unseen.
        limit: of the colour scale, on both sides of 0.
        size: of the PNG.
    """
    places = _levels(values, limit, size)
    drawn = Image.fromarray(places)
    drawn.putpalette(_palette().tobytes())
    buffer = io.BytesIO()
    drawn.save(buffer, "PNG", optimize=True, transparency=_LEVELS + 1)
    return _address("png", buffer.getvalue())


def overlay(
    picture: NDArray[np.uint8],
    values: NDArray[np.float32],
    limit: float,
    size: tuple[int, int],
    *,
    doubtful: bool = False,
) -> str:
    """Return a map over its grey picture as JPEG, for where nothing can be put on top.

    Args:
        picture: (H, W, 3).
        values, limit, size: as for `heat`.
        doubtful: whether the map is to be pale and striped, as the view shows one with a warning.
    """
    places = _levels(values, limit, size)
    small = np.asarray(Image.fromarray(picture).resize(size, Image.Resampling.LANCZOS))
    ground = grey(small) * 255
    colours = _pale(_palette()) if doubtful else _palette()
    blended = (1 - OPACITY) * ground + OPACITY * colours[places]
    shown = np.where((places > _LEVELS)[..., None], ground, blended)
    if doubtful:
        shown = _striped(shown)
    return jpeg(Image.fromarray(shown.round().astype(np.uint8)))


def jpeg(picture: Image.Image) -> str:
    """Return a picture as the address of a JPEG."""
    buffer = io.BytesIO()
    picture.save(buffer, "JPEG", quality=85, optimize=True)
    return _address("jpeg", buffer.getvalue())


def outline(mask: NDArray[np.bool_]) -> str:
    """Return a mask's outline as an SVG path in the mask's pixels; empty for no outline."""
    import cv2

    found, _ = cv2.findContours(mask.astype(np.uint8), cv2.RETR_CCOMP, cv2.CHAIN_APPROX_TC89_L1)
    lines = [points[:, 0, :] for points in found if len(points) > 2]
    return "".join(
        "M" + "L".join(f"{x + 0.5:g} {y + 0.5:g}" for x, y in points.tolist()) + "Z"
        for points in lines
    )


def scale(stops: int = 11) -> list[str]:
    """Return the colour scale at equal steps, from cold to hot, as CSS writes colours."""
    places = np.linspace(0, _LEVELS - 1, stops).round().astype(int)
    return ["rgb({}, {}, {})".format(*colour) for colour in _palette()[places].tolist()]


def _levels(values: NDArray[np.float32], limit: float, size: tuple[int, int]) -> NDArray[np.uint8]:
    unseen = np.isnan(values)
    resized = Image.fromarray(np.nan_to_num(values)).resize(size, Image.Resampling.BILINEAR)
    scaled = np.clip((np.asarray(resized) / limit + 1) / 2, 0, 1)
    places = np.round(scaled * (_LEVELS - 1)).astype(np.uint8)
    blind = np.asarray(Image.fromarray(unseen).resize(size, Image.Resampling.NEAREST))
    rows, columns = np.indices(blind.shape)
    hatched = (rows + columns) % STRIPE == 0
    return np.where(blind, np.where(hatched, _LEVELS, _LEVELS + 1), places).astype(np.uint8)


def _palette() -> NDArray[np.uint8]:
    """Return (256, 3): the colour scale, the grey of the hatching, and a colour for nothing."""
    scale = mpl.colormaps[COLOURS](np.linspace(0, 1, _LEVELS))[:, :3]
    rest = np.full((2, 3), UNSEEN_GREY / 255)
    return (np.concatenate([scale, rest]) * 255).round().astype(np.uint8)


def _pale(colours: NDArray[np.uint8]) -> NDArray[np.float64]:
    """As CSS's ``saturate(0.3)`` makes colours."""
    luminance = (colours * np.array([0.213, 0.715, 0.072])).sum(axis=1, keepdims=True)
    return np.asarray(PALE * colours + (1 - PALE) * luminance, np.float64)


def _striped(pixels: NDArray[np.float64]) -> NDArray[np.float64]:
    """Lay thin lines over a picture, a light one beside a dark one; between them it is seen."""
    rows, columns = np.indices(pixels.shape[:2])
    place = np.asarray((rows + columns) // LINE % STRIPES)[..., None]
    light, dark = 0.45 * pixels + 0.55 * 255, 0.7 * pixels
    return np.where(place == 0, light, np.where(place == 1, dark, pixels))


def _address(kind: str, data: bytes) -> str:
    return f"data:image/{kind};base64,{base64.b64encode(data).decode('ascii')}"
