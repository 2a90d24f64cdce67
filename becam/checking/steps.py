"""One heatmap under one check, step by step, kept so that a killed run goes on."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

import numpy as np
import torch

from becam import __version__
from becam.attribution import Attribution
from becam.checking.checks import EMBEDDING
from becam.checking.similarity import SIMILARITIES, similarities
from becam.methods import Method
from becam.methods.randomised import random_target, shuffled
from becam.metrics import Value
from becam.question import Question
from becam.store import TensorStore
from recsys.errors import InputError
from recsys.hashing import content_key

VERSION = 1  # raised whenever the same heatmap would give other values
NO_VECTOR = "the method asks the recommender, not one vector"
NO_MASKS = "the method weighs no channels by masked contents"


@dataclass(frozen=True)
class Step:
    """How alike the map is to the original one.

    Attributes:
        number: from 1; more is random at each.
        stage: of the encoder, down to which weights are random; empty for other checks.
        values: by `becam.checking.similarity.SIMILARITIES`.
    """

    number: int
    stage: str
    values: dict[str, Value]


def one_step(check: str, method: Method, question: Question) -> list[Step]:
    """Check a map with the random embedding or the shuffled content: one step.

    Args:
        check: which of them.
        method: how the map is made.
        question: what it explains.
    """
    try:
        original = method.run(question)
        embedded = check == EMBEDDING
        found = _embedded(method, question) if embedded else _dealt(method, question, original)
        values = similarities(original.heatmap, found.heatmap, question.encoder.input_size)
    except InputError as error:
        values = dict.fromkeys(SIMILARITIES, Value.undefined(str(error)))
    return [Step(1, "", values)]


def _embedded(method: Method, question: Question) -> Attribution:
    if "behaviour" in method.needs:
        raise InputError(NO_VECTOR)
    projection, target = random_target(question)
    # What is drawn at random is drawn by picture and target: the same, lest chance be a change.
    target = replace(target, kind=question.target.kind)
    return method.run(replace(question, projection=projection, target=target))


def _dealt(method: Method, question: Question, original: Attribution) -> Attribution:
    if "masked features" not in method.needs:
        raise InputError(NO_MASKS)
    return shuffled(question, original)


def step_key(check: str, method: Method, question: Question, stages: int, item: str) -> str:
    """Return the content key of a check of one heatmap."""
    encoder, cam = question.encoder, question.cam
    return content_key(
        {
            "what": "sanity check",
            "version": [VERSION, __version__],
            "picture": question.digest,
            "encoder": [encoder.name, encoder.weights_hash],
            "preprocessing": encoder.preprocessing,
            "computed": [str(encoder.dtype), str(cam.engine.dtype), encoder.device.type],
            "layer": question.layer.name,
            "recipe": asdict(cam.recipe),
            "model": question.model_key,
            "item": item,
            "category": question.category,
            "others": [target.id for _, target in question.others],
            "seed": question.seed,
            "method": method.name,
            "options": asdict(question.options),
            "check": check,
            "stages": stages,
        }
    )


def kept(store: TensorStore, key: str) -> list[Step] | None:
    """Return the steps that are stored under a key, if any are."""
    tensors, about = store.get(key), store.about(key)
    if tensors is None or about is None:
        return None
    rows = zip(about["stages"], about["reasons"], tensors["values"].tolist(), strict=True)
    return [
        Step(
            number,
            stage,
            {
                name: Value.undefined(reason) if reason else Value(value)
                for name, reason, value in zip(SIMILARITIES, reasons, values, strict=True)
            },
        )
        for number, (stage, reasons, values) in enumerate(rows, start=1)
    ]


def keep(store: TensorStore, key: str, steps: Sequence[Step]) -> None:
    """Store steps under a key.

    Raises:
        OSError: the store can't be written.
    """
    found = [[each.values[name] for name in SIMILARITIES] for each in steps]
    values = [[np.nan if of.value is None else of.value for of in row] for row in found]
    about: dict[str, Any] = {
        "what": "sanity check",
        "stages": [each.stage for each in steps],
        "reasons": [[of.reason or "" for of in row] for row in found],
    }
    store.put(key, {"values": torch.tensor(values, dtype=torch.float64)}, about)
