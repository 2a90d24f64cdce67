import numpy as np
import pytest

from recsys.data.interactions import Interactions


def make(**changes):
    fields = {
        "user_ids": ("a", "b"),
        "item_ids": ("01", "1", "x"),
        "users": np.array([0, 0, 1]),
        "items": np.array([0, 2, 1]),
    }
    return Interactions(**{**fields, **changes})


def test_sizes():
    made = make(timestamps=np.array([1.0, 2.0, 3.0]), splits=np.array([0, 1, 2], dtype=np.int8))
    assert (made.n, made.n_users, made.n_items) == (3, 2, 3)


@pytest.mark.parametrize(
    ("changes", "error", "message"),
    [
        ({"user_ids": ("a", "a")}, ValueError, "user_ids"),
        ({"item_ids": ("1", "1", "x")}, ValueError, "item_ids"),
        ({"users": [0, 0, 1]}, TypeError, "users.*int64.*list"),
        ({"items": np.array([0, 2, 1], dtype=np.int32)}, TypeError, "items.*int32"),
        ({"items": np.array([[0, 2, 1]])}, ValueError, "axes"),
        ({"items": np.array([0, 2])}, ValueError, "2 rows"),
        ({"items": np.array([0, 3, 1])}, ValueError, "items.*0 to 2"),
        ({"users": np.array([0, -1, 1])}, ValueError, "users.*-1"),
        ({"users": np.array([0, 0, 0]), "items": np.array([1, 2, 1])}, ValueError, "twice"),
        ({"timestamps": np.array([1.0, np.nan, 2.0])}, ValueError, "finite"),
        ({"timestamps": np.array([1.0])}, ValueError, "timestamps: 1 rows"),
        ({"splits": np.array([0, 1, 3], dtype=np.int8)}, ValueError, "splits"),
    ],
)
def test_refuses(changes, error, message):
    with pytest.raises(error, match=message):
        make(**changes)


def test_fingerprint_tells_every_field_apart():
    variants = [
        make(),
        make(user_ids=("a", "c")),
        make(user_ids=("a", 'b", "c'), item_ids=("01", "1", "y")),
        make(item_ids=("01", "1", "y")),
        make(items=np.array([0, 1, 2])),
        make(users=np.array([0, 1, 0])),
        make(timestamps=np.zeros(3)),
        make(splits=np.zeros(3, dtype=np.int8)),
    ]
    assert len({variant.fingerprint() for variant in variants}) == len(variants)
    assert make().fingerprint() == make().fingerprint()


def test_empty_is_allowed():
    none = np.zeros(0, dtype=np.int64)
    assert Interactions((), (), none, none).n == 0
