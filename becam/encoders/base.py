"""What becam asks of an encoder."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from PIL import Image
from torch import Tensor, nn

from becam.geometry import Geometry


@dataclass(frozen=True, eq=False)
class Layer:
    """A layer whose activations become masks.

    Attributes:
        name: module name inside the encoder's picture tower.
        module: the module that a forward hook is put on.
        to_grid: takes its output to (B, N, h, w): drops special tokens, puts tokens on their grid.
        grid: (h, w).
    """

    name: str
    module: nn.Module
    to_grid: Callable[[Tensor], Tensor]
    grid: tuple[int, int]


class Encoder(ABC):
    """A frozen encoder of pictures and texts. It owns its layout and its geometry.

    Attributes:
        name: what a user types, e.g. ``demo-vit``; of a weights' file its name, not its folder.
        weights_hash: SHA-256 of the weights, hex.
        feature_dim: D, the length of a content feature.
        input_size: (H, W) of a preprocessed picture.
        mean, std: pixel normalisation, (3,) float32 in [0, 1].
        device, dtype: where and how it computes.
        notes: what a user must know, a line each; its licence for example.
    """

    name: str
    weights_hash: str
    feature_dim: int
    input_size: tuple[int, int]
    mean: Tensor
    std: Tensor
    device: torch.device
    dtype: torch.dtype
    notes: tuple[str, ...] = ()

    @property
    @abstractmethod
    def preprocessing(self) -> dict[str, Any]:
        """Everything that determines `preprocess`, as plain values for JSON."""

    @abstractmethod
    def geometry(self, picture_size: tuple[int, int]) -> Geometry:
        """Tell which part of a picture of (width, height) pixels the input covers."""

    @abstractmethod
    def preprocess(self, picture: Image.Image) -> Tensor:
        """Turn an RGB picture into the encoder's input, (3, H, W) float32 on the CPU."""

    @abstractmethod
    def layer(self, name: str | None = None) -> Layer:
        """Look a target layer up by name; the default one without.

        Raises:
            InputError: no such layer, or one without a spatial map.
        """

    @abstractmethod
    def encode_pictures(self, pictures: Tensor) -> Tensor:
        """Encode preprocessed pictures (B, 3, H, W) into content features (B, D)."""

    @abstractmethod
    def encode_texts(self, texts: Sequence[str]) -> Tensor:
        """Encode T texts into content features (T, D).

        Raises:
            InputError: the encoder's tokenizer can't be had.
        """
