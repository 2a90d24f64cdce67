"""LoRA on a projected content feature.

Source: Hu et al., "LoRA: Low-Rank Adaptation of Large Language Models", ICLR 2022, section 4.1.
"""

from __future__ import annotations

from typing import ClassVar

import torch
from torch import Tensor, nn

from adapters.base import Adapter
from adapters.layers import linear
from adapters.registry import LoRAConfig


class LoRA(Adapter):
    """Adds a low-rank update: ``e + B A e``, A of (rank, d), B of (d, rank), no biases.

    B starts at zero, so training starts at the identity. Behaviour is not used.
    """

    name: ClassVar[str] = "lora"
    config: LoRAConfig

    def _build(self, generator: torch.Generator | None) -> None:
        rank = self.config.rank
        self.down = linear(self.dim, rank, bias=False, generator=generator)
        self.up = linear(rank, self.dim, bias=False, generator=generator)
        nn.init.zeros_(self.up.weight)

    def forward(
        self, content: Tensor, behavioural: Tensor, generator: torch.Generator | None = None
    ) -> Tensor:
        """Adapt ``content`` (n, d); ``behavioural`` is not used."""
        del behavioural, generator
        update: Tensor = self.up(self.down(content))
        return content + update
