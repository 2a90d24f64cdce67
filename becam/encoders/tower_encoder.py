"""An encoder made of a picture tower, a text tower and a tokenizer."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import torch
from PIL import Image
from torch import Tensor, nn
from torch.nn import functional as F

from becam.device import full_precision
from becam.encoders.base import Encoder, Layer
from becam.encoders.layers import find_layer
from becam.encoders.preprocess import Preprocessing
from becam.encoders.towers import TowerLayout, default_layer
from becam.geometry import Geometry

Tokenizer = Callable[[Sequence[str]], Tensor]


class TowerEncoder(Encoder):
    """Any two towers with one output space: open_clip's, ImageBind's, the demo encoders'."""

    def __init__(
        self,
        name: str,
        *,
        visual: nn.Module,
        text: nn.Module,
        tokenizer: Tokenizer,
        weights_hash: str,
        preprocessing: Preprocessing,
        layout: TowerLayout,
        device: torch.device,
        dtype: torch.dtype,
        notes: tuple[str, ...] = (),
    ) -> None:
        """Freeze the towers and move them to ``device``; the text tower stays in float32.

        Args:
            name: see `Encoder`.
            visual: (B, 3, H, W) -> (B, D), or a tuple whose first element is that.
            text: tokens -> (T, D).
            tokenizer: T texts -> tokens.
            weights_hash: see `Encoder`.
            preprocessing: what the picture tower was trained with.
            layout: of the picture tower.
            device: where to compute.
            dtype: precision of the picture tower.
            notes: see `Encoder`.
        """
        self.name, self.weights_hash, self.notes = name, weights_hash, notes
        self.visual = visual.eval().requires_grad_(False).to(device, dtype)
        self.text = text.eval().requires_grad_(False).to(device)
        self.tokenizer = tokenizer
        self.layout = layout
        self.device, self.dtype = device, dtype
        self._preprocessing = preprocessing
        self.input_size = preprocessing.input_size
        self.mean, self.std = torch.tensor(preprocessing.mean), torch.tensor(preprocessing.std)
        rows, columns = preprocessing.size
        # What the tower wants and never looks at: right and lower margins (see Preprocessing.used).
        self._margin = (0, columns - self.input_size[1], 0, rows - self.input_size[0])
        with torch.inference_mode():
            self.feature_dim = self.encode_pictures(self._probe(self.input_size)).shape[1]

    @property
    def preprocessing(self) -> dict[str, Any]:
        """Everything that determines `preprocess`, as plain values for JSON."""
        return self._preprocessing.describe()

    def geometry(self, picture_size: tuple[int, int]) -> Geometry:
        """Tell which part of a picture of (width, height) pixels the input covers."""
        return self._preprocessing.geometry(picture_size)

    def preprocess(self, picture: Image.Image) -> Tensor:
        """Turn an RGB picture into the input, (3, H, W) float32 on the CPU."""
        return self._preprocessing(picture)

    def layer(self, name: str | None = None) -> Layer:
        """Look a target layer up; the default one of the tower's layout without a name.

        Raises:
            InputError: no such layer, or one without a spatial map.
        """
        return find_layer(
            self.visual,
            name or default_layer(self.layout, self.name),
            self._probe(self._preprocessing.size),
            self.layout.grid,
            special_tokens=self.layout.special_tokens,
        )

    def encode_pictures(self, pictures: Tensor) -> Tensor:
        """Encode preprocessed pictures (B, 3, H, W) into content features (B, D)."""
        if any(self._margin):
            pictures = F.pad(pictures, self._margin)
        with full_precision(self.device, self.dtype):
            found = self.visual(pictures)
        features: Tensor = found[0] if isinstance(found, tuple) else found
        return features

    def encode_texts(self, texts: Sequence[str]) -> Tensor:
        """Encode T texts into content features (T, D).

        Raises:
            InputError: the tokenizer can't be had.
        """
        tokens = self.tokenizer(texts).to(self.device)
        with full_precision(self.device, torch.float32):
            features: Tensor = self.text(tokens)
        return features

    def _probe(self, size: tuple[int, int]) -> Tensor:
        return torch.zeros(1, 3, *size, device=self.device, dtype=self.dtype)
