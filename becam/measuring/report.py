"""Means and comparisons as a table to be printed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from becam.measuring.config import MeasureConfig
from becam.measuring.metrics import better_of, label_of
from becam.measuring.statistics import Comparison, Interval
from becam.methods import METHODS
from becam.tables.table import ALPHA, Cell, Column, PValue, Row, Table
from becam.tables.text import USERS

if TYPE_CHECKING:
    from becam.measuring.summary import Summary

# 3 for others; what an adapter lets through can be any size.
DIGITS: dict[str, int | None] = {"effective-channels": 1, "spread": 4, "content-dependence": None}
TESTS = {"t": "paired t-test", "wilcoxon": "Wilcoxon signed-rank test"}
ARROWS = {"higher": "higher is better", "lower": "lower is better"}


@dataclass(frozen=True)
class _Line:
    """A row before its cells are known."""

    label: str
    against: str | None
    control: bool


def report(config: MeasureConfig, data: str, items: int, found: Summary) -> Table:
    """Build the table: a row a model and method, then the comparisons; a column a metric."""
    means = found.means
    # Details, as drift/face, are in the files.
    metrics = list(dict.fromkeys(mean.metric for mean in means if "/" not in mean.metric))
    columns = tuple(_column(name) for name in metrics)
    rows: list[Row] = []
    for model in dict.fromkeys(mean.model for mean in means):
        for method in dict.fromkeys(mean.method for mean in means if mean.model == model):
            cells = {
                mean.metric: _cell(mean.interval)
                for mean in means
                if (mean.model, mean.method) == (model, method)
            }
            line = _Line(f"{model}, {label(method)}", None, METHODS[method].kind == "control")
            rows.append(_row(data, model, line, metrics, cells))
    for comparisons in (found.changes, found.against):
        lines: dict[tuple[str, str, str, str], dict[str, Cell]] = {}
        for each in comparisons:
            if "/" in each.metric:
                continue
            which = (each.model, each.method, each.other_model, each.other_method)
            tested = PValue(each.p, each.corrected)
            cell = _cell(each.difference, tested if each.corrected is not None else None)
            lines.setdefault(which, {})[each.metric] = cell
        for (model, method, other_model, other_method), compared in lines.items():
            other = other_model if method == other_method else label(other_method)
            if not any(cell.estimate.mean or cell.estimate.sd for cell in compared.values()):
                continue  # a method that never asks the recommender: nothing can change
            line = _Line(f"{model}, {label(method)}", other, False)
            rows.append(_row(data, "comparisons", line, metrics, compared))
    return Table("metrics", _caption(config, items, found), columns, tuple(rows),
                 found.notes)  # fmt: skip


def label(method: str) -> str:
    """Return what a table calls a method."""
    return METHODS[method].label


def _column(name: str) -> Column:
    # Which direction is better stands in the notes: what describes a map is not marked as best.
    return Column(name, "", label_of(name), DIGITS.get(name, 3))


def _row(
    data: str,
    group: str,
    line: _Line,
    metrics: Sequence[str],
    cells: Mapping[str, Cell],
) -> Row:
    found = tuple(cells.get(metric) for metric in metrics)
    return Row(data, group, line.label, found, line.against, line.control)


def _cell(of: Interval, tested: PValue | None = None) -> Cell:
    limits = None if of.low is None or of.high is None else (of.low, of.high)
    return Cell(of.estimate, items=tested, interval=limits)


def _caption(config: MeasureConfig, items: int, found: Summary) -> str:
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
    return (
        f"Heatmaps of {items} items, encoder {config.encoder}, seed {config.seed}: mean over items "
        f"[{100 * config.confidence:g} % bootstrap confidence interval]." + tests
    )


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
