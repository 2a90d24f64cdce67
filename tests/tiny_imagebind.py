"""A small ImageBind with random weights, in the real classes."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

from becam.encoders.imagebind_encoder import ImageBindSizes
from recsys.errors import InputError
from tests.tiny_towers import seeded

SIZES = ImageBindSizes(
    vision_embed_dim=32,
    vision_num_blocks=3,
    vision_num_heads=4,
    text_embed_dim=16,
    text_num_blocks=2,
    text_num_heads=2,
    out_embed_dim=24,
)


def needs_imagebind() -> None:
    """Skip a test where ImageBind's package is missing (it pins an old torch: not an extra)."""
    from becam.encoders.imagebind_classes import imagebind_classes

    try:
        imagebind_classes()
    except InputError as error:
        pytest.skip(str(error))


def write_imagebind(path: Path) -> Path:
    """Write the whole model's state, unused modalities included, as the published file has it."""
    with seeded():
        torch.save(SIZES.build().state_dict(), path)
    return path


def use_small_imagebind(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the name ``imagebind`` stand for the small model."""
    monkeypatch.setattr("becam.encoders.imagebind_encoder.HUGE", SIZES)
