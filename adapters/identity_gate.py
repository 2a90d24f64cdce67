"""The control: the behavioural embedding alone."""

from __future__ import annotations

from typing import ClassVar

import torch
from torch import Tensor

from adapters.base import Adapter


class IdentityGate(Adapter):
    """Returns ``b`` and ignores the content: what a gate that is always open gives.

    The difference between BeFA and this control is what BeFA takes from the content.
    """

    name: ClassVar[str] = "identity-gate"

    def forward(
        self, content: Tensor, behavioural: Tensor, generator: torch.Generator | None = None
    ) -> Tensor:
        """Return ``behavioural`` (n, d), with the shape of ``content``."""
        del generator
        return behavioural.expand_as(content)
