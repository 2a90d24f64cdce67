"""What is found of one trained recommender, one of its modalities and one seed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from recsys.models.names import ModelName

FloatArray = NDArray[np.float64]
QUANTITIES = (
    "uniformity",
    "alignment",
    "alignment, shuffled",
    "alignment of co-interacted",
    "alignment of any two",
    "uniformity of behaviour",
    "circle covered",
)


@dataclass(frozen=True, eq=False)
class Side:
    """How one model's content features of one modality lie, for the items of one seed.

    Attributes:
        data: the data set.
        model: recommender and adapter.
        modality: whose content.
        seed: of the draw of items and of the projection.
        training_seed: of the split and of the training.
        items: ids of the items drawn whose content and behavioural embedding have a direction.
        drawn: how many items were drawn.
        points: the projection to the plane, (n, 2), its mean at the origin.
        angles: where the points lie on the circle, (n,) radians in [-pi, pi]; NaN for a point in
            the middle.
        figures: by the names of `QUANTITIES`; NaN where one is undefined.
        key: content key of the trained recommender.
    """

    data: str
    model: ModelName
    modality: str
    seed: int
    training_seed: int
    items: tuple[str, ...]
    drawn: int
    points: FloatArray
    angles: FloatArray
    figures: dict[str, float]
    key: str

    @property
    def directions(self) -> FloatArray:
        """The angles that there are."""
        return self.angles[np.isfinite(self.angles)]

    def about(self) -> dict[str, Any]:
        """Return what the side is, as JSON can hold it."""
        return {
            **{"data": self.data, "model": str(self.model), "modality": self.modality},
            **{"seed": self.seed, "training_seed": self.training_seed, "key": self.key},
            **{"items": self.drawn, "undefined": self.drawn - len(self.items)},
            "without angle": len(self.items) - len(self.directions),
            "figures": self.figures,
        }
