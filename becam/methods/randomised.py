"""Sanity: what is left of the map when what it should depend on is random."""

from __future__ import annotations

import torch

from becam.attribution import Attribution
from becam.methods.result import named, rearranged
from becam.question import Question
from becam.target import Projection, Target


def random_embedding(question: Question) -> Attribution:
    """BeCAM with a random vector, as long as b, in the place of b.

    An adapter that b guides is guided by the random vector, where the question can tell how.
    """
    projection, target = random_target(question)
    return named(
        question,
        "random-embedding",
        question.attribute(projection, target),
        {"guided": question.guide is not None},
    )


def random_target(question: Question) -> tuple[Projection, Target]:
    """Draw a vector as long as b; with it comes g as the vector guides it, if that can be told."""
    vector = question.target.vector
    generator = question.generator("random embedding")
    drawn = torch.randn(vector.shape, generator=generator, dtype=torch.float64)
    drawn = (drawn / drawn.norm()).to(vector) * vector.norm()
    projection = question.guide(drawn) if question.guide else question.projection
    return projection, Target(drawn, "random", question.target.id)


def shuffled_content(question: Question) -> Attribution:
    """BeCAM with masked contents dealt to the channels at random.

    Each activation is weighed by what is seen under another channel's mask, so that spread and
    size of the weights stay as they are, and only their place is lost. Channels that were not
    encoded (``passes``) keep their weight.
    """
    return shuffled(question, question.attribute(question.projection, question.target))


def shuffled(question: Question, found: Attribution) -> Attribution:
    """Deal the masked contents behind a map to the channels at random.

    Args:
        question: what was asked.
        found: its map, by the question's own masks.
    """
    order = torch.arange(len(found.weights))
    partial = question.shared.partial if question.cam.shares_features else None
    if partial is None or partial.prediction is not None:
        dealt = order.clone()
    else:
        dealt = order[partial.encoded]
    generator = question.generator("shuffled content")
    order[dealt] = dealt[torch.randperm(len(dealt), generator=generator)]
    return rearranged(question, "shuffled-content", found, order)
