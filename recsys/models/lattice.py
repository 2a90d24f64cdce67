"""LATTICE: item graphs that are learned from the content.

Source: Zhang et al., "Mining Latent Structures for Multimedia Recommendation", ACM MM 2021,
section 3: "Modality-aware Latent Structure Learning" (item graphs), "Graph Convolutions"
(propagation over them), "Combining with Collaborative Filtering" (user-item graph) and
"Optimization" (BPR).

Each modality has two item graphs of k nearest neighbours: one from the initial features, which
stays, and one from the adapted features, which is learned. Both are summed over modalities with
weights that are learned too, and mixed.

Where the paper leaves room, or its authors' released code does something else, the code
decides, because the published hyper-parameters were tuned on it:

- The learned graph is rebuilt in the first batch of an epoch. Only that batch moves the content
  features, the projections, the adapters and the weights of modalities; the others keep its
  graph as it is. Scores come from a graph of the weights as they are then.
- The learned graphs are summed first and normalised then; the initial ones the other way round.
  Degrees are row sums.
- The user-item graph is not LightGCN's: each user and item takes the mean over its neighbours
  and itself.
- The regulariser is half the mean of the squared norms of the batch's three final embeddings.

Without any modality there is no item graph, and what is left is the propagation over the
user-item graph. The mixed graph has at most ``2 k`` edges per item and modality and is never
made dense.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import ClassVar

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from recsys.bpr import NegativeSampler, regularised_bpr
from recsys.configs import LATTICEConfig
from recsys.graph import InteractionGraph, sum_neighbours
from recsys.item_graph import ItemGraph, knn_graph, symmetric_weights
from recsys.models.base import Branch, Ingredients, Recommender

ItemStep = Callable[[Tensor], Tensor]


class LATTICE(Recommender):
    """LATTICE with any number of modalities, and an adapter after each projection if wanted."""

    name: ClassVar[str] = "lattice"
    config: LATTICEConfig

    def _build(self, parts: Ingredients) -> None:
        self.graph = InteractionGraph(
            parts.train, parts.n_users, parts.n_items, parts.dtype, self_loops=True
        )
        self.negatives = NegativeSampler(parts.train, parts.n_users, parts.n_items)
        self._item_graph: ItemGraph | None = None  # of the epoch so far
        self._has_item_graph = len(self.branches) > 0 and self.config.item_layers > 0
        if not self._has_item_graph:
            return
        self.modality_weights = nn.Parameter(
            torch.full((len(self.branches),), 0.5, dtype=parts.dtype)
        )
        found = [
            knn_graph(features.to(parts.dtype), self.config.k)
            for features in parts.features.values()
        ]
        weights = [symmetric_weights(*graph) for graph in found]
        self.register_buffer("_initial", torch.cat([g[0] for g in found], 1), persistent=False)
        self.register_buffer("_initial_weights", torch.cat(weights, 1), persistent=False)

    def start_epoch(self, generator: torch.Generator) -> None:
        """Have the next batch learn the item graph anew."""
        del generator
        self._item_graph = None

    def learn_graph(self, generator: torch.Generator | None = None) -> tuple[Tensor, Tensor]:
        """Return the mixed item graph of the current weights, with gradients.

        Args:
            generator: Source of the adapters' dropout.

        Returns:
            Neighbours, int64 (n_items, 2 k M) for M modalities, and the weights of their edges,
            float (n_items, 2 k M). A neighbour may be there several times; its weights add up.
        """
        k, initial = self.config.k, self.config.initial
        shares = torch.softmax(self.modality_weights, dim=0)
        neighbours, similarities = [], []
        for share, branch in zip(shares, self.branches, strict=True):
            assert isinstance(branch, Branch)
            projected = branch.projection(branch.features)
            content = branch.adapt(projected, self.item_embedding, generator)
            neighbours.append(knn_graph(content.detach(), k)[0])
            similarities.append(share * _cosines(content, neighbours[-1]))
        learned = torch.cat(neighbours, 1)
        weights = symmetric_weights(learned, torch.cat(similarities, 1))
        initial_weights = self.get_buffer("_initial_weights") * shares.repeat_interleave(k)
        return (
            torch.cat([learned, self.get_buffer("_initial")], 1),
            torch.cat([(1 - initial) * weights, initial * initial_weights], 1),
        )

    def representations(self, item_step: ItemStep | None) -> tuple[Tensor, Tensor]:
        """Return the final embeddings of users (n_users, dim) and items (n_items, dim).

        Args:
            item_step: One step of propagation over the item graph; ``None`` without one.
        """
        # D^-1 A, the mean over neighbours, is D^-1/2 S D^1/2 with the symmetric S.
        of_user, of_item = (n.sqrt() for n in self.graph.degrees(self.item_embedding))
        users, items = self.graph(
            self.user_embedding * of_user, self.item_embedding * of_item, self.config.layers
        )
        users, items = users / of_user, items / of_item
        if item_step is None:
            return users, items
        latent: Tensor = self.item_embedding
        for _ in range(self.config.item_layers):
            latent = item_step(latent)
        return users, items + F.normalize(latent, dim=1)

    def loss(
        self,
        users: Tensor,
        items: Tensor,
        *,
        generator: torch.Generator | None = None,
    ) -> Tensor:
        """Return the BPR loss of one batch with one negative item each, plus the regulariser."""
        negatives = self.negatives.sample(users, generator)
        item_step: ItemStep | None = self._item_graph
        if item_step is None and self._has_item_graph:
            learned = self.learn_graph(generator)
            self._item_graph = ItemGraph(*learned, normalise="none")
            item_step = partial(_step, *learned)
        all_users, all_items = self.representations(item_step)
        user = all_users.index_select(0, users)
        both = torch.cat([items, negatives])
        positive, negative = all_items.index_select(0, both).split(len(users))
        return regularised_bpr(user, positive, negative, self.config.reg)

    def embeddings(self) -> tuple[Tensor, Tensor]:
        """Return ``representations`` with the item graph of the current weights."""
        item_step = partial(_step, *self.learn_graph()) if self._has_item_graph else None
        return self.representations(item_step)


def _step(neighbours: Tensor, weights: Tensor, items: Tensor) -> Tensor:
    """Return one step of propagation over a graph whose weights have gradients: (n, d)."""
    n, width = neighbours.shape
    starts = torch.arange(0, n * width, width, device=neighbours.device)
    return sum_neighbours(items, starts, neighbours.flatten(), weights.flatten())


def _cosines(content: Tensor, neighbours: Tensor) -> Tensor:
    """Return the cosines of rows (n, d) with their neighbours (n, k): float (n, k).

    A row of zeros is like no other, and gets no gradient.
    """
    zero = (content == 0).all(dim=1, keepdim=True)
    unit = F.normalize(torch.where(zero, 1, content), dim=1).masked_fill(zero, 0)
    near = unit.index_select(0, neighbours.flatten()).view(*neighbours.shape, -1)
    cosines: Tensor = (unit[:, None, :] * near).sum(dim=2)
    return cosines
