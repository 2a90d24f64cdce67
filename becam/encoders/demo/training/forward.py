"""The towers' forward passes on less than they take: a window of a picture, a short text.

On whole pictures and full-length texts they equal the towers' own. Transformers can attend by
plain matrix products: on a CPU most of a step in bfloat16 goes into the backward pass of torch's
fused attention, which costs far more than that of the products.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor
from torch.nn import functional as F

from becam.encoders.demo.tokenizer import PAD
from becam.encoders.demo.towers import Towers
from becam.encoders.demo.training.windows import Windows


def encode_windows(
    towers: Towers, pixels: Tensor, windows: Windows, *, plain: bool = False
) -> Tensor:
    """Encode windows with the positional embeddings of the cells that they cover.

    Args:
        towers: the picture tower is used.
        pixels: normalised, (B, 3, side * cell, side * cell).
        windows: where they lie.
        plain: attend by plain matrix products; for a ResNet nothing changes.

    Returns:
        Content features, (B, D).
    """
    if towers.config.vision.patch_size is None:
        return _resnet(towers, pixels, windows)
    return _transformer(towers, pixels, windows, plain)


def encode_short_texts(towers: Towers, tokens: Tensor, *, plain: bool = False) -> Tensor:
    """Encode token ids up to the longest text's end: (B, L) int64 -> (B, D).

    The text tower is causal and reads a text at its end token, so padding changes nothing.
    ``plain``: attend by plain matrix products.
    """
    length = int((tokens != PAD).sum(1).max())
    tokens = tokens[:, :length]
    text: Any = towers.text
    hidden = text.token_embedding(tokens) + text.positional_embedding[:length]
    hidden = _blocks(text.transformer, hidden, text.attn_mask[:length, :length], plain)
    hidden = text.ln_final(hidden)[torch.arange(len(tokens)), tokens.argmax(1)]
    features: Tensor = hidden @ text.text_projection
    return features


def _transformer(towers: Towers, pixels: Tensor, windows: Windows, plain: bool) -> Tensor:
    tower: Any = towers.visual
    grid = towers.config.vision.grid
    first, cells = tower.positional_embedding[0], tower.positional_embedding[1:]
    hidden = tower.conv1(pixels).flatten(2).transpose(1, 2)
    hidden = hidden + (cells[None] if windows.side == grid else cells[_cells(windows, grid)])
    summary = (tower.class_embedding + first).expand(len(pixels), 1, -1)
    hidden = tower.ln_pre(torch.cat([summary, hidden], 1))
    hidden = _blocks(tower.transformer, hidden, None, plain)
    features: Tensor = tower.ln_post(hidden)[:, 0] @ tower.proj
    return features


def _blocks(transformer: Any, hidden: Tensor, mask: Tensor | None, plain: bool) -> Tensor:
    """The blocks of a transformer. ``mask``: (L, L), added to the attention's logits."""
    if not plain:
        result: Tensor = transformer(hidden, attn_mask=mask)
        return result
    for block in transformer.resblocks:
        hidden = hidden + block.ls_1(_attention(block.attn, block.ln_1(hidden), mask))
        hidden = hidden + block.ls_2(block.mlp(block.ln_2(hidden)))
    return hidden


def _attention(attention: Any, hidden: Tensor, mask: Tensor | None) -> Tensor:
    """Self-attention (Vaswani et al., NeurIPS 2017, eq. 1) with the weights of torch's module."""
    count, length, width = hidden.shape
    heads = attention.num_heads
    joined = F.linear(hidden, attention.in_proj_weight, attention.in_proj_bias)
    joined = joined.view(count, length, 3, heads, width // heads).permute(2, 0, 3, 1, 4)
    queries, keys, values = joined[0], joined[1], joined[2]
    logits = (queries * (width // heads) ** -0.5) @ keys.transpose(-1, -2)
    if mask is not None:
        logits = logits + mask.to(hidden.dtype)
    mixed = logits.softmax(-1).to(values.dtype) @ values
    features: Tensor = attention.out_proj(mixed.transpose(1, 2).reshape(count, length, width))
    return features


def _resnet(towers: Towers, pixels: Tensor, windows: Windows) -> Tensor:
    tower: Any = towers.visual
    hidden = tower.stem(pixels)
    for layer in (tower.layer1, tower.layer2, tower.layer3, tower.layer4):
        hidden = layer(hidden)
    grid = towers.config.vision.grid
    if windows.side == grid:
        features: Tensor = tower.attnpool(hidden)
        return features
    return _attention_pooled(tower.attnpool, hidden, _cells(windows, grid))


def _attention_pooled(pool: Any, hidden: Tensor, cells: Tensor) -> Tensor:
    """CLIP's attention pooling on some cells; their mean is the one query."""
    count = len(hidden)
    hidden = hidden.flatten(2).transpose(1, 2)
    hidden = torch.cat([hidden.mean(1, keepdim=True), hidden], 1)
    first, others = pool.positional_embedding[:1], pool.positional_embedding[1:]
    hidden = hidden + torch.cat([first.expand(count, 1, -1), others[cells]], 1)

    def by_head(values: Tensor) -> Tensor:
        return values.view(count, values.shape[1], pool.num_heads, -1).transpose(1, 2)

    pooled = F.scaled_dot_product_attention(
        by_head(pool.q_proj(hidden[:, :1])),
        by_head(pool.k_proj(hidden)),
        by_head(pool.v_proj(hidden)),
    )
    features: Tensor = pool.c_proj(pooled.transpose(1, 2).reshape(count, -1))
    return features


def _cells(windows: Windows, grid: int) -> Tensor:
    """Numbers of the covered cells, row by row: (B, side * side) int64."""
    steps = torch.arange(windows.side)
    rows = torch.from_numpy(windows.rows)[:, None, None] + steps[None, :, None]
    columns = torch.from_numpy(windows.columns)[:, None, None] + steps[None, None, :]
    return (rows * grid + columns).flatten(1)
