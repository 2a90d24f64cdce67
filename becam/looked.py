"""An item's picture, looked at: what all maps of it share."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from becam.attribution import Attribution
from becam.masked_features import MaskedFeatures
from becam.metrics import MaskMetrics, mask_metrics_of_many
from recsys.data.catalogue import Catalogue, Item


@dataclass(frozen=True, eq=False)
class Looked:
    """An item's picture with its mask and its masked features.

    Attributes:
        index: of the item in the catalogue.
        item: the item.
        picture: RGB.
        mask: of the product, (height, width); None where it is not known.
        masked: None for channels by gradient, which are chosen for each recommender.
        notes: what was done to fit the mask, a line each.
    """

    index: int
    item: Item
    picture: Image.Image
    mask: NDArray[np.bool_] | None
    masked: MaskedFeatures | None
    notes: tuple[str, ...] = ()

    def measure(
        self, attributions: Sequence[Attribution], catalogue: Catalogue
    ) -> Sequence[MaskMetrics | None]:
        """Return drift, omission and pixel AUC of each map; None where there is no mask."""
        if self.mask is None:
            return [None] * len(attributions)
        annotation = catalogue.annotation(self.item)
        return mask_metrics_of_many(
            [attribution.on_picture() for attribution in attributions],
            attributions[0].on_picture(unweighted=True),  # of the picture alone, so one for all
            self.mask,
            annotation.distractors() if annotation else None,
        )
