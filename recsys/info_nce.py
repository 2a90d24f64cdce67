"""The contrastive loss InfoNCE between two views of the same rows.

Source: van den Oord et al., "Representation Learning with Contrastive Predictive Coding", 2018,
eq. 4, with cosines over a temperature as scores.
"""

from __future__ import annotations

from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor
from torch.autograd.function import once_differentiable


def info_nce(one: Tensor, other: Tensor, counts: Tensor, temperature: float) -> Tensor:
    """Return the mean of ``-log(exp(s[x, x]) / sum_y exp(s[x, y]))``, a scalar.

    ``s[x, y]`` is the cosine of row x of ``one`` with row y of ``other``, over the temperature.

    Args:
        one: Float (n, d).
        other: Float (n, d).
        counts: How often each row is there, numbers > 0 (n,): a row that is there c times counts
            as c rows, in the mean and among the rivals.
        temperature: Positive.
    """
    loss: Tensor = _InfoNCE.apply(
        F.normalize(one, dim=1) / temperature, F.normalize(other, dim=1), counts.to(one.dtype)
    )
    return loss


class _InfoNCE(torch.autograd.Function):
    """Keeps the (n, n) probabilities; the gradient then takes two products and no other pass."""

    @staticmethod
    def forward(ctx: Any, one: Tensor, other: Tensor, counts: Tensor) -> Tensor:
        scores = torch.addmm(counts.log(), one, other.T)
        likely = torch.softmax(scores, dim=1)
        total = scores.amax(dim=1) - likely.amax(dim=1).log()  # logsumexp, with what is there
        shares = counts / counts.sum()
        ctx.save_for_backward(one, other, likely, shares)
        return shares @ (total - (one * other).sum(dim=1))

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, grad: Tensor) -> tuple[Tensor, Tensor, None]:
        one, other, likely, shares = ctx.saved_tensors
        weights = (grad * shares)[:, None]
        weighted = weights * one
        return weights * (likely @ other - other), likely.T @ weighted - weighted, None
