"""Bayesian personalised ranking: its loss, and the items that a user has not met.

Source: Rendle et al., "BPR: Bayesian Personalized Ranking from Implicit Feedback", UAI 2009.
"""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor, nn


def bpr_loss(positive: Tensor, negative: Tensor) -> Tensor:
    """Return the mean of ``-log sigmoid(positive - negative)``: float (B,), (B,) to a scalar."""
    return F.softplus(negative - positive).mean()


def regularised_bpr(users: Tensor, positive: Tensor, negative: Tensor, reg: float) -> Tensor:
    """Return BPR on inner products, plus ``reg`` times half the mean of the squared norms.

    Args:
        users: Embeddings of the users of a batch, float (B, dim).
        positive: Those of their items, float (B, dim).
        negative: Those of items that they have not met, float (B, dim).
        reg: Weight of the norms.
    """
    loss = bpr_loss((users * positive).sum(dim=1), (users * negative).sum(dim=1))
    squares = users.square().sum() + positive.square().sum() + negative.square().sum()
    found: Tensor = loss + reg * squares / (2 * len(users))
    return found


class NegativeSampler(nn.Module):
    """Draws items that a user has not met in training, all with the same probability.

    All items of the catalogue are drawn from, as in BPR's paper; MMRec draws from those alone
    that occur in training. Where a split leaves items cold, ours pushes them down in the ranking,
    MMRec does not.

    The r-th such item of a user is found by binary search among the items met, so one random
    number an item is enough: nothing is drawn twice, and nothing waits for the device.

    Its tensors are no part of the weights, but move with the model.

    Args:
        interactions: Training pairs of (user, item), int64 (n, 2).
        n_users: Number of users.
        n_items: Number of items.
    """

    def __init__(self, interactions: Tensor, n_users: int, n_items: int) -> None:
        super().__init__()
        self.n_items = n_items
        pairs = torch.unique(interactions[:, 0] * n_items + interactions[:, 1])
        users, items = pairs // n_items, pairs % n_items
        met = torch.bincount(users, minlength=n_users)
        starts = torch.cat([met.new_zeros(1), met.cumsum(0)[:-1]])
        # Of a user's items in ascending order, the j-th has `item - j` items not met before it.
        unmet_before = items - (torch.arange(len(items), device=items.device) - starts[users])
        # A user who has met everything has no negative item: any item will do.
        everything = met == n_items
        kept = ~everything[users]
        met = met.masked_fill(everything, 0)
        self.register_buffer("_keys", (users * n_items + unmet_before)[kept], persistent=False)
        self.register_buffer(
            "_starts", torch.cat([met.new_zeros(1), met.cumsum(0)[:-1]]), persistent=False
        )
        self.register_buffer("_unmet", n_items - met, persistent=False)

    def sample(self, users: Tensor, generator: torch.Generator | None = None) -> Tensor:
        """Draw one item for each of ``users``.

        Args:
            users: Int64 (B,).
            generator: Source of randomness, on the same device; torch's own where ``None``.

        Returns:
            Items, int64 (B,): none that the user has in the training pairs. For a user who has
            all items there, any item.
        """
        keys, starts = self.get_buffer("_keys"), self.get_buffer("_starts")
        unmet = self.get_buffer("_unmet")[users]
        # 63 bits: what the remainder favours is far below one in a million millions.
        drawn = torch.empty_like(users).random_(generator=generator) % unmet
        met_before = torch.searchsorted(keys, users * self.n_items + drawn, right=True)
        return drawn + met_before - starts[users]
