"""LightGCN: collaborative filtering by propagation alone, the plain baseline.

Source: He et al., "LightGCN: Simplifying and Powering Graph Convolution Network for
Recommendation", SIGIR 2020.

It takes no content: features are refused rather than left unused, and so is an adapter.

Where the paper leaves room, its authors' released code decides: the L2 term is that of the
batch's users, positive and negative items, half their squared ID embeddings over the size of the
batch, where eq. 15 writes the norm of all embeddings.
"""

from __future__ import annotations

from typing import ClassVar

import torch
from torch import Tensor

from recsys.bpr import NegativeSampler, bpr_loss
from recsys.configs import LightGCNConfig
from recsys.errors import InputError
from recsys.graph import InteractionGraph
from recsys.models.base import Ingredients, Recommender


class LightGCN(Recommender):
    """LightGCN; the layers' embeddings are averaged with equal weights (section 3.1.2).

    Raises:
        InputError: Features were given.
    """

    name: ClassVar[str] = "lightgcn"
    config: LightGCNConfig

    def _build(self, parts: Ingredients) -> None:
        if parts.features:
            raise InputError(
                f"model 'lightgcn' takes no content features, but got {', '.join(parts.features)}; "
                "expected no modality (--modalities none), or a model with content such as "
                "'freedom'"
            )
        self.graph = InteractionGraph(parts.train, parts.n_users, parts.n_items, parts.dtype)
        self.negatives = NegativeSampler(parts.train, parts.n_users, parts.n_items)

    def loss(
        self,
        users: Tensor,
        items: Tensor,
        *,
        generator: torch.Generator | None = None,
    ) -> Tensor:
        """Return BPR's loss on propagated embeddings (eq. 15) with one negative per pair."""
        negatives = self.negatives.sample(users, generator)
        all_users, all_items = self.embeddings()
        of_users = all_users.index_select(0, users)
        loss = bpr_loss(
            (of_users * all_items.index_select(0, items)).sum(dim=1),
            (of_users * all_items.index_select(0, negatives)).sum(dim=1),
        )
        squares = self.user_embedding.index_select(0, users).square().sum()
        for chosen in (items, negatives):
            squares = squares + self.item_embedding.index_select(0, chosen).square().sum()
        return loss + self.config.reg * squares / (2 * len(users))

    def embeddings(self) -> tuple[Tensor, Tensor]:
        """Return the means over the layers (eq. 4) for all users and items."""
        found: tuple[Tensor, Tensor] = self.graph(
            self.user_embedding, self.item_embedding, self.config.layers
        )
        return found
