"""BM3: self-supervised multi-modal recommendation without negative samples.

Source: Zhou et al., "Bootstrap Latent Representations for Multi-modal Recommendation",
WWW 2023, section 3: "Multi-modal Latent Space Convertor" (representations), "Multi-modal
Contrastive Loss" (losses) and "Top-K Recommendation" (scores).

Notation: ``H`` representations of users or items, ``e`` ID embeddings, ``P`` the predictor (one
linear layer, shared by everything), ``sg`` no gradient, ``C(x, y) = 1 - cos(x, y)``.

Where the paper leaves room, its authors' released code decides, because the published
hyper-parameters were tuned on it:

- ``C`` is 1 minus the cosine; the paper's minus the cosine has the same gradient.
- The regulariser is ``(|H_u| + |H_i|) / n_items`` with plain, not squared, Frobenius norms over
  all users and items.
- The two losses on modalities share a weight, ``cl``, which the paper's sum does not show.
"""

from __future__ import annotations

from typing import ClassVar

import torch
import torch.nn.functional as F
from torch import Tensor

from adapters.layers import dropout, linear
from recsys.configs import BM3Config
from recsys.graph import InteractionGraph
from recsys.models.base import Ingredients, Recommender


class BM3(Recommender):
    """BM3 with any number of modalities, and an adapter after each projection if wanted."""

    name: ClassVar[str] = "bm3"
    config: BM3Config

    def _build(self, parts: Ingredients) -> None:
        self.graph = InteractionGraph(parts.train, parts.n_users, parts.n_items, parts.dtype)
        predictor = linear(parts.dim, parts.dim, generator=parts.generator)
        self.predictor = predictor.to(parts.dtype)

    def representations(self) -> tuple[Tensor, Tensor]:
        """Return ``H_u`` (n_users, dim) and ``H_i`` (n_items, dim).

        Latent space convertor: the mean over the layers of propagated ID embeddings; an item's
        own ID embedding is added once more.
        """
        users, items = self.graph(self.user_embedding, self.item_embedding, self.config.layers)
        return users, items + self.item_embedding

    def loss(
        self,
        users: Tensor,
        items: Tensor,
        *,
        generator: torch.Generator | None = None,
    ) -> Tensor:
        """Return the multi-modal contrastive loss of one batch.

        The sum of

        - reconstruction: ``C(P H_u, sg(drop(H_i))) + C(P H_i, sg(drop(H_u)))``, averaged over
          the interactions;
        - ``cl`` times, for every modality m with adapted features ``h_m`` of the items:
          alignment between modalities, ``C(P h_m, sg(drop(H_i)))``, and within it,
          ``C(P h_m, sg(drop(h_m)))``;
        - ``reg`` times the regulariser (see the top of this file).
        """
        # Each user and item is looked at once, however often the batch has it.
        users, user_of = torch.unique(users, return_inverse=True)
        items, item_of, counts = torch.unique(items, return_inverse=True, return_counts=True)
        all_users, all_items = self.representations()
        behavioural = self.item_embedding.index_select(0, items)
        views = torch.cat(
            [
                all_users.index_select(0, users),
                all_items.index_select(0, items),
                *(branch(items, behavioural, generator) for branch in self.branches),
            ]
        )
        sizes = [len(users), *[len(items)] * (1 + len(self.branches))]

        # No gradient reaches a target, so all that a row is compared with can be summed first.
        with torch.no_grad():
            dropped = dropout(
                views, self.config.dropout, training=self.training, generator=generator
            )
            of_users, of_items, *of_content = F.normalize(dropped, dim=1).split(sizes)
            targets = [
                torch.zeros_like(of_users).index_add_(0, user_of, of_items[item_of]),
                torch.zeros_like(of_items).index_add_(0, item_of, of_users[user_of]),
            ]
            weights = (self.config.cl * counts)[:, None]
            targets += [weights * (of_items + content) for content in of_content]
            towards = torch.cat(targets).div_(len(item_of))
        total = 2 * (1 + self.config.cl * len(self.branches))  # the weights of all terms
        loss: Tensor = total - _cosines(self.predicted(views), towards).sum()

        norms: Tensor = torch.linalg.vector_norm(all_users) + torch.linalg.vector_norm(all_items)
        return loss + self.config.reg * norms / self.n_items

    def embeddings(self) -> tuple[Tensor, Tensor]:
        """Return the predictor's output for all users and items."""
        users, items = self.representations()
        return self.predicted(users), self.predicted(items)

    def predicted(self, representations: Tensor) -> Tensor:
        """Return the predictor's output for representations (n, dim): (n, dim)."""
        found: Tensor = self.predictor(representations)
        return found.to(representations.dtype)


def _cosines(online: Tensor, targets: Tensor) -> Tensor:
    """Return ``<online, targets> / |online|`` by row: (n, d) and (n, d) to (n,).

    For a sum of targets of length 1 this is the sum of their cosines with ``online``. A row of
    zeros, which has no direction, gets 0 and no gradient.
    """
    lengths: Tensor = torch.linalg.vector_norm(online, dim=1)
    # Divided by a least length instead, an item without content gives a gradient of 1e10, and
    # Adam does not forget it for tens of thousands of steps.
    return (online * targets).sum(dim=1) / lengths.masked_fill(lengths == 0, torch.inf)
