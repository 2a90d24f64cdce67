"""How alike two masks are: the covariance of the features that they give."""

from __future__ import annotations

import torch
from torch import Tensor

# Share of the linear part: features grow with what shows through, over all distances.
LINEAR = 0.25


def small_masks(activations: Tensor) -> Tensor:
    """Stretch each channel to [0, 1] at its own resolution.

    Args:
        activations: (N, h, w) float; none may be constant.

    Returns:
        (N, h * w) float64.
    """
    flat = activations.flatten(1).double()
    low, high = flat.amin(1, keepdim=True), flat.amax(1, keepdim=True)
    return (flat - low) / (high - low)


def unit_distance(masks: Tensor) -> float:
    """Return the mean squared distance of two masks (N, p): the kernel's unit of length."""
    centred = masks - masks.mean(0)
    return max(2 * float(centred.square().sum(1).mean()), 1e-12)


def covariance(first: Tensor, second: Tensor, *, unit: float, length: float) -> Tensor:
    """Matérn kernel (nu = 3/2) over masks plus a linear one.

    Args:
        first: (n, p) float64.
        second: (m, p) float64.
        unit: see `unit_distance`.
        length: length scale in units.

    Returns:
        (n, m) float64.
    """
    # Not by the difference of squares: equal masks must be exactly at distance 0.
    distance = torch.cdist(first, second, compute_mode="donot_use_mm_for_euclid_dist")
    steps = distance * ((3 / unit) ** 0.5 / length)
    linear: Tensor = first @ second.T * (LINEAR / (unit * length**2))
    found: Tensor = (1 + steps) * torch.exp(-steps) + linear
    return found
