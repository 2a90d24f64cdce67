"""VBPR: matrix factorisation with visual factors, the classic content baseline.

Source: He and McAuley, "VBPR: Visual Bayesian Personalized Ranking from Implicit Feedback",
AAAI 2016.

A user u rates an item i as ``b_i + g_u . g_i + sum over modalities (t_u . E f_i + w . f_i)``
(eq. 4; the global and the user's offset change neither the ranking nor the loss, as the paper
says, and are left out). The paper has one modality, pictures, and does not train their features
``f_i``: that is ``features="frozen"``. With more modalities each has its own ``t_u``, ``E`` and
``w``. An adapter takes the place of ``E f_i``, guided by ``g_i``.

Where the paper leaves room, its authors' released code decides: the L2 term is on the ID
embeddings, factors and offsets of the batch's triples, half their squares over the size of the
batch, and ``E`` and ``w`` have none.
"""

from __future__ import annotations

from typing import ClassVar

import torch
from torch import Tensor, nn

from recsys.bpr import NegativeSampler, bpr_loss
from recsys.configs import VBPRConfig
from recsys.models.base import Branch, Ingredients, Recommender


class VBPR(Recommender):
    """VBPR with any number of modalities, and an adapter after each projection if wanted."""

    name: ClassVar[str] = "vbpr"
    config: VBPRConfig

    def _build(self, parts: Ingredients) -> None:
        self.item_offset = nn.Parameter(torch.zeros(parts.n_items, dtype=parts.dtype))
        self.user_factors = nn.ParameterList()
        self.content_offsets = nn.ParameterList()
        for branch, features in zip(self.branches, parts.features.values(), strict=True):
            # The paper's E has no bias: it would add the same to all of a user's scores.
            assert isinstance(branch, Branch)
            branch.projection.register_parameter("bias", None)
            self.user_factors.append(self._embedding(parts.n_users, parts))
            zeros = torch.zeros(features.shape[1], dtype=parts.dtype)
            self.content_offsets.append(nn.Parameter(zeros))
        self.negatives = NegativeSampler(parts.train, parts.n_users, parts.n_items)

    def _of_users(self, users: Tensor) -> Tensor:
        """Return ``[g_u, t_u of each modality]``: (n, dim * (1 + modalities))."""
        tables = [self.user_embedding, *self.user_factors]
        return torch.cat([table.index_select(0, users) for table in tables], dim=1)

    def _of_items(
        self, items: Tensor, generator: torch.Generator | None = None
    ) -> tuple[Tensor, Tensor]:
        """Return what users are multiplied with, (n, dim * (1 + modalities)), and offsets (n,)."""
        behavioural = self.item_embedding.index_select(0, items)
        factors, offsets = [behavioural], self.item_offset.index_select(0, items)
        for branch, direction in zip(self.branches, self.content_offsets, strict=True):
            assert isinstance(branch, Branch)
            content = branch.content(items)
            factors.append(branch.adapt(branch.projection(content), behavioural, generator))
            offsets = offsets + content @ direction
        return torch.cat(factors, dim=1), offsets

    def loss(
        self,
        users: Tensor,
        items: Tensor,
        *,
        generator: torch.Generator | None = None,
    ) -> Tensor:
        """Return BPR's loss (eq. 5-6) with one negative item for each interaction."""
        negatives = self.negatives.sample(users, generator)
        # Each item is looked at once, however often the batch has it.
        distinct, place = torch.unique(torch.cat([items, negatives]), return_inverse=True)
        positive, negative = place.chunk(2)
        of_users = self._of_users(users)
        of_items, offsets = self._of_items(distinct, generator)

        def scores(chosen: Tensor) -> Tensor:
            products = (of_users * of_items.index_select(0, chosen)).sum(dim=1)
            return products + offsets.index_select(0, chosen)

        loss = bpr_loss(scores(positive), scores(negative))
        squares = of_users.square().sum()
        for chosen in (items, negatives):
            squares = squares + self.item_embedding.index_select(0, chosen).square().sum()
            squares = squares + self.item_offset.index_select(0, chosen).square().sum()
        return loss + self.config.reg * squares / (2 * len(users))

    def embeddings(self) -> tuple[Tensor, Tensor]:
        """Return users with a 1 and items with their offset as the last number.

        Both have ``dim * (1 + modalities) + 1`` columns.
        """
        device = self.user_embedding.device
        users = self._of_users(torch.arange(self.n_users, device=device))
        items, offsets = self._of_items(torch.arange(self.n_items, device=device))
        ones = users.new_ones(self.n_users, 1)
        return torch.cat([users, ones], dim=1), torch.cat([items, offsets[:, None]], dim=1)
