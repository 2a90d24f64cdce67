"""Interactions as compact columns: merging repeated pairs, and the k-core.

Sized for tens of millions of rows: 4-byte indices, and working copies of a part at a time.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

BoolArray = npt.NDArray[np.bool_]
Int32Array = npt.NDArray[np.int32]

_PART = 1 << 22  # rows worked on at a time


@dataclass(frozen=True, eq=False)
class Log:
    """Rows of a log: (n,) int32 indices of users and items, a pair any number of times.

    ``times`` are (n,) float64 or None; ``splits`` are (n,) int8 codes as in
    `recsys.data.interactions.SPLIT_NAMES`, or None.

    Raises ValueError for columns of different lengths.
    """

    users: Int32Array
    items: Int32Array
    times: npt.NDArray[np.float64] | None = None
    splits: npt.NDArray[np.int8] | None = None

    def __post_init__(self) -> None:
        for column in (self.items, self.times, self.splits):
            if column is not None and len(column) != len(self.users):
                raise ValueError(f"{len(column)} rows in a column, {len(self.users)} in users")

    def __len__(self) -> int:
        return len(self.users)

    def where(self, kept: BoolArray) -> Log:
        """Return the rows where ``kept`` (n,) is True; the same log where all are."""
        return self if kept.all() else self._map(lambda column: column[kept])

    def _map(self, change: Callable[[npt.NDArray[Any]], npt.NDArray[Any]]) -> Log:
        return Log(
            change(self.users),
            change(self.items),
            None if self.times is None else change(self.times),
            None if self.splits is None else change(self.splits),
        )


def counts(indices: Int32Array, size: int) -> npt.NDArray[np.int64]:
    """Return (size,) how often each index occurs."""
    total = np.zeros(size, dtype=np.int64)
    for start in range(0, len(indices), _PART):  # bincount copies to 8 bytes a row
        total += np.bincount(indices[start : start + _PART], minlength=size)
    return total


def first_of_pairs(log: Log, n_users: int, n_items: int) -> BoolArray:
    """Return (n,) True for one row of each (user, item) pair: the earliest.

    Of equally early ones, and without times, it is the first row.
    """
    kept = np.zeros(len(log), dtype=np.bool_)
    per_user = np.concatenate([[0], np.cumsum(counts(log.users, n_users))])
    begin = 0
    while begin < n_users:  # a range of users at a time, so that sorting needs little memory
        last = int(np.searchsorted(per_user, per_user[begin] + _PART, side="right")) - 1
        end = max(begin + 1, min(last, n_users))
        rows = np.flatnonzero((log.users >= begin) & (log.users < end))
        keys = (log.users[rows].astype(np.int64) - begin) * n_items + log.items[rows]
        if log.times is None:
            order = np.argsort(keys, kind="stable")
        else:
            order = np.lexsort((log.times[rows], keys))
        keys = keys[order]
        first = np.ones(len(keys), dtype=np.bool_)
        np.not_equal(keys[1:], keys[:-1], out=first[1:])
        kept[rows[order[first]]] = True
        begin = end
    return kept


@dataclass(frozen=True, eq=False)
class Core:
    """What a k-core keeps: (n_users,) users, (n_items,) items and (n,) rows, each bool."""

    users: BoolArray
    items: BoolArray
    rows: BoolArray
    rounds: int


def k_core(log: Log, n_users: int, n_items: int, k: int) -> Core:
    """Drop users and items with fewer than ``k`` rows until none is left: the k-core.

    The fixed point is the largest set of users and items that have ``k`` rows each among
    themselves, whatever the order of dropping; it may be empty. ``k`` = 0 keeps everything,
    1 everything that occurs. The pairs of ``log`` are taken as they are: merge repeated ones
    before.

    Raises ValueError for a negative ``k``.
    """
    if k < 0:
        raise ValueError(f"k: expected 0 or more, got {k}")
    users, items = np.ones(n_users, dtype=np.bool_), np.ones(n_items, dtype=np.bool_)
    rows = np.ones(len(log), dtype=np.bool_)
    of_user, of_item = counts(log.users, n_users), counts(log.items, n_items)
    rounds = 0
    while True:
        few_users, few_items = users & (of_user < k), items & (of_item < k)
        if not (few_users.any() or few_items.any()):
            return Core(users, items, rows, rounds)
        rounds += 1
        users &= ~few_users
        items &= ~few_items
        gone = few_users[log.users]
        gone |= few_items[log.items]
        gone &= rows
        rows &= ~gone
        of_user -= counts(log.users[gone], n_users)
        of_item -= counts(log.items[gone], n_items)


def largest_core(log: Log, n_users: int, n_items: int, below: int) -> int:
    """Return the largest ``k`` < ``below`` whose `k_core` keeps a row; 0 where there is none."""
    low, high = 0, max(below, 1)
    while high - low > 1:  # the cores are nested
        middle = (low + high) // 2
        if k_core(log, n_users, n_items, middle).rows.any():
            low = middle
        else:
            high = middle
    return low
