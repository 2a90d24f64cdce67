"""Tables as Markdown, with every p-value."""

from __future__ import annotations

import re

from becam.tables.table import Cell, Column, Table
from becam.tables.text import change, difference, figure, marks, one_line, p_value

DASH = "\N{EN DASH}"


def to_markdown(table: Table) -> str:
    """Write a table as GitHub's Markdown, its caption above and its notes below."""
    heads = ["data", table.heading, *(f"{c.group} {c.title}".strip() for c in table.columns)]
    lines = [
        escape(table.caption),
        "",
        _row([escape(head) for head in heads]),
        "|---|---|" + "---:|" * len(table.columns),
    ]
    last = ""
    for row in table.rows:
        data = escape(row.data) if row.data != last else ""
        last = row.data
        title = escape(row.title) + (" (control)" if row.control else "")
        compared = row.against is not None
        pairs = zip(row.cells, table.columns, strict=True)
        cells = [_cell(cell, column, compared) for cell, column in pairs]
        lines.append(_row([data, title, *cells]))
    if table.notes:
        lines += ["", *(f"- {escape(note)}" for note in table.notes)]
    return "\n".join(lines) + "\n"


def escape(text: str) -> str:
    """Make a text stand for itself in Markdown: on one line, nothing interpreted."""
    return re.sub(r"([\\`*_\[\]<>|~$#])", r"\\\1", one_line(text)).replace("&", "&amp;")


def _row(cells: list[str]) -> str:
    return "| " + " | ".join(cells) + " |"


def _cell(cell: Cell | None, column: Column, compared: bool) -> str:
    if cell is None:
        return DASH
    if cell.interval is not None:
        return _with_interval(cell, cell.interval, column, compared)
    if cell.percent is not None:
        tests = [p_value(test.corrected) for test in (cell.users, cell.seeds) if test]
        tested = f" (p {' / '.join(tests)})" if tests else ""
        return f"{change(cell.percent)}{escape(marks(cell))}{tested}".replace("<", r"\<")
    mean = figure(cell.estimate.mean, column)
    if cell.best:
        mean = f"**{mean}**"
    elif cell.second:
        mean = f"<u>{mean}</u>"
    sd = cell.estimate.sd
    return mean if sd is None or not column.spread else f"{mean} ({figure(sd, column)})"


def _with_interval(
    cell: Cell, interval: tuple[float, float], column: Column, compared: bool
) -> str:
    write = difference if compared else figure
    low, high = (write(limit, column) for limit in interval)
    mean = write(cell.estimate.mean, column) + escape(marks(cell))
    tested = f" (p {p_value(cell.items.corrected)})" if cell.items else ""
    return f"{mean} \\[{low}, {high}\\]{tested}".replace("<", r"\<")
