"""Sizes and ages as people write them."""

from __future__ import annotations

import math
import re

from recsys.errors import InputError, shown

_UNITS = {"": 1, "B": 1, "KB": 10**3, "MB": 10**6, "GB": 10**9, "TB": 10**12}
_SECONDS = {"s": 1, "m": 60, "h": 3600, "d": 86400, "w": 7 * 86400}


def parse_size(text: str, what: str = "size") -> int:
    """Turn ``20GB``, ``500 MB`` or ``0`` into bytes (units of 1000).

    Raises:
        InputError: anything else; the message calls the value ``what``.
    """
    found = re.fullmatch(r"(\d+(?:\.\d+)?)\s*([A-Za-z]*)", text.strip())
    if found is None or found[2].upper() not in _UNITS:
        raise InputError(f"{what} {shown(text)}: expected a size, as in 20GB, 500MB or 0")
    return math.floor(float(found[1]) * _UNITS[found[2].upper()])


def parse_age(text: str, what: str = "age") -> float:
    """Turn ``30d``, ``12h``, ``45m``, ``2w`` or ``10s`` into seconds.

    Raises:
        InputError: anything else; the message calls the value ``what``.
    """
    found = re.fullmatch(r"(\d+(?:\.\d+)?)\s*([smhdw])", text.strip())
    if found is None:
        raise InputError(f"{what} {shown(text)}: expected an age, as in 30d, 12h or 45m")
    return float(found[1]) * _SECONDS[found[2]]


def show_size(size: float) -> str:
    """Write bytes for people: ``1.5 GB``."""
    for unit in ("B", "KB", "MB", "GB"):
        if size < 1000:
            return f"{size:.0f} B" if unit == "B" else f"{size:.1f} {unit}"
        size /= 1000
    return f"{size:.1f} TB"


def show_age(seconds: float) -> str:
    """Write an age for people: ``3 h``."""
    for unit, length in (("d", 86400), ("h", 3600), ("min", 60)):
        if seconds >= length:
            return f"{seconds / length:.0f} {unit}"
    return f"{max(seconds, 0):.0f} s"
