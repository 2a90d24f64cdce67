"""Controls in the encoder's own space: content against content, no behaviour."""

from __future__ import annotations

import torch
from torch import Tensor

from becam.attribution import Attribution
from becam.methods.result import named
from becam.question import Question
from becam.target import Target
from recsys.errors import InputError, shown

PROMPT = "a photo of a {category}"


def self_similarity(question: Question) -> Attribution:
    """Weigh activations by the cosine of their masked content with the whole picture's.

    What the encoder finds typical of the picture, whatever the recommender.
    """
    target = Target(question.shared.content, "content", question.digest)
    return named(question, "self-similarity", question.attribute(_as_it_is, target))


def text_prompt(question: Question) -> Attribution:
    """Weigh activations by the cosine of their masked content with that of a prompt.

    Raises:
        InputError: the item has no category, or the encoder no text tower in the same space.
    """
    if not (question.category or "").strip():
        raise InputError(
            "method 'text-prompt' needs the item's category; expected a catalogue with a "
            "'category' column that is filled for this item"
        )
    prompt = PROMPT.format(category=question.category)
    name = shown(question.encoder.name)
    try:
        with torch.inference_mode():
            vector = question.encoder.encode_texts([prompt])[0].float().cpu()
    except NotImplementedError:
        raise InputError(
            f"method 'text-prompt' needs an encoder of texts; {name} has none"
        ) from None
    if len(vector) != question.encoder.feature_dim:
        raise InputError(
            f"method 'text-prompt' needs texts in the pictures' space; encoder {name} gives "
            f"{len(vector)} numbers for a text, {question.encoder.feature_dim} for a picture"
        )
    target = Target(vector, "text", prompt)
    return named(question, "text-prompt", question.attribute(_as_it_is, target))


def _as_it_is(content: Tensor) -> Tensor:
    return content
