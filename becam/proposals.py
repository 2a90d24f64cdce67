"""Which combination of options a search tries next."""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from becam.trials import Trial
from recsys.errors import InputError
from recsys.search_spaces import Space, Value

INSTALL = "pip install 'becam[search]'"
ATTEMPTS = 8  # of the sampler to propose what is not tried yet


def combinations(space: Space) -> int:
    """Return how many combinations a space has."""
    return math.prod(len(values) for values in space.values())


class Proposer:
    """Proposes combinations that are not tried yet.

    What it proposes depends on the space, the seed and the trials so far, and on nothing else,
    so that an interrupted search goes on as if it had not been.

    Args:
        space: values by option.
        sampler: ``grid``, every combination in random order, or ``tpe``, optuna's
            tree-structured Parzen estimator (Bergstra et al., NeurIPS 2011).
        seed: of the order, or of the sampler.

    Raises:
        InputError: optuna is needed and not installed.
    """

    def __init__(self, space: Space, *, sampler: str, seed: int) -> None:
        self.space = space
        self.sampler = sampler
        self.seed = seed
        self._optuna: Any = _optuna() if sampler == "tpe" else None

    def propose(self, trials: Sequence[Trial]) -> dict[str, Value] | None:
        """Return the next combination; None where all are tried."""
        if len(trials) >= combinations(self.space):
            return None
        tried = {self._indices(trial.options) for trial in trials}
        if self._optuna is None:
            everything = list(self._all())
            order = self._generator(0, 0).permutation(len(everything))
            return self._options(
                next(everything[place] for place in order if everything[place] not in tried)
            )
        for attempt in range(ATTEMPTS):
            proposed = self._ask(trials, self._generator(len(trials), attempt))
            if self._indices(proposed) not in tried:
                return proposed
        left = [indices for indices in self._all() if indices not in tried]
        return self._options(left[self._generator(len(trials), ATTEMPTS).integers(len(left))])

    def _all(self) -> Iterator[tuple[int, ...]]:
        return itertools.product(*(range(len(values)) for values in self.space.values()))

    def _generator(self, number: int, attempt: int) -> np.random.Generator:
        return np.random.default_rng([self.seed, number, attempt])

    def _options(self, indices: tuple[int, ...]) -> dict[str, Value]:
        chosen = zip(self.space.items(), indices, strict=True)
        return {key: values[index] for (key, values), index in chosen}

    def _indices(self, options: dict[str, Value]) -> tuple[int, ...]:
        return tuple(values.index(options[key]) for key, values in self.space.items())

    def _ask(self, trials: Sequence[Trial], generator: np.random.Generator) -> dict[str, Value]:
        """Ask optuna, told of all trials so far."""
        optuna = self._optuna
        distributions = {
            key: optuna.distributions.CategoricalDistribution(values)
            for key, values in self.space.items()
        }
        level = optuna.logging.get_verbosity()
        optuna.logging.set_verbosity(optuna.logging.WARNING)
        try:
            study = optuna.create_study(
                direction="maximize",
                sampler=optuna.samplers.TPESampler(seed=int(generator.integers(2**31))),
            )
            for trial in trials:
                state = optuna.trial.TrialState
                study.add_trial(
                    optuna.trial.create_trial(
                        params=trial.options,
                        distributions=distributions,
                        value=trial.value,
                        state=state.FAIL if trial.value is None else state.COMPLETE,
                    )
                )
            found: dict[str, Value] = study.ask(distributions).params
        finally:
            optuna.logging.set_verbosity(level)
        return found


def _optuna() -> Any:
    try:
        import optuna
    except ImportError:
        raise InputError(
            f"sampler 'tpe' needs the package optuna; install it with {INSTALL}, "
            "or choose --sampler grid"
        ) from None
    return optuna
