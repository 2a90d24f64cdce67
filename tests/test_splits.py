import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from recsys.data.interactions import Interactions
from recsys.data.splits import Split, split_by_time, split_from_column, split_random
from recsys.errors import InputError


def interactions(counts, n_items=60, seed=0, **columns):
    """Make users with these numbers of interactions, rows shuffled."""
    rng = np.random.default_rng(seed)
    users = np.repeat(np.arange(len(counts)), counts)
    parts = [rng.permutation(n_items)[:count] for count in counts]
    items = np.concatenate(parts).astype(np.int64) if parts else np.zeros(0, dtype=np.int64)
    order = rng.permutation(len(users))
    made = {name: make(len(users), rng) for name, make in columns.items()}
    return Interactions(
        tuple(f"u{index}" for index in range(len(counts))),
        tuple(f"i{index}" for index in range(n_items)),
        users[order],
        items[order],
        **made,
    )


def counts_per_user(pairs, n_users):
    return np.bincount(pairs[:, 0], minlength=n_users)


def as_set(pairs):
    return set(map(tuple, pairs.tolist()))


many_counts = st.lists(st.integers(0, 50), min_size=1, max_size=12).map(lambda some: [*some, 3])
some_ratios = st.tuples(*[st.floats(0.01, 10)] * 3)


def coarse_times(size, rng):
    return rng.integers(0, 4, size).astype(np.float64)


@settings(max_examples=60, deadline=None)
@given(many_counts, st.integers(0, 2**63), some_ratios, st.booleans())
def test_parts_are_disjoint_exhaustive_and_per_user(counts, seed, ratios, by_time):
    given_ = interactions(counts, timestamps=coarse_times)
    cut = split_by_time if by_time else split_random
    split = cut(given_, seed=seed, ratios=ratios)
    parts = [as_set(part) for part in (split.train, split.valid, split.test)]
    assert sum(map(len, parts)) == given_.n
    assert set.union(*parts) == set(zip(given_.users.tolist(), given_.items.tolist(), strict=True))
    train, valid, test = (
        counts_per_user(part, len(counts)) for part in (split.train, split.valid, split.test)
    )
    n = np.array(counts)
    enough = n >= 3
    assert (train[enough] >= 1).all()
    assert (valid[enough] >= 1).all()
    assert (test[enough] >= 1).all()
    assert (train[~enough] == n[~enough]).all()
    expected = np.maximum(1, n * ratios[2] / sum(ratios))
    assert (test[enough] <= expected[enough] + 0.5 + 1e-6).all()


@pytest.mark.parametrize(
    ("n", "sizes"),
    [
        (1, (1, 0, 0)),
        (2, (2, 0, 0)),
        (3, (1, 1, 1)),
        (5, (3, 1, 1)),
        (10, (8, 1, 1)),
        (14, (12, 1, 1)),
        (15, (11, 2, 2)),
        (20, (16, 2, 2)),
        (35, (27, 4, 4)),
        (50, (40, 5, 5)),
    ],
)
def test_rounding(n, sizes):
    split = split_random(interactions([n, 3]), seed=0)
    got = tuple(counts_per_user(part, 2)[0] for part in (split.train, split.valid, split.test))
    assert got == sizes


def test_seed_decides():
    given_ = interactions([10] * 30)
    first, again, other = (split_random(given_, seed=seed) for seed in (1, 1, 2))
    assert first.fingerprint() == again.fingerprint() != other.fingerprint()
    np.testing.assert_array_equal(first.test, again.test)
    assert as_set(first.test) != as_set(other.test)


def test_every_interaction_may_be_held_out():
    given_ = interactions([5, 5])
    held = set()
    for seed in range(60):
        held |= as_set(split_random(given_, seed=seed).test)
    assert len(held) == given_.n


@settings(max_examples=20, deadline=None)
@given(st.randoms(use_true_random=False), st.booleans())
def test_the_order_of_the_rows_does_not_matter(random, by_time):
    given_ = interactions([7, 4, 12], timestamps=coarse_times)
    order = np.array(random.sample(range(given_.n), given_.n))
    moved = Interactions(
        given_.user_ids,
        given_.item_ids,
        given_.users[order],
        given_.items[order],
        given_.timestamps[order],
    )
    cut = split_by_time if by_time else split_random
    assert cut(given_, seed=3).fingerprint() == cut(moved, seed=3).fingerprint()


def test_by_time_takes_the_latest():
    given_ = interactions([10, 20], timestamps=lambda size, rng: rng.random(size))
    split = split_by_time(given_)
    time_of = {
        pair: time
        for *pair_, time in zip(given_.users, given_.items, given_.timestamps, strict=True)
        for pair in [tuple(int(index) for index in pair_)]
    }
    for user in (0, 1):
        train, valid, test = (
            [time_of[pair] for pair in as_set(part) if pair[0] == user]
            for part in (split.train, split.valid, split.test)
        )
        assert max(train) < min(valid) <= max(valid) < min(test)


def test_from_column():
    given_ = interactions([9, 9], splits=lambda size, _: (np.arange(size) % 3).astype(np.int8))
    split = split_from_column(given_)
    rows = given_.splits == 2
    expected = set(zip(given_.users[rows].tolist(), given_.items[rows].tolist(), strict=True))
    assert as_set(split.test) == expected
    assert len(split.train) == len(split.valid) == len(split.test) == 6


@pytest.mark.parametrize(
    ("given_", "message"),
    [
        (interactions([20]), "at least 2 users; found 1 users, 60 items, 20 interactions"),
        (interactions([1, 1], n_items=1), "at least 2 items"),
        (interactions([2, 2, 1]), r"left for valid and test.*\(train 5, valid 0, test 0\)"),
        (interactions([]), "too small to train: it needs at least 2 users; found 0 users"),
    ],
)
def test_too_small(given_, message):
    with pytest.raises(InputError, match=message):
        split_random(given_, seed=0)


def test_column_with_an_empty_part():
    given_ = interactions([5, 5], splits=lambda size, _: (np.arange(size) % 2).astype(np.int8))
    with pytest.raises(InputError) as caught:
        split_from_column(given_)
    assert str(caught.value).startswith("no interaction is in test by column 'split'; expected")
    assert "takes part" not in str(caught.value), "the number of interactions is not at fault"


def test_missing_columns():
    with pytest.raises(InputError, match="timestamp"):
        split_by_time(interactions([5, 5]))
    with pytest.raises(InputError, match="split"):
        split_from_column(interactions([5, 5]))


@pytest.mark.parametrize("ratios", [(1, 0, 0), (0.8, 0.1), (1, -1, 1), (1, float("nan"), 1)])
def test_bad_ratios(ratios):
    with pytest.raises(InputError, match="ratios"):
        split_random(interactions([5, 5]), seed=0, ratios=ratios)


def test_bad_seeds():
    with pytest.raises(InputError, match="-1"):
        split_random(interactions([5, 5]), seed=-1)
    with pytest.raises(TypeError, match="float"):
        split_random(interactions([5, 5]), seed=0.5)


def test_split_refuses_leaks():
    pairs = np.array([[0, 1], [1, 0]])
    with pytest.raises(ValueError, match="twice"):
        Split(pairs, np.array([[1, 1]]), pairs[:1], 2, 2)
    with pytest.raises(ValueError, match="test items"):
        Split(pairs, np.array([[1, 1]]), np.array([[0, 2]]), 2, 2)
    with pytest.raises(ValueError, match="pairs"):
        Split(pairs, np.array([[1, 1, 1]]), pairs[:1], 2, 2)
