"""Simulated users: their taste is over the product's attributes, never scene or distractors."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, TypeAlias

import numpy as np
import numpy.typing as npt

from recsys.data.demo.attributes import Attributes
from recsys.data.demo.config import TasteConfig as TasteConfig
from recsys.data.demo.vocabulary import CATEGORIES, COLOURS, PATTERNS

Floats: TypeAlias = npt.NDArray[np.float64]

_START: Final = 1_704_067_200  # 2024-01-01 00:00 UTC, in seconds
_DAY: Final = 86_400


@dataclass(frozen=True, eq=False)
class Choices:
    """Who took what, when: int64 arrays (n,), sorted by user, then time (seconds since 1970)."""

    users: npt.NDArray[np.int64]
    items: npt.NDArray[np.int64]
    timestamps: npt.NDArray[np.int64]


def simulate_choices(
    items: Sequence[Attributes],
    rng: np.random.Generator,
    *,
    users: int,
    per_user: tuple[int, int],
    taste: TasteConfig,
) -> Choices:
    """Let ``users`` users each take ``per_user`` (least, most) different items.

    A user's items are the largest of utility + log popularity + Gumbel noise, that is a draw
    without replacement from their softmax (Gumbel top-k; Kool et al., ICML 2019).

    Raises:
        ValueError: a count is out of range, or there are fewer items than a user may take.
    """
    least, most = per_user
    if users < 1 or not 1 <= least <= most <= len(items):
        raise ValueError(
            f"need at least 1 user and 1 <= least <= most <= {len(items)} items a user, "
            f"got {users} users and {per_user}"
        )
    utility = _utility(items, rng, users, taste)
    utility += taste.popularity * rng.standard_normal(len(items))
    utility += rng.gumbel(size=utility.shape)
    counts = rng.integers(least, most + 1, size=users)
    ranked = np.argsort(-utility, axis=1, kind="stable")[:, :most]
    taken = np.arange(most) < counts[:, None]
    # The order of taking is not the order of liking.
    shuffled = np.argsort(np.where(taken, rng.random(taken.shape), 2.0), axis=1, kind="stable")
    ranked = np.take_along_axis(ranked, shuffled, axis=1)
    times = _visits(rng, users, most)
    return Choices(
        users=np.repeat(np.arange(users, dtype=np.int64), counts),
        items=ranked[taken].astype(np.int64),
        timestamps=times[taken],
    )


def _utility(
    items: Sequence[Attributes], rng: np.random.Generator, users: int, taste: TasteConfig
) -> Floats:
    """The utility of every item for every user, (users, items)."""
    colours = tuple(COLOURS)
    aspects = (
        ([CATEGORIES.index(item.category) for item in items], len(CATEGORIES), 2, taste.category),
        ([colours.index(item.colour) for item in items], len(colours), 2, taste.colour),
        ([PATTERNS.index(item.pattern) for item in items], len(PATTERNS), 1, taste.pattern),
    )
    total = np.zeros((users, len(items)))
    for values, choices, most, strength in aspects:
        total += strength * _likes(rng, users, choices, most)[:, values]
    return total


def _likes(rng: np.random.Generator, users: int, choices: int, most: int) -> Floats:
    """Which of ``choices`` each user likes, 1 to ``most`` of them: 0 or 1, (users, choices)."""
    rank = np.argsort(rng.random((users, choices)), axis=1).argsort(axis=1)
    return (rank < rng.integers(1, most + 1, size=users)[:, None]).astype(np.float64)


def _visits(rng: np.random.Generator, users: int, most: int) -> npt.NDArray[np.int64]:
    """Ascending times of ``most`` visits a user, (users, most): some days or weeks apart."""
    first = rng.uniform(0.0, 240.0, size=(users, 1))
    gaps = rng.exponential(9.0, size=(users, most)) + 0.01
    days = first + np.cumsum(gaps, axis=1)
    return _START + (days * _DAY).astype(np.int64)
