"""MPRT of several maps of one picture: they share every random encoder and what it sees."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from becam.attribution import Attribution, BeCAM
from becam.checking.similarity import SIMILARITIES, similarities
from becam.checking.steps import Step
from becam.masked_features import MaskedFeatures
from becam.methods import Method
from becam.metrics import Value
from becam.question import Question
from becam.sanity.mprt import RandomEncoder, random_encoders
from recsys.errors import InputError

Asked = tuple[Method, Question]
"""A method, and what it explains."""


def staged(asked: Sequence[Asked], *, seed: int, most: int) -> list[list[Step]]:
    """Make maps again while the encoder's weights become random, from the output down.

    The same as `becam.sanity.mprt` of each, but masked features are computed once a stage.

    Args:
        asked: of one picture by one encoder, layer and config; at least one.
        seed: of the random weights: the same for every picture, so that all meet one encoder.
        most: stages at which maps are made at most.

    Returns:
        One a map, in the order of ``asked``: its steps.

    Raises:
        InputError: an encoder whose tower can't be told.
    """
    first = asked[0][1]
    originals = [_run(method, question) for method, question in asked]
    found: list[list[Step]] = [[] for _ in asked]
    randomised = random_encoders(first.encoder, first.layer, first.input, seed=seed, most=most)
    for number, stage in enumerate(randomised, start=1):
        masked = _masked(asked, stage)
        for steps, original, (method, question) in zip(found, originals, asked, strict=True):
            again = replace(
                question, encoder=stage.encoder, layer=stage.layer, masked=masked, store=None
            )
            steps.append(Step(number, stage.name, _compared(original, method, again)))
    return found


def _masked(asked: Sequence[Asked], stage: RandomEncoder) -> MaskedFeatures | None:
    """Return what a random encoder sees under masks, where any of the methods needs it."""
    first = asked[0][1]
    cam = BeCAM(stage.encoder, first.config, layer=stage.layer)
    needed = any("masked features" in method.needs for method, _ in asked)
    return cam.masked_features(first.picture) if needed and cam.shares_features else None


def _run(method: Method, question: Question) -> Attribution | InputError:
    try:
        return method.run(question)
    except InputError as error:  # what the item lacks for this method, say a category
        return error


def _compared(
    original: Attribution | InputError, method: Method, question: Question
) -> dict[str, Value]:
    found = original if isinstance(original, InputError) else _run(method, question)
    for each in (original, found):
        if isinstance(each, InputError):
            return dict.fromkeys(SIMILARITIES, Value.undefined(str(each)))
    assert not isinstance(original, InputError)
    assert not isinstance(found, InputError)
    return similarities(original.heatmap, found.heatmap, question.encoder.input_size)
