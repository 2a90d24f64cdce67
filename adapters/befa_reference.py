"""BeFA as its authors' released code computes it, which differs from the paper's eq. 8-10."""

from __future__ import annotations

from typing import ClassVar

import torch
from torch import Tensor

from adapters.base import Adapter
from adapters.layers import dropout, linear, tanh
from adapters.registry import BeFAConfig


class BeFAReference(Adapter):
    """A gate computed from the content alone, times the behavioural embedding.

    ``b * sigmoid(W3 Dropout(ReLU(W2 tanh(Dropout(ReLU(W1 e + b1))) + b2)) + b3)``: unlike
    ``befa``, behaviour does not enter before the last product. As many weights as ``befa``.
    """

    name: ClassVar[str] = "befa-reference"
    config: BeFAConfig

    def _build(self, generator: torch.Generator | None) -> None:
        width = self.config.width(self.dim)
        self.first = linear(self.dim, width, generator=generator)
        self.second = linear(width, width, generator=generator)
        self.third = linear(width, self.dim, generator=generator)

    def forward(
        self, content: Tensor, behavioural: Tensor, generator: torch.Generator | None = None
    ) -> Tensor:
        """Adapt ``content`` (n, d) with ``behavioural`` (n, d); see ``Adapter.forward``."""
        hidden = tanh(self._drop(self.first(content).relu_(), generator))
        hidden = self._drop(self.second(hidden).relu_(), generator)
        gate: Tensor = self.third(hidden).sigmoid()
        return behavioural * gate

    def _drop(self, values: Tensor, generator: torch.Generator | None) -> Tensor:
        return dropout(values, self.config.dropout, training=self.training, generator=generator)
