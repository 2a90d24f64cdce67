"""The picture files of a gallery: pictures, maps in colours, outlines. Fast: thousands are made."""

from __future__ import annotations

import io
from dataclasses import replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from becam.attribution import Attribution, standardised
from becam.geometry import Geometry
from recsys.files import write_bytes

LONGEST = 512  # pixels of the longest side; larger pictures are made smaller
QUALITY = 85
GROUND, STRIPE = 236, 196  # greys of what the encoder did not see
INNER, OUTER = (26, 26, 26, 255), (255, 255, 255, 255)  # of the outline


def shown_size(size: tuple[int, int]) -> tuple[int, int]:
    """Return the width and height at which a picture of this size is shown."""
    scale = min(LONGEST / max(size), 1)
    return max(round(size[0] * scale), 1), max(round(size[1] * scale), 1)


def write_picture(path: Path, picture: NDArray[np.uint8]) -> None:
    """Write a picture as JPEG, at most `LONGEST` pixels long."""
    image = Image.fromarray(picture)
    size = shown_size(image.size)
    if size != image.size:
        image = image.resize(size, Image.Resampling.LANCZOS)
    _write(path, image, "JPEG", quality=QUALITY)


def write_map(
    path: Path, attribution: Attribution, colours: NDArray[np.uint8], limit: float
) -> None:
    """Write a heatmap as JPEG in colours, at the size of its picture's file.

    Args:
        path: the file.
        attribution: the map.
        colours: from the lowest to the highest value, (256, 3) RGB.
        limit: of the colour scale, standard deviations.
    """
    geometry = _scaled(attribution.geometry)
    values = geometry.onto_picture(standardised(attribution.heatmap))
    unseen = np.isnan(values)
    if unseen.any():
        values[unseen] = 0
    places = values * np.float32(127.5 / limit) + np.float32(128)
    image = Image.fromarray(np.clip(places, 0, 255).astype(np.uint8), mode="P")
    image.putpalette(colours.tobytes())
    image = image.convert("RGB")  # a tenth of the time that indexing an array takes
    if unseen.any():
        rows, columns = np.ogrid[: unseen.shape[0], : unseen.shape[1]]
        stripes = np.where((rows + columns) % 8 < 2, STRIPE, GROUND).astype(np.uint8)
        image.paste(Image.fromarray(stripes).convert("RGB"), mask=Image.fromarray(unseen))
    _write(path, image, "JPEG", quality=QUALITY)


def write_outline(path: Path, mask: NDArray[np.bool_]) -> None:
    """Write the product's outline as a transparent PNG: a dark line between two light ones."""
    import cv2

    width, height = shown_size((mask.shape[1], mask.shape[0]))
    small = cv2.resize(mask.astype(np.uint8), (width, height), interpolation=cv2.INTER_AREA)
    square = np.ones((3, 3), np.uint8)
    line = small - cv2.erode(small, square, borderType=cv2.BORDER_REPLICATE)
    around = cv2.dilate(line, square)
    codes = around + line  # 0 nothing, 1 light, 2 dark
    image = Image.fromarray(codes, mode="P")
    image.putpalette([0, 0, 0, *OUTER[:3], *INNER[:3]])
    image.info["transparency"] = 0
    _write(path, image, "PNG", transparency=0, optimize=False)


def colour_table() -> NDArray[np.uint8]:
    """Return the colours of heatmaps, from the lowest to the highest value, (256, 3) RGB."""
    import matplotlib as mpl

    from becam.figures.panels import COLOURS

    table = mpl.colormaps[COLOURS](np.linspace(0, 1, 256))[:, :3]
    found: NDArray[np.uint8] = np.rint(table * 255).astype(np.uint8)
    return found


def _scaled(geometry: Geometry) -> Geometry:
    """Return where the encoder's input lies on the picture as it is shown."""
    size = shown_size(geometry.picture_size)
    if size == geometry.picture_size:
        return geometry
    across, down = (new / old for new, old in zip(size, geometry.picture_size, strict=True))
    left, top, right, bottom = geometry.box
    box = (left * across, top * down, right * across, bottom * down)
    return replace(geometry, picture_size=size, box=box)


def _write(path: Path, image: Image.Image, kind: str, **options: object) -> None:
    buffer = io.BytesIO()
    image.save(buffer, kind, **options)
    write_bytes(path, buffer.getvalue())
