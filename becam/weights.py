"""Similarities become the weights of the activations."""

from __future__ import annotations

import torch
from torch import Tensor

from becam.map_config import WEIGHTINGS


def weights(
    similarities: Tensor,
    weighting: str = "raw",
    *,
    fill_similarity: Tensor | float = 0.0,
    temperature: float = 1.0,
    encoded: Tensor | None = None,
) -> Tensor:
    """Turn similarities into weights.

    Args:
        similarities: (N,) in [-1, 1].
        weighting: ``raw`` (the similarity itself, BeFA eq. 2); ``contrast`` (minus the mean
            over the channels: what the behaviour adds to the plain activation map); ``delta``
            (minus the similarity of the fill alone); ``softmax`` over the channels.
        fill_similarity: the similarity of the fill alone, for ``delta``.
        temperature: for ``softmax``.
        encoded: which similarities are known, (N,) bool; all without. The others must be 0:
            their weight is 0, or for ``softmax`` that of the score 0, as in gScoreCAM.

    Returns:
        (N,), same dtype as ``similarities``.

    Raises:
        ValueError: an unknown weighting.
    """
    if weighting == "raw":
        return similarities
    if weighting in {"contrast", "delta"}:
        known = similarities if encoded is None else similarities[encoded]
        # In float64, where the mean of equal numbers is that number: what is left is 0 then.
        zero = known.double().mean() if weighting == "contrast" else fill_similarity
        shifted = (similarities.double() - zero).to(similarities.dtype)
        return shifted if encoded is None else shifted.where(encoded, 0)
    if weighting == "softmax":
        return torch.softmax(similarities / temperature, dim=0)
    raise ValueError(f"unknown weighting {weighting!r}; available: {', '.join(WEIGHTINGS)}")
