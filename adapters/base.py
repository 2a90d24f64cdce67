"""What every adapter is."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import ClassVar

import torch
from torch import Tensor, nn

from adapters.registry import AdapterConfig


class Adapter(nn.Module, ABC):
    """Maps projected content features, guided by behavioural embeddings, to adapted ones.

    Subclasses take ``(dim, config, *, generator)``: the dimension, their configuration and
    the source of their initial weights.
    """

    name: ClassVar[str]

    def __init__(
        self, dim: int, config: AdapterConfig, *, generator: torch.Generator | None = None
    ) -> None:
        super().__init__()
        if dim < 1:
            raise ValueError(f"dim must be at least 1, not {dim}")
        self.dim = dim
        self.config = config
        self._build(generator)

    def _build(self, generator: torch.Generator | None) -> None:
        """Create the weights; an adapter without any leaves this out."""
        del generator

    @abstractmethod
    def forward(
        self, content: Tensor, behavioural: Tensor, generator: torch.Generator | None = None
    ) -> Tensor:
        """Adapt ``content``.

        Args:
            content: Projected content features, float (n, dim).
            behavioural: Behavioural embeddings of the same items, float (n, dim).
            generator: Source of dropout while training; torch's own where ``None``.

        Returns:
            Adapted features, float (n, dim).
        """
