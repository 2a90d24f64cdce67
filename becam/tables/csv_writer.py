"""Tables as tidy CSV: one line a figure or comparison, full precision."""

from __future__ import annotations

import csv
import io
import math

from becam.tables.table import Cell, Column, Row, Table

COLUMNS = (
    *("data", "recommender", "model", "against", "control", "quantity"),
    *("n", "mean", "sd", "percent"),
    *("p_users", "p_users_corrected", "p_seeds", "p_seeds_corrected"),
)
"""``against`` is empty for a figure; where it is not, ``mean`` and ``sd`` are of the paired
difference over seeds, ``percent`` is the change of the mean, and the p-values are of the tests."""


def to_csv(table: Table) -> str:
    """Write a table as CSV. Empty fields have no value."""
    buffer = io.StringIO()
    writer = csv.writer(buffer, lineterminator="\n")
    writer.writerow(COLUMNS)
    for row in table.rows:
        for column, cell in zip(table.columns, row.cells, strict=True):
            if cell is not None:
                writer.writerow(_line(row, column, cell))
    return buffer.getvalue()


def _line(row: Row, column: Column, cell: Cell) -> list[str]:
    tests = (cell.users, cell.seeds)
    numbers = [cell.estimate.mean, cell.estimate.sd, cell.percent]
    for test in tests:
        numbers += [None, None] if test is None else [test.raw, test.corrected]
    return [
        *(row.data, row.group, row.label, row.against or ""),
        *("yes" if row.control else "no", column.quantity, str(cell.estimate.n)),
        *("" if number is None or math.isnan(number) else repr(number) for number in numbers),
    ]
