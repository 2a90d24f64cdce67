"""Similarity of masked content with a target in the behavioural space (BeFA, eq. 2)."""

from __future__ import annotations

from torch import Tensor


def cosine_similarity(projected: Tensor, target: Tensor) -> Tensor:
    """Cosine of each row with the target.

    Args:
        projected: content features in the behavioural space, (N, d).
        target: (d,).

    Returns:
        (N,) in [-1, 1]; 0 where either vector has no length.
    """
    lengths = projected.norm(dim=1) * target.norm()
    cosines: Tensor = (projected @ target) / lengths.where(lengths > 0, 1)
    return cosines.clamp(-1, 1)
