"""What the references of recommenders share: a tiny data set, and graphs as dense matrices."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import torch
from torch import Tensor

from recsys.configs import ModelConfig, RecommenderConfig
from recsys.models.base import Recommender
from recsys.models.build import build
from recsys.models.names import ModelName

N_USERS, N_ITEMS, DIM = 7, 6, 4
TRAIN = np.array(
    [[0, 0], [0, 1], [1, 1], [2, 2], [3, 0], [3, 4], [4, 3], [5, 1], [5, 2], [0, 0]]
)  # user 6 and item 5 have no interaction; (0, 0) is there twice
USERS = torch.tensor([0, 0, 3, 5, 2, 0])
ITEMS = torch.tensor([0, 1, 4, 1, 2, 0])
TWO = {"image": 5, "text": 3}
SIZES: list[dict[str, int]] = [{}, {"image": 5}, TWO, {"a": 2, "b": 3, "c": 4}]


def seeded(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def contents(sizes: Mapping[str, int]) -> dict[str, Tensor]:
    return {
        modality: torch.randn(N_ITEMS, size, generator=seeded(9))
        for modality, size in sizes.items()
    }


def make(
    name: str,
    options: RecommenderConfig,
    sizes: Mapping[str, int] = TWO,
    *,
    features: Mapping[str, Tensor] | None = None,
    frozen: bool = False,
) -> Recommender:
    """Build a recommender in float64 on the tiny data set."""
    config = ModelConfig(dim=DIM, features="frozen" if frozen else "trainable", recommender=options)
    return build(
        ModelName.parse(name),
        config,
        train=TRAIN,
        n_users=N_USERS,
        n_items=N_ITEMS,
        features=contents(sizes) if features is None else features,
        generator=seeded(),
        dtype=torch.float64,
    )


def copied(model: Recommender) -> dict[str, Tensor]:
    """Return the parameters as leaves of their own, for a reference to differentiate."""
    return {name: p.detach().clone().requires_grad_() for name, p in model.named_parameters()}


def linear(p: Mapping[str, Tensor], name: str, x: Tensor) -> Tensor:
    return x @ p[f"{name}.weight"].T + p[f"{name}.bias"]


def interactions(loops: bool = False) -> Tensor:
    """Return the whole user-item adjacency matrix, not normalised."""
    a = torch.zeros(N_USERS + N_ITEMS, N_USERS + N_ITEMS, dtype=torch.float64)
    for user, item in TRAIN.tolist():
        a[user, N_USERS + item] = a[N_USERS + item, user] = 1
    return a + torch.eye(len(a), dtype=torch.float64) if loops else a


def symmetric(a: Tensor) -> Tensor:
    """Return D^-1/2 A D^-1/2 with row sums; rows without a positive sum vanish."""
    degrees = a.sum(1)
    scale = torch.where(degrees > 0, 1 / torch.where(degrees > 0, degrees, 1).sqrt(), 0)
    return scale[:, None] * a * scale[None, :]


def nearest(features: Tensor, k: int) -> Tensor:
    """Return the cosines of rows with their k nearest rows, themselves among them; 0 elsewhere."""
    unit = features / features.square().sum(1, keepdim=True).sqrt()
    cosines = unit @ unit.T
    kept = torch.zeros_like(cosines).scatter(1, cosines.topk(k).indices, 1)
    return cosines * kept


def mean_over_layers(a: Tensor, ids: Tensor, layers: int) -> Tensor:
    layer, total = ids, ids
    for _ in range(layers):
        layer = a @ layer
        total = total + layer
    return total / (layers + 1)


def bpr(users: Tensor, items: Tensor, negatives: Tensor, reg: float) -> Tensor:
    """Return BPR and half the mean squared norms, one interaction at a time.

    Args:
        users: Final embeddings of all users, (N_USERS, dim).
        items: Those of all items, (N_ITEMS, dim).
        negatives: One item for each of the batch's interactions.
        reg: Weight of the norms.
    """
    loss = torch.zeros((), dtype=torch.float64)
    for u, i, j in zip(USERS.tolist(), ITEMS.tolist(), negatives.tolist(), strict=True):
        difference = users[u] @ items[i] - users[u] @ items[j]
        loss = loss - torch.log(1 / (1 + torch.exp(-difference)))
        for row in (users[u], items[i], items[j]):
            loss = loss + reg * row.square().sum() / 2
    return loss / len(USERS)
