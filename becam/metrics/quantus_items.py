"""Items in the form that Quantus asks for, to have them measured by independent code."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from becam.metrics.case import Case
from becam.metrics.input_maps import mask_on_input
from becam.scorer import Scorer


class CosineModel(nn.Module):
    """Scores pictures against several targets at once: a class a target."""

    def __init__(self, scorers: Sequence[Scorer]) -> None:
        """Take the scorers' targets as classes.

        Args:
            scorers: of one encoder.

        Raises:
            ValueError: none, or of several encoders.
        """
        super().__init__()
        if len({id(scorer.encoder) for scorer in scorers}) != 1:
            raise ValueError("expected scorers of one encoder")
        self.scorers = tuple(scorers)

    def forward(self, pictures: Tensor) -> Tensor:
        """Score preprocessed pictures (B, 3, H, W): cosines, (B, targets) float32."""
        content = self.scorers[0].contents(pictures.float())
        return torch.stack([scorer.of_contents(content) for scorer in self.scorers], dim=1)


@dataclass(frozen=True, eq=False)
class QuantusItems:
    """What a metric of Quantus is called with: ``metric(**items.arguments)``.

    Attributes:
        model: pictures to cosines, class i is item i's target.
        x: the encoder's inputs, (B, 3, H, W) float32.
        y: 0 .. B - 1, (B,) int64.
        a: heatmaps on the input, (B, 1, H, W) float32; padding has the map's lowest value.
        s: product masks on the input, (B, 1, H, W) bool, or None where one is not known.
    """

    model: CosineModel
    x: NDArray[np.float32]
    y: NDArray[np.int64]
    a: NDArray[np.float32]
    s: NDArray[np.bool_] | None

    @property
    def arguments(self) -> dict[str, object]:
        """Keyword arguments of a Quantus metric; raw scores, as cosines are no logits."""
        return {
            "model": self.model,
            "x_batch": self.x,
            "y_batch": self.y,
            "a_batch": self.a,
            "s_batch": self.s,
            "channel_first": True,
            "softmax": False,
        }


def quantus_items(cases: Sequence[Case]) -> QuantusItems:
    """Export cases for Quantus.

    Args:
        cases: of one encoder, each with a scorer, a picture and a map that has no fault.

    Raises:
        ValueError: a case without scorer or picture, or whose map can't be measured.
    """
    scorers, pictures, maps, masks = [], [], [], []
    for case in cases:
        if case.scorer is None or case.picture is None:
            raise ValueError("Quantus needs cases with a scorer and a picture")
        if case.input_fault is not None:
            raise ValueError(case.input_fault)
        scorers.append(case.scorer)
        pictures.append(case.picture.float().cpu().numpy())
        laid = case.on_input
        maps.append(np.where(case.shown, laid, laid[case.shown].min())[None])
        if case.mask is not None:
            masks.append(mask_on_input(case.mask, case.geometry, case.input_size)[None])
    return QuantusItems(
        model=CosineModel(scorers).eval(),
        x=np.stack(pictures),
        y=np.arange(len(cases)),
        a=np.stack(maps).astype(np.float32),
        s=np.stack(masks) if len(masks) == len(cases) else None,
    )
