"""An encoder around open_clip's towers."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import torch
from PIL import Image
from torch import Tensor, nn

from becam.encoders.base import Encoder, Layer
from becam.encoders.layers import find_layer
from becam.encoders.preprocess import preprocess
from becam.geometry import Geometry

Tokenizer = Callable[[Sequence[str]], Tensor]


class ClipEncoder(Encoder):
    """A picture tower (`VisionTransformer` or `ModifiedResNet`), a text tower, a tokenizer."""

    def __init__(
        self,
        name: str,
        *,
        visual: nn.Module,
        text: nn.Module,
        tokenizer: Tokenizer,
        weights_hash: str,
        input_size: tuple[int, int],
        mean: Sequence[float],
        std: Sequence[float],
        device: torch.device,
        dtype: torch.dtype,
        geometry: Callable[[tuple[int, int]], Geometry],
    ) -> None:
        """Freeze the towers and move them to ``device``; the text tower stays in float32."""
        self.name = name
        self.visual = visual.eval().requires_grad_(False).to(device, dtype)
        self.text = text.eval().requires_grad_(False).to(device)
        self.tokenizer = tokenizer
        self.weights_hash = weights_hash
        self.input_size = input_size
        self.mean, self.std = torch.tensor(mean), torch.tensor(std)
        self.device, self.dtype = device, dtype
        self._geometry = geometry
        with torch.inference_mode():
            self.feature_dim = self.visual(self._probe()).shape[1]

    def geometry(self, picture_size: tuple[int, int]) -> Geometry:
        """Tell which part of a picture of (width, height) pixels the input covers."""
        return self._geometry(picture_size)

    def preprocess(self, picture: Image.Image) -> Tensor:
        """Turn an RGB picture into the input, (3, H, W) float32 on the CPU."""
        return preprocess(
            picture, self.geometry(picture.size), self.input_size, self.mean, self.std
        )

    def layer(self, name: str | None = None) -> Layer:
        """Look a target layer up.

        The default is the second-to-last ResidualAttentionBlock of a transformer, or the last
        ReLU of the last Bottleneck of a ResNet.

        Raises:
            InputError: no such layer, or one without a spatial map.
        """
        grid = getattr(self.visual, "grid_size", None)
        return find_layer(self.visual, name or self.default_layer, self._probe(), grid)

    @property
    def default_layer(self) -> str:
        """Name of the default target layer."""
        names: list[str] = [name for name, _ in self.visual.named_modules()]
        blocks = [n for n in names if n.startswith("transformer.resblocks.") and n.count(".") == 2]
        if blocks:
            return blocks[max(len(blocks) - 2, 0)]
        return [n for n in names if n.startswith("layer4.") and n.endswith(".act3")][-1]

    def encode_pictures(self, pictures: Tensor) -> Tensor:
        """Encode preprocessed pictures (B, 3, H, W) into content features (B, D)."""
        features: Tensor = self.visual(pictures)
        return features

    def encode_texts(self, texts: Sequence[str]) -> Tensor:
        """Encode T texts into content features (T, D)."""
        features: Tensor = self.text(self.tokenizer(texts).to(self.device))
        return features

    def _probe(self) -> Tensor:
        return torch.zeros(1, 3, *self.input_size, device=self.device, dtype=self.dtype)
