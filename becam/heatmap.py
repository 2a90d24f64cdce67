"""The weighted sum of the activations (BeFA, eq. 2)."""

from __future__ import annotations

import torch
from torch import Tensor


def heatmap(activations: Tensor, weights: Tensor, *, rectify: bool = False) -> Tensor:
    """Sum the raw activations by weight: signed, unless ``rectify`` puts a ReLU on the sum.

    Args:
        activations: (N, h, w) float.
        weights: (N,) float.
        rectify: keep only the positive part.

    Returns:
        (h, w), at the resolution of the activations: upsampling is linear and done once, later.
    """
    summed = torch.einsum("n,nhw->hw", weights.to(activations), activations)
    return summed.relu() if rectify else summed


def unweighted_map(activations: Tensor) -> Tensor:
    """Return the mean of the activations over the channels: the map that knows no behaviour."""
    return activations.mean(0)
