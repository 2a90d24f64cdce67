"""Merging repeated pairs and the k-core, against plain loops."""

from __future__ import annotations

from collections import Counter

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from recsys.data import core
from recsys.data.core import Log, first_of_pairs, k_core, largest_core

N_USERS, N_ITEMS = 8, 7
pairs = st.lists(st.tuples(st.integers(0, N_USERS - 1), st.integers(0, N_ITEMS - 1)), max_size=60)


def make(rows: list[tuple[int, int]], times: list[int] | None = None) -> Log:
    users, items = (np.array([row[side] for row in rows], dtype=np.int32) for side in (0, 1))
    return Log(users, items, None if times is None else np.array(times, dtype=np.float64))


def plain_core(rows: list[tuple[int, int]], k: int) -> list[tuple[int, int]]:
    while True:
        of_user, of_item = (Counter(row[side] for row in rows) for side in (0, 1))
        left = [row for row in rows if of_user[row[0]] >= k and of_item[row[1]] >= k]
        if left == rows:
            return rows
        rows = left


@settings(max_examples=150, deadline=None)
@given(pairs.map(lambda rows: list(dict.fromkeys(rows))), st.integers(0, 5))
def test_core(rows: list[tuple[int, int]], k: int) -> None:
    found = k_core(make(rows), N_USERS, N_ITEMS, k)
    expected = plain_core(rows, k)
    assert [row for row, kept in zip(rows, found.rows, strict=True) if kept] == expected
    users, items = ({row[side] for row in expected} for side in (0, 1))
    if k:
        assert set(np.flatnonzero(found.users)) == users
        assert set(np.flatnonzero(found.items)) == items
    else:
        assert found.users.all()
        assert found.items.all()
        assert found.rounds == 0


def test_a_chain_falls_to_the_end() -> None:
    """Each round frees the next one: one pass of the filter would not do."""
    n = 50
    rows = [(i, i) for i in range(n)] + [(i, i + 1) for i in range(n - 1)]
    rows += [(0, n), (n, n), (n, n + 1), (n + 1, n + 1), (n + 1, n)]
    found = k_core(make(rows), n + 2, n + 2, 2)
    assert found.rounds > n // 2
    assert set(map(tuple, np.array(rows)[found.rows].tolist())) == set(plain_core(rows, 2))
    with pytest.raises(ValueError, match="-1"):
        k_core(make(rows), n + 2, n + 2, -1)


@settings(max_examples=100, deadline=None)
@given(pairs.map(lambda rows: list(dict.fromkeys(rows))), st.integers(1, 9))
def test_largest_core(rows: list[tuple[int, int]], below: int) -> None:
    found = largest_core(make(rows), N_USERS, N_ITEMS, below)
    assert found == max((k for k in range(1, below) if plain_core(rows, k)), default=0)


@settings(max_examples=150, deadline=None)
@given(pairs, st.data(), st.booleans())
def test_first_of_pairs(rows: list[tuple[int, int]], data: st.DataObject, timed: bool) -> None:
    times = None
    if timed:
        times = data.draw(st.lists(st.integers(0, 3), min_size=len(rows), max_size=len(rows)))
    best: dict[tuple[int, int], int] = {}
    for at, row in enumerate(rows):
        if row not in best or (times is not None and times[at] < times[best[row]]):
            best[row] = at
    kept = first_of_pairs(make(rows, times), N_USERS, N_ITEMS)
    assert set(np.flatnonzero(kept)) == set(best.values())


@pytest.mark.parametrize("part", [1, 3, 10, 1000])
def test_parts_do_not_matter(part: int, monkeypatch: pytest.MonkeyPatch) -> None:
    rng = np.random.default_rng(0)
    log = Log(
        rng.integers(0, 30, 400, dtype=np.int32),
        rng.integers(0, 20, 400, dtype=np.int32),
        rng.integers(0, 5, 400).astype(np.float64),
    )
    whole = first_of_pairs(log, 31, 20)
    merged = log.where(whole)
    whole_core = k_core(merged, 31, 20, 9)
    monkeypatch.setattr(core, "_PART", part)
    np.testing.assert_array_equal(first_of_pairs(log, 31, 20), whole)
    found = k_core(merged, 31, 20, 9)
    np.testing.assert_array_equal(found.rows, whole_core.rows)
    assert whole_core.rows.any()
    assert not whole_core.rows.all()


def test_columns_of_different_lengths() -> None:
    with pytest.raises(ValueError, match="1 rows"):
        Log(np.zeros(2, dtype=np.int32), np.zeros(1, dtype=np.int32))
