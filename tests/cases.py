"""Cases for tests of metrics: an encoder whose score is known, small maps and masks."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from PIL import Image
from torch import Tensor

from becam.encoders.base import Encoder, Layer
from becam.geometry import Geometry
from becam.metrics import Case
from becam.scorer import Scorer
from becam.target import Target
from tests.small import SmallEncoder

SIZE = 12


class WindowEncoder(Encoder):
    """Sees how much of a window of the picture is there: content (light inside, constant)."""

    def __init__(self, window: np.ndarray, size: int = SIZE) -> None:
        self.window = torch.from_numpy(window).float()
        self.name, self.weights_hash, self.feature_dim = "window", "window", 2
        self.input_size = (size, size)
        self.mean, self.std = torch.zeros(3), torch.ones(3)
        self.device, self.dtype = torch.device("cpu"), torch.float32
        self.batches: list[int] = []

    @property
    def preprocessing(self) -> dict[str, Any]:
        return {}

    def geometry(self, picture_size: tuple[int, int]) -> Geometry:
        return Geometry.squash(picture_size)

    def preprocess(self, picture: Image.Image) -> Tensor:
        return torch.from_numpy(np.asarray(picture).astype(np.float32)).permute(2, 0, 1) / 255

    def layer(self, name: str | None = None) -> Layer:
        raise NotImplementedError

    def encode_pictures(self, pictures: Tensor) -> Tensor:
        self.batches.append(len(pictures))
        inside = (pictures.mean(1) * self.window).sum((1, 2)) / self.window.sum()
        return torch.stack([inside, torch.ones_like(inside)], 1)

    def encode_texts(self, texts: Sequence[str]) -> Tensor:
        raise NotImplementedError


def same(content: Tensor) -> Tensor:
    return content


def blob(size: int = SIZE) -> np.ndarray:
    """A product that is off centre."""
    mask = np.zeros((size, size), bool)
    mask[2:6, 5:10] = True
    return mask


def window_case(heatmap: np.ndarray, *, batch: int | None = None, **more: Any) -> Case:
    """A white picture, whose score grows with how much of the product is there."""
    product = blob()
    scorer = Scorer(
        WindowEncoder(product), same, Target(torch.tensor([1.0, 0.0]), "item", "1"), batch
    )
    return Case(
        heatmap=heatmap.astype(np.float32),
        geometry=Geometry.squash((SIZE, SIZE)),
        mask=product,
        scorer=scorer,
        picture=torch.ones(3, SIZE, SIZE),
        **more,
    )


def small_scorer(seed: int = 0, batch: int | None = None) -> Scorer:
    """A real encoder and a random target."""
    generator = torch.Generator().manual_seed(seed)
    matrix = torch.randn(5, 4, generator=generator)
    target = Target(torch.randn(4, generator=generator), "item", str(seed))
    return Scorer(SmallEncoder(), lambda content: content @ matrix, target, batch)


def small_case(seed: int = 0, *, batch: int | None = None, **more: Any) -> Case:
    """A real encoder, a noise picture of its input's size, a smooth random map."""
    generator = torch.Generator().manual_seed(seed)
    size = SmallEncoder().input_size
    return Case(
        heatmap=torch.randn(6, 6, generator=generator).numpy(),
        geometry=Geometry.squash(size),
        mask=blob(size[0]),
        scorer=small_scorer(seed, batch),
        picture=torch.randn(3, *size, generator=generator),
        **more,
    )
