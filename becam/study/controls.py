"""Controls of the study: scores of masked content that know nothing of projection and adapter."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from becam.encoders.base import Encoder
from becam.methods.content import PROMPT
from becam.scores import Behaviour
from becam.similarity import cosine_similarity
from becam.study.config import CONTENT_BLIND


@dataclass(frozen=True, eq=False)
class Seen:
    """What controls know of the picture that is explained.

    Attributes:
        prompt: content feature of "a photo of a {category}", (D,).
        seed: of the random weights; another for every picture.
    """

    prompt: Tensor
    seed: tuple[int, ...]

    @classmethod
    def of(cls, encoder: Encoder, category: str, seed: tuple[int, ...]) -> Seen:
        """Encode the prompt of a category, in float64."""
        with torch.inference_mode():
            prompt = encoder.encode_texts([PROMPT.format(category=category)])[0]
        return cls(prompt.double().cpu(), seed)


def control(name: str, item: Behaviour, rows: Tensor, seen: Seen) -> Tensor:
    """Score content by a control, (n,) float64.

    Args:
        name: of `becam.study.config.CONTROLS`.
        item: whose behaviour chooses the neighbours.
        rows: content features, (n, D); the last is the whole picture's.
        seen: of the picture.
    """
    if name == "self-similarity":
        return cosine_similarity(rows, rows[-1])
    if name == "text-prompt":
        return cosine_similarity(rows, seen.prompt)
    if name == "random-weights":
        drawn = np.random.default_rng(list(seen.seed)).standard_normal(len(rows))
        return torch.from_numpy(drawn)
    typical = item.contents[item.others].mean(dim=0)
    alike = item.contents[item.neighbours].mean(dim=0)
    return cosine_similarity(rows - typical, alike - typical)


def tells_contents_apart(name: str) -> bool:
    """Tell whether a control says anything of an item's own content against another item's."""
    return name not in CONTENT_BLIND
