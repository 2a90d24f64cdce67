"""Tables of items in raw releases."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np

from recsys.data.core import Log
from recsys.data.importers.source import Reading
from recsys.data.tables import CsvTable, Layout
from recsys.errors import shown


def read_items(
    paths: Sequence[Path],
    columns: tuple[str, ...],
    layout: Layout,
    reading: Reading,
    optional: tuple[str, ...] = (),
    id_problem: Callable[[str], str] = lambda _: "",
) -> list[tuple[str, ...]]:
    """Read tables of items; the first column is the id. Of an id that is repeated, the first row.

    Returns the fields of each item, "" for an optional column that is not there.

    Raises InputError for an empty id or one with an ``id_problem``, and as
    `recsys.data.tables.CsvTable` does.
    """
    found: dict[str, tuple[str, ...]] = {}
    for path in paths:
        reading.scan(path)
        with CsvTable(path, columns, optional, layout) as table:
            for row, fields in table:
                item_id = fields[0] or ""
                if not item_id or item_id.isspace():
                    raise table.error(row, columns[0], "empty, expected an id")
                problem = id_problem(item_id)
                if problem:
                    raise table.error(row, columns[0], problem)
                if item_id in found:
                    reading.drops.add(
                        "rows of items",
                        f"the item is repeated in {path.name}",
                        1,
                        f"row {row}, item {shown(item_id)}",
                    )
                    continue
                found[item_id] = tuple(field or "" for field in fields)
                if row % 10_000 == 0:
                    reading.progress(f"reading {path.name}", row, 0)
            for note in table.notes:
                reading.note(note)
    return list(found.values())


def by_id(items: dict[str, int], log: Log, first: int = 0) -> tuple[list[str], Log]:
    """Put items that the log alone knows in the order of their ids.

    The ``first`` items stay where they are; the others follow by number where all are whole
    numbers, else by text. So the order does not depend on the order of the log.
    """
    known, added = list(items)[:first], list(items)[first:]
    numbers = all(item_id.isascii() and item_id.isdigit() for item_id in added)
    added.sort(key=_as_number if numbers else None)
    order = [*known, *added]
    place = np.empty(len(order), dtype=np.int32)
    place[[items[item_id] for item_id in order]] = np.arange(len(order), dtype=np.int32)
    return order, Log(log.users, place[log.items], log.times, log.splits)


def _as_number(digits: str) -> tuple[int, str, str]:
    """Return what sorts digits by their number, however many, and equal numbers by the text."""
    plain = digits.lstrip("0")
    return len(plain), plain, digits
