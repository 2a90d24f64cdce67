"""Centring the residual stream: the picture tower's function stays, its hidden mean goes."""

from __future__ import annotations

import copy

import pytest
import torch

from becam.encoders.demo.training.centre import centre_residual_stream
from becam.encoders.demo.weights import load_encoder, weights_path
from tests.tiny_demo_towers import small_towers


@pytest.mark.parametrize("kind", ["vit", "rn"])
def test_content_features_stay_the_same(kind):
    towers = small_towers(kind, 3).double()
    size = towers.config.vision.image_size
    pictures = torch.randn(
        3, 3, size, size, dtype=torch.float64, generator=torch.Generator().manual_seed(1)
    )
    before = towers.encode_pictures(pictures)
    centre_residual_stream(towers)
    torch.testing.assert_close(towers.encode_pictures(pictures), before, rtol=1e-9, atol=1e-9)


def test_what_blocks_add_has_no_mean_over_channels():
    towers = small_towers("vit", 3).double()
    raw = copy.deepcopy(towers)
    centre_residual_stream(towers)
    tokens = torch.randn(2, 10, 16, dtype=torch.float64, generator=torch.Generator().manual_seed(2))
    for block, as_it_was in zip(
        towers.visual.transformer.resblocks, raw.visual.transformer.resblocks, strict=True
    ):
        assert (block(tokens) - tokens).mean(-1).abs().max() < 1e-12
        assert (as_it_was(tokens) - tokens).mean(-1).abs().max() > 0.1


def test_the_bundled_transformer_is_centred():
    towers, _ = load_encoder(weights_path("demo-vit"))
    for block in towers.visual.transformer.resblocks:
        for layer in (block.attn.out_proj, block.mlp.c_proj):
            assert layer.weight.mean(dim=0).abs().max() < 1e-4  # stored as float16
            assert layer.bias.mean().abs() < 1e-6
