"""One item as one trained recommender sees it: what scores of content are made of."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from weakref import WeakKeyDictionary

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional as F

from recsys.data.splits import Split
from recsys.errors import InputError, shown
from recsys.models.base import Recommender

OTHERS = 32  # other items that an item is compared with
NEIGHBOURS = 10


@dataclass(frozen=True, eq=False, kw_only=True)
class Behaviour:
    """One item of one trained recommender.

    Attributes:
        model: the recommender, with or without an adapter.
        modality: whose content is scored.
        index: of the item.
        contents: content features of all items, (items, D) float32.
        others: other items by index, drawn at random and in the order drawn, so that any part of
            them is a random one, int64 (m,), at least one.
        neighbours: the items that behaviour holds most alike, by index, int64 (k,): those of the
            nearest final embeddings, by their cosine.
        audience: the users who took the item in training, int64 (n,), at least one.
    """

    model: Recommender
    modality: str
    index: int
    contents: Tensor
    others: Tensor
    neighbours: Tensor
    audience: Tensor

    @cached_property
    def embedding(self) -> Tensor:
        """The item's behavioural embedding b, (d,)."""
        return self.model.behavioural_embeddings()[self.index].detach()

    @cached_property
    def mean_embedding(self) -> Tensor:
        """Mean behavioural embedding of the other items, (d,)."""
        return self.model.behavioural_embeddings()[self.others].detach().mean(dim=0)

    def adapted(self, rows: Tensor, guidance: Tensor | None = None) -> Tensor:
        """Take content into the behavioural space: g of BeFA, eq. 1.

        Args:
            rows: content features, (n, D).
            guidance: what guides the adapter, (d,); the item's b without.

        Returns:
            (n, d).
        """
        guide = self.embedding if guidance is None else guidance
        with torch.inference_mode():
            return self.model.to_behavioural_space(
                self.modality, rows.to(guide), guide.expand(len(rows), -1)
            )

    @cached_property
    def foreign(self) -> Tensor:
        """What the adapter, guided by b, makes of the other items' contents, (m, d)."""
        return self.adapted(self.contents[self.others])

    @cached_property
    def typical(self) -> Tensor:
        """Its mean, (d,)."""
        return self.foreign.mean(dim=0)

    @cached_property
    def alike(self) -> Tensor:
        """Mean of what the adapter, guided by b, makes of the neighbours' contents, (d,)."""
        return self.adapted(self.contents[self.neighbours]).mean(dim=0)

    @cached_property
    def typical_predicted(self) -> Tensor:
        """The same behind the recommender's predictor, (d,)."""
        with torch.inference_mode():
            return self.model.predicted(self.foreign).mean(dim=0)

    @cached_property
    def _final(self) -> tuple[Tensor, Tensor]:
        return final_embeddings(self.model)

    @cached_property
    def final(self) -> Tensor:
        """The item's row of what the recommender's scores are made of, (d,)."""
        return self._final[1][self.index]

    @cached_property
    def mean_final(self) -> Tensor:
        """Mean of those of the other items, (d,)."""
        return self._final[1][self.others].mean(dim=0)

    @cached_property
    def taker(self) -> Tensor:
        """Mean direction of the users who took the item, (d,)."""
        return F.normalize(self._final[0][self.audience], dim=1).mean(dim=0)

    @cached_property
    def mean_user(self) -> Tensor:
        """Mean direction of all users, (d,)."""
        return F.normalize(self._final[0], dim=1).mean(dim=0)


_FINAL: WeakKeyDictionary[Recommender, tuple[Tensor, Tensor]] = WeakKeyDictionary()


def final_embeddings(model: Recommender) -> tuple[Tensor, Tensor]:
    """Return `Recommender.embeddings` of a trained model, computed once.

    The model's weights are not to be changed afterwards.
    """
    if model not in _FINAL:
        with torch.inference_mode():
            _FINAL[model] = model.embeddings()
    return _FINAL[model]


def behaviour_of(
    model: Recommender,
    split: Split,
    contents: Tensor,
    index: int,
    *,
    candidates: Sequence[int],
    modality: str = "image",
    others: int = OTHERS,
    seed: int = 0,
) -> Behaviour:
    """Gather what scores need of an item.

    Args:
        model: trained on ``split``.
        split: its training part names the item's users.
        contents: content features of all items, (items, D).
        index: of the item.
        candidates: items that may stand for others, by index.
        modality: of the contents.
        others: how many of them, drawn at random.
        seed: of the draw.

    Raises:
        InputError: the item has no interaction in the training split, or there is no other item.
    """
    audience = split.train[split.train[:, 1] == index][:, 0]
    if not len(audience):
        raise InputError(
            f"item at {shown(index)} has no interactions in the training split; "
            "expected an item that has one"
        )
    pool = np.asarray(candidates, np.int64)
    pool = pool[pool != index]
    if not len(pool):
        raise InputError("scores compare an item with others; expected more than one item")
    drawn = np.random.default_rng([seed, 7, index]).choice(
        pool, min(others, len(pool)), replace=False
    )
    items = F.normalize(final_embeddings(model)[1], dim=1)
    near = (items[torch.from_numpy(pool)] @ items[index]).topk(min(NEIGHBOURS, len(pool))).indices
    return Behaviour(
        model=model,
        modality=modality,
        index=index,
        contents=contents,
        others=torch.from_numpy(drawn),
        neighbours=torch.from_numpy(pool)[near],
        audience=torch.from_numpy(np.unique(audience)),
    )
