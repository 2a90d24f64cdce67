"""Grids of heatmaps: rows of items, columns of recommenders."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from becam.attribution import Attribution
from becam.explanation import Side
from becam.figures.paper.grid import TRACE, UNTRUSTED, Cell, Grid, GridRow
from becam.figures.paper.names import FIGURES, PANELS
from becam.presets import COSINE
from recsys.errors import InputError, shown, unknown
from recsys.models.names import ModelName


class GridItem(NamedTuple):
    """A row: an item's picture and its heatmaps.

    Attributes:
        label: what stands beside the row.
        picture: (H, W, 3) uint8.
        mask: the product, (H, W) bool, where it is known.
        sides: one a model.
    """

    label: str
    picture: NDArray[np.uint8]
    mask: NDArray[np.bool_] | None
    sides: Sequence[Side]


def grid_of(
    items: Sequence[
        GridItem | tuple[str, NDArray[np.uint8], NDArray[np.bool_] | None, Sequence[Side]]
    ],
    panels: Sequence[str] = PANELS,
    *,
    figures: Sequence[str] = FIGURES,
    title: str = "",
    notes: Sequence[str] = (),
) -> Grid:
    """Make a grid: a row an item, a column a recommender, each shown once.

    Columns come as the picture and then, recommender by recommender: before (alone), after (with
    each of its adapters), and the signed differences of the two. What an item lacks stays empty.

    Args:
        items: label, picture, mask and sides of each.
        panels: which kinds of columns, of `PANELS`, in any order.
        figures: which figures stand under the maps, of `FIGURES`, ``distance``, ``channels`` and
            ``centre``.
        title, notes: as in `Grid`.

    Raises:
        InputError: an unknown kind of panel, or none that these sides have.
    """
    check_panels(panels)
    rows = [GridItem(*item) for item in items]
    models = list(dict.fromkeys(side.model for row in rows for side in row.sides))
    columns = _columns(models, panels)
    if not columns:
        raise InputError(
            f"panels {shown(','.join(panels))}: nothing to show of {', '.join(models)}; "
            f"expected others of {', '.join(PANELS)}"
        )
    return Grid(
        heads=tuple(_head(column, columns) for column in columns),
        rows=tuple(
            GridRow(row.label, tuple(_cell(column, row, figures) for column in columns))
            for row in rows
        ),
        title=title,
        notes=tuple(notes),
    )


def check_panels(panels: Sequence[str]) -> None:
    """Raise InputError unless all panels are of `PANELS` and there is one."""
    if not panels:
        raise InputError(f"panels: expected some of {', '.join(PANELS)}")
    for panel in panels:
        if panel not in PANELS:
            raise unknown("panel", panel, PANELS)


class _Column(NamedTuple):
    kind: str
    model: str = ""
    before: str = ""


def _columns(models: Sequence[str], panels: Sequence[str]) -> list[_Column]:
    columns = [_Column("picture")] if "picture" in panels else []
    names = {model: ModelName.parse(model) for model in models}
    for base in dict.fromkeys(name.recommender for name in names.values()):
        of_base = [model for model, name in names.items() if name.recommender == base]
        before = [model for model in of_base if names[model].adapter is None]
        after = [model for model in of_base if names[model].adapter is not None]
        if "before" in panels:
            columns += [_Column("before", model) for model in before]
        if "after" in panels:
            columns += [_Column("after", model) for model in after]
        if "difference" in panels and before:
            columns += [_Column("difference", model, before[0]) for model in after]
    return columns


def _head(column: _Column, columns: Sequence[_Column]) -> str:
    if column.kind == "picture":
        return "picture"
    if column.kind == "difference":
        alone = sum(each.kind == "difference" for each in columns) == 1
        return "after − before" if alone else f"{column.model} − {column.before}"
    compared = any(each.kind == "after" for each in columns)
    return f"{column.kind}: {column.model}" if compared else column.model


def _cell(column: _Column, row: GridItem, figures: Sequence[str]) -> Cell | None:
    if column.kind == "picture":
        return Cell(kind="picture", picture=row.picture)
    sides = {side.model: side for side in row.sides}
    side = sides.get(column.model)
    if side is None:
        return None
    if column.kind != "difference":
        return map_cell(side, row.mask, figures)
    before = sides.get(column.before)
    if before is None:
        return None
    return Cell(
        kind="difference",
        picture=row.picture,
        values=side.attribution - before.attribution,
        mask=row.mask,
        figures=changes_of(before, side, figures),
    )


def map_cell(side: Side, mask: NDArray[np.bool_] | None, figures: Sequence[str] = FIGURES) -> Cell:
    """Make the panel of one side's heatmap."""
    return attribution_cell(side.attribution, mask, figures_of(side, figures))


def attribution_cell(
    attribution: Attribution,
    mask: NDArray[np.bool_] | None,
    figures: tuple[tuple[str, str], ...],
) -> Cell:
    """Make the panel of a heatmap with the figures that stand under it."""
    alarm, verdict = doubt(attribution)
    return Cell(
        kind="map",
        picture=attribution.picture,
        values=attribution.on_picture(standard=True),
        mask=mask,
        lines=passes_lines(attribution),
        figures=figures,
        alarm=alarm,
        verdict=verdict,
    )


def doubt(attribution: Attribution) -> tuple[str | None, str]:
    """Return why a map is not to be trusted, without numbers or advice, and what it then is."""
    warning = attribution.warning
    if warning is None:
        return None, UNTRUSTED
    reason = re.sub(r" \([^()]*\)", "", warning).partition(";")[0]
    if attribution.approximation is not None and warning == attribution.approximation.warning:
        return "the map is approximate", "approximate"
    score, content = attribution.provenance.score, attribution.health.content
    if score != COSINE and content is not None and warning == content.warning(score):
        return reason, TRACE if content.trace else UNTRUSTED
    return reason, UNTRUSTED


def figures_of(side: Side, wanted: Sequence[str] = FIGURES) -> tuple[tuple[str, str], ...]:
    """Return the figures to judge a map by, names and values, as far as they are defined."""
    metrics = side.metrics
    found = dict(health_figures(side.attribution))
    if side.role == "before":  # without an adapter it is 1 by definition
        found.pop("content", None)
    if metrics is not None:
        found |= {
            "drift": _number(metrics.drift, ".2f"),
            "omission": _number(metrics.omission, ".2f"),
            "AUC": _number(metrics.auc, ".2f"),
            "centre": _number(metrics.centre_auc, ".2f"),
        }
    return tuple((name, found[name]) for name in wanted if name in found)


def health_figures(attribution: Attribution) -> tuple[tuple[str, str], ...]:
    """Return the figures that need no mask, names and values, by their leading digits.

    ``channels`` is the effective number of channels, of how many.
    """
    health = attribution.health
    found: dict[str, str] = {}
    if health.channels:
        effective = round(health.effective_channels)
        found["spread"] = _number(health.spread, "#.2g")
        found["channels"] = f"{effective} of {health.channels}"
    found["distance"] = _number(health.distance, "#.2g")
    if health.content is not None:
        found["content"] = _number(health.content.ratio, "#.2g")
    return tuple(found.items())


def passes_lines(attribution: Attribution) -> tuple[str, ...]:
    """Say how many channels were encoded, where not all were, and what it costs."""
    found = attribution.approximation
    if found is None:
        return ()
    return (
        f"{found.passes} of {found.channels} channels ({found.scheme})",
        f"estimated Spearman {found.spearman:.3f}",
    )


def changes_of(before: Side, after: Side, wanted: Sequence[str]) -> tuple[tuple[str, str], ...]:
    """Return by how much drift, omission and pixel AUC changed, where they are wanted."""
    if before.metrics is None or after.metrics is None:
        return ()
    found = {
        "drift": after.metrics.drift - before.metrics.drift,
        "omission": after.metrics.omission - before.metrics.omission,
        "AUC": after.metrics.auc - before.metrics.auc,
    }
    return tuple((name, _number(found[name], "+.2f")) for name in wanted if name in found)


def _number(value: float, how: str) -> str:
    if math.isnan(value):
        return "n/a"
    text = format(value, how)
    return text.lstrip("+-") if float(text) == 0 else text.replace("-", "−")
