"""Small stand-ins with known behaviour for the tests."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from PIL import Image
from torch import Tensor, nn

from becam.encoders.base import Encoder, Layer
from becam.encoders.layers import find_layer
from becam.encoders.preprocess import Preprocessing
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
        mean, std = (0.5, 0.4, 0.3), (0.2, 0.25, 0.3)
        self._preprocessing = Preprocessing(
            size=(size, size), resize="squash", interpolation="bicubic", mean=mean, std=std
        )
        self.feature_dim, self.input_size = dim, (size, size)
        self.mean, self.std = torch.tensor(mean), torch.tensor(std)
        self.device, self.dtype = torch.device("cpu"), torch.float32
        self._calls = [0]  # a list, which a twin in another memory layout shares

    @property
    def calls(self) -> int:
        """How many pictures were encoded."""
        return self._calls[0]

    @calls.setter
    def calls(self, value: int) -> None:
        self._calls[0] = value

    @property
    def preprocessing(self) -> dict[str, Any]:
        return self._preprocessing.describe()

    def geometry(self, picture_size: tuple[int, int]) -> Geometry:
        return self._preprocessing.geometry(picture_size)

    def preprocess(self, picture: Image.Image) -> Tensor:
        return self._preprocessing(picture)

    def layer(self, name: str | None = None) -> Layer:
        return find_layer(self.tower, name or "0", torch.zeros(1, 3, *self.input_size), None)

    def encode_pictures(self, pictures: Tensor) -> Tensor:
        self._calls[0] += len(pictures)
        features: Tensor = self.tower(pictures)
        return features

    def encode_texts(self, texts: Sequence[str]) -> Tensor:
        return torch.tensor([[float(len(text))] * self.feature_dim for text in texts])


def noise_picture(width: int = 40, height: int = 30, seed: int = 0) -> Image.Image:
    """A picture of coloured noise."""
    generator = torch.Generator().manual_seed(seed)
    pixels = torch.randint(0, 256, (height, width, 3), generator=generator, dtype=torch.uint8)
    return Image.fromarray(pixels.numpy())
