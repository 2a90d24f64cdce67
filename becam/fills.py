"""What masked-out pixels become, in the encoder's normalised space."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional as F

from becam.map_config import FILLS


def fill_picture(picture: Tensor, fill: str, mean: Tensor, std: Tensor) -> Tensor:
    """Return the picture that shows through where a mask is 0.

    Args:
        picture: preprocessed picture, (3, H, W) float, normalised by ``mean`` and ``std``.
        fill: ``mean`` (the training set's mean colour: zeros), ``black``, or ``blur``.
        mean: the encoder's pixel mean, (3,) float in [0, 1].
        std: the encoder's pixel standard deviation, (3,) float.

    Returns:
        (3, H, W), same dtype and device as ``picture``.

    Raises:
        ValueError: an unknown fill.
    """
    if fill == "mean":
        return torch.zeros_like(picture)
    if fill == "black":
        black = (-mean / std).to(picture)
        return black[:, None, None].expand_as(picture)
    if fill == "blur":
        return _blurred(picture)
    raise ValueError(f"unknown fill {fill!r}; available: {', '.join(FILLS)}")


def _blurred(picture: Tensor, share: float = 0.1) -> Tensor:
    """Gaussian blur whose standard deviation is ``share`` of the shorter side."""
    sigma = share * min(picture.shape[-2:])
    radius = min(int(3 * sigma), min(picture.shape[-2:]) - 1)
    offsets = torch.arange(-radius, radius + 1, dtype=torch.float32, device=picture.device)
    kernel = torch.exp(-0.5 * (offsets / sigma) ** 2)
    kernel = (kernel / kernel.sum()).to(picture.dtype)
    channels = picture.shape[0]
    padded = F.pad(picture[None], (radius, radius, radius, radius), mode="reflect")
    rows = F.conv2d(padded, kernel.view(1, 1, 1, -1).expand(channels, 1, 1, -1), groups=channels)
    both = F.conv2d(rows, kernel.view(1, 1, -1, 1).expand(channels, 1, -1, 1), groups=channels)
    return both[0]
