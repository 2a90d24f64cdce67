"""Train, valid and test parts of the interactions."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt

from recsys.data.interactions import (
    SPLIT_NAMES,
    IntArray,
    Interactions,
    check_array,
    check_range,
    digest,
    pair_keys,
)
from recsys.errors import InputError, shown

RATIOS = (0.8, 0.1, 0.1)
MIN_INTERACTIONS = 3  # a user with fewer keeps all of them in train


@dataclass(frozen=True, eq=False)
class Split:
    """Disjoint parts of the interactions, each (n, 2) int64 rows of (user, item).

    Raises TypeError for a wrong dtype, ValueError for a wrong shape, an index outside
    the users or items, or a pair that occurs twice, in one part or in two.
    """

    train: IntArray
    valid: IntArray
    test: IntArray
    n_users: int
    n_items: int

    def __post_init__(self) -> None:
        for name, pairs in zip(SPLIT_NAMES, self._parts, strict=True):
            check_array(name, pairs, np.int64, 2)
            if pairs.shape[1] != 2:
                raise ValueError(f"{name}: expected (n, 2) pairs, got shape {pairs.shape}")
            check_range(f"{name} users", pairs[:, 0], self.n_users)
            check_range(f"{name} items", pairs[:, 1], self.n_items)
        pairs = np.concatenate(self._parts)
        keys = np.sort(pair_keys(pairs[:, 0], pairs[:, 1], self.n_items))
        if (keys[1:] == keys[:-1]).any():
            raise ValueError("a (user, item) pair occurs twice in train, valid and test")

    @property
    def _parts(self) -> tuple[IntArray, IntArray, IntArray]:
        return self.train, self.valid, self.test

    @cached_property
    def trained_items(self) -> IntArray:
        """The items with an interaction in train, ascending: those that behaviour says anything of.

        Shape (n,), int64.
        """
        return np.unique(self.train[:, 1])

    def cold_users(self, part: str) -> IntArray:
        """Return the users with interactions in ``part`` but none in train, ascending, int64 (n,).

        Nothing was learnt of them. Only a given split has any.
        """
        pairs: IntArray = getattr(self, part)
        return np.setdiff1d(pairs[:, 0], self.train[:, 0])

    @cached_property
    def _fingerprint(self) -> str:
        return digest(((str(self.n_users), str(self.n_items)),), self._parts)

    def fingerprint(self) -> str:
        """Return the sha256 (hex) of the three parts and the numbers of users and items."""
        return self._fingerprint


def split_random(
    interactions: Interactions, *, seed: int, ratios: tuple[float, float, float] = RATIOS
) -> Split:
    """Split each user's interactions at random by ``ratios`` (train : valid : test).

    A user with n >= 3 interactions gives n times the ratio to test and to valid, rounded
    to the nearest (halves up) but at least one, and keeps the rest, at least one, in
    train: 3 to 14 interactions give one to each at 8:1:1. The result depends on the seed
    and on the set of interactions, not on the order of their rows.

    Raises InputError for ratios that are not three positive numbers, a negative seed, and
    a catalogue too small to train.
    """
    return _split(interactions, parts_at_random(interactions, seed=seed, ratios=ratios))


def parts_at_random(
    interactions: Interactions, *, seed: int, ratios: tuple[float, float, float] = RATIOS
) -> npt.NDArray[np.int8]:
    """Return the part of each row, (n,) int8 codes into `SPLIT_NAMES`, as in `split_random`."""
    rng = _generator(seed)
    canonical = np.lexsort((interactions.items, interactions.users))
    order = canonical[np.lexsort((rng.random(interactions.n), interactions.users[canonical]))]
    return _per_user(interactions, order, ratios)


def split_by_time(
    interactions: Interactions,
    *,
    seed: int = 0,
    ratios: tuple[float, float, float] = RATIOS,
) -> Split:
    """Split each user's interactions by time: the latest to test, those before to valid.

    The sizes are those of `split_random`. The seed decides the order of equal timestamps.

    Raises InputError as `split_random` does, and where there are no timestamps.
    """
    return _split(interactions, parts_by_time(interactions, seed=seed, ratios=ratios))


def parts_by_time(
    interactions: Interactions,
    *,
    seed: int = 0,
    ratios: tuple[float, float, float] = RATIOS,
) -> npt.NDArray[np.int8]:
    """Return the part of each row, (n,) int8 codes into `SPLIT_NAMES`, as in `split_by_time`."""
    if interactions.timestamps is None:
        raise InputError("a split by time needs a 'timestamp' column in the interactions")
    rng = _generator(seed)
    canonical = np.lexsort((interactions.items, interactions.users))
    ties = rng.random(interactions.n)
    order = canonical[
        np.lexsort((ties, interactions.timestamps[canonical], interactions.users[canonical]))
    ]
    return _per_user(interactions, order, ratios)


def split_from_column(interactions: Interactions) -> Split:
    """Split as the ``split`` column of the interactions says.

    Raises InputError where there is no such column or a part is empty.
    """
    if interactions.splits is None:
        raise InputError("a given split needs a 'split' column in the interactions")
    return _split(interactions, interactions.splits, given_by="split")


def _generator(seed: int) -> np.random.Generator:
    if isinstance(seed, bool) or not isinstance(seed, (int, np.integer)):
        raise TypeError(f"seed: expected an integer, got {type(seed).__name__}")
    if seed < 0:
        raise InputError(f"seed {shown(seed)}: expected 0 or more")
    return np.random.default_rng(int(seed))


def _per_user(
    interactions: Interactions, order: IntArray, ratios: tuple[float, float, float]
) -> npt.NDArray[np.int8]:
    """Give each row its part; ``order`` sorts the rows by user, and within one as they are cut."""
    if len(ratios) != 3 or not all(math.isfinite(ratio) and ratio > 0 for ratio in ratios):
        raise InputError(f"split ratios {shown(ratios)}: expected three positive numbers")
    _, valid_ratio, test_ratio = (ratio / math.fsum(ratios) for ratio in ratios)
    counts = np.bincount(interactions.users, minlength=interactions.n_users)
    # The small number makes halves go up whatever way their product was rounded.
    n_test = np.floor(counts * test_ratio + 0.5 + 1e-9).astype(np.int64)
    n_valid = np.floor(counts * valid_ratio + 0.5 + 1e-9).astype(np.int64)
    n_test = np.clip(n_test, 1, np.maximum(counts - 2, 1))
    n_valid = np.clip(n_valid, 1, np.maximum(counts - 1 - n_test, 1))
    few = counts < MIN_INTERACTIONS
    n_test[few] = 0
    n_valid[few] = 0

    users = interactions.users[order]
    starts = np.cumsum(counts) - counts
    from_last = counts[users] - 1 - (np.arange(interactions.n) - starts[users])
    in_test = from_last < n_test[users]
    in_valid = ~in_test & (from_last < n_test[users] + n_valid[users])
    parts = np.zeros(interactions.n, dtype=np.int8)
    parts[order] = np.where(in_test, 2, np.where(in_valid, 1, 0))
    return parts


def _split(
    interactions: Interactions, parts: npt.NDArray[np.int8], given_by: str | None = None
) -> Split:
    """Cut the rows by part, each sorted by user, then item."""
    order = np.lexsort((interactions.items, interactions.users))
    pairs = np.stack([interactions.users, interactions.items], axis=1)[order]
    codes = parts[order]
    train, valid, test = (pairs[codes == code] for code in range(len(SPLIT_NAMES)))
    sizes = (len(train), len(valid), len(test))
    check_sizes(interactions.n_users, interactions.n_items, sizes, given_by)
    return Split(train, valid, test, interactions.n_users, interactions.n_items)


def check_sizes(
    n_users: int, n_items: int, sizes: tuple[int, int, int], given_by: str | None = None
) -> None:
    """Check that parts of these sizes, in the order of `SPLIT_NAMES`, can be trained on.

    ``given_by`` is the column that they are from; None for a split 8:1:1 per user.

    Raises InputError where one is empty, or there are fewer than 2 users or items.
    """
    named = zip(SPLIT_NAMES, sizes, strict=True)
    empty = " and ".join(name for name, size in named if not size)
    too_small = "catalogue too small to train: "
    if n_users < 2:
        reason = f"{too_small}it needs at least 2 users"
    elif n_items < 2:
        reason = f"{too_small}it needs at least 2 items"
    elif empty and given_by is not None:
        reason = (
            f"no interaction is in {empty} by column {given_by!r}; expected some in each of "
            f"{', '.join(SPLIT_NAMES)}"
        )
    elif empty:
        reason = (
            f"{too_small}no interaction is left for {empty} "
            f"(a user takes part in valid and test from {MIN_INTERACTIONS} interactions on)"
        )
    else:
        return
    train, valid, test = sizes
    raise InputError(
        f"{reason}; found {n_users} users, {n_items} items, {sum(sizes)} interactions "
        f"(train {train}, valid {valid}, test {test})"
    )
