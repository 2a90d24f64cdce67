"""FREEDOM: a frozen item-item graph and a denoised user-item graph.

Source: Zhou and Shen, "A Tale of Two Graphs: Freezing and Denoising Graph Structures for
Multimodal Recommendation", ACM MM 2023, section 3: "Constructing Frozen Item-Item Graph",
"Denoising User-Item Bipartite Graph" and "Integrating Two Graphs for Learning".

Content enters twice: the initial features, by the item-item graph, which is never built again;
and the features after projection and adapter, by a ranking loss of their own.

Where the paper leaves room, its authors' released code decides, because the published
hyper-parameters were tuned on it:

- An item is among its own k neighbours.
- The users in the ranking loss of a modality are those after propagation, as in the main loss.
- There is no L2 term: ``reg`` weighs the ranking losses of the modalities.

The paper weighs two modalities, ``image_weight`` for pictures and the rest for texts. Of M
modalities here, one has ``image_weight`` and the others ``(1 - image_weight) / (M - 1)`` each: see
``FREEDOMConfig``. Without any modality there is no item-item graph, and that term is left out.
"""

from __future__ import annotations

from typing import ClassVar

import torch
from torch import Tensor

from recsys.bpr import NegativeSampler, bpr_loss
from recsys.configs import FREEDOMConfig
from recsys.errors import unknown
from recsys.graph import InteractionGraph
from recsys.item_graph import ItemGraph, knn_graph, symmetric_weights
from recsys.models.base import Ingredients, Recommender


class FREEDOM(Recommender):
    """FREEDOM with any number of modalities, and an adapter after each projection if wanted.

    Raises:
        InputError: ``weighted`` is none of the modalities that there are, or there are fewer
            items than neighbours.
    """

    name: ClassVar[str] = "freedom"
    config: FREEDOMConfig

    def _build(self, parts: Ingredients) -> None:
        edges = torch.unique(parts.train, dim=0)
        popularity = [
            torch.bincount(ends, minlength=size)[ends]
            for ends, size in zip(edges.T, (parts.n_users, parts.n_items), strict=True)
        ]
        weights = (popularity[0] * popularity[1]).to(parts.dtype).rsqrt()
        self.register_buffer("_edges", edges, persistent=False)
        self.register_buffer("_edge_weights", weights, persistent=False)
        self.graph = self._graph_of(edges)
        self.pruned = self.graph
        self.negatives = NegativeSampler(parts.train, parts.n_users, parts.n_items)
        shares = self.shares()
        wanted = len(shares) > 0 and self.config.item_layers > 0
        self.item_graph = self._item_graph(shares) if wanted else None

    def _graph_of(self, interactions: Tensor) -> InteractionGraph:
        dtype = self.user_embedding.dtype
        return InteractionGraph(interactions, self.n_users, self.n_items, dtype)

    def _item_graph(self, shares: list[float]) -> ItemGraph:
        """Build each modality's graph from its features as they are now, and merge them."""
        neighbours, weights = [], []
        for name, share in zip(self.modalities, shares, strict=True):
            near, _ = knn_graph(self.branch(name).features, self.config.k)
            # Edges are there or not: the similarities choose neighbours, but do not weigh them.
            even = torch.ones(near.shape, dtype=self.user_embedding.dtype)
            neighbours.append(near)
            weights.append(share * symmetric_weights(near, even))
        return ItemGraph(torch.cat(neighbours, 1), torch.cat(weights, 1), normalise="none")

    def shares(self) -> list[float]:
        """Return each modality's weight in the merged graph."""
        names, config = self.modalities, self.config
        if not names:
            return []  # as in a table's control without content: nothing to weigh
        if config.weighted is not None and config.weighted not in names:
            raise unknown("modality for image_weight", config.weighted, names)
        if len(names) == 1:
            return [1.0]
        weighted = config.weighted or ("image" if "image" in names else names[1])
        rest = (1 - config.image_weight) / (len(names) - 1)
        return [config.image_weight if name == weighted else rest for name in names]

    def start_epoch(self, generator: torch.Generator) -> None:
        """Draw the edges that this epoch trains on (degree-sensitive edge pruning).

        An edge is kept with a probability that falls with the popularity of its ends; the edges
        that are kept make a graph of their own, with degrees of its own.
        """
        if self.config.dropout == 0:
            return
        edges, weights = self.get_buffer("_edges"), self.get_buffer("_edge_weights")
        kept = max(1, round(len(edges) * (1 - self.config.dropout)))
        # The smallest of exponential waiting times: draws without replacement, by weight.
        waiting = torch.empty_like(weights).exponential_(generator=generator) / weights
        chosen = waiting.topk(kept, largest=False, sorted=False).indices
        self.pruned = self._graph_of(edges[chosen])

    def _items(self, propagated: Tensor) -> Tensor:
        """Add what the item-item graph gives (n_items, dim) to what the other one gave."""
        if not self.modalities:
            return propagated
        found = self.item_embedding
        if self.item_graph is not None:
            for _ in range(self.config.item_layers):
                found = self.item_graph(found)
        return propagated + found

    def loss(
        self,
        users: Tensor,
        items: Tensor,
        *,
        generator: torch.Generator | None = None,
    ) -> Tensor:
        """Return BPR's loss on scores, plus ``reg`` times that on each modality's features.

        Every interaction has one negative item, the same in all terms. Before the first
        ``start_epoch`` nothing is pruned.
        """
        negatives = self.negatives.sample(users, generator)
        # Each item is looked at once, however often the batch has it.
        distinct, place = torch.unique(torch.cat([items, negatives]), return_inverse=True)
        positive, negative = place.chunk(2)
        all_users, all_items = self.pruned(
            self.user_embedding, self.item_embedding, self.config.layers
        )
        of_users = all_users.index_select(0, users)

        def ranking_loss(of_items: Tensor) -> Tensor:
            return bpr_loss(
                (of_users * of_items.index_select(0, positive)).sum(dim=1),
                (of_users * of_items.index_select(0, negative)).sum(dim=1),
            )

        loss = ranking_loss(self._items(all_items).index_select(0, distinct))
        behavioural = self.item_embedding.index_select(0, distinct)
        for branch in self.branches:
            loss = loss + self.config.reg * ranking_loss(branch(distinct, behavioural, generator))
        return loss

    def embeddings(self) -> tuple[Tensor, Tensor]:
        """Return representations of all users and items over the whole user-item graph."""
        users, items = self.graph(self.user_embedding, self.item_embedding, self.config.layers)
        return users, self._items(items)
