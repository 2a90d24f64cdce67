"""The panels of a comparison: what stands side by side and what below each other."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby
from typing import TYPE_CHECKING

from becam.comparing.config import AXES, COLUMNS
from becam.figures.paper.grid import Cell, Grid, GridRow
from becam.figures.paper.sides import GridItem, grid_of, map_cell

if TYPE_CHECKING:
    from becam.comparing.result import Comparison, Entry


def grid_of_comparison(comparison: Comparison) -> Grid:
    """Lay out a comparison: items below each other, one axis side by side."""
    if comparison.config.columns == "models":
        return _by_models(comparison)
    return _by_axis(comparison, comparison.config.columns)


def _by_models(comparison: Comparison) -> Grid:
    config = comparison.config
    rows = []
    for (_, *where), group in groupby(comparison.entries, lambda e: _where(e, config.varied)):
        entries = list(group)
        first = entries[0]
        label = ", ".join([f"item {first.item_id}", *where])
        picture = first.side.attribution.picture
        rows.append(GridItem(label, picture, first.mask, [entry.side for entry in entries]))
    return grid_of(rows, config.panel_names)


def _by_axis(comparison: Comparison, axis: str) -> Grid:
    """A column a value of the axis; rows of items, models and the other axes."""
    config = comparison.config
    several = (*config.varied, *(("models",) if len(config.model_names) > 1 else ()))
    others = [each for each in COLUMNS if each != axis and each in several]
    kept = [entry for entry in comparison.entries if entry.side.role in config.panel_names]
    values = list(dict.fromkeys(entry.value(axis) for entry in kept))
    groups: dict[tuple[str, ...], dict[str, Entry]] = {}
    for entry in kept:
        groups.setdefault(_where(entry, others), {})[entry.value(axis)] = entry
    # Item by item, and its rows model by model.
    rows = []
    for where, entries in groups.items():
        first = next(iter(entries.values()))
        cells: list[Cell | None] = [
            map_cell(found.side, found.mask) if (found := entries.get(value)) else None
            for value in values
        ]
        if "picture" in config.panel_names:
            cells.insert(0, Cell(kind="picture", picture=first.side.attribution.picture))
        rows.append(GridRow(", ".join([f"item {where[0]}", *where[1:]]), tuple(cells)))
    heads = [f"{AXES[axis]} {value}" for value in values]
    if "picture" in config.panel_names:
        heads.insert(0, "picture")
    return Grid(heads=tuple(heads), rows=tuple(rows))


def _where(entry: Entry, axes: Sequence[str]) -> tuple[str, ...]:
    return (entry.item_id, *map(entry.value, axes))
