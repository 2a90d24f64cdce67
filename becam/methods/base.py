"""What a method is: a name, what it needs, and one call for all."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from becam.attribution import Attribution
    from becam.question import Question

KINDS = ("becam", "score", "control", "baseline", "sanity")
NEEDS = ("masked features", "others", "category", "gradients", "behaviour")


@dataclass(frozen=True, kw_only=True)
class Method:
    """A way to explain a picture against a target.

    Attributes:
        name: what a user types.
        label: what a table or figure calls it.
        kind: one of `KINDS`.
        family: methods of one idea.
        needs: some of `NEEDS`: masked features (one pass a channel, shared by all methods that
            need them), other items, the item's category, gradients of encoder and projection,
            the trained recommender (a `becam.scores.Behaviour`).
        seeded: whether it draws at random, by the question's seed.
        about: what it does, in a line, with its source.
        run: explains; raises InputError where the question lacks what it needs.
    """

    name: str
    label: str
    kind: str
    family: str
    needs: frozenset[str]
    seeded: bool
    about: str
    run: Callable[[Question], Attribution]


def on_demand(module: str, function: str) -> Callable[[Question], Attribution]:
    """Return a function of a module that is imported on the first call."""

    def run(question: Question) -> Attribution:
        found: Callable[[Question], Attribution] = getattr(import_module(module), function)
        return found(question)

    return run
