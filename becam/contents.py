"""Items' content as a recommender takes it: projected and adapted, into the behavioural space."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

if TYPE_CHECKING:
    from recsys.models.base import Recommender

IntArray = NDArray[np.int64]


def behavioural_content(
    model: Recommender, modality: str, content_of: IntArray, items: IntArray
) -> Tensor:
    """Take content into the behavioural space, as the recommender itself does (BeCAM's g).

    Features that were trained along are taken as they were trained.

    Args:
        model: with or without an adapter.
        modality: one of the model's.
        content_of: whose content, by index, (n,).
        items: whose behavioural embedding guides the adapter, by index, (n,).

    Returns:
        (n, d), on the model's device.
    """
    with torch.inference_mode():
        contents = model.branch(modality).features.detach()
        guides = behavioural_embeddings(model, items)
        rows = contents[_on(contents, content_of)]
        return model.to_behavioural_space(modality, rows.to(guides), guides)


def behavioural_embeddings(model: Recommender, items: IntArray) -> Tensor:
    """Return the behavioural embeddings b of items by index, (n, d)."""
    embeddings = model.behavioural_embeddings().detach()
    return embeddings[_on(embeddings, items)]


def exchanged(order: IntArray) -> IntArray:
    """Give every place the next place's content in a random order: none keeps its own.

    Args:
        order: a permutation of n places, n at least 2.

    Returns:
        By place: whose content it gets, (n,).
    """
    partner = np.empty_like(order)
    partner[order] = np.roll(order, 1)
    return partner


def _on(tensor: Tensor, index: IntArray) -> Tensor:
    return torch.from_numpy(index).to(tensor.device)
