"""The formats that a figure can be written in."""

from __future__ import annotations

from pathlib import Path

from recsys.errors import InputError, shown

FORMATS = ("png", "pdf", "svg")


def format_of(path: Path) -> str:
    """Return a figure's format by its ending.

    Raises:
        InputError: no or another ending.
    """
    ending = path.suffix.removeprefix(".").lower()
    if ending not in FORMATS:
        raise InputError(f"output {shown(path)}: expected an ending .png, .pdf or .svg")
    return ending
