"""Interactions of any size, drawn, for benchmarks of recommenders."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from recsys.data.splits import Split

LEAST = 10  # interactions of a user and, nearly, of an item: the paper's 10-core


def generated_split(users: int, items: int, interactions: int, seed: int) -> Split:
    """Draw interactions with power-law activity and popularity, and split them 8:1:1."""
    from recsys.data.interactions import Interactions
    from recsys.data.splits import split_random

    rng = np.random.default_rng([seed, 0])
    activity = rng.pareto(2.0, users) + 1
    popularity = rng.pareto(1.5, items) + 1
    counts = LEAST + rng.multinomial(interactions - LEAST * users, activity / activity.sum())
    counts = np.minimum(counts, items)
    weights = popularity / popularity.sum()
    chosen = [rng.choice(items, count, replace=False, p=weights) for count in counts]
    return split_random(
        Interactions(
            tuple(f"u{user}" for user in range(users)),
            tuple(f"i{item}" for item in range(items)),
            np.repeat(np.arange(users), counts),
            np.concatenate(chosen),
        ),
        seed=seed,
    )
