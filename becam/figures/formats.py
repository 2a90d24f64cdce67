"""The formats that a figure can be written in, and which of them LaTeX includes."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from recsys.errors import InputError, shown, unknown

FORMATS = ("pdf", "png", "svg")
INCLUDED = ("pdf", "png")  # what pdfLaTeX includes by itself, the best first


def format_of(path: Path) -> str:
    """Return a figure's format by its ending.

    Raises:
        InputError: no or another ending.
    """
    ending = path.suffix.removeprefix(".").lower()
    if ending not in FORMATS:
        raise InputError(f"output {shown(path)}: expected an ending .png, .pdf or .svg")
    return ending


def check_formats(formats: Sequence[str], *, tex: bool | None) -> None:
    """Check the formats that one figure is to be written in.

    Args:
        formats: their names.
        tex: whether LaTeX is to include the figure; None for where it can.

    Raises:
        InputError: none, an unknown one, one twice, none that LaTeX includes.
    """
    for place, name in enumerate(formats):
        if name not in FORMATS:
            raise unknown("format", name, FORMATS)
        if name in formats[:place]:
            raise InputError(f"format {shown(name)} is given twice; expected it once")
    if not formats:
        raise InputError(f"formats: expected at least one of {', '.join(FORMATS)}")
    if tex and included(formats) is None:
        raise InputError(f"tex = true needs a format that LaTeX includes: {' or '.join(INCLUDED)}")


def included(formats: Sequence[str]) -> str | None:
    """Return the format that LaTeX is to include: a vector one, if there is one.

    >>> included(("png", "svg", "pdf"))
    'pdf'
    """
    return next((name for name in INCLUDED if name in formats), None)
