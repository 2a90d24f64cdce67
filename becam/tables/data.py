"""Table 1: data sets in numbers."""

from __future__ import annotations

from becam.catalogues import open_catalogue
from becam.progress import Reporter
from becam.tables.config import StatisticsConfig
from becam.tables.finished import Finished
from becam.tables.opened import options_of
from becam.tables.table import Cell, Column, Row, Table
from becam.workspace import open_workspace
from recsys.data.demo.names import is_simulated
from recsys.data.summary import Summary, summarise
from recsys.statistics import Estimate

COLUMNS = (
    Column("users", "", "users", 0),
    Column("items", "", "items", 0),
    Column("interactions", "", "interactions", 0),
    Column("sparsity_percent", "", "sparsity, %", 2),
    Column("per_user", "per", "user", 2),
    Column("per_item", "per", "item", 2),
)


def data_table(config: StatisticsConfig, *, reporter: Reporter) -> Finished:
    """Count every data set.

    Raises:
        InputError: Data that can't be used.
        OSError: The cache can't be written.
    """
    workspace = open_workspace(config.cache)
    catalogues = [open_catalogue(data, workspace, reporter) for data in config.data]
    summaries = [summarise(catalogue) for catalogue in catalogues]
    found = [summary.name for summary in summaries]
    names = [
        data if found.count(name) > 1 else name
        for data, name in zip(config.data, found, strict=True)
    ]
    rows, notes = [], []
    for name, catalogue, summary in zip(names, catalogues, summaries, strict=True):
        rows += _rows(name, summary)
        notes.append(_note(name, summary))
        if is_simulated(catalogue):
            notes.append(f"{name}: the behaviour is simulated.")
    caption = (
        "Data sets. Sparsity is the share of (user, item) pairs without an interaction; per user "
        "and per item are means. Parts are those of the catalogue's own split, or of 8:1:1 per "
        "user at random, whose sizes are the same for every seed."
    )
    return Finished(
        table=Table("data", caption, COLUMNS, tuple(rows), tuple(notes), heading="part"),
        options=options_of(config),
        data=[
            {**summary.to_dict(), "name": name}
            for name, summary in zip(names, summaries, strict=True)
        ],
        runs=[],
    )


def _rows(name: str, summary: Summary) -> list[Row]:
    """Return a row for all interactions, and one for every part of the split."""
    figures = (
        *(summary.users, summary.items, summary.interactions, 100 * summary.sparsity),
        *(summary.per_user.mean, summary.per_item.mean),
    )
    rows = [Row(name, "", "all", tuple(_cell(figure) for figure in figures))]
    if summary.parts is not None:
        for part, count in zip(("train", "valid", "test"), summary.parts, strict=True):
            rows.append(Row(name, "", part, (None, None, _cell(count), None, None, None)))
    return rows


def _cell(value: float) -> Cell:
    return Cell(Estimate(float(value), None, 1))


def _note(name: str, summary: Summary) -> str:
    features = ", ".join(f"{each} ({dim})" for each, dim in summary.modalities.items())
    return (
        f"{name}: {summary.without_picture:,} items without picture, {summary.without_text:,} "
        f"without text, {summary.cold_items:,} without interaction; ready-made features: "
        f"{features or 'none'}."
    )
