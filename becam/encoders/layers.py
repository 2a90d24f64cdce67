"""Finding a target layer and putting its output on a grid."""

from __future__ import annotations

from functools import partial

import torch
from torch import Tensor, nn

from becam.encoders.base import Encoder, Layer
from becam.hooks import captured
from recsys.errors import InputError, shown, unknown

_EXPECTED = (
    "expected one that returns a map (B, N, h, w) or all patch tokens, as the default layer does"
)


def find_layer(
    tower: nn.Module,
    name: str,
    probe: Tensor,
    grid: tuple[int, int] | None,
    *,
    special_tokens: int = 0,
) -> Layer:
    """Look a layer up by its dotted module name and learn how its output lies in space.

    Args:
        tower: the picture tower.
        name: module name, as in ``tower.named_modules()``.
        probe: an input that the tower is run on once, (1, 3, H, W).
        grid: (h, w) of the patch tokens, for transformers.
        special_tokens: how many tokens (CLS, registers) precede the patch tokens.

    Raises:
        InputError: no such layer (the message names the nearest), or one whose output is
            neither a map, (B, N, h, w) or (B, h, w, N), nor patch tokens, (B, L, N) or
            (L, B, N).
    """
    modules = {key: module for key, module in tower.named_modules() if key}
    if name not in modules:
        raise unknown("layer", name, modules)
    try:
        with torch.inference_mode(), captured(modules[name]) as outputs:
            tower(probe)
    except TypeError as error:
        reason = f"layer {shown(name)} gives no spatial map: {error}; {_EXPECTED}"
        raise InputError(reason) from None
    if len(outputs) != 1:
        times = "never runs" if not outputs else f"runs {len(outputs)} times a picture"
        raise InputError(f"layer {shown(name)} {times}; {_EXPECTED}")
    shape = tuple(outputs[0].shape)
    size = (probe.shape[2], probe.shape[3])
    length = None if grid is None else grid[0] * grid[1] + special_tokens
    attention = shape[2:] == (length, length)  # of each token to each: square, and no map
    if len(shape) == 4 and shape[0] == 1 and not attention:
        # Told apart by the proportions of the input, which rows and columns keep.
        if _covers(shape[2:], size):
            return Layer(name, modules[name], _as_is, (shape[2], shape[3]))
        if _covers(shape[1:3], size):
            return Layer(name, modules[name], _channels_last, (shape[1], shape[2]))
    if len(shape) == 3 and grid is not None:
        # A batch of one tells the batch's axis from that of the tokens.
        for batch in (0, 1):
            if shape[batch] == 1 and shape[1 - batch] == length != 1:
                put = partial(tokens_to_grid, grid=grid, batch_first=batch == 0)
                return Layer(name, modules[name], put, grid)
    raise InputError(f"layer {shown(name)} gives no spatial map but {shape}; {_EXPECTED}")


def check_picture_size(picture_size: tuple[int, int], encoder: Encoder, layer: Layer) -> None:
    """Check that a picture has the pixels of one patch at least: less can't be localised in.

    Args:
        picture_size: (width, height).
        encoder: what sees it.
        layer: whose grid makes the patches.

    Raises:
        InputError: it is smaller, either way.
    """
    rows, columns = (-(-s // g) for s, g in zip(encoder.input_size, layer.grid, strict=True))
    width, height = picture_size
    if width < columns or height < rows:
        raise InputError(
            f"the picture has {width} x {height} pixels, less than a patch of encoder "
            f"{shown(encoder.name)} at layer {shown(layer.name)}; expected at least "
            f"{columns} x {rows}"
        )


def tokens_to_grid(tokens: Tensor, grid: tuple[int, int], *, batch_first: bool = True) -> Tensor:
    """Put patch tokens on their grid; leading special tokens (CLS, registers) are dropped.

    Args:
        tokens: (B, L, N), or (L, B, N) where not ``batch_first``, with L >= h * w.
        grid: (h, w).
        batch_first: which axis is the batch.

    Returns:
        (B, N, h, w).
    """
    rows = tokens if batch_first else tokens.transpose(0, 1)
    patches = rows[:, rows.shape[1] - grid[0] * grid[1] :]
    return patches.transpose(1, 2).reshape(len(rows), -1, *grid)


def _covers(grid: tuple[int, ...], size: tuple[int, int]) -> bool:
    """Tell whether a map of (h, w) cells can be laid over an input of (H, W) pixels."""
    rows, columns = grid
    if rows * columns <= 1 or rows > size[0] or columns > size[1]:
        return False
    # The same stride both ways, but for the rounding of a last, partial cell.
    down, across = size[0] / rows, size[1] / columns
    return abs(down - across) <= max(down, across) / min(rows, columns)


def _as_is(maps: Tensor) -> Tensor:
    return maps


def _channels_last(maps: Tensor) -> Tensor:
    return maps.permute(0, 3, 1, 2)
