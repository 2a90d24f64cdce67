"""BeCAM by other scores than the cosine with b: see `becam.study.scores`."""

from __future__ import annotations

from dataclasses import replace
from functools import partial

import torch

from becam.attribution import Attribution
from becam.health import health
from becam.heatmap import heatmap
from becam.methods.result import named
from becam.question import Question
from becam.study.scores import score_of
from becam.weights import weights
from recsys.errors import InputError, shown


def _by_score(name: str, question: Question) -> Attribution:
    """Weigh the activations by a score of their masked content.

    Raises:
        InputError: the question has no behaviour, the score is not defined for its adapter, or
            not all channels are encoded.
    """
    item, score, recipe = question.behaviour, score_of(name), question.cam.recipe
    if item is None:
        raise InputError(
            f"method {shown(name)} needs the trained recommender; expected a question with "
            "behaviour"
        )
    score.check(item)
    if recipe.passes is not None:
        raise InputError(f"method {shown(name)} needs all channels; expected no --passes")
    masked = question.shared
    found = score.of(item, masked.rows).float().cpu()
    similarities, fill, content = found[:-2], found[-2], found[-1]
    weighed = weights(
        similarities, recipe.weighting, fill_similarity=fill, temperature=recipe.temperature
    )
    summed = heatmap(masked.activations, weighed, rectify=recipe.rectify)
    made = question.attribute(question.projection, question.target)
    made = replace(
        made,
        heatmap=summed.numpy(),
        similarities=similarities.numpy(),
        weights=weighed.numpy(),
        fill_similarity=float(fill),
        content_similarity=float(content),
        health=health(weighed, summed, torch.from_numpy(made.unweighted)),
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
