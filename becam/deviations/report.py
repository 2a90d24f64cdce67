"""Deviations as a table and as histograms."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from becam.deviations.config import DeviationConfig
from becam.deviations.side import QUANTITIES, Side
from becam.deviations.values import Deviations
from becam.tables.compare import figure, paired
from becam.tables.opened import simulated_notes
from becam.tables.table import Cell, Column, Row, Table, corrected
from recsys.models.names import ModelName

if TYPE_CHECKING:
    from matplotlib.figure import Figure

DIGITS = (2, 4, 4, 4, 4)


def deviation_table(
    sides: Sequence[Side], config: DeviationConfig, about: Sequence[dict[str, Any]]
) -> Table:
    """Build the table: a row a model, before and after, columns by modality."""
    modalities = list(dict.fromkeys(side.modality for side in sides))
    columns = tuple(
        Column(f"{modality} {quantity}", modality, quantity, digits)
        for modality in modalities
        for quantity, digits in zip(QUANTITIES, DIGITS, strict=True)
    )
    rows: list[Row] = []
    for data in dict.fromkeys(side.data for side in sides):
        for recommender in dict.fromkeys(name.recommender for name in config.names):
            names = [name for name in config.names if name.recommender == recommender]
            values = {
                name: [
                    _over_seeds(sides, data, name, modality, place)
                    for modality in modalities
                    for place in range(len(QUANTITIES))
                ]
                for name in names
            }
            rows += [
                Row(
                    data,
                    recommender,
                    str(name),
                    tuple(figure(each) if each else None for each in values[name]),
                    control=name.adapter == "identity-gate",
                )
                for name in names
            ]
            rows += [
                Row(
                    data,
                    recommender,
                    str(name),
                    tuple(map(_change, values[name], values[names[0]])),
                    against=str(names[0]),
                )
                for name in names[1:]
            ]
    caption = (
        "Deviation of content features from behavioural embeddings (BeFA, eq. 4-7), mean"
        f"{' (standard deviation)' if config.seeds > 1 else ''} over {_seeds(config.seeds)}: the "
        "angle theta in degrees, the effective length p, and Delta, the mean of "
        f"f = (1 - cos theta)^{config.exponent:g}. Rows with 'vs.': change of the mean in percent."
    )
    return corrected(Table("deviation", caption, columns, tuple(rows), _notes(about)))


def _seeds(count: int) -> str:
    return "1 seed" if count == 1 else f"{count} seeds"


def _over_seeds(
    sides: Sequence[Side], data: str, name: ModelName, modality: str, place: int
) -> list[float]:
    """Return a figure of every seed; nothing where it is undefined in any."""
    found = [
        side.figures()[place]
        for side in sides
        if (side.data, side.model, side.modality) == (data, name, modality)
    ]
    return [] if any(math.isnan(value) for value in found) else found


def _change(after: list[float], before: list[float]) -> Cell | None:
    if not (after and before):
        return None
    cell = paired(after, before)
    return cell if len(after) > 1 else replace(cell, seeds=None)  # nothing to test


def _notes(about: Sequence[dict[str, Any]]) -> tuple[str, ...]:
    notes = [
        "Items without an interaction in the training split are left out: their behavioural "
        "embedding says nothing about behaviour.",
        "Eq. 6's exponent is garbled in the copy of the paper that becam was written from; it is "
        "an option.",
        "'Delta, shuffled' (control): every item with another item's content. Where it is as small "
        "as Delta, the deviation is small for any content, not because this content agrees.",
        "'content': how much the output depends on the content, 1 without an adapter, 0 for one "
        "that ignores it. An adapter that returns the behavioural embedding alone (identity-gate) "
        "has the angle 0 and Delta 0.",
    ]
    return (*notes, *simulated_notes(about))


def deviation_histograms(sides: Sequence[Side]) -> Figure:
    """Draw the angles of all items and seeds, a panel a data set, modality and model."""
    from becam.figures.deviation import Panel, deviation_figure

    def pooled(of: Sequence[Deviations]) -> np.ndarray[Any, np.dtype[np.float64]]:
        return np.concatenate([each.theta[np.isfinite(each.theta)] for each in of])

    groups: dict[tuple[str, str, ModelName], list[Side]] = {}
    for side in sides:
        groups.setdefault((side.data, side.modality, side.model), []).append(side)
    adapted = {
        (data, modality, name.recommender) for data, modality, name in groups if name.adapter
    }
    panels = []
    for (data, modality, name), found in groups.items():
        if name.adapter is None and (data, modality, name.recommender) in adapted:
            continue  # drawn as the "before" of the others
        plain = groups[data, modality, name.without_adapter()]
        dependence = float(np.mean([side.content_dependence for side in found]))
        after = None if name.adapter is None else pooled([side.values for side in found])
        panels.append(
            Panel(
                title=f"{name}, {modality}, {data}",
                before=pooled([side.values for side in plain]),
                after=after,
                shuffled=None if after is None else pooled([side.shuffled for side in found]),
                note="" if after is None else f"content dependence {dependence:.2g}",
            )
        )
    return deviation_figure(panels)
