"""Cutting a table that is wider or longer than a page into panels, and these into pages."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from itertools import groupby
from typing import Final

from becam.tables.table import Row, Table

WIDTH: Final = 600.0  # points before small print: about the two columns of most venues
LINES: Final = 48  # of small print that a page holds beside a caption
HEAD: Final = 4  # lines of a panel that are not rows


def cut(table: Table, title: float, widths: Sequence[float]) -> list[list[Table]]:
    """Cut a table into pages of panels, each panel with some of the rows and columns.

    Columns that share a heading, and rows of one group, stay together where a page holds them.
    A table that fits is one page with one panel, itself.

    Args:
        table: any.
        title: how wide the rows' titles are, in points.
        widths: how wide each column is, in points, with the room between columns.
    """
    panels = [
        replace(table, columns=table.columns[first:last], rows=_columns(rows, first, last))
        for rows in _rows(table.rows, LINES - HEAD)
        for first, last in _spans(table, title, widths)
    ]
    pages: list[list[Table]] = []
    room = 0
    for panel in panels:
        lines = HEAD + len(panel.rows)
        if lines > room:
            pages.append([])
            room = LINES
        pages[-1].append(panel)
        room -= lines
    return pages


def _columns(rows: Iterable[Row], first: int, last: int) -> tuple[Row, ...]:
    """Return rows with some of their cells; one that has none of these stands in other panels."""
    return tuple(
        replace(row, cells=row.cells[first:last])
        for row in rows
        if any(row.cells[first:last]) or (first == 0 and not any(row.cells))
    )


def _spans(table: Table, title: float, widths: Sequence[float]) -> list[tuple[int, int]]:
    """Return the first column of each panel, and the one after its last."""
    place, units = 0, []
    for heading, members in groupby(table.columns, key=lambda column: column.group):
        count = len(list(members))
        together = heading and title + sum(widths[place : place + count]) <= WIDTH
        units += [count] if together else [1] * count
        place += count
    spans: list[tuple[int, int]] = []
    start = end = 0
    for count in units:
        if end > start and title + sum(widths[start : end + count]) > WIDTH:
            spans.append((start, end))
            start = end
        end += count
    return [*spans, (start, end)]


def _rows(rows: Sequence[Row], most: int) -> list[list[Row]]:
    """Return rows in parts of at most ``most``."""
    parts: list[list[Row]] = [[]]
    for _, members in groupby(rows, key=lambda row: (row.data, row.group)):
        group = list(members)
        if parts[-1] and len(parts[-1]) + len(group) > most:
            parts.append([])
        while len(group) > most:
            parts[-1] += group[:most]
            group = group[most:]
            parts.append([])
        parts[-1] += group
    return parts
