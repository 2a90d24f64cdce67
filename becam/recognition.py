"""How well a recommender's score tells an item's own content from other items'.

BeCAM has a premise: that agreement of content with behaviour means something in this recommender.
Where training never compares the two (LATTICE, MGCN), the score of an item's own picture is as
often below as above that of another item's, and a heatmap made of such scores looks like any other
and says nothing.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np
import torch
from numpy.typing import ArrayLike, NDArray
from torch import Tensor

from becam.presets import COSINE
from becam.scores.behaviour import OTHERS, behaviour_of
from becam.scores.named import score_of
from becam.similarity import cosine_similarity

if TYPE_CHECKING:
    from recsys.data.splits import Split
    from recsys.models.base import Recommender

ITEMS = 512  # of the catalogue, drawn at random; all where there are fewer
ONE_BY_ONE = 256  # of them for other scores than the cosine, which are asked an item at a time
CHANCE = 0.5
# A choice, not a test: right in three comparisons of five. An item's own value lies in [0, 1], so
# the standard error is at most 0.5 / sqrt(items): 0.022 for 512 (0.013 measured where it matters),
# 0.031 for 256. Chance is three of them below, or more; in a small catalogue less, which the
# warning says.
TOLD_APART = 0.6
TOGETHER = 64  # items whose contents are projected at once
ALIKE = 1e-6  # scores nearer than this share of their size are equal up to rounding


@dataclass(frozen=True)
class Recognition:
    """How often an item's own content scores above another item's, asked with the item's behaviour.

    Attributes:
        value: mean over items, in [0, 1]; 0.5 is chance, equal scores count as half.
        items: how many.
        standard_error: of the mean, for the draw of the items and of what each is compared with;
            NaN for one item, and in results of before it was kept.
    """

    value: float
    items: int
    standard_error: float = math.nan

    @property
    def fails(self) -> bool:
        """Whether own content is told from foreign content no better than by chance, or about."""
        return self.value < TOLD_APART

    def warning(self, score: str = COSINE) -> str | None:
        """Return what that means for a heatmap by this score, in a line, or None."""
        if not self.fails:
            return None
        asked = "the cosine with b" if score == COSINE else f"score {score}"
        error = self.standard_error
        sure = "" if math.isnan(error) else f", standard error {error:.2f}"
        return (
            f"by {asked}, the recommender tells an item's own content from other items' hardly "
            f"better than chance (recognition {self.value:.2f}{sure}, {CHANCE:g} is chance): the "
            "map is not an explanation"
        )


def recognised(
    own: ArrayLike, foreign: NDArray[np.floating], alike: float = ALIKE
) -> NDArray[np.float64]:
    """Return how often items' own content scores above other items', (...) in [0, 1].

    Args:
        own: score of the own content, (...).
        foreign: scores of the others' contents, (..., m), m at least 1.
        alike: scores nearer than this share of their size count as equal, half.
    """
    apart = np.asarray(own)[..., None] - foreign
    tied = np.abs(apart) <= alike * np.abs(foreign)
    found: NDArray[np.float64] = np.where(tied, 0.5, apart > 0).mean(axis=-1)
    return found


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
    if score == COSINE:
        scores = _cosines(model, contents, _compared(tuple(candidates), seed), modality)
    else:
        items = (
            behaviour_of(
                *(model, split, contents, index),
                candidates=candidates,
                modality=modality,
                seed=seed,
            )
            for index in np.sort(_order(candidates, seed)[:ONE_BY_ONE]).tolist()
        )
        of = score_of(score).of
        scores = torch.stack(
            [of(each, contents[[each.index, *each.others.tolist()]]) for each in items]
        )
    asked = scores.double().numpy()
    found = recognised(asked[:, 0], asked[:, 1:])
    error = found.std(ddof=1) / len(found) ** 0.5 if len(found) > 1 else math.nan
    return Recognition(float(found.mean()), len(found), float(error))


def _order(candidates: Sequence[int], seed: int) -> NDArray[np.int64]:
    return np.random.default_rng([seed, 11]).permutation(np.asarray(candidates, np.int64))


@lru_cache(maxsize=1)  # the same for all recommenders of a catalogue
def _compared(candidates: tuple[int, ...], seed: int) -> Tensor:
    """Draw items and whom each is compared with, itself first: (n, 1 + m) int64.

    The same that `behaviour_of` draws.
    """
    pool = np.asarray(candidates, np.int64)
    count = min(OTHERS, len(pool) - 1)
    rows = [
        [
            index,
            *np.random.default_rng([seed, 7, index]).choice(
                pool[pool != index], count, replace=False
            ),
        ]
        for index in np.sort(_order(candidates, seed)[:ITEMS]).tolist()
    ]
    return torch.from_numpy(np.array(rows, np.int64))


def _cosines(model: Recommender, contents: Tensor, compared: Tensor, modality: str) -> Tensor:
    """Return the cosines with each item's b of its own content and of others', (n, 1 + m).

    The same as the score of that name by `behaviour_of`, of many items at once.
    """
    table = model.behavioural_embeddings().detach()
    found = []
    for rows in compared.split(TOGETHER):
        guides = table[rows[:, :1]]
        with torch.inference_mode():
            adapted = model.to_behavioural_space(
                modality,
                contents[rows.flatten()].to(table),
                guides.expand(-1, rows.shape[1], -1).flatten(0, 1),
            )
        parts = adapted.split(rows.shape[1])
        found += [cosine_similarity(*pair) for pair in zip(parts, guides[:, 0], strict=True)]
    return torch.stack(found)
