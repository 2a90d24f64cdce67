"""FREEDOM against its formulas, written out plainly with dense matrices in float64."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pytest
import torch
from scipy import stats
from torch import Tensor

from recsys.configs import FREEDOMConfig
from recsys.errors import InputError
from recsys.models.freedom import FREEDOM
from tests.dense import (
    DIM,
    ITEMS,
    N_ITEMS,
    N_USERS,
    SIZES,
    TRAIN,
    TWO,
    USERS,
    bpr,
    contents,
    copied,
    interactions,
    linear,
    make,
    mean_over_layers,
    nearest,
    seeded,
    symmetric,
)

CONFIG = FREEDOMConfig(k=3, dropout=0.5, reg=0.3, image_weight=0.2)
EDGES = len(np.unique(TRAIN, axis=0))


def model(
    name: str = "freedom",
    sizes: Mapping[str, int] = TWO,
    config: FREEDOMConfig = CONFIG,
    *,
    frozen: bool = False,
) -> FREEDOM:
    made = make(name, config, sizes, frozen=frozen)
    assert isinstance(made, FREEDOM)
    return made


def kept_edges(made: FREEDOM) -> Tensor:
    """Which edges are left in the epoch: 0 or 1, (N_USERS, N_ITEMS)."""
    return (made.pruned.to_users(torch.eye(N_ITEMS, dtype=torch.float64)) > 0).double()


def reference(
    p: Mapping[str, Tensor], edges: Tensor, shares: Mapping[str, float], config: FREEDOMConfig
) -> tuple[Tensor, Tensor]:
    """Representations of users and items, given the user-item edges."""
    zeros_u, zeros_i = torch.zeros(N_USERS, N_USERS), torch.zeros(N_ITEMS, N_ITEMS)
    a = symmetric(torch.cat([torch.cat([zeros_u, edges], 1), torch.cat([edges.T, zeros_i], 1)]))
    ids = torch.cat([p["user_embedding"], p["item_embedding"]])
    users, items = mean_over_layers(a, ids, config.layers).split([N_USERS, N_ITEMS])
    if not shares:
        return users, items
    graph = torch.zeros(N_ITEMS, N_ITEMS, dtype=torch.float64)
    for modality, features in contents({m: SIZE_OF[m] for m in shares}).items():
        binary = (nearest(features.double(), config.k) != 0).double()
        graph += shares[modality] * symmetric(binary)
    h = p["item_embedding"]
    for _ in range(config.item_layers):
        h = graph @ h
    return users, items + h


SIZE_OF = {m: size for sizes in SIZES for m, size in sizes.items()}
SHARES = [{}, {"image": 1.0}, {"image": 0.2, "text": 0.8}, {"a": 0.4, "b": 0.2, "c": 0.4}]


@pytest.mark.parametrize("layers", [0, 2])
@pytest.mark.parametrize("item_layers", [0, 1, 2])
@pytest.mark.parametrize(("sizes", "shares"), list(zip(SIZES, SHARES, strict=True)))
def test_loss_and_one_adam_step_match_the_reference(
    layers: int, item_layers: int, sizes: dict[str, int], shares: dict[str, float]
) -> None:
    config = FREEDOMConfig(
        layers=layers, item_layers=item_layers, k=3, dropout=0.4, reg=0.3, image_weight=0.2
    )
    made = model(sizes=sizes, config=config)
    made.start_epoch(seeded(5))
    p = copied(made)
    users, items = reference(p, kept_edges(made), shares, config)
    negatives = made.negatives.sample(USERS, seeded(1))
    expected = bpr(users, items, negatives, reg=0)
    for m in range(len(sizes)):
        content = linear(p, f"branches.{m}.projection", p[f"branches.{m}.features"])
        expected = expected + config.reg * bpr(users, content, negatives, reg=0)
    expected.backward()

    optimizer = torch.optim.Adam(made.parameters(), lr=1e-3, fused=True)
    loss = made.loss(USERS, ITEMS, generator=seeded(1))
    loss.backward()
    optimizer.step()
    torch.testing.assert_close(loss.detach(), expected.detach(), rtol=1e-12, atol=1e-12)
    for name, parameter in made.named_parameters():
        gradient = p[name].grad
        assert gradient is not None, name
        torch.testing.assert_close(parameter.grad, gradient, rtol=1e-9, atol=1e-12)
        step = 1e-3 * gradient / (gradient.abs() + 1e-8)  # Adam's first step
        torch.testing.assert_close(parameter.detach(), p[name].detach() - step)


@pytest.mark.parametrize(("sizes", "shares"), list(zip(SIZES, SHARES, strict=True)))
def test_scores_use_all_edges(sizes: dict[str, int], shares: dict[str, float]) -> None:
    made = model(sizes=sizes)
    made.start_epoch(seeded())
    edges = interactions()[:N_USERS, N_USERS:]
    assert kept_edges(made).sum() < edges.sum()
    expected = reference(copied(made), edges, shares, CONFIG)
    for ours, theirs in zip(made.embeddings(), expected, strict=True):
        torch.testing.assert_close(ours, theirs)


def test_pruning_draws_edges_anew_and_normalises_what_is_left() -> None:
    made = model()
    drawn = set()
    generator = seeded()
    for _ in range(20):
        made.start_epoch(generator)
        edges = kept_edges(made)
        assert edges.sum() == round(EDGES * (1 - CONFIG.dropout))
        assert not (edges > interactions()[:N_USERS, N_USERS:]).any()
        drawn.add(tuple(edges.flatten().tolist()))
    assert len(drawn) > 10
    made.start_epoch(seeded(3))
    first = kept_edges(made)
    made.start_epoch(seeded(3))
    assert torch.equal(kept_edges(made), first)
    assert not made.state_dict().keys() - {name for name, _ in made.named_parameters()}


def test_edges_between_popular_ends_are_pruned_more_often() -> None:
    made = model(sizes={}, config=FREEDOMConfig(dropout=0.89, k=3))  # one edge is left
    edges = interactions()[:N_USERS, N_USERS:]
    weights = edges / (edges.sum(1, keepdim=True) * edges.sum(0, keepdim=True)).clamp(1).sqrt()
    generator, counts = seeded(), torch.zeros(N_USERS, N_ITEMS, dtype=torch.float64)
    for _ in range(1500):
        made.start_epoch(generator)
        counts += kept_edges(made)
    expected = (weights / weights.sum() * counts.sum())[edges > 0]
    assert stats.chisquare(counts[edges > 0].numpy(), expected.numpy()).pvalue > 1e-4


def test_without_dropout_nothing_is_pruned() -> None:
    made = model(config=FREEDOMConfig(k=3, dropout=0))
    made.start_epoch(seeded())
    assert torch.equal(kept_edges(made), interactions()[:N_USERS, N_USERS:])


@pytest.mark.parametrize("name", ["freedom", "freedom+befa", "freedom+befa-reference"])
@pytest.mark.parametrize("frozen", [False, True])
def test_gradients_reach_what_is_trained_and_only_the_batch(name: str, frozen: bool) -> None:
    made = model(name, frozen=frozen)
    made.start_epoch(seeded())
    negatives = made.negatives.sample(USERS, seeded())
    made.loss(USERS, ITEMS, generator=seeded()).backward()
    names = dict(made.named_parameters())
    assert ("branches.0.features" in names) == (not frozen)
    for key, parameter in names.items():
        assert parameter.grad is not None, key
        if name == "freedom" and key.endswith("projection.bias"):
            continue  # it shifts all of a user's scores alike: no gradient but rounding
        assert parameter.grad.abs().sum() > 0, key
    if not frozen:
        gradient = names["branches.0.features"].grad
        assert gradient is not None
        rows = (gradient.abs().sum(1) > 0).nonzero().flatten().tolist()
        changed = {i for i, j in zip(ITEMS.tolist(), negatives.tolist(), strict=True) if i != j}
        assert set(rows) <= changed | set(negatives.tolist())
        assert len(rows) > 1


def test_the_item_graph_stays_as_the_initial_features_make_it() -> None:
    made = model()
    x = torch.randn(N_ITEMS, DIM, generator=seeded(), dtype=torch.float64)
    assert made.item_graph is not None
    before = made.item_graph(x)
    with torch.no_grad():
        made.branches[0].features.normal_(generator=seeded())
    made.start_epoch(seeded())
    assert torch.equal(made.item_graph(x), before)


@pytest.mark.parametrize(
    ("sizes", "weighted", "expected"),
    [
        (["text", "image"], None, [0.9, 0.1]),
        (["image", "text"], None, [0.1, 0.9]),
        (["text", "whisper"], None, [0.9, 0.1]),
        (["text", "whisper"], "text", [0.1, 0.9]),
        (["whisper"], None, [1.0]),
        (["a", "b", "c"], "c", [0.45, 0.45, 0.1]),
    ],
)
def test_the_modality_that_has_the_image_weight(
    sizes: list[str], weighted: str | None, expected: list[float]
) -> None:
    made = model(sizes=dict.fromkeys(sizes, 3), config=FREEDOMConfig(k=2, weighted=weighted))
    assert made.shares() == pytest.approx(expected)


def test_without_item_layers_no_neighbours_are_needed() -> None:
    made = model(config=FREEDOMConfig(item_layers=0))  # fewer items than its k
    users, items = made.graph(made.user_embedding, made.item_embedding, made.config.layers)
    assert torch.equal(made.embeddings()[0], users)
    assert torch.equal(made.embeddings()[1], items + made.item_embedding)


def test_wrong_options_get_one_line() -> None:
    with pytest.raises(InputError, match="unknown modality for image_weight 'imag'; did you mean"):
        model(config=FREEDOMConfig(k=2, weighted="imag"))
    with pytest.raises(InputError, match="k=10 neighbours needs at least 10 items, not 6"):
        model(config=FREEDOMConfig())
    with pytest.raises(InputError, match="image_weight must be in"):
        FREEDOMConfig(image_weight=1.5)
    with pytest.raises(InputError, match="dropout must be in"):
        FREEDOMConfig(dropout=1)
