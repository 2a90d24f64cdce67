"""The table of cells where sparsity and correlation both vary."""

from __future__ import annotations

from collections.abc import Sequence

from becam.study.records import Record
from becam.study.summary import (
    AS_PUBLISHED,
    Setting,
    differing,
    grouped,
    interactions_of,
    mean_of,
    model_of,
    over_seeds,
)

HEAD = "### Sparsity and correlation together"
BOTH = {"interactions", "correlation"}


def crossed_table(records: Sequence[Record], base: Sequence[Record], best: Setting) -> str:
    """Return a row a model, a column a correlation and number of interactions.

    Args:
        records: all there are, sorted.
        base: the study's core.
        best: the recommended score in its setting.
    """
    home = base[0].cell
    corners = {model_of(each.cell) for each in records if set(differing(each.cell, home)) == BOTH}
    if not corners:
        return f"{HEAD}\n\nNo cells yet.\n"
    shown = [
        record
        for record in records
        if model_of(record.cell) in corners and set(differing(record.cell, home)) <= BOTH
    ]
    by_place = grouped(shown, lambda cell: (cell.data,))
    heads = [
        f"{some[0].cell.catalogue.correlation:g}, {interactions_of(some[0].cell)}"
        for some in by_place.values()
    ]
    lines = [
        HEAD,
        "",
        f"Pixel AUC as published / by `{best.score}` / own minus other AUC by `{best.score}`, "
        "means over seeds. Columns: correlation, interactions a user.",
        "",
        f"| recommender | adapter | {' | '.join(heads)} |",
        "|---|---|" + "---|" * len(heads),
    ]
    for model, some in grouped(shown, model_of).items():
        there = grouped(some, lambda cell: (cell.data,))
        cells = [_figures(there.get(place, []), best) for place in by_place]
        lines.append(f"| {' | '.join((*model, *cells))} |")
    return "\n".join(lines) + "\n"


def _figures(records: Sequence[Record], best: Setting) -> str:
    found = (
        over_seeds(records, lambda record: mean_of(record, AS_PUBLISHED, "auc")),
        over_seeds(records, lambda record: mean_of(record, best, "auc")),
        over_seeds(records, lambda record: mean_of(record, best, "own-minus-other-auc")),
    )
    return " / ".join("n/a" if each is None else f"{each.mean:.3f}" for each in found)
