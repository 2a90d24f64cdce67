"""What is measured of one trained recommender and one of its modalities."""

from __future__ import annotations

import math
from dataclasses import dataclass

from becam.deviations.values import Deviations
from recsys.models.names import ModelName

QUANTITIES = ("angle", "effective length", "Delta", "Delta, shuffled", "content")


@dataclass(frozen=True, eq=False)
class Side:
    """One trained recommender and one of its modalities.

    Attributes:
        data: the data set.
        model: recommender and adapter.
        modality: whose content.
        seed: the recommender was trained with.
        items: ids of the items measured: those with an interaction in the training split.
        values: their deviations.
        shuffled: the same with the content of another of them, each guided by its own b.
        content_dependence: see `becam.content_dependence`, mean over items.
        key: content key of the trained recommender.
    """

    data: str
    model: ModelName
    modality: str
    seed: int
    items: tuple[str, ...]
    values: Deviations
    shuffled: Deviations
    content_dependence: float
    key: str

    def figures(self) -> tuple[float, ...]:
        """Return the side's figures in the order of `QUANTITIES`; the angle in degrees."""
        return (
            math.degrees(self.values.mean_theta),
            self.values.mean_effective,
            self.values.delta,
            self.shuffled.delta,
            self.content_dependence,
        )
