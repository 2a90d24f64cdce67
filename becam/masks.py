"""Activations become masks (BeFA, eq. 1)."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional as F


def constant_channels(activations: Tensor) -> Tensor:
    """Tell which channels are constant: their mask is all zero. (N, h, w) -> (N,) bool."""
    return activations.amax((-2, -1)) == activations.amin((-2, -1))


def upsampled(maps: Tensor, size: tuple[int, int]) -> Tensor:
    """Upsample bilinearly (``align_corners=False``). (N, h, w) -> (N, H, W)."""
    return F.interpolate(maps[:, None], size=size, mode="bilinear", align_corners=False)[:, 0]


def masks(activations: Tensor, size: tuple[int, int]) -> Tensor:
    """Upsample each channel and stretch it to [0, 1] (BeFA, eq. 1).

    Args:
        activations: (N, h, w) float.
        size: (H, W) of the encoder's input.

    Returns:
        (N, H, W) in [0, 1]; a constant channel gives zeros.
    """
    large = upsampled(activations, size)
    low, high = large.amin((-2, -1), keepdim=True), large.amax((-2, -1), keepdim=True)
    span = high - low
    # Judged on the activations: upsampling a constant can differ from it by rounding.
    flat = constant_channels(activations)[:, None, None] | (span == 0)
    return torch.where(flat, torch.zeros_like(large), (large - low) / span.where(~flat, 1))
