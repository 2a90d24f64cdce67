"""The user-item graph and propagation over it."""

from __future__ import annotations

from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.autograd.function import once_differentiable


class InteractionGraph(nn.Module):
    """The normalised bipartite graph of training interactions.

    An edge between user u and item i weighs ``1 / sqrt(deg(u) deg(i))``, as in LightGCN
    (He et al., SIGIR 2020, eq. 3); repeated interactions count once. Only the block R from
    items to users is stored, by rows and by columns: the whole adjacency matrix is
    ``[[L_u, R], [R^T, L_i]]``, where the diagonal L is zero without self-loops and
    ``1 / deg`` with them.

    Its tensors are no part of the weights, but move with the model.

    Args:
        interactions: Pairs of (user, item), int64 (n, 2).
        n_users: Number of users.
        n_items: Number of items.
        dtype: Floating-point type of the weights.
        self_loops: Whether all users and items are also their own neighbours, which counts in
            their degrees.
    """

    def __init__(
        self,
        interactions: Tensor,
        n_users: int,
        n_items: int,
        dtype: torch.dtype = torch.float32,
        *,
        self_loops: bool = False,
    ) -> None:
        super().__init__()
        self.n_users = n_users
        self.n_items = n_items
        edges = torch.unique(interactions[:, 0] * n_items + interactions[:, 1])
        users, items = edges // n_items, edges % n_items
        user_degrees = torch.bincount(users, minlength=n_users)
        item_degrees = torch.bincount(items, minlength=n_items)
        loops = int(self_loops)
        products = (user_degrees + loops)[users] * (item_degrees + loops)[items]
        weights = products.to(torch.float64).rsqrt()
        by_item = torch.argsort(items, stable=True)  # edges are sorted by user already
        buffers = {
            "_user_starts": _starts(user_degrees),
            "_user_neighbours": items,
            "_user_weights": weights,
            "_item_starts": _starts(item_degrees),
            "_item_neighbours": users[by_item],
            "_item_weights": weights[by_item],
        }
        for name, values in buffers.items():
            # int32: half the memory traffic of int64, which is what propagation waits for.
            kept = values.to(dtype if "weights" in name else torch.int32)
            self.register_buffer(name, kept, persistent=False)
        self.self_loops = self_loops
        for name, degrees in (("_user_degrees", user_degrees), ("_item_degrees", item_degrees)):
            self.register_buffer(name, degrees.to(torch.int32), persistent=False)

    def degrees(self, like: Tensor) -> tuple[Tensor, Tensor]:
        """Return the degrees of users (n_users, 1) and items (n_items, 1), typed as ``like``."""
        loops = int(self.self_loops)
        users, items = self.get_buffer("_user_degrees"), self.get_buffer("_item_degrees")
        return (users + loops).to(like.dtype)[:, None], (items + loops).to(like.dtype)[:, None]

    def to_users(self, items: Tensor) -> Tensor:
        """Return ``R @ items``: float (n_items, d) to (n_users, d)."""
        return sum_neighbours(
            items,
            self.get_buffer("_user_starts"),
            self.get_buffer("_user_neighbours"),
            self.get_buffer("_user_weights"),
        )

    def to_some_users(self, items: Tensor, users: Tensor) -> Tensor:
        """Return rows ``users`` (n,) of ``R @ items``, with gradients: float (n, d)."""
        starts = self.get_buffer("_user_starts").index_select(0, users)
        degrees = self.get_buffer("_user_degrees").index_select(0, users)
        firsts = degrees.cumsum(0) - degrees
        edges = torch.repeat_interleave(starts - firsts, degrees)
        edges += torch.arange(len(edges), device=edges.device)
        return sum_neighbours(
            items,
            firsts.to(torch.int32),
            self.get_buffer("_user_neighbours").index_select(0, edges),
            self.get_buffer("_user_weights").index_select(0, edges),
        )

    def to_items(self, users: Tensor) -> Tensor:
        """Return ``R^T @ users``: float (n_users, d) to (n_items, d)."""
        return sum_neighbours(
            users,
            self.get_buffer("_item_starts"),
            self.get_buffer("_item_neighbours"),
            self.get_buffer("_item_weights"),
        )

    def forward(self, users: Tensor, items: Tensor, layers: int) -> tuple[Tensor, Tensor]:
        """Propagate embeddings and average them over the layers, the first (input) included.

        Args:
            users: Float (n_users, d).
            items: Float (n_items, d).
            layers: Steps of propagation; 0 returns the inputs.

        Returns:
            Averages over layers 0 to ``layers`` (LightGCN, eq. 4 and 5 with equal weights),
            shaped as the inputs.
        """
        if layers == 0:
            return users, items
        out_users, out_items = _MeanPropagation.apply(users, items, self, layers)
        return out_users, out_items

    def mean_over_layers(self, users: Tensor, items: Tensor, layers: int) -> tuple[Tensor, Tensor]:
        """Do what ``forward`` does, without recording gradients."""
        sum_users, sum_items = users.clone(), items.clone()
        for _ in range(layers):
            users, items = self._step(users, items)
            sum_users += users
            sum_items += items
        return sum_users.div_(layers + 1), sum_items.div_(layers + 1)

    def _step(self, users: Tensor, items: Tensor) -> tuple[Tensor, Tensor]:
        """Return the product with the whole adjacency matrix."""
        to_users, to_items = self.to_users(items), self.to_items(users)
        if self.self_loops:
            of_user, of_item = self.degrees(users)
            to_users.addcdiv_(users, of_user)
            to_items.addcdiv_(items, of_item)
        return to_users, to_items


class _MeanPropagation(torch.autograd.Function):
    """Propagation is linear and symmetric, so its gradient is itself and nothing is kept."""

    @staticmethod
    def forward(
        ctx: Any, users: Tensor, items: Tensor, graph: InteractionGraph, layers: int
    ) -> tuple[Tensor, Tensor]:
        ctx.graph, ctx.layers = graph, layers
        return graph.mean_over_layers(users, items, layers)

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, *grads: Tensor) -> tuple[Tensor, Tensor, None, None]:
        users, items = ctx.graph.mean_over_layers(*grads, ctx.layers)
        return users, items, None, None


def _starts(degrees: Tensor) -> Tensor:
    return torch.cat([degrees.new_zeros(1), degrees.cumsum(0)[:-1]])


def sum_neighbours(values: Tensor, starts: Tensor, neighbours: Tensor, weights: Tensor) -> Tensor:
    """Return the weighted sum of each row's neighbours: float (rows, d)."""
    if values.device.type == "mps":
        return sum_neighbours_by_edge(values, starts, neighbours, weights)
    # embedding_bag: four times as fast as a CSR product on a CPU, one thread, d = 64.
    return F.embedding_bag(
        neighbours, values, starts, mode="sum", per_sample_weights=weights.to(values.dtype)
    )


def sum_neighbours_by_edge(
    values: Tensor, starts: Tensor, neighbours: Tensor, weights: Tensor
) -> Tensor:
    """Do what ``sum_neighbours`` does where embedding_bag is not available."""
    ends = torch.cat([starts[1:], starts.new_full((1,), len(neighbours))])
    rows = torch.repeat_interleave(
        torch.arange(len(starts), device=starts.device), (ends - starts).long()
    )
    out = values.new_zeros(len(starts), values.shape[1])
    edges = values[neighbours.long()] * weights.to(values.dtype)[:, None]
    return out.index_add_(0, rows, edges)
