"""How well a recommender's score tells an item's own content from other items'.

BeCAM has a premise: that agreement of content with behaviour means something in this recommender.
Where training never compares the two (LATTICE, MGCN), the score of an item's own picture is as
often below as above that of another item's, and a heatmap made of such scores looks like any other
and says nothing.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray
from torch import Tensor

from becam.presets import COSINE
from becam.scores.behaviour import behaviour_of
from becam.scores.named import score_of

if TYPE_CHECKING:
    from recsys.data.splits import Split
    from recsys.models.base import Recommender

ITEMS = 64  # of the catalogue, drawn at random
CHANCE = 0.5
TOLD_APART = 0.6  # four standard errors above chance, for so many items
ALIKE = 1e-6  # scores nearer than this share of their size are equal up to rounding


@dataclass(frozen=True)
class Recognition:
    """How often an item's own content scores above another item's, asked with the item's behaviour.

    Attributes:
        value: mean over items, in [0, 1]; 0.5 is chance, equal scores count as half.
        items: how many.
    """

    value: float
    items: int

    @property
    def fails(self) -> bool:
        """Whether own content is told from foreign content no better than by chance, or about."""
        return self.value < TOLD_APART

    def warning(self, score: str = COSINE) -> str | None:
        """Return what that means for a heatmap by this score, in a line, or None."""
        if not self.fails:
            return None
        asked = "the cosine with b" if score == COSINE else f"score {score}"
        return (
            f"by {asked}, the recommender tells an item's own content from other items' hardly "
            f"better than chance (recognition {self.value:.2f}, {CHANCE:g} is chance): the map is "
            "not an explanation"
        )


def recognised(own: float, foreign: NDArray[np.floating], alike: float = ALIKE) -> float:
    """Return how often an item's own content scores above other items', in [0, 1].

    Args:
        own: score of the own content.
        foreign: scores of the others' contents, (m,), m at least 1.
        alike: scores nearer than this share of their size count as equal, half.
    """
    apart = own - foreign
    tied = np.abs(apart) <= alike * np.abs(foreign)
    return float(np.where(tied, 0.5, apart > 0).mean())


def recognition_of(
    model: Recommender,
    split: Split,
    contents: Tensor,
    *,
    candidates: Sequence[int],
    modality: str = "image",
    score: str = COSINE,
    seed: int = 0,
) -> Recognition | None:
    """Measure it for a recommender, over items of its catalogue.

    Args:
        model: trained on ``split``, with or without an adapter.
        split: its training part names the items' users.
        contents: content features of all items, (items, D).
        candidates: the items that have content and an interaction, by index.
        modality: of the contents.
        score: by name, as in `becam.scores.SCORES`; defined for the model's adapter.
        seed: of the draw of items, and of those that each is compared with.

    Returns:
        None where there is no item to compare with.
    """
    if len(candidates) < 2:
        return None
    rng = np.random.default_rng([seed, 11])
    drawn = np.sort(rng.permutation(np.asarray(candidates, np.int64))[:ITEMS])
    found, named = [], score_of(score)
    for index in drawn.tolist():
        item = behaviour_of(
            *(model, split, contents, index), candidates=candidates, modality=modality, seed=seed
        )
        own, *foreign = named.of(item, contents[[index, *item.others.tolist()]]).tolist()
        found.append(recognised(own, np.asarray(foreign)))
    return Recognition(float(np.mean(found)), len(found))
