"""Fonts that are named by a file: whether they can be used is told before anything is drawn."""

from __future__ import annotations

from pathlib import Path

from recsys.errors import InputError, shown

ENDINGS = (".ttf", ".otf", ".ttc")


def font_file(font: str | None) -> Path | None:
    """Return the path that a font's name is, or None for a family."""
    if font is None or Path(font).suffix.lower() not in ENDINGS:
        return None
    return Path(font)


def is_truetype(path: Path) -> bool:
    """Whether a font has TrueType outlines: others can't be embedded as such (type 42)."""
    try:
        with path.open("rb") as file:
            return file.read(4) in (b"\x00\x01\x00\x00", b"true", b"ttcf")
    except OSError:
        return False


def family_of(path: Path) -> str:
    """Return the family of a font's file.

    Raises:
        InputError: no such file, or no font with TrueType outlines.
    """
    wrong = f"font {shown(path)}: {{}}; expected the path of a .ttf file"
    if not path.is_file():
        raise InputError(wrong.format("no such file"))
    if not is_truetype(path):
        raise InputError(wrong.format("no TrueType outlines, which text in a PDF needs"))
    from matplotlib.ft2font import FT2Font  # not before a file is named: matplotlib is slow

    try:
        return str(FT2Font(str(path)).family_name)
    except (OSError, RuntimeError, ValueError) as error:
        raise InputError(wrong.format("not a font")) from error
