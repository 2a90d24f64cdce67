"""Masked features of which only some were encoded."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass

import torch
from torch import Tensor

PREFIX = "partial."


@dataclass(frozen=True, eq=False)
class Prediction:
    """What tells how far predicted features can be trusted, for any recommender.

    Attributes:
        checked: encoded channels that were drawn at random, (c,) int64.
        left_out: their features as predicted from all other encoded channels, (c, D) float32.
        variance: how sure each of these predictions is, (c,) float32, up to one factor.
        draws: random errors of all channels, equally sure up to the same factor, (K, N) float32;
            0 where a channel was encoded.
    """

    checked: Tensor
    left_out: Tensor
    variance: Tensor
    draws: Tensor


@dataclass(frozen=True, eq=False)
class Partial:
    """Which channels were encoded, and what is known of the others.

    Attributes:
        scheme: one of `becam.presets.SCHEMES`.
        passes: masked pictures that were encoded.
        encoded: whether a channel's features are exact, (N,) bool.
        prediction: of the others; None where they are left out (their features are NaN).
    """

    scheme: str
    passes: int
    encoded: Tensor
    prediction: Prediction | None = None

    def tensors(self) -> dict[str, Tensor]:
        """Return what a store keeps, by name."""
        found = {"encoded": self.encoded, "passes": torch.tensor(self.passes)}
        found |= {} if self.prediction is None else asdict(self.prediction)
        return {PREFIX + name: values for name, values in found.items()}

    @classmethod
    def from_tensors(cls, tensors: Mapping[str, Tensor], scheme: str) -> Partial:
        """Read what `tensors` returned."""
        own = {
            name.removeprefix(PREFIX): values
            for name, values in tensors.items()
            if name.startswith(PREFIX)
        }
        passes, encoded = int(own.pop("passes")), own.pop("encoded")
        return cls(scheme, passes, encoded, Prediction(**own) if own else None)
