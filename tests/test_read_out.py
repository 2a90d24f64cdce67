"""A vision transformer whose last block computes the token that is read out alone."""

from __future__ import annotations

import copy
from typing import Any

import open_clip
import pytest
import torch
from torch import Tensor, nn

import becam
from becam.encoders.read_out import ReadOutBlock, read_out_alone
from becam.precision import twin


def tower(**options: Any) -> Any:
    torch.manual_seed(0)
    sizes = {"image_size": 24, "patch_size": 8, "width": 32, "layers": 3, "heads": 2}
    made = open_clip.transformer.VisionTransformer(**sizes, mlp_ratio=2.0, output_dim=16, **options)
    for weights in made.parameters():  # biases and norms are created as 0 and 1
        nn.init.normal_(weights, std=0.3)
    return made.double().eval()


def pictures() -> Tensor:
    return torch.randn(5, 3, 24, 24, generator=torch.Generator().manual_seed(1)).double()


@pytest.mark.parametrize(
    "options", [{}, {"ls_init_value": 0.1}, {"final_ln_after_pool": True}, {"no_ln_pre": True}]
)
def test_features_are_the_whole_tower_s(options: dict[str, Any]) -> None:
    whole = tower(**options)
    short = copy.deepcopy(whole)
    assert read_out_alone(short)
    with torch.inference_mode():
        expected = whole(pictures())
        assert expected.std() > 0.1
        torch.testing.assert_close(short(pictures()), expected, rtol=1e-12, atol=1e-12)


def test_the_last_mlp_sees_one_token_a_picture() -> None:
    short = tower()
    assert read_out_alone(short)
    assert not read_out_alone(short), "twice would be wrong"
    seen: list[tuple[int, ...]] = []
    last = short.transformer.resblocks[-1]
    last.block.mlp.register_forward_hook(lambda _module, given, _out: seen.append(given[0].shape))
    with torch.inference_mode():
        short(pictures())
    assert seen == [(5, 1, 32)]
    with pytest.raises(ValueError, match="expected no mask"):
        last(torch.zeros(1, 10, 32).double(), attn_mask=torch.zeros(10, 10))


@pytest.mark.parametrize(
    "options",
    [
        {"pool_type": "avg"},
        {"output_tokens": True},
        {"attentional_pool": True, "attn_pooler_heads": 2},
        {"block_type": "custom"},
    ],
)
def test_towers_that_read_more_out_stay_as_they_are(options: dict[str, Any]) -> None:
    whole = tower(**options)
    other = copy.deepcopy(whole)
    assert not read_out_alone(other)
    assert [type(each) for each in other.modules()] == [type(each) for each in whole.modules()]
    assert not read_out_alone(nn.Sequential(nn.Linear(3, 3)))


def test_the_engine_s_encoder_is_short_and_the_user_s_whole() -> None:
    encoder = becam.load_encoder("demo-vit")
    working = twin(encoder, encoder.layer(), torch.float32)
    blocks: Any = working.visual.transformer.resblocks
    whole: Any = encoder.visual.transformer.resblocks
    assert isinstance(blocks[-1], ReadOutBlock)
    assert not any(isinstance(block, ReadOutBlock) for block in whole)
    assert blocks[-1].block.mlp.c_fc.weight.data_ptr() == whole[-1].mlp.c_fc.weight.data_ptr()
    given = torch.randn(4, 3, *encoder.input_size, generator=torch.Generator().manual_seed(2))
    with torch.inference_mode():
        expected = encoder.encode_pictures(given)
        found = working.encode_pictures(given)
    assert (found - expected).abs().max() < 1e-5 * expected.abs().max()
