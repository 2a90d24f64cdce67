"""Augmentation of a batch. Every choice comes from the generator that is passed."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional as F


@dataclass(frozen=True, kw_only=True)
class AugmentConfig:
    """How pictures change. Colours change little, so that a colour keeps its name.

    Attributes:
        mirrored: share of the batches that are mirrored, each as a whole.
        masked, erased: share of a batch's pictures that are seen through a random mask, or lose
            a rectangle. BeCAM shows the encoder masked pictures, so it learns them.
        brightness: largest shift, in the pixels' standard deviations.
        contrast, saturation: largest relative change.
        grids: resolutions of the random masks before they are upsampled.
    """

    mirrored: float = 0.5
    masked: float = 0.25
    erased: float = 0.05
    brightness: float = 0.2
    contrast: float = 0.1
    saturation: float = 0.15
    grids: tuple[int, ...] = (3, 4, 5, 6, 7, 9, 12)


def normalised(pixels: Tensor, mean: Tensor, std: Tensor) -> Tensor:
    """Bring uint8 pixels (B, 3, H, W) to float32 with the mean colour at 0."""
    shape = (1, 3, 1, 1)
    return (pixels.float() / 255 - mean.view(shape)) / std.view(shape)


def recoloured(pictures: Tensor, config: AugmentConfig, generator: torch.Generator) -> Tensor:
    """Change brightness, contrast and saturation of normalised pictures (B, 3, H, W) a little."""
    shape = (len(pictures), 1, 1, 1)
    contrast = 1 + _uniform(-config.contrast, config.contrast, shape, generator)
    saturation = 1 + _uniform(-config.saturation, config.saturation, shape, generator)
    shift = _uniform(-config.brightness, config.brightness, shape, generator)
    grey = pictures.mean(1, keepdim=True)
    pictures = grey + (pictures - grey) * saturation
    middle = pictures.mean((1, 2, 3), keepdim=True)
    return middle + (pictures - middle) * contrast + shift


def random_masks(pictures: Tensor, config: AugmentConfig, generator: torch.Generator) -> Tensor:
    """Draw a mask for each picture, most of them all ones. (B, 1, H, W) in [0, 1].

    The first pictures of a batch are masked, with smooth masks like an upsampled activation or
    the same in two values; the last ones lose a rectangle.
    """
    count, _, height, width = pictures.shape
    masks = torch.ones(count, 1, height, width)
    share = config.masked * count / len(config.grids)
    for at, side in enumerate(config.grids):
        first, last = round(share * at), round(share * (at + 1))
        if first == last:
            continue
        each = (last - first, 1, 1, 1)
        grid = _uniform(0, 1, (last - first, 1, side, side), generator)
        grid = grid ** _uniform(0.5, 2, each, generator)
        large = F.interpolate(grid, size=(height, width), mode="bilinear", align_corners=False)
        low, high = large.amin((2, 3), keepdim=True), large.amax((2, 3), keepdim=True)
        smooth = (large - low) / (high - low).clamp_min(1e-6)
        hard = (smooth > _uniform(0.2, 0.6, each, generator)).float()
        masks[first:last] = torch.where(_uniform(0, 1, each, generator) < 0.25, hard, smooth)
    erased = round(config.erased * count)
    if erased:
        boxes = _rectangles(erased, height, width, generator)
        masks[count - erased :] *= ~boxes
    return masks


def _rectangles(count: int, height: int, width: int, generator: torch.Generator) -> Tensor:
    """Random rectangles, 10 to 35% of each side, as bool (count, 1, height, width)."""
    inside = []
    for length, shape in ((height, (count, 1, -1, 1)), (width, (count, 1, 1, -1))):
        side = _uniform(0.1, 0.35, (count, 1), generator)
        start = _uniform(0, 1, (count, 1), generator) * (1 - side)
        at = (torch.arange(length) + 0.5) / length
        inside.append(((at >= start) & (at < start + side)).view(shape))
    return inside[0] & inside[1]


def _uniform(low: float, high: float, shape: tuple[int, ...], generator: torch.Generator) -> Tensor:
    values = torch.rand(shape, generator=generator)
    return low + (high - low) * values
