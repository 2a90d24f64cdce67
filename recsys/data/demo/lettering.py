"""Text in the font that comes with Pillow: big words on things, and lines that must fit."""

from __future__ import annotations

import functools
import unicodedata
from typing import Final, TypeAlias

import cv2
import numpy as np
from PIL import Image, ImageDraw, ImageFont

from recsys.data.demo.canvas import Box, Canvas, Pixels
from recsys.data.demo.vocabulary import RGB

Font: TypeAlias = ImageFont.FreeTypeFont | ImageFont.ImageFont

_HEIGHT: Final = 40  # pixels of the masks' font; they are scaled when stamped
_LONGEST: Final = 400  # characters of a text from outside that are looked at
_MISSING: Final = "?"


@functools.lru_cache(maxsize=16)
def font(size: int) -> Font:
    """Return Pillow's built-in font at ``size`` pixels."""
    return ImageFont.load_default(size)


@functools.lru_cache(maxsize=512)
def _mask(text: str) -> Pixels:
    """Return the tightly cropped mask of a bold text, (height, width) uint8."""
    face, bold = font(_HEIGHT), _HEIGHT // 16
    image = Image.new("L", (_HEIGHT * (len(text) + 2), 2 * _HEIGHT))
    pen = ImageDraw.Draw(image)
    pen.text((_HEIGHT // 2, _HEIGHT // 4), text, 255, font=face, stroke_width=bold)
    return np.asarray(image.crop(image.getbbox()))


def stamp(canvas: Canvas, text: str, box: Box, colour: RGB) -> None:
    """Write ``text`` as large as it fits into a box, centred; the canvas is opaque there."""
    mask = _mask(text)
    left, top, right, bottom = (value * canvas.size for value in box)
    scale = min((right - left) / mask.shape[1], (bottom - top) / mask.shape[0])
    wide, high = max(1, round(mask.shape[1] * scale)), max(1, round(mask.shape[0] * scale))
    x = min(max(0, round((left + right - wide) / 2)), canvas.size - wide)
    y = min(max(0, round((top + bottom - high) / 2)), canvas.size - high)
    weight = cv2.resize(mask, (wide, high), interpolation=cv2.INTER_AREA)[:, :, None] / 255.0
    view = canvas.pixels[y : y + high, x : x + wide, :3]
    view[:] = np.rint(view + weight * (np.asarray(colour) - view)).astype(np.uint8)


@functools.lru_cache(maxsize=4096)
def _has_glyph(character: str) -> bool:
    """Tell whether the font draws a character as more than its empty box."""
    face = font(_HEIGHT)
    # No font has a glyph for a private-use character at the end of Unicode.
    return bytes(face.getmask(character)) != bytes(face.getmask("\U0010fffd"))


def printable(text: str) -> str:
    """Return one line that the font can draw, of any text from outside.

    White space becomes single blanks, control characters go, accents that the font lacks
    are dropped, and each run of other characters that it lacks becomes a question mark.
    """
    kept: list[str] = []
    for character in " ".join(text[:_LONGEST].split()):
        if character.isascii():
            if character.isprintable():
                kept.append(character)
            continue
        if _has_glyph(character) and unicodedata.category(character)[0] != "C":
            kept.append(character)
            continue
        base = unicodedata.normalize("NFKD", character).encode("ascii", "ignore").decode()
        if base:
            kept.append(base)
        elif unicodedata.category(character)[0] not in "CM" and kept[-1:] != [_MISSING]:
            kept.append(_MISSING)
    return "".join(kept)


def wrapped(text: str, size: int, width: int, lines: int) -> list[str]:
    """Break a printable text into at most ``lines`` lines of ``width`` pixels.

    What does not fit is cut off and marked with three dots.
    """
    face, rest, result = font(size), text, list[str]()
    while rest and len(result) < lines:
        count = _fitting(rest, face, width)
        if count == len(rest):
            return [*result, rest]
        if len(result) == lines - 1:
            short = rest[: _fitting(rest, face, width - round(face.getlength("...")))]
            return [*result, short.rstrip() + "..."]
        blank = rest.rfind(" ", 0, count + 1)
        cut = blank if blank > 0 else max(1, count)
        result.append(rest[:cut].rstrip())
        rest = rest[cut:].lstrip()
    return result


def _fitting(text: str, face: Font, width: int) -> int:
    """Return how many characters of ``text`` fit into ``width`` pixels (bisection)."""
    low, high = 0, len(text)
    while low < high:
        middle = (low + high + 1) // 2
        if face.getlength(text[:middle]) <= width:
            low = middle
        else:
            high = middle - 1
    return low
