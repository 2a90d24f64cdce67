"""The bundled demo encoders as becam uses them."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from pathlib import Path

import torch
from torch import Tensor

from becam.encoders.demo.weights import load_encoder, weights_path
from becam.encoders.preprocess import Preprocessing
from becam.encoders.tower_encoder import TowerEncoder
from becam.encoders.towers import layout_of


def load_demo_encoder(
    name: str, *, device: torch.device, dtype: torch.dtype, path: Path | None = None
) -> TowerEncoder:
    """Load a demo encoder.

    Args:
        name: ``demo-vit`` or ``demo-rn``.
        device: where it computes.
        dtype: precision of the picture tower.
        path: other weights than the bundled ones.

    Raises:
        InputError: no demo encoder has this name, or the file is missing or damaged.
    """
    path = path or weights_path(name)
    towers, card = load_encoder(path)
    tokenizer, length = card.tokenizer, card.config.text.context_length

    def tokens(texts: Sequence[str]) -> Tensor:
        return torch.from_numpy(tokenizer(texts, length))

    return TowerEncoder(
        name,
        visual=towers.visual,
        text=towers.text,
        tokenizer=tokens,
        weights_hash=hashlib.sha256(path.read_bytes()).hexdigest(),
        preprocessing=Preprocessing(
            size=(card.config.vision.image_size, card.config.vision.image_size),
            resize="squash",
            interpolation="bicubic",
            mean=card.mean,
            std=card.std,
        ),
        layout=layout_of(towers.visual),
        device=device,
        dtype=dtype,
    )
