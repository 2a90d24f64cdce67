"""What content is compared with: a vector in the behavioural space, and whose it is."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from torch import Tensor

from recsys.models.base import Recommender

Projection = Callable[[Tensor], Tensor]
"""g: content features (n, D) into the behavioural space (n, d)."""


@dataclass(frozen=True, eq=False)
class Target:
    """A vector in the behavioural space with its provenance.

    Attributes:
        vector: (d,) float.
        kind: whose it is: ``item`` today; users and segments have the same form.
        id: the id of that item, user or segment.
    """

    vector: Tensor
    kind: str
    id: str


def item_target(model: Recommender, index: int, item_id: str) -> Target:
    """Return an item's own behavioural (ID) embedding: b of BeFA, eq. 2."""
    return Target(model.behavioural_embeddings()[index].detach(), "item", item_id)


def item_projection(model: Recommender, modality: str, index: int) -> Projection:
    """Return g for an item: the recommender's projection, then its adapter, if any.

    The adapter is guided by the item's own behavioural embedding, as in training.
    """
    return guided_projection(model, modality, model.behavioural_embeddings()[index].detach())


def guided_projection(model: Recommender, modality: str, guidance: Tensor) -> Projection:
    """Return g with its adapter, if any, guided by any vector (d,) of the behavioural space."""

    def project(content: Tensor) -> Tensor:
        behavioural = guidance.expand(len(content), -1)
        return model.to_behavioural_space(modality, content.to(guidance), behavioural)

    return project
