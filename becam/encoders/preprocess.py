"""Pictures become the encoder's input."""

from __future__ import annotations

import numpy as np
import torch
from PIL import Image
from torch import Tensor

from becam.geometry import Geometry


def preprocess(
    picture: Image.Image,
    geometry: Geometry,
    size: tuple[int, int],
    mean: Tensor,
    std: Tensor,
) -> Tensor:
    """Resample the seen part of a picture (bicubic, antialiased) and normalise it.

    Args:
        picture: RGB.
        geometry: which part is seen; it must lie inside the picture.
        size: (H, W) of the input.
        mean, std: (3,) float32, of pixels in [0, 1].

    Returns:
        (3, H, W) float32 on the CPU.
    """
    resized = picture.resize((size[1], size[0]), Image.Resampling.BICUBIC, box=geometry.box)
    pixels = torch.from_numpy(np.array(resized, dtype=np.float32) / 255.0).permute(2, 0, 1)
    return (pixels - mean[:, None, None]) / std[:, None, None]
