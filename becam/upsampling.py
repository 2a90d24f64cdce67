"""Bilinear upsampling as a product with two small matrices.

Upsampling is linear and separable: a map a (h, w) becomes R a C^T with R (H, h), C (W, w). A
product with small matrices runs at the speed of a matrix product on every device, writes straight
into a buffer, and R and C tell where the upsampled map can have its extremes.
"""

from __future__ import annotations

import torch
from torch import Tensor


def sources(cells: int, count: int, *, align_corners: bool = False) -> Tensor:
    """Return where each of ``count`` output positions lies among ``cells``; (count,) float64.

    Positions outside the first and the last cell's centre take the edge's value.
    """
    places = torch.arange(count, dtype=torch.float64)
    if align_corners:
        return places * ((cells - 1) / (count - 1) if count > 1 else 0.0)
    return ((places + 0.5) * (cells / count) - 0.5).clamp(0, cells - 1)


def upsampling_matrix(cells: int, count: int, *, align_corners: bool = False) -> Tensor:
    """Return the weights that take ``cells`` values to ``count``; (count, cells) float64.

    Rows sum to 1. Same convention as ``torch.nn.functional.interpolate``.
    """
    positions = sources(cells, count, align_corners=align_corners)
    # One minus the distance, where that is positive: the tent of linear interpolation.
    return (1 - (positions[:, None] - torch.arange(cells, dtype=torch.float64)).abs()).clamp(min=0)


def extreme_positions(cells: int, count: int, *, align_corners: bool = False) -> list[int]:
    """Return the output positions among which every map's extremes lie, at most two a cell.

    Between two neighbouring cell centres an interpolated line has its extremes at the outermost
    positions there; a bilinear patch, likewise, at the four outermost corners.
    """
    between = sources(cells, count, align_corners=align_corners).floor().long()
    found: set[int] = set()
    for cell in between.unique().tolist():
        places = (between == cell).nonzero()[:, 0].tolist()
        found |= {places[0], places[-1]}
    return sorted(found)
