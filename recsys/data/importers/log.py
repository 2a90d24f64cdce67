"""Reading logs of interactions in any of the formats, in blocks."""

from __future__ import annotations

import math
from array import array
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from recsys.data.blocks import Block, Column, per_value, read_blocks
from recsys.data.core import Log
from recsys.data.importers.source import Reading
from recsys.data.interactions import SPLIT_NAMES
from recsys.data.tables import CsvTable, Layout, display
from recsys.errors import InputError, shown, unknown

ROLES = ("user", "item", "time", "split", "action")
MAX_IDS = 2**31 - 1
_NONE: Mapping[str, int] = {}


def seconds(text: str) -> float:
    """Turn a number, or a date such as 2018-09-20 or 2014-06-10 18:54:31 (UTC), into a number.

    Raises ValueError for anything else.
    """
    try:
        value = float(text) if "_" not in text else math.nan
    except ValueError:
        if not text[:1].isdigit():
            raise
        moment = datetime.fromisoformat(text)
        value = (moment if moment.tzinfo else moment.replace(tzinfo=timezone.utc)).timestamp()
    if not math.isfinite(value):
        raise ValueError(f"{text} is not a finite number")
    return value


@dataclass(frozen=True, kw_only=True)
class LogFormat:
    """How the logs of a format are read.

    Attributes:
        required: The columns that a log must have, in the order that a headerless one has.
        optional: Those that it may have, after them.
        roles: Column by role (`ROLES`).
        layout: How the table is written.
        splits: Values of the split column that mean train, valid and test.
        item_problem: Says what is wrong with an item id, or nothing.
        table: The name of the table that has all items, for messages; "" where the log alone
            says which items there are.
    """

    required: tuple[str, ...]
    optional: tuple[str, ...] = ()
    roles: Mapping[str, str]
    layout: Layout
    splits: tuple[str, str, str] = SPLIT_NAMES
    item_problem: Callable[[str], str] = lambda _: ""
    table: str = ""


@dataclass(eq=False)
class LogReader:
    """Reads logs, one after the other, into compact columns.

    ``items`` gives the index of every item id; where the format has no table of the items, it
    grows. Rows of other actions than asked for, and rows with an item that the table does not
    have, are dropped and counted.

    Raises InputError, with file, row and column, for an empty id, a bad time or split, an
    unknown action, and as `recsys.data.tables.CsvTable` does.
    """

    form: LogFormat
    reading: Reading
    items: dict[str, int]
    users: dict[str, int] = field(default_factory=dict)
    rows: int = 0

    def __post_init__(self) -> None:
        self._user_column, self._item_column = array("i"), array("i")
        self._times, self._splits = array("d"), array("b")
        self._actions_seen: dict[str, None] = {}

    def read(self, paths: Sequence[Path]) -> Log:
        """Read the files' rows, in order."""
        for path in paths:
            self._read_file(path)
        missing = [name for name in self.reading.options.actions if name not in self._actions_seen]
        if missing:
            raise unknown("action", missing[0], self._actions_seen)
        log = Log(
            np.frombuffer(self._user_column, dtype=np.int32),
            np.frombuffer(self._item_column, dtype=np.int32),
            np.frombuffer(self._times, dtype=np.float64) if self._times else None,
            np.frombuffer(self._splits, dtype=np.int8) if self._splits else None,
        )
        if not len(log):
            why = "".join(f"; {dropped}" for dropped in self.reading.drops.listed())
            raise InputError(f"{', '.join(map(display, paths))}: no interactions{why}")
        return log

    def _read_file(self, path: Path) -> None:
        facts = self.reading.scan(path)
        form, before = self.form, self.rows
        with CsvTable(path, form.required, form.optional, form.layout) as table:
            places = {
                role: table.columns.index(name)
                for role, name in form.roles.items()
                if name in table.columns
            }

            def progress(done: int) -> None:
                self.reading.progress(f"reading {path.name}", before + done, 0)

            for block in read_blocks(table, facts, progress):
                self._add(_Rows(table, block, places))
                self.rows += len(block.lines)
            for note in table.notes:
                self.reading.note(note)

    def _add(self, rows: _Rows) -> None:
        kept = np.ones(len(rows.block.lines), dtype=np.bool_)
        if rows.has("action"):
            kept &= self._asked_for(rows)
        users = rows.per_value("user", self._user, np.int32, self.users)
        items = rows.per_value("item", self._item, np.int32, self.items)
        if items is not None and self.form.table:
            kept &= self._known(rows, items, kept)
        times = rows.per_value("time", _time, np.float64)
        splits = rows.per_value("split", self._split, np.int8)
        for column, values in (
            (self._user_column, users),
            (self._item_column, items),
            (self._times, times),
            (self._splits, splits),
        ):
            if values is not None:
                column.frombytes(values[kept].tobytes())

    def _user(self, user_id: str) -> int:
        _check_id(user_id)
        return _index(self.users, user_id)

    def _item(self, item_id: str) -> int:
        _check_id(item_id)
        problem = self.form.item_problem(item_id)
        if problem:
            raise ValueError(problem)
        if self.form.table:
            return self.items.get(item_id, -1)
        return _index(self.items, item_id)

    def _split(self, text: str) -> int:
        if text not in self.form.splits:
            means = ", ".join(
                f"{value} ({name})" if value != name else name
                for value, name in zip(self.form.splits, SPLIT_NAMES, strict=True)
            )
            raise ValueError(f"{shown(text)}, expected {means}")
        return self.form.splits.index(text)

    def _asked_for(self, rows: _Rows) -> npt.NDArray[np.bool_]:
        wanted = self.reading.options.actions
        column = rows.column("action")
        self._actions_seen.update(dict.fromkeys(column.values))
        asked = column.gather(np.array([not wanted or name in wanted for name in column.values]))
        for value, name in enumerate(column.values):
            if wanted and name not in wanted:
                count = int((column.codes == value).sum())
                first = f"{rows.table.path.name}, row {rows.block.line_of(column, value)}"
                reason = f"the action is {shown(name)}, not asked for"
                self.reading.drops.add("interactions", reason, count, first)
        return asked

    def _known(
        self, rows: _Rows, items: npt.NDArray[np.int32], kept: npt.NDArray[np.bool_]
    ) -> npt.NDArray[np.bool_]:
        known: npt.NDArray[np.bool_] = items >= 0
        strange = kept & ~known
        count = int(strange.sum())
        if count:
            row = int(strange.argmax())
            column = rows.column("item")
            self.reading.drops.add(
                "interactions",
                f"the item is not in {self.form.table}",
                count,
                f"{rows.table.path.name}, row {int(rows.block.lines[row])}, item "
                f"{shown(column.values[int(column.codes[row])])}",
            )
        return known


@dataclass(frozen=True, eq=False)
class _Rows:
    """A block and what its columns mean."""

    table: CsvTable
    block: Block
    places: Mapping[str, int]

    def has(self, role: str) -> bool:
        return role in self.places and self.block.columns[self.places[role]] is not None

    def column(self, role: str) -> Column:
        column = self.block.columns[self.places[role]]
        if column is None:
            raise KeyError(role)
        return column

    def per_value(
        self,
        role: str,
        convert: Callable[[str], float],
        dtype: npt.DTypeLike,
        known: Mapping[str, int] = _NONE,
    ) -> npt.NDArray[Any] | None:
        if role not in self.places:
            return None
        return per_value(self.table, self.block, self.places[role], convert, dtype, known)


def _check_id(text: str) -> None:
    if not text or text.isspace():
        raise ValueError("empty, expected an id")


def _index(ids: dict[str, int], name: str) -> int:
    if len(ids) == MAX_IDS:
        raise ValueError(f"more than {MAX_IDS:,} ids")
    return ids.setdefault(name, len(ids))


def _time(text: str) -> float:
    try:
        return seconds(text)
    except (ValueError, OverflowError):
        problem = f"{shown(text)}, expected a number or a date such as 2018-09-20"
        raise ValueError(problem) from None
