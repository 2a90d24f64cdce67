"""Mimetic initialisation of a vision transformer (Trockman & Kolter, ICML 2023).

Attention starts as it ends up in large trained transformers: a cell attends to cells like
itself, and values are subtracted. A small transformer then learns in far fewer steps.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from becam.encoders.demo.towers import Towers

_POSITIONS = 0.5  # share of the sinusoids' size
_QUERY_KEY = 0.7  # alpha = beta of W_Q W_K^T = alpha Z + beta I
_VALUE_OUTPUT = 0.4  # alpha = beta of W_V W_proj = alpha Z - beta I


@torch.no_grad()
def mimetic_initialise(towers: Towers, *, seed: int) -> None:
    """Initialise the picture tower's attention and its positional embeddings, in place.

    Raises:
        ValueError: the picture tower is no vision transformer.
    """
    vision = towers.config.vision
    if vision.patch_size is None:
        raise ValueError("mimetic initialisation is for a vision transformer, this is a ResNet")
    generator = torch.Generator().manual_seed(seed)
    tower: Any = towers.visual
    tower.positional_embedding[0].zero_()
    tower.positional_embedding[1:] = _POSITIONS * sinusoids(vision.grid, vision.width)
    for block in tower.transformer.resblocks:
        attention = block.attn
        pairs = [_query_key(vision.width, vision.heads, generator) for _ in range(vision.heads)]
        value, output = _value_output(vision.width, generator)
        queries, keys = zip(*pairs, strict=True)
        attention.in_proj_weight.copy_(torch.cat([*queries, *keys, value]))
        attention.in_proj_bias.zero_()
        attention.out_proj.weight.copy_(output)
        attention.out_proj.bias.zero_()


def sinusoids(grid: int, width: int) -> Tensor:
    """Sinusoidal positions (Vaswani et al., NeurIPS 2017): half of them for the row, then column.

    Returns:
        (grid * grid, width) float32; ``width`` must be a multiple of 4.
    """
    count = width // 4
    frequencies = 1 / (10000 ** (torch.arange(count) / count))
    angles = torch.arange(grid).float()[:, None] * frequencies[None]
    one = torch.cat([angles.sin(), angles.cos()], 1)
    rows, columns = one[:, None].expand(grid, grid, -1), one[None].expand(grid, grid, -1)
    return torch.cat([rows, columns], 2).reshape(grid * grid, width)


def _query_key(width: int, heads: int, generator: torch.Generator) -> tuple[Tensor, Tensor]:
    """One head's projections, (width / heads, width) each: the best of their rank."""
    left, values, right = torch.linalg.svd(_near_identity(width, _QUERY_KEY, 1, generator))
    rank = width // heads
    root = values[:rank].sqrt()
    return (left[:, :rank] * root).T, right[:rank] * root[:, None]


def _value_output(width: int, generator: torch.Generator) -> tuple[Tensor, Tensor]:
    left, values, right = torch.linalg.svd(_near_identity(width, _VALUE_OUTPUT, -1, generator))
    root = values.sqrt()
    return root[:, None] * right, left * root


def _near_identity(width: int, size: float, sign: int, generator: torch.Generator) -> Tensor:
    noise = torch.randn(width, width, generator=generator)
    matrix: Tensor = size * noise / width**0.5 + sign * size * torch.eye(width)
    return matrix
