"""MGCN: content purified by behaviour, and fused as behaviour prefers it.

Source: Yu et al., "Multi-View Graph Convolutional Network for Multimedia Recommendation", ACM MM
2023, section 3: "Behavior-Guided Purifier", "Multi-View Information Encoder",
"Behavior-Aware Fuser" and "Optimization".

Notation: ``b`` ID embeddings after propagation over the user-item graph (behaviour), ``v_m`` the
view of modality m, ``s`` the fused views (side), ``*`` by element.

Where the paper leaves room, or its authors' released code does something else, the code
decides, because the published hyper-parameters were tuned on it:

- An item graph keeps each item itself among its k neighbours; it is made of the initial
  features and normalised by the sums of its rows.
- The shared part and the M special parts of the views weigh the same, ``1 / (M + 1)`` each.
- The contrastive loss compares within the batch: its users, and its positive items. It is
  ``-log(exp(cos(s_x, b_x) / t) / sum_y exp(cos(s_x, b_y) / t))``, averaged over interactions.
- Linear layers start as torch's own do, not Xavier-normal: gates that start twice as steep
  cost Recall (see docs/explanation/parity.md).
- The regulariser is half the mean of the squared norms of the batch's three final embeddings.

Without any modality there is nothing to fuse or to contrast, and what is left is LightGCN.
"""

from __future__ import annotations

from typing import ClassVar

import torch
from torch import Tensor, nn

from adapters.layers import Start, linear
from recsys.bpr import NegativeSampler, regularised_bpr
from recsys.configs import MGCNConfig
from recsys.graph import InteractionGraph
from recsys.info_nce import info_nce
from recsys.item_graph import ItemGraph, knn_graph
from recsys.models.base import Branch, Ingredients, Recommender


class MGCN(Recommender):
    """MGCN with any number of modalities, and an adapter after each projection if wanted."""

    name: ClassVar[str] = "mgcn"
    start: ClassVar[Start] = "torch"
    config: MGCNConfig

    def _build(self, parts: Ingredients) -> None:
        self.graph = InteractionGraph(parts.train, parts.n_users, parts.n_items, parts.dtype)
        self.negatives = NegativeSampler(parts.train, parts.n_users, parts.n_items)
        self.item_graphs = nn.ModuleList(
            self._item_graph(features.to(parts.dtype)) for features in parts.features.values()
        )
        if not self.branches:
            return

        def layer(out: int = parts.dim, bias: bool = True) -> nn.Linear:
            made = linear(parts.dim, out, bias=bias, start=self.start, generator=parts.generator)
            return made.to(parts.dtype)

        self.gates = nn.ModuleList(layer() for _ in self.branches)
        self.preferences = nn.ModuleList(layer() for _ in self.branches)
        self.query = layer()
        self.attention = layer(1, bias=False)

    def _item_graph(self, features: Tensor) -> nn.Module:
        if self.config.item_layers == 0:
            return nn.Identity()  # no neighbours are looked for: there may be fewer items than k
        return ItemGraph(*knn_graph(features, self.config.k))

    def item_views(self, generator: torch.Generator | None = None) -> Tensor:
        """Return the modality views of all items, float (n_items, M * dim) for M modalities.

        An item's ID embedding is purified by a gate, the sigmoid of a linear layer on its
        adapted features, and then propagated over the modality's item graph.
        """
        views = []
        for branch, gate, graph in zip(self.branches, self.gates, self.item_graphs, strict=True):
            assert isinstance(branch, Branch)
            projected = branch.projection(branch.features)
            content = branch.adapt(projected, self.item_embedding, generator)
            view = self.item_embedding * torch.sigmoid(gate(content))
            for _ in range(self.config.item_layers):
                view = graph(view)
            views.append(view)
        return torch.cat(views, dim=1)

    def fuse(self, views: Tensor, behaviour: Tensor) -> Tensor:
        """Return the side embeddings: views (n, M * dim) and behaviour (n, dim) to (n, dim).

        The shared part is the mean of the views, weighted by attention; what is special to a
        view is the rest of it, gated by behaviour.
        """
        by_modality = views.view(len(views), len(self.branches), self.dim)
        scores = self.attention(torch.tanh(self.query(by_modality))).to(behaviour.dtype)
        shared = (torch.softmax(scores, dim=1) * by_modality).sum(dim=1)
        side = shared
        for view, preference in zip(by_modality.unbind(1), self.preferences, strict=True):
            side = side + torch.sigmoid(preference(behaviour)) * (view - shared)
        return side / (1 + len(self.branches))

    def loss(
        self,
        users: Tensor,
        items: Tensor,
        *,
        generator: torch.Generator | None = None,
    ) -> Tensor:
        """Return the loss of one batch with one negative item each.

        BPR, ``reg`` times the regulariser, and ``cl`` times the contrastive losses of users and
        of items (see the top of this file).
        """
        batch = len(users)
        negatives = self.negatives.sample(users, generator)
        # Fused are the rows of the batch alone, each once, however often the batch has it.
        users, user_of, user_counts = torch.unique(users, return_inverse=True, return_counts=True)
        both, item_of = torch.unique(torch.cat([items, negatives]), return_inverse=True)
        positive_counts = torch.bincount(item_of[:batch], minlength=len(both))

        all_users, all_items = self.graph(
            self.user_embedding, self.item_embedding, self.config.layers
        )
        behaviour = torch.cat([all_users.index_select(0, users), all_items.index_select(0, both)])
        final, contrast = behaviour, behaviour.new_zeros(())
        if self.branches:
            views = self.item_views(generator)
            of_users = self.graph.to_some_users(views, users)
            side = self.fuse(torch.cat([of_users, views.index_select(0, both)]), behaviour)
            final = behaviour + side
            counts = torch.cat([user_counts, positive_counts])
            for rows in (slice(0, len(users)), slice(len(users), None)):
                contrast = contrast + self._contrast(side[rows], behaviour[rows], counts[rows])

        user = final.index_select(0, user_of)
        positive, negative = final.index_select(0, item_of + len(users)).split(batch)
        ranking = regularised_bpr(user, positive, negative, self.config.reg)
        return ranking + self.config.cl * contrast

    def _contrast(self, side: Tensor, behaviour: Tensor, counts: Tensor) -> Tensor:
        """Return the contrastive loss of rows (n, dim) that the batch has ``counts`` (n,) times."""
        there = counts.nonzero()[:, 0]
        side, behaviour = side.index_select(0, there), behaviour.index_select(0, there)
        return info_nce(side, behaviour, counts[there], self.config.temperature)

    def embeddings(self) -> tuple[Tensor, Tensor]:
        """Return behaviour plus side embeddings of all users and items."""
        users, items = self.graph(self.user_embedding, self.item_embedding, self.config.layers)
        if not self.branches:
            return users, items
        views = self.item_views()
        return (
            users + self.fuse(self.graph.to_users(views), users),
            items + self.fuse(views, items),
        )
