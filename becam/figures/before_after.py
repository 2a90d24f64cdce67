"""The figures of single results: an explanation before and after, one attribution."""

from __future__ import annotations

from typing import TYPE_CHECKING

from becam.figures.paper.grid import Cell, Grid, GridRow
from becam.figures.paper.names import EVERY_FIGURE, FIGURES
from becam.figures.paper.sides import (
    attribution_cell,
    changes_of,
    health_figures,
    map_cell,
)

if TYPE_CHECKING:
    from becam.attribution import Attribution
    from becam.explanation import Explanation
    from becam.provenance import Provenance


def explanation_grid(explanation: Explanation) -> Grid:
    """Lay out an explanation: picture, heatmaps, signed difference."""
    sides, mask = explanation.sides, explanation.mask
    first = sides[0].attribution
    alone = len(sides) == 1
    cells = [
        Cell(kind="picture", picture=first.picture, lines=_settings(first.provenance)),
        *(map_cell(side, mask, EVERY_FIGURE) for side in sides),
    ]
    heads = ["picture", *(s.model if alone else f"{s.role}: {s.model}" for s in sides)]
    if not alone:
        cells.append(
            Cell(
                kind="difference",
                picture=first.picture,
                values=sides[1].attribution - first,
                mask=mask,
                figures=changes_of(sides[0], sides[1], FIGURES),
            )
        )
        heads.append("after − before")
    name = f"item {explanation.item_id}"
    return Grid(
        heads=tuple(heads),
        rows=(GridRow("", tuple(cells)),),
        title=f"{name} — {explanation.title}" if explanation.title else name,
        notes=explanation.notes,
    )


def attribution_grid(attribution: Attribution) -> Grid:
    """Lay out one attribution: picture, heatmap."""
    facts = attribution.provenance
    named = [facts.model, None if facts.method == "becam" else facts.method]
    cells = (
        Cell(kind="picture", picture=attribution.picture, lines=_settings(facts)),
        attribution_cell(attribution, None, health_figures(attribution)),
    )
    heads = (
        f"{facts.target_kind} {facts.target_id}",
        " · ".join(name for name in named if name) or "heatmap",
    )
    return Grid(heads=heads, rows=(GridRow("", cells),))


def _settings(facts: Provenance) -> tuple[str, ...]:
    """Say how the maps were made, in a few short lines."""
    named = [
        ("method", None if facts.method == "becam" else facts.method),
        ("score", facts.other_score),
        ("fill", facts.fill),
        ("weighting", facts.weighting),
        ("preset", facts.preset),
    ]
    made = [f"{name} {value}" for name, value in named if value]
    if facts.rectify:
        made.append("rectified")
    seed = () if facts.seed is None else (f"seed {facts.seed}",)
    return (facts.encoder, facts.layer, " · ".join(made), *seed)
