"""Finding a target layer and putting its output on a grid."""

from __future__ import annotations

from functools import partial

import torch
from torch import Tensor, nn

from becam.encoders.base import Layer
from becam.hooks import captured
from recsys.errors import InputError, shown, unknown


def find_layer(tower: nn.Module, name: str, probe: Tensor, grid: tuple[int, int] | None) -> Layer:
    """Look a layer up by its dotted module name and learn how its output lies in space.

    Args:
        tower: the picture tower.
        name: module name, as in ``tower.named_modules()``.
        probe: an input that the tower is run on once, (1, 3, H, W).
        grid: (h, w) of the patch tokens, for transformers.

    Raises:
        InputError: no such layer (the message names the nearest), or one whose output is
            neither a map (B, N, h, w) nor patch tokens (B, L, N).
    """
    modules = {key: module for key, module in tower.named_modules() if key}
    if name not in modules:
        raise unknown("layer", name, modules)
    expected = "expected one that returns a map (B, N, h, w) or patch tokens (B, L, N)"
    try:
        with torch.inference_mode(), captured(modules[name]) as outputs:
            tower(probe)
    except TypeError as error:
        raise InputError(f"layer {shown(name)} gives no spatial map: {error}; {expected}") from None
    if len(outputs) != 1:
        times = "never runs" if not outputs else f"runs {len(outputs)} times a picture"
        raise InputError(f"layer {shown(name)} {times}; {expected}")
    shape = tuple(outputs[0].shape)
    if len(shape) == 4 and shape[2] * shape[3] > 1:
        return Layer(name, modules[name], _as_is)
    if len(shape) == 3 and grid is not None and shape[0] == 1 and shape[1] >= grid[0] * grid[1]:
        return Layer(name, modules[name], partial(tokens_to_grid, grid=grid))
    raise InputError(f"layer {shown(name)} gives no spatial map but {shape}; {expected}")


def tokens_to_grid(tokens: Tensor, grid: tuple[int, int]) -> Tensor:
    """Put patch tokens on their grid; leading special tokens (CLS, registers) are dropped.

    Args:
        tokens: (B, L, N), with L >= h * w.
        grid: (h, w).

    Returns:
        (B, N, h, w).
    """
    patches = tokens[:, tokens.shape[1] - grid[0] * grid[1] :]
    return patches.transpose(1, 2).reshape(len(tokens), -1, *grid)


def _as_is(maps: Tensor) -> Tensor:
    return maps
