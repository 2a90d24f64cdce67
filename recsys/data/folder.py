"""Reading a catalogue folder: ``items.csv``, ``interactions.csv`` and ``images/``."""

from __future__ import annotations

import math
from array import array
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path, PurePosixPath, PureWindowsPath
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from recsys.data.blocks import per_value, read_blocks, scan
from recsys.data.interactions import SPLIT_NAMES, FloatArray, IntArray, Interactions, pair_keys
from recsys.data.tables import OWN, CsvTable, Layout, display, file_error
from recsys.errors import InputError, nearest, shown, unknown

ITEMS = "items.csv"
INTERACTIONS = "interactions.csv"
MANIFEST = "import.json"  # what an import did
LEGEND = "labels.json"
EXPECTED = f"a folder with {ITEMS}, {INTERACTIONS} and images/"

_TABLES = (ITEMS, INTERACTIONS, MANIFEST, LEGEND)
_SPLIT_CODES = {name: code for code, name in enumerate(SPLIT_NAMES)}


@dataclass(frozen=True)
class Item:
    """One item; ``image`` and ``mask`` are files inside the catalogue's folder.

    An item may have no picture (``image`` None), no text (``title`` ""), or neither. Id, title
    and category are any text: never use them as a path or as markup.
    """

    item_id: str
    title: str
    category: str | None
    image: Path | None
    mask: Path | None

    @property
    def has_text(self) -> bool:
        """Whether the title says anything: one of spaces alone does not."""
        return bool(self.title.strip())


def is_there(path: Path) -> bool:
    """Tell whether a path exists; one that no file can have (too long) does not."""
    try:
        return path.exists()
    except (OSError, ValueError):
        return False


def find_folder(path: Path) -> Path:
    """Return the folder, links resolved. Raises InputError where it is not a catalogue's."""
    try:
        root = path.resolve()
        is_folder, exists = root.is_dir(), root.exists()
    except (OSError, RuntimeError, ValueError) as error:
        raise InputError(f"catalogue {display(path)}: {error}; expected {EXPECTED}") from error
    if not is_folder:
        problem = "is not a folder" if exists else "does not exist"
        try:
            siblings = [entry.name for entry in root.parent.iterdir() if entry.is_dir()]
        except OSError:
            siblings = []
        close = nearest(root.name, siblings)
        hint = f"; did you mean {', '.join(map(shown, close))}?" if close and not exists else ""
        raise InputError(f"catalogue {display(path)} {problem}; expected {EXPECTED}{hint}")
    missing = [
        file
        for file in (ITEMS, INTERACTIONS)
        if not (root / file).is_symlink() and not is_there(root / file)
    ]
    if missing:
        try:
            entries = sorted(entry.name for entry in root.iterdir())
        except OSError as error:
            raise file_error(root, error) from error
        close = nearest(missing[0], entries, count=1)
        inner = [entry for entry in entries[:100] if is_there(root / entry / missing[0])]
        hint = f"; is {shown(close[0])} meant?" if close else ""
        hint = f"; did you mean {display(path / inner[0])}?" if inner else hint
        lacks = " and no ".join(missing)
        raise InputError(f"catalogue {display(path)} has no {lacks}; expected {EXPECTED}{hint}")
    return root


def read_items(root: Path, notes: list[str], layout: Layout = OWN) -> tuple[Item, ...]:
    """Read ``items.csv``, in its order; adds to ``notes``. Raises InputError as the table does.

    ``layout`` says what is done about unknown columns, here as in `read_rows`.
    """
    items: list[Item] = []
    rows: dict[str, int] = {}
    columns, optional = ("item_id", "image", "title"), ("category", "mask")
    with CsvTable(root / ITEMS, columns, optional, layout) as table:
        for row, (item_id, image, title, category, mask) in table:
            if not item_id or item_id.isspace():
                raise table.error(row, "item_id", "empty, expected an id")
            if item_id in rows:
                problem = f"{shown(item_id)} is already the item of row {rows[item_id]}"
                raise table.error(row, "item_id", problem)
            rows[item_id] = row
            for column, value in (("image", image), ("mask", mask)):
                problem = _path_problem(value) if value else ""
                if problem:
                    raise table.error(row, column, problem)
            if mask and not image:
                raise table.error(row, "mask", "a mask, but the row has no image")
            items.append(
                Item(
                    item_id=item_id,
                    title=title or "",
                    category=category or None,
                    image=root / image if image else None,
                    mask=root / mask if mask else None,
                )
            )
    notes.extend(table.notes)
    if not items:
        raise InputError(f"{display(root / ITEMS)}: no items")
    return tuple(items)


def _path_problem(value: str) -> str:
    """Say why a path of ``items.csv`` cannot be inside the folder, or nothing."""
    path = PurePosixPath(value)
    if "\\" in value:
        return f"{shown(value)}: write / between folders"
    if path.is_absolute() or PureWindowsPath(value).drive:
        return f"{shown(value)} is absolute, expected a path inside the catalogue's folder"
    if ".." in path.parts:
        return f"{shown(value)} leads out of the catalogue's folder"
    if not path.name:
        return f"{shown(value)}: expected a picture file"
    # An import puts pictures where their paths say, beside the tables that it writes.
    if path.as_posix().casefold() in _TABLES:
        return f"{shown(value)} is the catalogue's own table, expected a picture file"
    return ""


class Rows(NamedTuple):
    """The rows of ``interactions.csv``, a pair any number of times, in the order of the file.

    ``users`` and ``items`` are (n,) int64 indices into ``user_ids``, sorted, and into the items;
    ``lines`` (n,) int64 the lines that the rows begin on, from 1.
    """

    user_ids: tuple[str, ...]
    users: IntArray
    items: IntArray
    timestamps: FloatArray | None
    splits: npt.NDArray[np.int8] | None
    lines: IntArray


def read_rows(root: Path, items: tuple[Item, ...], notes: list[str], layout: Layout = OWN) -> Rows:
    """Read ``interactions.csv``; adds to ``notes``. Raises InputError as the table does."""
    path = root / INTERACTIONS
    item_of = {item.item_id: index for index, item in enumerate(items)}
    user_of: dict[str, int] = {}

    def user(user_id: str) -> int:
        _check_id(user_id)
        return user_of.setdefault(user_id, len(user_of))

    def item(item_id: str) -> int:
        _check_id(item_id)
        index = item_of.get(item_id)
        if index is None:
            raise ValueError(f"{unknown('item', item_id, item_of)} ({ITEMS} has no such item_id)")
        return index

    user_column, item_column, lines = array("q"), array("q"), array("q")
    times, splits = array("d"), array("b")
    columns: tuple[tuple[array[Any], Callable[[str], float], Mapping[str, int]], ...] = (
        (user_column, user, user_of),
        (item_column, item, item_of),
        (times, _number, {}),
        (splits, _split, _SPLIT_CODES),
    )
    facts = scan(path)
    with CsvTable(path, ("user_id", "item_id"), ("timestamp", "split"), layout) as table:
        for block in read_blocks(table, facts):
            for place, (column, convert, known) in enumerate(columns):
                dtype = np.dtype(column.typecode)
                values = per_value(table, block, place, convert, dtype, known)
                if values is not None:
                    column.frombytes(values.tobytes())
            lines.frombytes(np.asarray(block.lines, dtype=np.int64).tobytes())
    notes.extend(table.notes)

    user_ids = tuple(sorted(user_of))
    rank = np.empty(len(user_ids), dtype=np.int64)
    rank[[user_of[user_id] for user_id in user_ids]] = np.arange(len(user_ids))
    return Rows(
        user_ids,
        rank[np.frombuffer(user_column, dtype=np.int64)],
        np.frombuffer(item_column, dtype=np.int64),
        np.frombuffer(times, dtype=np.float64) if times else None,
        np.frombuffer(splits, dtype=np.int8) if splits else None,
        np.frombuffer(lines, dtype=np.int64),
    )


def read_interactions(root: Path, items: tuple[Item, ...], notes: list[str]) -> Interactions:
    """Read ``interactions.csv``; of a pair that is repeated, the first row. Adds to ``notes``.

    Raises InputError as the table does.
    """
    rows = read_rows(root, items, notes)
    # Sorted by user and item; of equal pairs, the first row.
    _, kept = np.unique(pair_keys(rows.users, rows.items, len(items)), return_index=True)
    if len(kept) < len(rows.users):
        repeated = np.ones(len(rows.users), dtype=np.bool_)
        repeated[kept] = False
        count = int(repeated.sum())
        notes.append(
            f"{INTERACTIONS}: left out {count} repeated (user, item) "
            f"{'pair' if count == 1 else 'pairs'} (first: row {rows.lines[repeated.argmax()]})"
        )
    return Interactions(
        user_ids=rows.user_ids,
        item_ids=tuple(item.item_id for item in items),
        users=rows.users[kept],
        items=rows.items[kept],
        timestamps=None if rows.timestamps is None else rows.timestamps[kept],
        splits=None if rows.splits is None else rows.splits[kept],
    )


def _check_id(text: str) -> None:
    if not text or text.isspace():
        raise ValueError("empty, expected an id")


def _number(text: str) -> float:
    try:
        value = float(text) if "_" not in text else math.nan
    except ValueError:
        value = math.nan
    if not math.isfinite(value):
        raise ValueError(f"{shown(text)}, expected a number (such as seconds since 1970)")
    return value


def _split(text: str) -> int:
    code = _SPLIT_CODES.get(text)
    if code is None:
        raise ValueError(f"{unknown('split', text, SPLIT_NAMES)} (train, valid or test)")
    return code


def note_missing(root: Path, items: tuple[Item, ...], notes: list[str]) -> None:
    """Count the items without picture or text, and the picture and mask files that are not there.

    One look per folder.
    """
    listed: dict[Path, set[str]] = {}

    def is_listed(path: Path) -> bool:
        if path.parent not in listed:
            try:
                listed[path.parent] = {entry.name for entry in path.parent.iterdir()}
            except OSError:
                listed[path.parent] = set()
        # Asked again by name: a file system may not tell upper from lower case.
        return path.name in listed[path.parent] or is_there(path)

    for kind, without in (
        ("picture", [item for item in items if item.image is None]),
        ("text", [item for item in items if not item.has_text]),
    ):
        if without:
            have = "has" if len(without) == 1 else "have"
            notes.append(
                f"{len(without)} of {len(items)} items {have} no {kind} "
                f"(first: item {shown(without[0].item_id)})"
            )
    files: tuple[tuple[str, Callable[[Item], Path | None]], ...] = (
        ("picture", lambda item: item.image),
        ("mask", lambda item: item.mask),
    )
    for kind, file_of in files:
        missing = [
            (item, path) for item in items if (path := file_of(item)) and not is_listed(path)
        ]
        if missing:
            item, path = missing[0]
            notes.append(
                f"{len(missing)} of {len(items)} {kind} files are missing (first: item "
                f"{shown(item.item_id)}, {display(path.relative_to(root))})"
            )
