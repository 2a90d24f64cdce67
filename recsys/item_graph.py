"""Item-item graphs over content features: nearest neighbours, and propagation over them.

Source: Zhang et al., "Mining Latent Structures for Multimedia Recommendation" (LATTICE),
ACM MM 2021, eq. 2-5; FREEDOM and MGCN build their graphs in the same way.
"""

from __future__ import annotations

from typing import Any, Literal

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.autograd.function import once_differentiable

from recsys.errors import InputError
from recsys.graph import sum_neighbours

CHUNK = 256  # rows of similarities at once: few enough for the cache
BLOCK = 64  # similarities whose largest is looked at first


@torch.no_grad()
def knn_graph(features: Tensor, k: int, *, chunk: int = CHUNK) -> tuple[Tensor, Tensor]:
    """Find each item's ``k`` nearest items by cosine similarity, itself among them.

    Of equally similar items those with the lower index come first; the item itself is one of
    them, however many are alike. An item whose features are all zero is like no other: it is all
    of its own neighbours, once with similarity 1, then with 0. No gradient is recorded. Memory
    grows with ``chunk * n``, never with ``n * n``.

    Args:
        features: Float (n, D).
        k: Neighbours of an item, at least 1.
        chunk: Rows of similarities that are computed at once.

    Returns:
        Neighbours, int64 (n, k), and their similarities, (n, k) in the dtype of ``features``,
        the most similar first.

    Raises:
        InputError: Fewer than ``k`` items.
        ValueError: ``k`` or ``chunk`` below 1.
    """
    n = len(features)
    if k < 1 or chunk < 1:
        raise ValueError(f"k and chunk must be at least 1, not {k} and {chunk}")
    if k > n:
        raise InputError(f"an item graph with k={k} neighbours needs at least {k} items, not {n}")
    # Scaled by the largest number first: a sum of squares could overflow or vanish.
    scale = features.abs().amax(dim=1, keepdim=True)
    empty = scale[:, 0] == 0
    unit = F.normalize(features / scale.masked_fill(empty[:, None], 1), dim=1)
    firsts = range(0, n, chunk)
    rows = [_most_similar(unit[first : first + chunk] @ unit.T, k, first) for first in firsts]
    neighbours = torch.cat([row[0] for row in rows])
    similarities = torch.cat([row[1] for row in rows])
    alone = empty.nonzero()
    neighbours[alone[:, 0]] = alone.expand(-1, k)
    similarities[alone[:, 0]] = F.one_hot(alone.new_zeros(1), k).to(similarities.dtype)
    return neighbours, similarities


def _most_similar(similarities: Tensor, k: int, first: int) -> tuple[Tensor, Tensor]:
    """Return the columns of each row's ``k`` largest values, and these values.

    Row ``i`` is that of item ``first + i``, whose own column is chosen whatever its value.
    """
    itself = similarities.diagonal(first)
    values_of_itself = itself.clone()
    itself.fill_(torch.inf)
    columns = _largest_columns(similarities, k)
    itself.copy_(values_of_itself)
    columns = columns.sort(dim=1).values
    values, by_value = similarities.gather(1, columns).sort(dim=1, descending=True, stable=True)
    return columns.gather(1, by_value), values


def _largest_columns(similarities: Tensor, k: int) -> Tensor:
    """Return the columns of each row's ``k`` largest values, the first of equal ones."""
    columns, more = _largest(similarities, k)
    # topk chooses freely among values that equal the last one.
    tied = more.nonzero()[:, 0]
    if len(tied):
        columns[tied] = similarities[tied].argsort(dim=1, descending=True, stable=True)[:, :k]
    return columns


def _largest(values: Tensor, k: int) -> tuple[Tensor, Tensor]:
    """Return the columns of each row's ``k`` largest values, and whether more are as large.

    The k largest are in the k blocks with the largest maxima. To look there alone takes a third
    of the time of topk over whole rows.
    """
    blocks = values.shape[1] // BLOCK
    end = blocks * BLOCK
    if blocks <= 2 * k:
        top, columns = values.topk(k, dim=1)
        return columns, (values >= top[:, -1:]).sum(dim=1) > k
    maxima = values[:, :end].unflatten(1, (blocks, BLOCK)).amax(dim=2)
    firsts = maxima.topk(k, dim=1).indices * BLOCK
    inside = torch.arange(BLOCK, device=values.device)
    rest = torch.arange(end, values.shape[1], device=values.device).expand(len(values), -1)
    columns = torch.cat([(firsts[:, :, None] + inside).flatten(1), rest], dim=1)
    found = values.gather(1, columns)
    top, places = found.topk(k, dim=1)
    last = top[:, -1:]
    more = ((found >= last).sum(dim=1) > k) | ((maxima >= last).sum(dim=1) > k)
    return columns.gather(1, places), more


def symmetric_weights(neighbours: Tensor, weights: Tensor) -> Tensor:
    """Return the weights of ``D^-1/2 A D^-1/2``, D the sums of A's rows (LATTICE, eq. 4).

    Args:
        neighbours: Int64 (n, k): ``A[i, neighbours[i, j]] = weights[i, j]``.
        weights: Float (n, k).

    Returns:
        Float (n, k). An edge at an item whose row sums to nothing, but for rounding, or to less,
        weighs 0.
    """
    sums = weights.sum(dim=1)
    rounding = 8 * weights.shape[1] * torch.finfo(weights.dtype).eps * weights.abs().sum(dim=1)
    scale = torch.where(sums > rounding, sums, torch.inf).rsqrt()
    return scale[:, None] * weights * scale[neighbours]


class ItemGraph(nn.Module):
    """A fixed, weighted, directed graph from each item to its neighbours.

    Its tensors are no part of the weights, but move with the model.

    Args:
        neighbours: Int64 (n, k); a neighbour may be there twice, its weights then add up.
        weights: Float (n, k).
        normalise: ``"symmetric"`` for ``D^-1/2 A D^-1/2`` (see ``symmetric_weights``),
            ``"none"`` for the weights as they are.
        dtype: Floating-point type that the weights are kept in; that of ``weights`` if ``None``.
    """

    def __init__(
        self,
        neighbours: Tensor,
        weights: Tensor,
        *,
        normalise: Literal["symmetric", "none"] = "symmetric",
        dtype: torch.dtype | None = None,
    ) -> None:
        super().__init__()
        if neighbours.shape != weights.shape or neighbours.ndim != 2:
            raise ValueError(
                "neighbours and weights must both be (n, k), not "
                f"{tuple(neighbours.shape)} and {tuple(weights.shape)}"
            )
        if normalise not in ("symmetric", "none"):
            raise ValueError(f"normalise must be 'symmetric' or 'none', not {normalise!r}")
        if normalise == "symmetric":
            weights = symmetric_weights(neighbours, weights)
        self.n_items, k = neighbours.shape
        weights = weights.detach().to(dtype or weights.dtype).flatten()
        columns = neighbours.flatten()
        by_column = torch.argsort(columns, stable=True)
        degrees = torch.bincount(columns, minlength=self.n_items)
        buffers = {
            "_starts": torch.arange(0, self.n_items * k, k, device=columns.device),
            "_neighbours": columns,
            "_back_starts": torch.cat([degrees.new_zeros(1), degrees.cumsum(0)[:-1]]),
            "_back_neighbours": by_column // k,
        }
        for name, values in buffers.items():
            # int32: half the memory traffic of int64, which is what propagation waits for.
            self.register_buffer(name, values.to(torch.int32), persistent=False)
        self.register_buffer("_weights", weights, persistent=False)
        self.register_buffer("_back_weights", weights[by_column], persistent=False)

    def forward(self, x: Tensor) -> Tensor:
        """Return ``A @ x``: float (n, d) to (n, d)."""
        out: Tensor = _Propagation.apply(x, self)
        return out

    def product(self, x: Tensor) -> Tensor:
        """Return ``A @ x`` without recording gradients."""
        return self._product(x, "")

    def transposed_product(self, x: Tensor) -> Tensor:
        """Return ``A^T @ x`` without recording gradients."""
        return self._product(x, "_back")

    @torch.no_grad()
    def _product(self, x: Tensor, way: str) -> Tensor:
        return sum_neighbours(
            x,
            self.get_buffer(f"{way}_starts"),
            self.get_buffer(f"{way}_neighbours"),
            self.get_buffer(f"{way}_weights"),
        )


class _Propagation(torch.autograd.Function):
    """``A @ x``; embedding_bag's own backward would sort the edges again in every step."""

    @staticmethod
    def forward(ctx: Any, x: Tensor, graph: ItemGraph) -> Tensor:
        ctx.graph = graph
        return graph.product(x)

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, grad: Tensor) -> tuple[Tensor, None]:
        return ctx.graph.transposed_product(grad.contiguous()), None
