"""Nearest neighbours and item graphs against dense matrices in float64."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor

from recsys import item_graph
from recsys.errors import InputError
from recsys.item_graph import ItemGraph, knn_graph, symmetric_weights

N, K, DIM = 7, 3, 4


def seeded(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def random_graph(seed: int = 0) -> tuple[Tensor, Tensor]:
    """A graph with repeated neighbours and an item that is nobody's neighbour."""
    neighbours = torch.randint(0, N - 1, (N, K), generator=seeded(seed))
    neighbours[0] = 2
    return neighbours, torch.rand(N, K, generator=seeded(seed + 1), dtype=torch.float64)


def dense(neighbours: Tensor, weights: Tensor) -> Tensor:
    a = torch.zeros(len(neighbours), len(neighbours), dtype=torch.float64)
    for row, (near, values) in enumerate(zip(neighbours.tolist(), weights.tolist(), strict=True)):
        for column, value in zip(near, values, strict=True):
            a[row, column] += value
    return a


def symmetric(a: Tensor) -> Tensor:
    scale = torch.diag(a.sum(1).rsqrt())
    return scale @ a @ scale


@given(n=st.integers(1, 30), k=st.integers(1, 6), chunk=st.integers(1, 40), seed=st.integers(0, 99))
def test_neighbours_are_the_most_similar(n: int, k: int, chunk: int, seed: int) -> None:
    k = min(k, n)
    features = torch.randn(n, 5, generator=seeded(seed), dtype=torch.float64)
    unit = features.numpy() / np.linalg.norm(features.numpy(), axis=1, keepdims=True)
    cosines = unit @ unit.T
    neighbours, similarities = knn_graph(features, k, chunk=chunk)
    assert (neighbours[:, 0] == torch.arange(n)).all(), "an item is most like itself"
    np.testing.assert_array_equal(neighbours.numpy(), np.argsort(-cosines, axis=1)[:, :k])
    np.testing.assert_allclose(similarities.numpy(), -np.sort(-cosines, axis=1)[:, :k], atol=1e-12)


@given(classes=st.lists(st.integers(0, 3), min_size=2, max_size=25), k=st.integers(1, 9))
def test_ties_go_to_the_item_itself_and_then_to_the_lower_index(classes: list[int], k: int) -> None:
    k = min(k, len(classes))
    features = torch.eye(4)[torch.tensor(classes)] * torch.arange(1, len(classes) + 1)[:, None]
    neighbours, _ = knn_graph(features, k, chunk=3)
    for item, near in enumerate(neighbours.tolist()):
        alike = [other for other, c in enumerate(classes) if c == classes[item]]
        others = [other for other, c in enumerate(classes) if c != classes[item]]
        assert item in near
        others_alike = [other for other in alike if other != item]
        assert near == (sorted([item, *others_alike[: k - 1]]) + others)[:k]


@given(
    n=st.integers(1, 60), k=st.integers(1, 3), values=st.integers(1, 40), seed=st.integers(0, 99)
)
def test_looking_at_blocks_finds_the_largest(n: int, k: int, values: int, seed: int) -> None:
    similarities = torch.randint(0, values, (5, n), generator=seeded(seed)).float()  # with ties
    k = min(k, n)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(item_graph, "BLOCK", 4)
        columns = item_graph._largest_columns(similarities, k)
    order = np.argsort(-similarities.numpy(), axis=1, kind="stable")[:, :k]
    np.testing.assert_array_equal(columns.sort(dim=1).values.numpy(), np.sort(order, axis=1))


def test_of_many_equal_items_each_reaches_its_own_view() -> None:
    features = torch.randn(9, 4, generator=seeded())
    features[2:8] = features[:2].mean(dim=0)  # what items without content get
    graph = ItemGraph(*knn_graph(features, 3, chunk=4))
    assert torch.equal(graph(torch.eye(9)).diagonal() > 0, torch.ones(9, dtype=torch.bool))


@pytest.mark.parametrize("n", [4, 10])
def test_a_row_that_sums_to_nothing_but_for_rounding_has_no_edges(n: int) -> None:
    neighbours, similarities = knn_graph(torch.eye(n) - 1 / n, n)  # cosines of 1 and -1 / (n - 1)
    assert similarities.sum(dim=1).abs().max() < 1e-5
    assert symmetric_weights(neighbours, similarities).abs().max() == 0


def test_an_item_without_features_is_its_own_only_neighbour() -> None:
    features = torch.randn(6, 4, generator=seeded())
    features[2] = 0
    neighbours, similarities = knn_graph(features, 3)
    assert neighbours[2].tolist() == [2, 2, 2]
    assert similarities[2].tolist() == [1, 0, 0]
    assert torch.isfinite(similarities).all()


@pytest.mark.parametrize("scale", [1e-30, 1e30])
def test_extreme_features_have_neighbours(scale: float) -> None:
    features = torch.randn(9, 4, generator=seeded())
    neighbours, similarities = knn_graph(features, 3)
    scaled = knn_graph(features * scale, 3)
    assert torch.equal(scaled[0], neighbours)
    torch.testing.assert_close(scaled[1], similarities)


def test_no_gradient_through_the_choice_of_neighbours() -> None:
    features = torch.randn(9, 4, generator=seeded(), requires_grad=True)
    assert not any(found.requires_grad for found in knn_graph(features, 3))


def test_wrong_arguments() -> None:
    with pytest.raises(InputError, match="k=4 neighbours needs at least 4 items, not 3"):
        knn_graph(torch.eye(3), 4)
    with pytest.raises(ValueError, match="at least 1, not 0 and 2"):
        knn_graph(torch.eye(3), 0, chunk=2)
    with pytest.raises(ValueError, match=r"both be \(n, k\), not \(3, 2\) and \(3, 1\)"):
        ItemGraph(torch.zeros(3, 2, dtype=torch.int64), torch.zeros(3, 1))
    with pytest.raises(ValueError, match="normalise must be"):
        ItemGraph(*random_graph(), normalise="row")


@pytest.mark.parametrize("normalise", ["symmetric", "none"])
def test_propagation_and_its_gradient_match_a_dense_matrix(normalise: str) -> None:
    neighbours, weights = random_graph()
    a = dense(neighbours, weights)
    if normalise == "symmetric":
        a = symmetric(a)
    graph = ItemGraph(neighbours, weights, normalise=normalise)
    x = torch.randn(N, DIM, generator=seeded(3), dtype=torch.float64, requires_grad=True)
    towards = torch.randn(N, DIM, generator=seeded(4), dtype=torch.float64)
    torch.testing.assert_close(graph(x), a @ x)
    torch.testing.assert_close(graph(graph(x)), a @ a @ x)
    (graph(x) * towards).sum().backward()
    torch.testing.assert_close(x.grad, a.T @ towards)


def test_an_item_without_edges_gets_and_gives_nothing() -> None:
    neighbours = torch.tensor([[0, 1], [1, 2], [0, 1]])
    weights = torch.tensor([[1.0, 1.0], [1.0, 1.0], [0.0, 0.0]])
    assert symmetric_weights(neighbours, weights)[1, 1] == 0
    x = torch.ones(3, 2)
    torch.testing.assert_close(ItemGraph(neighbours, weights)(x)[2], torch.zeros(2))


def test_the_graph_is_no_weight_but_moves() -> None:
    graph = ItemGraph(*random_graph())
    assert not graph.state_dict()
    x = torch.ones(N, DIM)
    assert graph.to(torch.float32)(x).dtype == torch.float32
    assert ItemGraph(*random_graph(), dtype=torch.float32)(x).dtype == torch.float32
