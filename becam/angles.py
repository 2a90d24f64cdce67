"""Angles between vectors, exact also where they point the same way or opposite ways."""

from __future__ import annotations

import torch
from torch import Tensor


def unit(vectors: Tensor) -> Tensor:
    """Scale vectors (..., d) to length 1, as float64; a zero vector stays zero."""
    vectors = vectors.double()
    # By the largest number first: squares of very small or large numbers leave float64's range.
    largest = vectors.abs().amax(-1, keepdim=True)
    scaled = vectors / torch.where(largest == 0, torch.ones_like(largest), largest)
    lengths = torch.linalg.vector_norm(scaled, dim=-1, keepdim=True)
    return scaled / torch.where(lengths == 0, torch.ones_like(lengths), lengths)


def angle(first: Tensor, second: Tensor) -> Tensor:
    """Return arccos of the cosine of vectors (n, d) and (n, d): (n,) float64 in [0, pi].

    Computed as 2 atan2(|u - v|, |u + v|) of the unit vectors: the arccos of a rounded cosine
    loses half of the digits near 0 and pi, and is NaN just beyond 1 (Kahan, "Miscalculating Area
    and Angles of a Needle-like Triangle", 2014). NaN where either vector is zero.
    """
    u, v = unit(first), unit(second)
    found = 2 * torch.atan2(
        torch.linalg.vector_norm(u - v, dim=-1), torch.linalg.vector_norm(u + v, dim=-1)
    )
    zero = (u == 0).all(-1) | (v == 0).all(-1)
    return found.masked_fill(zero, float("nan"))


def cosine_distance(first: Tensor, second: Tensor) -> Tensor:
    """Return 1 - cosine of vectors (n, d), or one, (1, d), and (n, d): (n,) float64 in [0, 2].

    Computed as |u - v|^2 / 2 of the unit vectors, which keeps its digits near 0. Two zero
    vectors are at 0 from each other; a zero vector is at 1 from any other.
    """
    u, v = unit(first), unit(second)
    distance = (u - v).square().sum(-1) / 2
    zeros = (u == 0).all(-1), (v == 0).all(-1)
    return distance.masked_fill(zeros[0] ^ zeros[1], 1.0)
