"""Small stand-ins with known behaviour for the tests."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from PIL import Image
from torch import Tensor, nn

from becam.encoders.base import Encoder, Layer
from becam.encoders.layers import find_layer
from becam.encoders.preprocess import preprocess
from becam.geometry import Geometry


class SmallEncoder(Encoder):
    """One convolution (the target layer), a nonlinearity, a pooled linear head."""

    def __init__(self, channels: int = 6, size: int = 24, dim: int = 5, seed: int = 0) -> None:
        generator = torch.Generator().manual_seed(seed)
        self.tower = nn.Sequential(
            nn.Conv2d(3, channels, 4, stride=4),
            nn.ReLU(inplace=True),
            nn.AdaptiveAvgPool2d(2),
            nn.Flatten(),
            nn.Linear(channels * 4, dim),
        )
        for parameter in self.tower.parameters():
            parameter.data = torch.randn(parameter.shape, generator=generator)
            parameter.requires_grad_(False)
        self.name, self.weights_hash = "small", f"small-{seed}"
        self.feature_dim, self.input_size = dim, (size, size)
        self.mean, self.std = torch.tensor([0.5, 0.4, 0.3]), torch.tensor([0.2, 0.25, 0.3])
        self.device, self.dtype = torch.device("cpu"), torch.float32
        self.calls = 0

    def geometry(self, picture_size: tuple[int, int]) -> Geometry:
        return Geometry.squash(picture_size)

    def preprocess(self, picture: Image.Image) -> Tensor:
        geometry = self.geometry(picture.size)
        return preprocess(picture, geometry, self.input_size, self.mean, self.std)

    def layer(self, name: str | None = None) -> Layer:
        return find_layer(self.tower, name or "0", torch.zeros(1, 3, *self.input_size), None)

    def encode_pictures(self, pictures: Tensor) -> Tensor:
        self.calls += len(pictures)
        features: Tensor = self.tower(pictures)
        return features

    def encode_texts(self, texts: Sequence[str]) -> Tensor:
        return torch.tensor([[float(len(text))] * self.feature_dim for text in texts])


def noise_picture(width: int = 40, height: int = 30, seed: int = 0) -> Image.Image:
    """A picture of coloured noise."""
    generator = torch.Generator().manual_seed(seed)
    pixels = torch.randint(0, 256, (height, width, 3), generator=generator, dtype=torch.uint8)
    return Image.fromarray(pixels.numpy())
