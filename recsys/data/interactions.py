"""Who interacted with what: ids as strings, rows as integer indices."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt

IntArray = npt.NDArray[np.int64]
FloatArray = npt.NDArray[np.float64]

SPLIT_NAMES = ("train", "valid", "test")  # a row's code in `Interactions.splits` is its place here


def digest(ids: Sequence[Sequence[str]], arrays: Sequence[npt.NDArray[Any] | None]) -> str:
    """Return the sha256 (hex) of lists of ids and of arrays, with their types and shapes."""
    sha = hashlib.sha256()
    for names in ids:
        sha.update(json.dumps(list(names)).encode())
    for array in arrays:
        if array is None:
            sha.update(b"none;")
            continue
        little = np.ascontiguousarray(array, dtype=array.dtype.newbyteorder("<"))
        sha.update(f"{little.dtype.str}{little.shape};".encode())
        sha.update(little.data if little.size else b"")
    return sha.hexdigest()


def pair_keys(users: IntArray, items: IntArray, n_items: int) -> IntArray:
    """Number each (user, item) pair: (n,) int64, in the order of user, then item."""
    keys: IntArray = users * np.int64(n_items) + items
    return keys


def check_array(name: str, array: object, dtype: type[np.generic], ndim: int) -> None:
    """Raise TypeError or ValueError unless ``array`` has this dtype and number of axes."""
    if not isinstance(array, np.ndarray) or array.dtype != np.dtype(dtype):
        got = array.dtype if isinstance(array, np.ndarray) else type(array).__name__
        raise TypeError(f"{name}: expected an array of {np.dtype(dtype)}, got {got}")
    if array.ndim != ndim:
        raise ValueError(f"{name}: expected {ndim} axes, got shape {array.shape}")


def check_range(name: str, array: npt.NDArray[np.integer[Any]], stop: int) -> None:
    """Raise ValueError unless every value is in ``range(stop)``."""
    if array.size and (array.min() < 0 or array.max() >= stop):
        raise ValueError(
            f"{name}: values from {array.min()} to {array.max()}, expected 0 to {stop - 1}"
        )


@dataclass(frozen=True, eq=False)
class Interactions:
    """Distinct (user, item) pairs over all users and items, those without a row included.

    ``user_ids`` and ``item_ids`` turn an index into its id. ``users`` and ``items`` are
    (n,) int64 indices; each pair occurs once. ``timestamps`` are (n,) float64, any
    increasing unit; ``splits`` are (n,) int8 codes into `SPLIT_NAMES`.

    Raises TypeError for a wrong dtype, ValueError for lengths that differ, an index
    outside the ids, repeated ids or pairs, a timestamp that is not finite.
    """

    user_ids: tuple[str, ...]
    item_ids: tuple[str, ...]
    users: IntArray
    items: IntArray
    timestamps: FloatArray | None = None
    splits: npt.NDArray[np.int8] | None = None

    def __post_init__(self) -> None:
        for name, ids in (("user_ids", self.user_ids), ("item_ids", self.item_ids)):
            if len(set(ids)) != len(ids):
                raise ValueError(f"{name}: an id occurs twice")
        check_array("users", self.users, np.int64, 1)
        check_array("items", self.items, np.int64, 1)
        columns: dict[str, npt.NDArray[Any]] = {"items": self.items}
        if self.timestamps is not None:
            check_array("timestamps", self.timestamps, np.float64, 1)
            columns["timestamps"] = self.timestamps
        if self.splits is not None:
            check_array("splits", self.splits, np.int8, 1)
            columns["splits"] = self.splits
        for name, column in columns.items():
            if len(column) != len(self.users):
                raise ValueError(f"{name}: {len(column)} rows, but users has {len(self.users)}")
        check_range("users", self.users, self.n_users)
        check_range("items", self.items, self.n_items)
        if self.timestamps is not None and not np.isfinite(self.timestamps).all():
            raise ValueError("timestamps: a value is not finite")
        if self.splits is not None:
            check_range("splits", self.splits, len(SPLIT_NAMES))
        keys = np.sort(pair_keys(self.users, self.items, self.n_items))
        if (keys[1:] == keys[:-1]).any():
            raise ValueError("users, items: a (user, item) pair occurs twice")

    @property
    def n_users(self) -> int:
        """Number of users."""
        return len(self.user_ids)

    @property
    def n_items(self) -> int:
        """Number of items."""
        return len(self.item_ids)

    @property
    def n(self) -> int:
        """Number of interactions."""
        return len(self.users)

    @cached_property
    def _fingerprint(self) -> str:
        return digest(
            (self.user_ids, self.item_ids),
            (self.users, self.items, self.timestamps, self.splits),
        )

    def fingerprint(self) -> str:
        """Return the sha256 (hex) of the ids and the rows, in their order."""
        return self._fingerprint
