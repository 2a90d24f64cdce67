"""A table as values: what was measured, against what it was tested, how it is to be read."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal

from recsys.statistics import Estimate, holm

ALPHA = 0.05
Better = Literal["higher", "lower"]


@dataclass(frozen=True)
class PValue:
    """A p-value, and the same corrected for the comparisons of its table.

    ``raw`` is NaN where nothing could be tested; it is not corrected then.
    """

    raw: float
    corrected: float | None = None

    @property
    def significant(self) -> bool:
        """Whether the corrected value is below `ALPHA`."""
        return self.corrected is not None and self.corrected < ALPHA


@dataclass(frozen=True)
class Cell:
    """One measured figure, or the difference of two.

    Attributes:
        estimate: Over seeds: the figure, or the paired difference.
        percent: For a difference: by how many percent the mean changes; NaN from 0.
        users: For a difference: the test over users.
        seeds: For a difference: the test over seeds.
        items: For a difference of figures of items: the test over items.
        interval: Of the mean over items: its confidence interval, shown instead of the standard
            deviation.
        best: Whether it is the best of its kind.
        second: Whether it is the second best.
    """

    estimate: Estimate
    percent: float | None = None
    users: PValue | None = None
    seeds: PValue | None = None
    best: bool = False
    second: bool = False
    items: PValue | None = None
    interval: tuple[float, float] | None = None


@dataclass(frozen=True)
class Column:
    """What a column holds.

    Attributes:
        quantity: Its name in files, as in ``recall@20``.
        group: The heading that it shares with its neighbours, as in ``Recall``; may be empty.
        title: Its own heading, as in ``@20``.
        digits: Digits after the point; without, two that count, for figures of any size.
        better: Which direction is better; ``None`` where nothing is marked.
        spread: Whether the standard deviation is shown.
    """

    quantity: str
    group: str
    title: str
    digits: int | None = 4
    better: Better | None = None
    spread: bool = True


@dataclass(frozen=True)
class Row:
    """One recommender with or without an adapter, or a comparison of two of them.

    Attributes:
        data: The data set.
        group: The recommender; rows of one data set and recommender stand together.
        label: What this row is about.
        cells: One a column; ``None`` where there is no figure.
        against: For a comparison: what is compared with; ``None`` for a row of figures.
        control: Whether the row is there to judge the others by.
    """

    data: str
    group: str
    label: str
    cells: tuple[Cell | None, ...]
    against: str | None = None
    control: bool = False

    @property
    def title(self) -> str:
        """What the row is called."""
        return self.label if self.against is None else f"{self.label} vs. {self.against}"


@dataclass(frozen=True)
class Table:
    """A table, ready to be written.

    Attributes:
        name: As in ``adapters``: part of file names and labels.
        caption: What it shows and how, in full sentences.
        columns: The columns.
        rows: The rows, those of a data set together, and in it those of a recommender.
        notes: Lines below it.
        heading: What the rows' titles are.

    Raises:
        ValueError: A row with another number of cells than there are columns.
    """

    name: str
    caption: str
    columns: tuple[Column, ...]
    rows: tuple[Row, ...]
    notes: tuple[str, ...] = ()
    heading: str = "model"

    def __post_init__(self) -> None:
        for row in self.rows:
            if len(row.cells) != len(self.columns):
                raise ValueError(
                    f"row {row.title!r} has {len(row.cells)} cells, not {len(self.columns)}"
                )


def corrected(table: Table) -> Table:
    """Correct all p-values of a table for their number: tests over users, tests over seeds.

    Each of the two is a family of its own: every comparison of the table in every column.
    """
    cells = [[*row.cells] for row in table.rows]
    for kind in ("users", "seeds"):
        tests = [
            (line, place, cell, test)
            for line in cells
            for place, cell in enumerate(line)
            if cell is not None and _tested(test := getattr(cell, kind))
        ]
        values = holm([test.raw for *_, test in tests])
        for (line, place, cell, test), value in zip(tests, values, strict=True):
            line[place] = replace(cell, **{kind: replace(test, corrected=value)})
    return _with_cells(table, cells)


def comparisons(table: Table) -> str:
    """Say how many comparisons of a table were tested, as in ``"16 comparisons"``.

    Where a test over seeds was not possible everywhere, its family is the smaller one.
    """
    cells = [cell for row in table.rows for cell in row.cells if cell is not None]
    counts = {
        family: sum(_tested(getattr(cell, family)) for cell in cells)
        for family in ("users", "seeds")
    }
    some = {family: count for family, count in counts.items() if count}
    if len(set(some.values())) < 2:
        return f"{max(counts.values())} comparisons"
    return " and ".join(f"{count} comparisons over {family}" for family, count in some.items())


def marked(table: Table, *, within: Literal["data", "group"]) -> Table:
    """Mark the best and the second best figure of each column.

    Equal means share a mark; after several best ones the next lower mean is the second.

    Args:
        table: Its rows of comparisons stay as they are.
        within: Whether figures compete within a data set, or within each of its recommenders.
    """
    cells = [[*row.cells] for row in table.rows]
    rivals: dict[tuple[str, ...], list[int]] = {}
    for place, row in enumerate(table.rows):
        if row.against is None:
            of = (row.data,) if within == "data" else (row.data, row.group)
            rivals.setdefault(of, []).append(place)
    for rows in rivals.values():
        for index, column in enumerate(table.columns):
            if column.better is not None:
                _mark([cells[row] for row in rows], index, column.better)
    return _with_cells(table, cells)


def _tested(test: PValue | None) -> bool:
    return test is not None and not math.isnan(test.raw)


def _mark(lines: Sequence[list[Cell | None]], index: int, better: Better) -> None:
    means = {cell.estimate.mean for line in lines if (cell := line[index]) is not None}
    if len(means) < 2:
        return  # nothing is better than anything
    best, second = sorted(means, reverse=better == "higher")[:2]
    for line in lines:
        cell = line[index]
        if cell is not None:
            mean = cell.estimate.mean
            line[index] = replace(cell, best=mean == best, second=mean == second)


def _with_cells(table: Table, cells: Sequence[Sequence[Cell | None]]) -> Table:
    rows = zip(table.rows, cells, strict=True)
    return replace(table, rows=tuple(replace(row, cells=tuple(line)) for row, line in rows))
