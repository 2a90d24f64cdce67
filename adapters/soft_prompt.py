"""A soft prompt on a projected content feature.

Source: Lester et al., "The Power of Scale for Parameter-Efficient Prompt Tuning", EMNLP 2021;
for a single vector the prompt is added, not put in front.
"""

from __future__ import annotations

from typing import ClassVar

import torch
from torch import Tensor, nn

from adapters.base import Adapter


class SoftPrompt(Adapter):
    """Adds one learned vector: ``e + p``. It starts at zero; behaviour is not used."""

    name: ClassVar[str] = "soft-prompt"

    def _build(self, generator: torch.Generator | None) -> None:
        del generator
        self.prompt = nn.Parameter(torch.zeros(self.dim))

    def forward(
        self, content: Tensor, behavioural: Tensor, generator: torch.Generator | None = None
    ) -> Tensor:
        """Adapt ``content`` (n, d); ``behavioural`` is not used."""
        del behavioural, generator
        return content + self.prompt
