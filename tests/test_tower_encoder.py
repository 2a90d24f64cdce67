"""An encoder around open_clip's own towers: layers, grids, hooks. Small random weights."""

from __future__ import annotations

import threading
from functools import partial

import numpy as np
import pytest
import torch
from torch import nn

from becam import InputError
from becam.activations import activations
from becam.encoders.layers import find_layer
from becam.encoders.open_clip_classes import tower_classes
from becam.encoders.preprocess import Preprocessing
from becam.encoders.tower_encoder import TowerEncoder
from becam.encoders.towers import layout_of
from tests.small import noise_picture


def encoder(kind: str) -> TowerEncoder:
    torch.manual_seed(0)
    classes = tower_classes()
    if kind == "vit":
        visual = classes.VisionTransformer(
            image_size=(24, 32),
            patch_size=8,
            width=16,
            layers=3,
            heads=2,
            mlp_ratio=2,
            output_dim=6,
        )
        size = (24, 32)
    else:
        visual = classes.ModifiedResNet([1, 1, 1, 2], output_dim=6, heads=2, image_size=64, width=4)
        size = (64, 64)
    text = nn.EmbeddingBag(10, 6)
    return TowerEncoder(
        kind,
        visual=visual,
        text=text,
        tokenizer=lambda texts: torch.tensor([[len(t) % 10] for t in texts]),
        weights_hash=kind,
        preprocessing=Preprocessing(
            size=size,
            resize="squash",
            interpolation="bicubic",
            mean=(0.5, 0.5, 0.5),
            std=(0.25, 0.25, 0.25),
        ),
        layout=layout_of(visual),
        device=torch.device("cpu"),
        dtype=torch.float32,
    )


def test_vit_takes_the_second_to_last_block_without_cls() -> None:
    found = encoder("vit")
    layer = found.layer()
    assert layer.name == "transformer.resblocks.1"
    pictures = torch.randn(2, 3, 24, 32, generator=torch.Generator().manual_seed(1))
    content, channels = activations(found, pictures, layer)
    assert content.shape == (2, found.feature_dim) == (2, 6)
    assert channels.shape == (2, 16, 3, 4)
    with torch.no_grad():
        tokens = found.visual._embeds(pictures)
        for block in found.visual.transformer.resblocks[:2]:
            tokens = block(tokens)
    for row in range(3):
        for column in range(4):
            expected = tokens[:, 1 + row * 4 + column]
            torch.testing.assert_close(channels[:, :, row, column], expected)


def test_resnet_takes_the_last_relu_of_the_last_bottleneck() -> None:
    found = encoder("rn")
    layer = found.layer()
    assert layer.name == "layer4.1.act3"
    pictures = torch.randn(2, 3, 64, 64, generator=torch.Generator().manual_seed(1))
    _, channels = activations(found, pictures, layer)
    assert channels.shape == (2, 128, 2, 2)
    assert channels.min() >= 0
    with torch.no_grad():
        stem = found.visual.stem(pictures)
        for part in ("layer1", "layer2", "layer3", "layer4"):
            stem = getattr(found.visual, part)(stem)
    torch.testing.assert_close(channels, stem)


@pytest.mark.parametrize("kind", ["vit", "rn"])
def test_other_layers_by_name_and_what_is_refused(kind: str) -> None:
    found = encoder(kind)
    name = {"vit": "transformer.resblocks.0", "rn": "layer2.0.act3"}[kind]
    assert found.layer(name).name == name
    near = name.replace("0", "00", 1)
    with pytest.raises(InputError, match="did you mean"):
        found.layer(near)
    flat = {"vit": "ln_post", "rn": "attnpool"}[kind]
    if kind == "rn":
        with pytest.raises(InputError, match="gives no spatial map but"):
            found.layer(flat)
    assert not any(module._forward_hooks for module in found.visual.modules())


def test_it_is_frozen_and_preprocesses_as_said() -> None:
    found = encoder("vit")
    assert not any(parameter.requires_grad for parameter in found.visual.parameters())
    picture = noise_picture(32, 24)
    pixels = np.asarray(picture, dtype=np.float32) / 255
    expected = (torch.from_numpy(pixels).permute(2, 0, 1) - 0.5) / 0.25
    torch.testing.assert_close(found.preprocess(picture), expected)
    assert found.preprocess(noise_picture(100, 31)).shape == (3, 24, 32)


@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float16])
def test_half_precision_stays_close(dtype: torch.dtype) -> None:
    whole, half = encoder("vit"), encoder("vit")
    half.visual.to(dtype)
    half.dtype = dtype
    pictures = torch.randn(1, 3, 24, 32, generator=torch.Generator().manual_seed(1))
    expected, _ = activations(whole, pictures, whole.layer())
    found, _ = activations(half, pictures.to(dtype), half.layer())
    assert found.dtype == torch.float32
    assert torch.nn.functional.cosine_similarity(found, expected).item() > 0.99


def test_threads_share_an_encoder_without_mixing_their_activations() -> None:
    found = encoder("vit")
    layer = found.layer()
    generator = torch.Generator().manual_seed(1)
    first, second = (torch.randn(1, 3, 24, 32, generator=generator) for _ in range(2))
    _, alone = activations(found, first, layer)
    inside, other_done = threading.Event(), threading.Event()

    def wait(*_: object) -> None:  # the other thread runs in the middle of this one's forward
        if threading.current_thread() is not threading.main_thread():
            return
        inside.set()
        assert other_done.wait(30)

    def other() -> None:
        inside.wait(30)
        try:
            found.encode_pictures(second)
        finally:
            other_done.set()

    # After the layer: were the other's output kept as well, it would be the last one.
    handle = found.visual.transformer.resblocks[2].register_forward_hook(wait)
    thread = threading.Thread(target=other)
    thread.start()
    try:
        _, shared = activations(found, first, layer)
    finally:
        handle.remove()
        thread.join()
    torch.testing.assert_close(shared, alone)


def test_attention_of_each_token_to_each_is_no_map() -> None:
    class Tower(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.drop, self.tokens = nn.Identity(), nn.Identity()

        def forward(self, pictures: torch.Tensor) -> torch.Tensor:
            rows = pictures.flatten(2).transpose(1, 2)[:, :17].repeat(1, 1, 2)
            weights = self.drop((rows @ rows.transpose(1, 2))[:, None].softmax(-1))
            found: torch.Tensor = self.tokens(weights[:, 0] @ rows)
            return found

    look = partial(find_layer, Tower(), probe=torch.zeros(1, 3, 32, 32), special_tokens=1)
    with pytest.raises(InputError, match=r"no spatial map but \(1, 1, 17, 17\)"):
        look("drop", grid=(4, 4))
    assert look("tokens", grid=(4, 4)).grid == (4, 4)
