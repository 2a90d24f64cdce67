"""Centring a transformer's residual stream: the same function, comparable channels."""

from __future__ import annotations

from typing import Any

import torch

from becam.encoders.demo.towers import Towers


@torch.no_grad()
def centre_residual_stream(towers: Towers) -> None:
    """Take the mean over channels out of everything that the picture tower's blocks add, in place.

    Every reader of the residual stream is a LayerNorm, which subtracts that mean. So the content
    features stay the same, and nothing in training holds the mean in place. A heatmap, however,
    sums over channels: left as it is, that unseen mean decides the unweighted activation map and,
    through the mean of the weights, much of the raw one.

    A ResNet is left alone.
    """
    if towers.config.vision.patch_size is None:
        return
    tower: Any = towers.visual
    for block in tower.transformer.resblocks:
        for layer in (block.attn.out_proj, block.mlp.c_proj):
            layer.weight -= layer.weight.mean(dim=0, keepdim=True)
            layer.bias -= layer.bias.mean()
