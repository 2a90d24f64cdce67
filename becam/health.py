"""How much a heatmap can be trusted as an explanation, whatever it looks like."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from becam.content_dependence import ContentDependence
from becam.presets import COSINE
from becam.recognition import Recognition
from becam.upsampling import upsampling_matrix

NEARLY_EQUAL = 0.05  # of the mean weight: up to this spread, what the weights share rules the sum
UNWEIGHTED = 0.01  # below this distance the part of the map that the weights add is lost to the eye


@dataclass(frozen=True)
class Health:
    """Figures that stand next to every heatmap.

    Attributes:
        spread: standard deviation of the weights over the channels.
        mean_weight: their mean.
        effective_channels: (sum |w|)^2 / sum w^2, from 1 to N.
        channels: N; 0 for a method that does not weigh channels, whose spread, mean weight and
            effective channels are NaN.
        distance: 1 - Pearson correlation with the unweighted map, in [0, 2]; 0 means that the
            weights changed nothing but the scale. NaN where either map is constant.
        content: how much the recommender's adapter lets through of the content; None where it
            was not measured, as for a projection of one's own.
        recognition: how well the recommender's score tells contents apart; None likewise.
    """

    spread: float
    mean_weight: float
    effective_channels: float
    channels: int
    distance: float
    content: ContentDependence | None = None
    recognition: Recognition | None = None

    @property
    def ignores_content(self) -> bool:
        """Whether what the recommender makes of a picture does not depend on the picture."""
        return self.content is not None and self.content.warning() is not None

    @property
    def degenerate(self) -> bool:
        """Whether the map is the unweighted one, or constant since all weights are equal."""
        return self.distance < UNWEIGHTED or self.spread == 0

    @property
    def nearly_equal(self) -> bool:
        """Whether the weights differ little against their mean.

        Mostly that gives the unweighted map. But signed activations may cancel in the mean over
        channels, and what little the weights add then shows beside it.
        """
        return self.spread <= NEARLY_EQUAL * abs(self.mean_weight)

    def warning(
        self, weighting: str | None, method: str = "becam", score: str = COSINE
    ) -> str | None:
        """Say in a line what is wrong with the map, or return None."""
        if self.channels == 0:
            if not self.degenerate:
                return None
            return (
                f"the map is the unweighted activation map (distance {self.distance:.2g}), "
                "not an explanation"
            )
        if self.channels == 1:
            return "the target layer has one channel: no weighting can change its map"
        if self.spread == 0 and self.mean_weight == 0:
            return "all weights are 0: the map says nothing"
        content = self.content
        ignored = content.warning(score) if content is not None else None
        if content is not None and ignored and score == COSINE:
            # The cause of equal weights, which no weighting mends.
            advised = method == "becam" and content.trace
            return ignored + ("; --score neighbours shows the trace that is left" * advised)
        advised = method == "becam" and weighting != "contrast"
        advice = "; try --weighting contrast" if advised else ""
        figures = f"spread {self.spread:.2g} around {self.mean_weight:.2g}"
        if self.degenerate:
            equal = (
                "the weights are nearly equal"
                if self.nearly_equal
                else "the weights change nothing"
            )
            return (
                f"{equal} ({figures}): this is the unweighted activation map, not an explanation"
                f"{advice}"
            )
        found = ignored or self._unrecognised(method, score)
        if found is None and self.nearly_equal:
            return (
                f"the weights are nearly equal ({figures}): what all channels share is in the map "
                f"too{advice}"
            )
        return found

    def _unrecognised(self, method: str, score: str) -> str | None:
        found = self.recognition.warning(score) if self.recognition is not None else None
        if found is None:
            return None
        advised = method == "becam" and score == COSINE
        return found + ("; try --score neighbours" * advised)


def health(weights: Tensor, heatmap: Tensor, unweighted: Tensor) -> Health:
    """Measure a heatmap's health.

    Args:
        weights: (N,); of length 0 for a method that does not weigh channels.
        heatmap: (h, w).
        unweighted: the mean activation, (h, w) or smaller; it is brought to (h, w) bilinearly.
    """
    weights = weights.double()
    squares = float((weights**2).sum())
    effective = float(weights.abs().sum()) ** 2 / squares if squares else 0.0
    nothing = float("nan")
    return Health(
        spread=float(weights.std(correction=0)) if len(weights) else nothing,
        mean_weight=float(weights.mean()) if len(weights) else nothing,
        effective_channels=effective if len(weights) else nothing,
        channels=len(weights),
        distance=1 - correlation(heatmap, _resized(unweighted, heatmap)),
    )


def _resized(values: Tensor, like: Tensor) -> Tensor:
    if values.shape == like.shape:
        return values
    rows, columns = (
        upsampling_matrix(cells, count).to(values.device)
        for cells, count in zip(values.shape, like.shape, strict=True)
    )
    return rows @ values.double() @ columns.T


def correlation(first: Tensor, second: Tensor) -> float:
    """Pearson correlation of two maps; NaN where either is constant."""
    a, b = (values.double().flatten() for values in (first, second))
    a, b = a - a.mean(), b - b.mean()
    lengths = float(a.norm() * b.norm())
    return float(torch.dot(a, b)) / lengths if lengths else float("nan")
