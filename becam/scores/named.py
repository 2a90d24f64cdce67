"""Named scores: how far content agrees with behaviour, before and after an adapter.

BeCAM's own is the cosine of adapted content g(z) with the behavioural embedding b (BeFA, eq. 2).
An adapter that answers with b times a gate agrees with b whatever the content is; the other
scores look for what of the content is left.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial

import torch
from torch import Tensor

from becam.presets import GATES, GATES_ONLY
from becam.scores.behaviour import Behaviour
from becam.similarity import cosine_similarity
from recsys.errors import InputError, shown, unknown

STRANGERS = 8  # other items whose embeddings stand for "any item"


@dataclass(frozen=True)
class Score:
    """A way to compare content with behaviour.

    Attributes:
        name: what a user types.
        about: what it is, in a line.
        bounded: whether it is a cosine, in [-1, 1]; others have the scale of what they compare.
        gates_only: whether it is defined for adapters alone that are gates.
        of: a `Behaviour` and content features (n, D) to (n,) float32.
    """

    name: str
    about: str
    bounded: bool
    gates_only: bool
    of: Callable[[Behaviour, Tensor], Tensor]

    def defined_for(self, adapter: str | None) -> bool:
        """Tell whether the score says anything about a recommender with this adapter."""
        return not self.gates_only or adapter in GATES

    def bound_to(self, item: Behaviour) -> Callable[[Tensor], Tensor]:
        """Return the score of content features (n, D) for one item, (n,).

        Raises:
            InputError: the score is not defined for the recommender's adapter.
        """
        adapter = item.model.branch(item.modality).adapter
        name = None if adapter is None else adapter.name
        if not self.defined_for(name):
            raise InputError(
                f"score {shown(self.name)} is of gates alone; expected an adapter among "
                f"{', '.join(GATES)}, not {shown(name or 'none')}"
            )
        return partial(self.of, item)


def cosine(item: Behaviour, rows: Tensor) -> Tensor:
    """cos(g(z), b): as published."""
    return cosine_similarity(item.adapted(rows), item.embedding)


def excess(item: Behaviour, rows: Tensor) -> Tensor:
    """The cosine minus its mean over other items' contents: the difference to shuffled content."""
    return cosine(item, rows) - cosine_similarity(item.foreign, item.embedding).mean()


def predictor(item: Behaviour, rows: Tensor) -> Tensor:
    """cos(P g(z), P b) with the recommender's predictor P on both sides."""
    with torch.inference_mode():
        target = item.model.predicted(item.embedding[None])[0]
        return cosine_similarity(item.model.predicted(item.adapted(rows)), target)


def gate(item: Behaviour, rows: Tensor) -> Tensor:
    """How far the gate g(z) / b is open, the mean over its numbers."""
    return (item.adapted(rows) / item.embedding).mean(dim=1)


def effective_length(item: Behaviour, rows: Tensor) -> Tensor:
    """The projection of g(z) on b in units of |b|: BeFA's eq. 5, whose length the cosine loses."""
    return item.adapted(rows) @ item.embedding / item.embedding.square().sum()


def centred(item: Behaviour, rows: Tensor) -> Tensor:
    """cos(g(z) - mean of g over other items' contents, b): what is constant in content is gone."""
    return cosine_similarity(item.adapted(rows) - item.typical, item.embedding)


def centred_length(item: Behaviour, rows: Tensor) -> Tensor:
    """The inner product of both, each centred, in units of the squared length of centred b."""
    target = item.embedding - item.mean_embedding
    return (item.adapted(rows) - item.typical) @ target / target.square().sum()


def own_minus_others(item: Behaviour, rows: Tensor) -> Tensor:
    """The cosine minus the mean of those with other items' embeddings, each guiding its own."""
    table = item.model.behavioural_embeddings().detach()
    foreign = [
        cosine_similarity(item.adapted(rows, table[index]), table[index])
        for index in item.others[:STRANGERS].tolist()
    ]
    return cosine(item, rows) - torch.stack(foreign).mean(dim=0)


def audience(item: Behaviour, rows: Tensor) -> Tensor:
    """cos(P g(z), mean direction of the users who took the item)."""
    with torch.inference_mode():
        return cosine_similarity(item.model.predicted(item.adapted(rows)), item.taker)


def audience_length(item: Behaviour, rows: Tensor) -> Tensor:
    """Inner product with the item's users minus that with all users: a recommender's own score."""
    with torch.inference_mode():
        target = item.taker - item.mean_user
        return item.model.predicted(item.adapted(rows)) @ target


def final(item: Behaviour, rows: Tensor) -> Tensor:
    """The centred cosine with what is ranked: the item's final embedding minus other items'."""
    with torch.inference_mode():
        found = item.model.predicted(item.adapted(rows)) - item.typical_predicted
        return cosine_similarity(found, item.final - item.mean_final)


def neighbours(item: Behaviour, rows: Tensor) -> Tensor:
    """Cosine with the contents of the items that behaviour holds alike, both sides centred.

    All of them guided by this item's b. Asks nothing of b itself, so that it serves recommenders
    that compare contents with each other and never with b (LATTICE).
    """
    return cosine_similarity(item.adapted(rows) - item.typical, item.alike - item.typical)


# name, function, whether it is a cosine
_TABLE = (
    ("cosine", cosine, True),
    ("excess", excess, False),
    ("predictor", predictor, True),
    ("gate", gate, False),
    ("effective-length", effective_length, False),
    ("centred", centred, True),
    ("centred-length", centred_length, False),
    ("own-minus-others", own_minus_others, False),
    ("audience", audience, True),
    ("audience-length", audience_length, False),
    ("final", final, True),
    ("neighbours", neighbours, True),
)

SCORES: Mapping[str, Score] = {
    name: Score(
        name=name,
        about=(function.__doc__ or "").partition("\n")[0],
        bounded=bounded,
        gates_only=name in GATES_ONLY,
        of=function,
    )
    for name, function, bounded in _TABLE
}


def score_of(name: str) -> Score:
    """Look a score up.

    Raises:
        InputError: an unknown name; the message names the nearest.
    """
    if name not in SCORES:
        raise unknown("score", name, SCORES)
    return SCORES[name]
