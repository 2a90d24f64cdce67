"""BeCAM by other scores than the cosine with b: see `becam.scores`."""

from __future__ import annotations

from dataclasses import replace
from functools import partial

from becam.attribution import Attribution, BeCAM
from becam.methods.result import named
from becam.question import Question
from becam.scores import score_of
from recsys.errors import InputError, shown


def _by_score(name: str, question: Question) -> Attribution:
    """Weigh the activations by a score of their masked content.

    Raises:
        InputError: the question has no behaviour, the score is not defined for its adapter, or
            not all channels are encoded.
    """
    item = question.behaviour
    if item is None:
        raise InputError(
            f"method {shown(name)} needs the trained recommender; expected a question with "
            "behaviour"
        )
    bound = score_of(name).bound_to(item)
    cam = BeCAM(
        question.encoder,
        replace(question.config, score=name),
        layer=question.layer,
        store=question.store,
    )
    made = cam.attribute(
        question.picture,
        question.projection,
        question.target,
        masked=question.shared,
        score=bound,
        **question.facts,
    )
    return named(question, name, made, {"others": len(item.others)})


excess = partial(_by_score, "excess")
predictor = partial(_by_score, "predictor")
gate = partial(_by_score, "gate")
effective_length = partial(_by_score, "effective-length")
centred = partial(_by_score, "centred")
centred_length = partial(_by_score, "centred-length")
own_minus_others = partial(_by_score, "own-minus-others")
audience = partial(_by_score, "audience")
audience_length = partial(_by_score, "audience-length")
final = partial(_by_score, "final")
neighbours = partial(_by_score, "neighbours")
