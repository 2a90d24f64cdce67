"""Activations become masks (BeFA, eq. 1): the plain definition."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional as F

STRETCHES = ("after", "before")


@dataclass(frozen=True)
class MaskRule:
    """How an activation becomes a mask.

    Attributes:
        align_corners: whether the corner cells' centres lie on the picture's corner pixels.
        stretch: min-max to [0, 1] ``after`` the upsampling (BeFA, eq. 1) or ``before`` it.

    Raises:
        ValueError: another ``stretch``.
    """

    align_corners: bool = False
    stretch: str = "after"

    def __post_init__(self) -> None:
        if self.stretch not in STRETCHES:
            raise ValueError(f"stretch {self.stretch!r}: expected {' or '.join(STRETCHES)}")


PAPER_RULE = MaskRule()


def constant_channels(activations: Tensor) -> Tensor:
    """Tell which channels are constant: their mask is all zero. (N, h, w) -> (N,) bool."""
    return activations.amax((-2, -1)) == activations.amin((-2, -1))


def upsampled(maps: Tensor, size: tuple[int, int], *, align_corners: bool = False) -> Tensor:
    """Upsample bilinearly. (N, h, w) -> (N, H, W)."""
    large = F.interpolate(maps[:, None], size=size, mode="bilinear", align_corners=align_corners)
    return large[:, 0]


def masks(activations: Tensor, size: tuple[int, int], rule: MaskRule = PAPER_RULE) -> Tensor:
    """Upsample each channel and stretch it to [0, 1] (BeFA, eq. 1).

    This is the definition, for one picture and a few channels; `becam.masking` computes the
    same without the large intermediate results.

    Args:
        activations: (N, h, w) float.
        size: (H, W) of the encoder's input.
        rule: in which order, and where the corners lie.

    Returns:
        (N, H, W) in [0, 1]; a constant channel gives zeros.
    """
    # Judged on the activations: upsampling a constant can differ from it by rounding.
    flat = constant_channels(activations)[:, None, None]
    if rule.stretch == "before":
        return upsampled(_stretched(activations, flat), size, align_corners=rule.align_corners)
    return _stretched(upsampled(activations, size, align_corners=rule.align_corners), flat)


def _stretched(maps: Tensor, flat: Tensor) -> Tensor:
    low, high = maps.amin((-2, -1), keepdim=True), maps.amax((-2, -1), keepdim=True)
    span = high - low
    flat = flat | (span == 0)
    return torch.where(flat, torch.zeros_like(maps), (maps - low) / span.where(~flat, 1))
