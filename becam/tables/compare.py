"""From the outcomes of runs to the cells of a table."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence

import numpy as np

from becam.tables.pool import Failure, Results
from becam.tables.runs import Outcome, Run
from becam.tables.table import Cell, PValue, Row
from becam.tables.variants import Lineup, Variant
from recsys.statistics import (
    USER_TESTS,
    Estimate,
    UserTest,
    averaged_over_seeds,
    estimate,
    improvement,
    paired_t,
)


def rows(
    results: Results,
    data: str,
    lineup: Lineup,
    seeds: Sequence[int],
    metrics: Sequence[str],
    user_test: UserTest,
) -> list[Row]:
    """Build the rows of one recommender on one data set: figures, then comparisons."""

    def done(variant: Variant) -> dict[int, Outcome]:
        found = {seed: results[Run(data, variant, seed)] for seed in seeds}
        return {seed: of for seed, of in found.items() if not isinstance(of, Failure)}

    of = {variant: done(variant) for variant in lineup.variants}
    return lineup_rows(
        data,
        lineup,
        lambda variant: [figure([run.mean(m) for run in of[variant].values()]) for m in metrics],
        lambda one, other: [change(of[one], of[other], m, user_test) for m in metrics],
    )


def lineup_rows(
    data: str,
    lineup: Lineup,
    figures: Callable[[Variant], Iterable[Cell | None]],
    changes: Callable[[Variant, Variant], Iterable[Cell | None]],
) -> list[Row]:
    """Build a row for every variant and every comparison of a line-up."""
    found = [
        Row(data, each.recommender, each.label, tuple(figures(each)), control=each.control)
        for each in lineup.variants
    ]
    found += [
        Row(data, one.recommender, one.label, tuple(changes(one, other)), against=other.label)
        for one, other in lineup.comparisons
    ]
    return found


def figure(values: Sequence[float]) -> Cell | None:
    """Return the mean of a figure over seeds; ``None`` without any."""
    return Cell(estimate(values)) if values else None


def change(
    one: dict[int, Outcome], other: dict[int, Outcome], metric: str, user_test: UserTest
) -> Cell | None:
    """Compare two recommenders over the seeds that both finished; ``None`` without any."""
    seeds = [seed for seed in one if seed in other]
    if not seeds:
        return None
    users = averaged_over_seeds(
        {seed: one[seed].per_user[metric] for seed in seeds},
        {seed: other[seed].per_user[metric] for seed in seeds},
    )
    over_users = USER_TESTS[user_test](*users) if len(users[0]) > 1 else None
    means = [[of[seed].mean(metric) for seed in seeds] for of in (one, other)]
    return paired(*means, over_users=over_users)


def paired(
    values: Sequence[float], others: Sequence[float], *, over_users: float | None = None
) -> Cell:
    """Compare figures seed by seed; ``over_users`` is the p-value of a test over users."""
    differences = np.subtract(values, others)
    found: Estimate = estimate(differences)
    return Cell(
        found,
        percent=improvement(float(np.mean(values)), float(np.mean(others))),
        users=None if over_users is None else PValue(over_users),
        seeds=PValue(paired_t(values, others) if len(differences) > 1 else math.nan),
    )
