"""How much of what an adapter puts out depends on the content at all.

An adapter is guided by the behavioural embedding b of an item. Where it answers with b whatever
content it is given, the recommender no longer looks at the picture, every similarity of BeCAM
comes out alike, and no heatmap can explain anything. So the item's content is exchanged for that
of other items, with b kept, and the change of the output is compared with the change of what the
adapter was given: what the same recommender would work with if the adapter were taken out.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import torch
from torch import Tensor

from becam.angles import cosine_distance
from becam.presets import COSINE

if TYPE_CHECKING:
    from recsys.models.base import Recommender

OTHERS = 64  # items whose content stands in for an item's own
IGNORED = 0.01  # below this share of the dependence without the adapter
# Below this the output moves by 1e-5 of its length: what a score would enlarge is near rounding.
TRACE = 1e-10
ALIKE = 1e-10  # contents nearer than this are the same up to rounding


@dataclass(frozen=True)
class ContentDependence:
    """How far an item's output moves when its content is exchanged.

    Attributes:
        ratio: ``distance`` over ``reference``, at most 1: 0 for an adapter that ignores the
            content, 1 without an adapter or for one that passes the content through (or
            exaggerates it). Only directions count, since BeCAM compares directions: an adapter
            that lets the content scale b and no more has 0. NaN where ``reference`` is 0.
        distance: mean cosine distance between what the adapter makes of the item's own content
            and of other items' content, both guided by the item's b; [0, 2].
        reference: the same of the contents that go into the adapter (after the projection).
        others: how many other items.
    """

    ratio: float
    distance: float
    reference: float
    others: int

    @property
    def ignored(self) -> bool:
        """Whether the output says next to nothing about the content."""
        return self.ratio < IGNORED

    @property
    def trace(self) -> bool:
        """Whether the output ignores the content but for a trace, which a score may enlarge."""
        return TRACE < self.ratio < IGNORED

    def warning(self, score: str = COSINE) -> str | None:
        """Return what that means for a heatmap by a score, in a line, or None."""
        if math.isnan(self.ratio):
            return (
                "the projection makes the content of all items alike: the recommender ignores "
                "the content, and the map is not an explanation of the picture"
            )
        if not self.ignored:
            return None
        how_much = f"(content dependence {self.ratio:.2g}, 1 without the adapter)"
        if score != COSINE and self.trace:
            return (
                f"the adapter's output all but ignores the content {how_much}: the map shows the "
                "trace that is left, not what recommendations rest on"
            )
        return (
            f"the adapter's output ignores the content {how_much}: whatever the weighting, the map "
            "is not an explanation"
        )


def content_dependence(
    own: Tensor, others: Tensor, adapted_own: Tensor, adapted_others: Tensor
) -> ContentDependence:
    """Compare an item's content with other items', before and after an adapter.

    Args:
        own: the item's projected content, (d,).
        others: other items', (m, d), m at least 1.
        adapted_own: what the adapter makes of ``own``, guided by the item's b, (d,).
        adapted_others: what it makes of ``others``, guided by the same b, (m, d).

    Raises:
        ValueError: no other items, or other shapes.
    """
    if not len(others) or others.shape != adapted_others.shape:
        raise ValueError(
            "expected contents of at least one other item before and after the adapter, "
            f"not {tuple(others.shape)} and {tuple(adapted_others.shape)}"
        )
    distance = float(cosine_distance(adapted_own[None], adapted_others).mean())
    reference = float(cosine_distance(own[None], others).mean())
    ratio = min(distance / reference, 1.0) if reference > ALIKE else math.nan
    return ContentDependence(ratio, distance, reference, len(others))


def item_dependence(
    model: Recommender,
    modality: str,
    contents: Tensor,
    index: int,
    *,
    candidates: Sequence[int] | None = None,
    others: int = OTHERS,
    seed: int = 0,
) -> ContentDependence | None:
    """Measure how much a recommender's adapter lets through of an item's content.

    Args:
        model: with or without an adapter; without one the ratio is 1.
        modality: one of the model's.
        contents: content features of all items as the encoder gives them, (items, D).
        index: of the item.
        candidates: whose content may stand in, by index; all items without.
        others: how many of them, drawn at random.
        seed: of the draw.

    Returns:
        None where there is no other item.
    """
    pool = np.arange(len(contents)) if candidates is None else np.asarray(candidates, np.int64)
    pool = pool[pool != index]
    if not len(pool):
        return None
    drawn = np.random.default_rng([seed, index]).choice(pool, min(others, len(pool)), replace=False)
    behavioural = model.behavioural_embeddings()[index].detach()
    with torch.inference_mode():
        # The item's own content is the first row.
        rows = contents[[index, *np.sort(drawn).tolist()]].to(behavioural)
        projected = model.project(modality, rows)
        adapted = model.adapt(modality, projected, behavioural.expand_as(projected))
    return content_dependence(projected[0], projected[1:], adapted[0], adapted[1:])


def mean_dependence(found: Iterable[ContentDependence | None]) -> float:
    """Return the mean ratio over items; NaN where none is defined."""
    ratios = [each.ratio for each in found if each is not None and not math.isnan(each.ratio)]
    return float(np.mean(ratios)) if ratios else math.nan
