"""A square drawn in a corner is found there: each encoder, proportions, EXIF rotations.

The towers' residual branches are taken out, so that each cell of a map tells of its own pixels
alone. What a square changes in the activations is then laid on the picture.
"""

from __future__ import annotations

import dataclasses
import io
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image
from torch import nn

from becam.activations import activations
from becam.encoders.registry import load_encoder
from becam.encoders.tower_encoder import TowerEncoder
from recsys.data.pictures import decode_picture
from tests.tiny_imagebind import needs_imagebind, use_small_imagebind, write_imagebind
from tests.tiny_towers import add_models, build, without_mixing, write

# How a picture is stored for each EXIF orientation, so that a viewer turns it upright.
STORED = {
    1: None,
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_90,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_270,
}
SIZES = [(160, 160), (256, 160), (160, 288)]


def tiny(model: str) -> Callable[[Path, pytest.MonkeyPatch], TowerEncoder]:
    def make(folder: Path, monkeypatch: pytest.MonkeyPatch) -> TowerEncoder:
        pytest.importorskip("open_clip")
        add_models(monkeypatch)
        found: Any = load_encoder(f"clip:{model}@{write(build(model), folder / 'w')}", device="cpu")
        return found

    return make


def demo(name: str) -> Callable[[Path, pytest.MonkeyPatch], TowerEncoder]:
    def make(_folder: Path, _monkeypatch: pytest.MonkeyPatch) -> TowerEncoder:
        found: Any = load_encoder(name, device="cpu")
        if name == "demo-rn":  # its Bottlenecks' branches; fresh models have them at zero
            for key, module in found.visual.named_modules():
                if key.endswith("bn3") and key.startswith("layer"):
                    nn.init.zeros_(module.weight)
                    nn.init.zeros_(module.bias)
        return found

    return make


def imagebind(folder: Path, monkeypatch: pytest.MonkeyPatch) -> TowerEncoder:
    needs_imagebind()
    use_small_imagebind(monkeypatch)
    found: Any = load_encoder(f"imagebind@{write_imagebind(folder / 'w')}", device="cpu")
    return found


ENCODERS = {
    "demo-vit": demo("demo-vit"),
    "demo-rn": demo("demo-rn"),
    **{name: tiny(name) for name in ("tiny-vit", "tiny-vit-14", "tiny-rn")},
    **{name: tiny(name) for name in ("tiny-timm", "tiny-convnext")},
    "imagebind": imagebind,
}


def stored_with(orientation: int, picture: Image.Image) -> bytes:
    """Write a picture as a camera held another way does: turned, with its EXIF orientation."""
    turn = STORED[orientation]
    exif = Image.Exif()
    exif[0x0112] = orientation
    buffer = io.BytesIO()
    turned = picture if turn is None else picture.transpose(turn)
    turned.save(buffer, "PNG", exif=exif)
    return buffer.getvalue()


def seen_part(size: tuple[int, int], resize: str) -> tuple[float, float, float, float]:
    """Left, top, width, height of what an encoder with square input sees; found independently."""
    width, height = size
    short = min(size)
    if resize == "shortest":
        return (width - short) / 2, (height - short) / 2, short, short
    return 0, 0, width, height


def found_place(
    encoder: TowerEncoder, plain: Image.Image, marked: Image.Image
) -> tuple[float, float]:
    """Where, in pixels (x, y), the activations of two pictures differ: the centre of mass."""
    layer = encoder.layer()
    batch = torch.stack([encoder.preprocess(plain), encoder.preprocess(marked)])
    _, channels = activations(encoder, batch, layer)
    change = (channels[1] - channels[0]).abs().sum(dim=0)
    assert tuple(change.shape) == layer.grid
    laid = np.nan_to_num(encoder.geometry(plain.size).onto_picture(change.numpy()))
    rows, columns = np.indices(laid.shape)
    return float((laid * columns).sum() / laid.sum()), float((laid * rows).sum() / laid.sum())


CASES = [
    *[(kind, "squash" if kind.startswith("demo") else "shortest") for kind in ENCODERS],
    *[("tiny-vit", "longest"), ("tiny-vit", "squash"), ("tiny-rn", "longest")],
]


@pytest.mark.parametrize(("kind", "resize"), CASES)
def test_a_square_in_a_corner_is_found_there(
    kind: str, resize: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    encoder = ENCODERS[kind](tmp_path, monkeypatch)
    without_mixing(encoder.visual)
    encoder._preprocessing = dataclasses.replace(encoder._preprocessing, resize=resize)
    rows, columns = encoder.layer().grid
    for number, size in enumerate(SIZES):
        left, top, width, height = seen_part(size, resize)
        for orientation in STORED:
            # Corner by corner; the square is two cells wide, as they come to lie on the picture.
            right, low = orientation % 2, (orientation // 2 + number) % 2
            scale = max(size) if resize == "longest" else None
            cell = (scale or width) / columns, (scale or height) / rows
            side = round(2 * cell[0]), round(2 * cell[1])
            gap = round(0.4 * cell[0]), round(0.4 * cell[1])
            x = round(left + (width - side[0] - gap[0] if right else gap[0]))
            y = round(top + (height - side[1] - gap[1] if low else gap[1]))
            plain = Image.new("RGB", size, (120, 120, 120))
            marked = plain.copy()
            marked.paste((240, 40, 200), (x, y, x + side[0], y + side[1]))
            pictures = [
                decode_picture(stored_with(orientation, each), "test") for each in (plain, marked)
            ]
            assert pictures[0].size == size
            place = found_place(encoder, *pictures)
            wanted = x + side[0] / 2 - 0.5, y + side[1] / 2 - 0.5
            for axis in (0, 1):
                off = abs(place[axis] - wanted[axis]) / cell[axis]
                assert off < 0.5, (kind, resize, size, orientation, place, wanted, cell)
