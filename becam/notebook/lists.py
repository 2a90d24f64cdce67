"""A list of heatmaps at the end of a cell, shown as a grid: IPython can be told how."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

from becam.notebook.kernel import any_shell

if TYPE_CHECKING:
    from becam.notebook.bundles import Bundle

# Whatever is not in these modules can't be a heatmap, and nothing needs to be imported to know.
_HOMES = (
    ("Attribution", "becam.attribution"),
    ("Explanation", "becam.explanation"),
    ("Side", "becam.explanation"),
)


def show_lists_as_grids() -> None:
    """Tell IPython, where it runs, to show a list or tuple of heatmaps as a grid.

    Other lists are left to whoever showed them before.
    """
    shell = any_shell()
    if shell is None:
        return
    formatter = shell.display_formatter.mimebundle_formatter
    for kind in (list, tuple):
        formatter.for_type(kind, _bundle)


def _bundle(values: Any, **_: object) -> Bundle | None:
    """Return the grid, or None for anything but heatmaps."""
    if not values or not all(_is_heatmap(each) for each in values):
        return None
    from becam.map_grid import grid

    return grid(values)._repr_mimebundle_()


def _is_heatmap(value: Any) -> bool:
    return any(
        home in sys.modules and isinstance(value, vars(sys.modules[home])[name])
        for name, home in _HOMES
    )
