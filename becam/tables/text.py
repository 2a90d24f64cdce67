"""Figures as text, the same in Markdown and LaTeX."""

from __future__ import annotations

import math
import unicodedata

from becam.tables.table import Cell, Column

USERS, SEEDS = "*", "\N{DAGGER}"


def figure(value: float, column: Column) -> str:
    """Write a figure: fixed digits after the point, thousands separated, as its column has it."""
    return f"{value:{_how(column)}}"


def change(percent: float) -> str:
    """Write a change in percent with its sign; ``n/a`` where it has no percentage."""
    return f"{percent:+.2f} %" if math.isfinite(percent) else "n/a"


def difference(value: float, column: Column) -> str:
    """Write a difference as `figure` does, with its sign."""
    return f"{value:+{_how(column)}}"


def _how(column: Column) -> str:
    return ".2g" if column.digits is None else f",.{column.digits}f"


def marks(cell: Cell) -> str:
    """Return a star for a significant test over users or items, a dagger for one over seeds."""
    over_users = any(test is not None and test.significant for test in (cell.users, cell.items))
    over_seeds = cell.seeds is not None and cell.seeds.significant
    return USERS * over_users + SEEDS * over_seeds


def p_value(value: float | None) -> str:
    """Write a p-value with three digits, very small ones as ``<0.001``."""
    if value is None:
        return "n/a"
    return "<0.001" if value < 0.001 else f"{value:.3f}"


def one_line(text: str) -> str:
    """Put a name from outside on one line, without control characters."""
    spaced = " ".join(text.split())
    return "".join(c for c in spaced if not unicodedata.category(c).startswith("C"))
