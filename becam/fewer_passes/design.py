"""Which channels are worth a pass: those that leave the least doubt about the heatmap."""

from __future__ import annotations

import torch
from torch import Tensor

NUGGET = 1e-3


def choose(covariance: Tensor, activations: Tensor, count: int, *, known: int) -> list[int]:
    """Choose points greedily so that the variance of the summed map falls most (A-optimality).

    The map is the sum of activations by similarity, and the similarities are a Gaussian process
    over the masks; a level that is the same everywhere does not count.

    Args:
        covariance: K of all points, (P, P) float64.
        activations: what a point's similarity adds to the map, (P, p) float64.
        count: how many points to choose.
        known: the first ``known`` points are observed already.

    Returns:
        ``count`` different indices from ``known`` on, in the order of choice.
    """
    points = len(covariance)
    centred = activations - activations.mean(1, keepdim=True)
    variance = covariance.diagonal().clone()
    factor = torch.zeros(points, known + count, dtype=covariance.dtype)
    effect = centred.T @ covariance  # covariance of the map with each point, (p, P)
    taken = torch.zeros(points, dtype=torch.bool)
    chosen: list[int] = []

    def observe(index: int, step: int) -> None:
        nonlocal effect, variance
        column = covariance[:, index] - factor[:, :step] @ factor[index, :step]
        column = column / (variance[index].clamp(min=0) + NUGGET).sqrt()
        factor[:, step] = column
        effect -= torch.outer(centred.T @ column, column)
        variance = (variance - column.square()).clamp(min=0)
        taken[index] = True

    for index in range(known):
        observe(index, index)
    for step in range(known, known + count):
        gain = effect.square().sum(0) / (variance + NUGGET)
        best = int(gain.masked_fill(taken, -1).argmax())
        chosen.append(best)
        observe(best, step)
    return chosen
