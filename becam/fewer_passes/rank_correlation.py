"""Spearman's rank correlation of two maps."""

from __future__ import annotations

import torch
from torch import Tensor

from becam.health import correlation


def ranks(values: Tensor) -> Tensor:
    """Rank values from 1; equal ones share the mean of their ranks. Any shape -> (n,) float64."""
    _, places, counts = torch.unique(values.flatten(), return_inverse=True, return_counts=True)
    last = counts.cumsum(0).double()
    found: Tensor = (last - (counts.double() - 1) / 2)[places]
    return found


def spearman(first: Tensor, second: Tensor) -> float:
    """Spearman correlation of two maps of the same shape; NaN where either is constant."""
    return correlation(ranks(first), ranks(second))
