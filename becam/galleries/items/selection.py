"""Which items a gallery shows, as its spec says. Needs no torch."""

from __future__ import annotations

import csv
from dataclasses import dataclass
from pathlib import Path

from becam.config import check_seed
from becam.galleries.items.query import compile_query
from recsys.data.tables import display, file_error
from recsys.errors import InputError, shown, unknown

PICKS = ("drift", "omission", "improvement", "disagreement", "typical")
"""Ways to choose by what the heatmaps show: they are made for a pool of items first."""
WAYS = ("all", "random", "popular", *PICKS)
COUNT, POOL = 6, 60


@dataclass(frozen=True, kw_only=True)
class Selection:
    """Which items, the table ``[items]`` of a spec.

    Attributes:
        ids: these items alone, in this order.
        file: the same from a file: an id a line, or a .csv with a column ``item_id``.
        query: only items for which this holds, see `becam.galleries.items.query`.
        pick: how to choose among them, one way or several after each other: ``all``, ``random``,
            ``popular`` (most interactions in the training split), or by what the heatmaps show:
            ``drift`` and ``omission`` (largest before), ``improvement`` (drift and omission fall
            most), ``disagreement`` (the maps of different recommenders correlate least),
            ``typical`` (figures nearest the pool's medians). By default ``all`` of ids and
            files, else ``random``.
        count: how many items a pick; all without, for ``all``.
        pool: for picks by what heatmaps show: among how many, drawn at random by ``seed``.
        seed: of all draws of items.

    Raises:
        InputError: values out of range, that contradict each other, or can't be read.
    """

    ids: tuple[str, ...] = ()
    file: Path | None = None
    query: str | None = None
    pick: tuple[str, ...] = ()
    count: int | None = None
    pool: int = POOL
    seed: int = 0

    def __post_init__(self) -> None:
        check_seed(self.seed)
        for way in self.pick:
            if way not in WAYS:
                raise unknown("pick", way, WAYS)
        if len(set(self.pick)) < len(self.pick) or ("all" in self.pick and len(self.pick) > 1):
            raise InputError(f"pick {shown(', '.join(self.pick))}: expected different ways")
        if self.count is not None and self.count < 1:
            raise InputError(f"count {shown(self.count)}: expected at least 1")
        if self.pool < 1:
            raise InputError(f"pool {shown(self.pool)}: expected at least 1")
        if self.ids and self.file is not None:
            raise InputError("ids and file are both given; expected one")
        if len(set(self.ids)) < len(self.ids):
            twice = next(name for name in self.ids if self.ids.count(name) > 1)
            raise InputError(f"ids have {shown(twice)} twice; expected it once")
        if self.query is not None:
            compile_query(self.query)
        if self.file is not None:
            read_ids(self.file)
        if (most := self.most) is not None and most > self.pool and set(self.ways) & set(PICKS):
            raise InputError(
                f"count {shown(most)} is more than the pool {shown(self.pool)}: a pick by what "
                "heatmaps show chooses among the pool"
            )

    @property
    def ways(self) -> tuple[str, ...]:
        """The ways to choose, in order."""
        named = bool(self.ids) or self.file is not None
        return self.pick or (("all",) if named else ("random",))

    @property
    def most(self) -> int | None:
        """Items a pick; None for all."""
        return COUNT if self.count is None and self.ways != ("all",) else self.count

    def listed(self) -> tuple[str, ...]:
        """Return the ids that are named, from the spec or the file; empty where none are.

        Raises:
            InputError: the file can't be read.
        """
        return self.ids if self.file is None else read_ids(self.file)


def read_ids(file: Path) -> tuple[str, ...]:
    """Read item ids: a line each, or the column ``item_id`` of a .csv; repeated ones once.

    Raises:
        InputError: no such file, no ids, a .csv without that column.
    """
    try:
        text = file.read_text("utf-8-sig")
    except OSError as error:
        raise file_error(file, error) from error
    except UnicodeDecodeError as error:
        raise InputError(f"{display(file)}: not UTF-8 text") from error
    if file.suffix.lower() == ".csv":
        table = csv.DictReader(text.splitlines())
        if "item_id" not in (table.fieldnames or ()):
            raise InputError(f"{display(file)}: no column 'item_id' in the first row")
        found = [row["item_id"] or "" for row in table]
    else:
        found = [line.strip() for line in text.splitlines()]
    ids = tuple(dict.fromkeys(name for name in found if name))
    if not ids:
        raise InputError(f"{display(file)}: no item ids")
    return ids
