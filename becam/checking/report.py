"""Sanity checks as a table to be printed, with what they say below it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from becam.checking.checks import CHECKS, checks_of
from becam.checking.config import SanityConfig
from becam.checking.reading import Reading, read
from becam.checking.similarity import SIMILARITIES
from becam.measuring.made import Made
from becam.measuring.methods import OWN, asks
from becam.measuring.report import cell_of, over_items
from becam.measuring.words import counted, listed, share
from becam.methods import METHODS
from becam.tables.table import Cell, Column, Row, Table

if TYPE_CHECKING:
    from becam.checking.result import Checked, Mean

NAME = "sanity"


def report(
    config: SanityConfig,
    made: Made,
    data: str,
    checked: Sequence[Checked],
    means: Sequence[Mean],
    notes: Sequence[str],
) -> tuple[Table, tuple[Reading, ...]]:
    """Build the table: a row a model and method, columns by check, where all of it is random.

    Args:
        config: which checks, and how means are told.
        made: what the maps were made with.
        data: the catalogue's name.
        checked: every value.
        means: over items, of every step.
        notes: what else must be said.

    Returns:
        The table, and what each check says of each method that asks the recommender.
    """
    checks = checks_of(config.checks)
    items = len({each.item for each in checked})
    columns = tuple(
        Column(f"{check.name} {similarity}", check.label, title, 3)
        for check in checks
        for similarity, title in SIMILARITIES.items()
    )
    # Of every check the last step, which comes last.
    final = {(each.model, each.method, each.check, each.similarity): each for each in means}
    rows, readings = [], []
    for model, name in dict.fromkeys((each.model, each.method) for each in checked):
        method = METHODS[name]
        preset = made.recipe.preset if name == OWN else None
        label = method.label + (f" ({preset})" if preset else "")
        cells: list[Cell | None] = []
        for check in checks:
            for similarity in SIMILARITIES:
                mean = final.get((model, name, check.name, similarity))
                cells.append(None if mean is None else cell_of(mean.interval))
            rank = final.get((model, name, check.name, "spearman"))
            if rank is not None and asks(method):
                readings.append(read(model, name, label, check, rank.interval))
        title = f"{model}, {label}{over_items(cells, items)}"
        rows.append(Row(data, model, title, tuple(cells), None, method.kind == "control"))
    of = f"Sanity checks of the heatmaps of {counted(items, 'item')} of {data}"
    told = "the value"
    if items > 1:
        told = f"mean over items [{100 * config.confidence:g} % bootstrap confidence interval]"
    caption = (
        f"{of}; {made.words()}: similarity with the original map where all of it is random, "
        f"{told}; 1 where the map stays as it is. "
        f"{'; '.join(check.about for check in checks)}."
    )
    below = (*(each.text for each in readings), *notes, *_gaps(checked, items))
    return Table(f"{NAME}-{made.label()}", caption, columns, tuple(rows), below), tuple(readings)


def _gaps(checked: Sequence[Checked], items: int) -> list[str]:
    """Count the items without a value by their reason, a line a check and reason."""
    without: dict[tuple[str, str], dict[str, dict[str, None]]] = {}
    for each in checked:
        if each.value.reason is not None:
            of = without.setdefault((each.check, each.value.reason), {})
            of.setdefault(METHODS[each.method].label, {})[each.item] = None
    return [
        f"{listed([*methods])}: no value of {CHECKS[check].label} in {_most(methods, items)}: "
        f"{reason}."
        for (check, reason), methods in without.items()
    ]


def _most(methods: Mapping[str, Mapping[str, None]], items: int) -> str:
    counts = sorted({len(found) for found in methods.values()})
    return share(counts[0], items) if len(counts) == 1 else f"{counts[0]} to {counts[-1]} items"
