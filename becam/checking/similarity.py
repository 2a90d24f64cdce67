"""How alike two maps of one picture are, in rank and in structure."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from becam.fewer_passes.rank_correlation import spearman
from becam.masks import upsampled
from becam.metrics import Value

SIMILARITIES: Mapping[str, str] = {"spearman": "Spearman", "ssim": "SSIM"}
WINDOW = 11  # of SSIM, as Wang et al. 2004 have it: a Gaussian of 1.5 pixels


def similarities(
    original: NDArray[np.float32], found: NDArray[np.float32], size: tuple[int, int]
) -> dict[str, Value]:
    """Compare a map with the original one.

    Args:
        original, found: (h, w) float32, over the whole input of the encoder.
        size: (H, W) of that input.

    Returns:
        ``spearman``: rank correlation over the cells of the maps, -1 to 1, with its sign (maps
        are signed). ``ssim``: structural similarity (Wang et al. 2004) on the encoder's input,
        bilinearly upsampled, each map stretched to [0, 1] as in Adebayo et al. 2018. Or the
        reason why there is none.
    """
    for values, whose in ((original, "the original map"), (found, "the map")):
        if not np.isfinite(values).all():
            return _none(f"{whose} is not finite")
        if np.ptp(values) == 0:
            return _none(f"{whose} is constant")
    maps = torch.from_numpy(np.stack([original, found]).astype(np.float64))
    rank = spearman(maps[0], maps[1])
    if math.isnan(rank):
        return _none("the map is constant")
    return {"spearman": Value(rank), "ssim": _ssim(maps, size)}


def _ssim(maps: torch.Tensor, size: tuple[int, int]) -> Value:
    if min(size) < WINDOW:
        return Value.undefined(f"the encoder's input is smaller than SSIM's window of {WINDOW}")
    from skimage import metrics  # takes a moment

    shown = upsampled(maps, size).numpy()
    low = shown.min(axis=(1, 2), keepdims=True)
    one, other = (shown - low) / (shown.max(axis=(1, 2), keepdims=True) - low)
    settings = {"gaussian_weights": True, "sigma": 1.5, "use_sample_covariance": False}
    compare: Any = metrics.structural_similarity  # has no types
    return Value(float(compare(one, other, data_range=1.0, **settings)))


def _none(reason: str) -> dict[str, Value]:
    return dict.fromkeys(SIMILARITIES, Value.undefined(reason))
