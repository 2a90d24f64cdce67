"""Means and comparisons as a table to be printed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from becam.measuring.config import MeasureConfig
from becam.measuring.made import Made
from becam.measuring.methods import OWN
from becam.measuring.metrics import better_of, label_of
from becam.measuring.result import NAME, Observed
from becam.measuring.statistics import Comparison, Interval
from becam.measuring.words import counted
from becam.methods import METHODS
from becam.tables.table import ALPHA, Cell, Column, PValue, Row, Table
from becam.tables.text import USERS

if TYPE_CHECKING:
    from becam.measuring.summary import Summary

# 3 for others; what an adapter lets through can be any size.
DIGITS: dict[str, int | None] = {"effective-channels": 1, "spread": 4, "content-dependence": None}
TESTS = {"t": "paired t-test", "wilcoxon": "Wilcoxon signed-rank test"}
ARROWS = {"higher": "higher is better", "lower": "lower is better"}


def report(
    config: MeasureConfig, made: Made, data: str, observed: Sequence[Observed], found: Summary
) -> Table:
    """Build the table: a row a model and method, then the comparisons; a column a metric.

    What was measured has its row and column also where no item has a value.
    """
    items = len({each.item for each in observed})
    # Details, as drift/face, are in the files.
    metrics = list(dict.fromkeys(each.metric for each in observed if "/" not in each.metric))
    columns = tuple(_column(name) for name in metrics)
    cells: dict[tuple[str, str], dict[str, Cell]] = {}
    for each in observed:
        cells.setdefault((each.model, each.method), {})
    for mean in found.means:
        cells[mean.model, mean.method][mean.metric] = cell_of(mean.interval)

    def label(method: str) -> str:
        preset = f" ({made.recipe.preset})" if method == OWN and made.recipe.preset else ""
        return METHODS[method].label + preset

    def row(group: str, model: str, method: str, of: Mapping[str, Cell], other: str | None) -> Row:
        shown = tuple(of.get(metric) for metric in metrics)
        control = other is None and METHODS[method].kind == "control"
        title = f"{model}, {label(method)}{over_items(shown, items)}"
        return Row(data, group, title, shown, other, control)

    rows = [row(model, model, method, of, None) for (model, method), of in cells.items()]
    for comparisons in (found.changes, found.against):
        lines: dict[tuple[str, str, str, str], dict[str, Cell]] = {}
        for pair in comparisons:
            if "/" in pair.metric:
                continue
            which = (pair.model, pair.method, pair.other_model, pair.other_method)
            tested = PValue(pair.p, pair.corrected)
            cell = cell_of(pair.difference, tested if pair.corrected is not None else None)
            lines.setdefault(which, {})[pair.metric] = cell
        for (model, method, other_model, other_method), compared in lines.items():
            other = other_model if method == other_method else label(other_method)
            if not any(cell.estimate.mean or cell.estimate.sd for cell in compared.values()):
                continue  # a method that never asks the recommender: nothing can change
            rows.append(row("comparisons", model, method, compared, other))
    caption = _caption(config, made, data, items, found)
    return Table(f"{NAME}-{made.label()}", caption, columns, tuple(rows), found.notes)


def over_items(cells: Sequence[Cell | None], items: int) -> str:
    """Say over how many items a row is, where that is not all; the notes say why."""
    found = {cell.estimate.n for cell in cells if cell is not None}
    if not found:
        return " (n/a)"
    if found == {items}:
        return ""
    least, most = min(found), max(found)
    return f" (n = {least})" if least == most else f" (n = {least} to {most})"


def _column(name: str) -> Column:
    # Which direction is better stands in the notes: what describes a map is not marked as best.
    return Column(name, "", label_of(name), DIGITS.get(name, 3))


def cell_of(of: Interval, tested: PValue | None = None) -> Cell:
    """Return a mean over items, or a tested difference of two, as a table shows it."""
    limits = None if of.low is None or of.high is None else (of.low, of.high)
    return Cell(of.estimate, items=tested, interval=limits)


def _caption(config: MeasureConfig, made: Made, data: str, items: int, found: Summary) -> str:
    families = []
    for count, what in (
        (_tested(found.changes), "of the changes"),
        (_tested(found.against), "to BeCAM"),
    ):
        if count:
            families.append(f"{count} {what}")
    tests = ""
    if families:
        tests = (
            f" Rows with 'vs.': mean difference over the items that both have; {USERS} p < "
            f"{ALPHA:g} ({TESTS[config.test]} over items), Holm-corrected for the number of "
            f"comparisons: {', '.join(families)}."
        )
    of = f"Heatmaps of {counted(items, 'item')} of {data}"
    if config.half is not None:
        of += f", from the {config.half} half of its items"
    what = "its values."
    if items > 1:
        what = f"mean over items [{100 * config.confidence:g} % bootstrap confidence interval]."
    return f"{of}; {made.words()}: {what}{tests}"


def _tested(comparisons: Sequence[Comparison]) -> int:
    return sum(each.corrected is not None for each in comparisons)


def directions(metrics: Sequence[str]) -> list[str]:
    """Say which direction of which metric is better, in a line; nothing where none judges."""
    found = [
        f"{label_of(name)}: {ARROWS[better]}"
        for name in metrics
        if (better := better_of(name)) is not None
    ]
    return [f"{'; '.join(found)}."] if found else []
