"""BeFA as the paper's equations give it.

Source: "BeFA: A General Behavior-driven Feature Adapter for Multimedia Recommendation",
eq. 8-10.
"""

from __future__ import annotations

from typing import ClassVar

import torch
from torch import Tensor

from adapters.base import Adapter
from adapters.layers import dropout, linear, tanh
from adapters.registry import BeFAConfig


def tile(behavioural: Tensor, width: int) -> Tensor:
    """Repeat each embedding until it has ``width`` numbers (eq. 9's tile).

    Column ``j`` of the result is column ``j mod d``: for a whole ``k`` the embedding k times
    over, for a fractional one the last copy is cut short, and below 1 the first ``width``
    numbers are left.

    Args:
        behavioural: Float (n, d).
        width: Numbers wanted, at least 1.

    Returns:
        Float (n, width).
    """
    dim = behavioural.shape[-1]
    copies = -(-width // dim)
    return behavioural.repeat(1, copies)[:, :width]


class BeFA(Adapter):
    """Decouples a content feature, filters it by behaviour, and gates the behaviour with it.

    With content ``e``, behavioural embedding ``b`` and ``k`` from the configuration:

    - eq. 8, decouple: ``u = Dropout(ReLU(W1 e + b1))``, of ``k d`` numbers;
    - eq. 9, filter: ``v = Dropout(ReLU(tile_k(b) * tanh(W2 u + b2)))``;
    - eq. 10, merge: ``b * sigmoid(W3 v + b3)``.
    """

    name: ClassVar[str] = "befa"
    config: BeFAConfig

    def _build(self, generator: torch.Generator | None) -> None:
        width = self.config.width(self.dim)
        self.decouple = linear(self.dim, width, generator=generator)
        self.filter = linear(width, width, generator=generator)
        self.merge = linear(width, self.dim, generator=generator)

    def forward(
        self, content: Tensor, behavioural: Tensor, generator: torch.Generator | None = None
    ) -> Tensor:
        """Adapt ``content`` (n, d) with ``behavioural`` (n, d); see ``Adapter.forward``."""
        u = self._drop(self.decouple(content).relu_(), generator)
        guide = tile(behavioural.to(u.dtype), self.filter.out_features)
        v = self._drop((guide * tanh(self.filter(u))).relu_(), generator)
        gate: Tensor = self.merge(v).sigmoid()
        return behavioural * gate

    def _drop(self, values: Tensor, generator: torch.Generator | None) -> Tensor:
        return dropout(values, self.config.dropout, training=self.training, generator=generator)
