"""How far a heatmap from fewer passes is from the exact one: an estimate."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor

from becam.fewer_passes.partial import Partial
from becam.fewer_passes.prediction import DRAWS, SEED
from becam.fewer_passes.rank_correlation import spearman

DOUBTFUL = 0.95  # below this estimated Spearman correlation a warning says so


@dataclass(frozen=True)
class Approximation:
    """What a heatmap from fewer passes says of itself.

    Attributes:
        scheme: what was done about the channels that were not encoded.
        passes: masked pictures that were encoded.
        channels: N.
        spearman: estimated Spearman correlation with the exact map; NaN for a constant map.
        standard_error: estimated error of the map, in standard deviations of the map.
    """

    scheme: str
    passes: int
    channels: int
    spearman: float
    standard_error: float

    @property
    def line(self) -> str:
        """What stands under the map."""
        return (
            f"{self.passes} of {self.channels} channels encoded ({self.scheme}), "
            f"estimated Spearman {self.spearman:.3f}"
        )

    @property
    def warning(self) -> str | None:
        """What speaks against trusting the map, in a line, or None."""
        if self.spearman >= DOUBTFUL:
            return None
        return (
            f"the map is approximate: {self.line} with the exact map; "
            "give more --passes, or none for all channels"
        )


def approximation(
    partial: Partial,
    similarities: Tensor,
    left_out: Tensor | None,
    heatmap: Tensor,
    redo: Callable[[Tensor], Tensor],
) -> Approximation:
    """Estimate the error of a map by what the map could be as well.

    The channels that were not encoded are given random errors: for predicted features those of
    the regression, scaled by how far the similarities of the channels drawn at random are from
    what the others predict; for left-out channels similarities spread like the encoded ones.

    Args:
        partial: what was encoded.
        similarities: (N,), 0 where a channel is left out.
        left_out: similarities of ``partial.prediction.left_out``, (c,), where there is one.
        heatmap: the map, (h, w).
        redo: makes the map from similarities that are all known, (N,) -> (h, w).
    """
    found, channels = similarities.double(), len(similarities)
    if bool(partial.encoded.all()):
        return Approximation(partial.scheme, partial.passes, channels, 1.0, 0.0)
    if partial.prediction is not None and left_out is not None:
        known = partial.prediction
        wrong = (found[known.checked] - left_out.double()).square() / known.variance.double()
        errors = known.draws.double() * wrong.mean().sqrt()
    else:
        generator = torch.Generator().manual_seed(SEED)
        have = found[partial.encoded]
        errors = torch.randn(DRAWS, channels, generator=generator, dtype=torch.float64)
        errors = errors * have.std(correction=0) + have.mean()
        errors[:, partial.encoded] = 0
    correlations, squares = [], []
    plain = heatmap.double() - heatmap.double().mean()
    for error in errors:
        other = redo((found + error).clamp(-1, 1).to(similarities)).double()
        correlations.append(spearman(heatmap, other))
        squares.append((other - other.mean() - plain).square().mean())
    spread = float(plain.square().mean())
    mean_square = float(torch.stack(squares).mean())
    return Approximation(
        scheme=partial.scheme,
        passes=partial.passes,
        channels=channels,
        spearman=sum(correlations) / len(correlations),
        standard_error=(mean_square / spread) ** 0.5 if spread else float("nan"),
    )
