"""Turning what a method finds into an attribution."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, replace
from typing import Any

import numpy as np
import torch
from torch import Tensor

from becam.attribution import Attribution
from becam.device import dtype_name
from becam.finite import is_finite, not_finite
from becam.health import health
from becam.heatmap import heatmap, unweighted_map
from becam.methods.registry import METHODS
from becam.presets import PAPER
from becam.provenance import Provenance, encoder_facts
from becam.question import Question
from recsys.errors import InputError, shown


def attribution_of(
    question: Question,
    method: str,
    found: Tensor,
    *,
    weights: Tensor | None = None,
    fill: bool = False,
    options: Mapping[str, Any] | None = None,
) -> Attribution:
    """Make an attribution of a map that did not come from BeCAM's similarities.

    Args:
        question: what was asked.
        method: its name.
        found: the map over the encoder's input, any resolution, (h, w).
        weights: what the activations were summed with, (N,), where they were.
        fill: whether the method fills parts of the picture, by the question's fill.
        options: what else determines the result, as plain values.

    Raises:
        InputError: a map that is not finite.
    """
    encoder, recipe = question.encoder, question.cam.recipe
    values = found.detach().float().cpu()
    if not is_finite(values):
        raise no_finite_score(question, method)
    if recipe.rectify:
        values = values.relu()
    plain = unweighted_map(question.activations)
    used = torch.zeros(0) if weights is None else weights.detach().float().cpu()
    facts = encoder_facts(encoder, question.config, question.layer.name)
    # Of the recipe only what this method shares with BeCAM: nothing that was not used.
    facts |= asdict(PAPER) | {"rectify": recipe.rectify, "weighting": None}
    facts["fill"] = recipe.fill if fill else None
    of_fill, of_content = question.similarities
    return Attribution(
        heatmap=values.numpy(),
        unweighted=plain.numpy(),
        similarities=np.zeros(0, np.float32),
        weights=used.numpy(),
        fill_similarity=of_fill,
        content_similarity=of_content,
        health=health(used, values, plain),
        geometry=encoder.geometry(question.picture.size),
        picture=np.asarray(question.picture.convert("RGB")),
        provenance=Provenance(
            picture=question.digest,
            precision=dtype_name(encoder.dtype),
            target_kind=question.target.kind,
            target_id=question.target.id,
            method=method,
            options=_with_seed(question, method, options),
            **question.facts,
            **facts,
        ),
    )


def no_finite_score(question: Question, method: str) -> InputError:
    """Build the error for a method that meets values that are not finite: it names their origin."""
    whose = f"method {shown(method)}"
    with torch.inference_mode():
        batch = question.input[None]
        if is_finite(question.score(batch)):  # not the picture's own score, then
            return InputError(f"{whose}: values that are not finite; expected finite numbers")
        contents = question.encoder.encode_pictures(batch.to(question.encoder.dtype))
    return not_finite(
        whose, target=question.target, contents=contents, encoder=question.encoder.name
    )


def weighted(
    question: Question,
    method: str,
    weights: Tensor,
    *,
    options: Mapping[str, Any] | None = None,
) -> Attribution:
    """Make an attribution of activations summed by weights (N,) of a method's own."""
    summed = heatmap(question.activations, weights)
    return attribution_of(question, method, summed, weights=weights, options=options)


def named(
    question: Question,
    method: str,
    attribution: Attribution,
    options: Mapping[str, Any] | None = None,
) -> Attribution:
    """Record which method one of BeCAM's attributions is."""
    provenance = replace(
        attribution.provenance,
        method=method,
        options=_with_seed(question, method, options),
    )
    return replace(attribution, provenance=provenance)


def rearranged(
    question: Question,
    method: str,
    attribution: Attribution,
    order: Tensor,
    options: Mapping[str, Any] | None = None,
) -> Attribution:
    """Deal an attribution's similarities and weights to the channels in another order.

    Args:
        question: what was asked.
        method: the name to record.
        attribution: BeCAM's.
        order: which channel's similarity and weight each channel gets, (N,) int64.
        options: as for `attribution_of`.
    """
    weights = torch.from_numpy(attribution.weights)[order]
    summed = heatmap(question.activations, weights, rectify=attribution.provenance.rectify)
    plain = torch.from_numpy(attribution.unweighted)
    return named(
        question,
        method,
        replace(
            attribution,
            heatmap=summed.numpy(),
            similarities=attribution.similarities[order.numpy()],
            weights=weights.numpy(),
            health=health(weights, summed, plain),
            approximation=None,  # it was estimated for the channels' own order
        ),
        options,
    )


def _with_seed(
    question: Question, method: str, options: Mapping[str, Any] | None
) -> dict[str, Any]:
    seeded = {"seed": question.seed} if METHODS[method].seeded else {}
    return {**(options or {}), **seeded}
