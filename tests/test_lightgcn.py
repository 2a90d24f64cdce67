"""LightGCN against its formulas, written out plainly with dense matrices in float64."""

from __future__ import annotations

import pytest
import torch

from recsys.configs import LightGCNConfig
from recsys.errors import InputError
from recsys.fit import fit
from recsys.models.lightgcn import LightGCN
from recsys.models.names import ModelName
from tests.dense import (
    ITEMS,
    N_ITEMS,
    N_USERS,
    TWO,
    USERS,
    bpr,
    copied,
    interactions,
    make,
    mean_over_layers,
    seeded,
    symmetric,
)
from tests.test_training import small_features, small_split


def model(config: LightGCNConfig) -> LightGCN:
    made = make("lightgcn", config, {})
    assert isinstance(made, LightGCN)
    return made


@pytest.mark.parametrize("layers", [0, 1, 3])
def test_loss_and_one_adam_step_match_the_reference(layers: int) -> None:
    config = LightGCNConfig(layers=layers, reg=0.05)
    made = model(config)
    p = copied(made)
    assert p.keys() == {"user_embedding", "item_embedding"}
    ids = torch.cat([p["user_embedding"], p["item_embedding"]])
    final = mean_over_layers(symmetric(interactions()), ids, layers)
    users, items = final.split([N_USERS, N_ITEMS])
    for ours, theirs in zip(made.embeddings(), (users, items), strict=True):
        torch.testing.assert_close(ours, theirs)
    negatives = made.negatives.sample(USERS, seeded(1))
    expected = bpr(users, items, negatives, reg=0)
    for u, i, j in zip(USERS, ITEMS, negatives, strict=True):
        triple = (p["user_embedding"][u], p["item_embedding"][i], p["item_embedding"][j])
        squares = sum(row.square().sum() for row in triple)
        expected = expected + config.reg * squares / 2 / len(USERS)
    expected.backward()

    optimizer = torch.optim.Adam(made.parameters(), lr=1e-3, fused=True)
    loss = made.loss(USERS, ITEMS, generator=seeded(1))
    loss.backward()
    optimizer.step()
    torch.testing.assert_close(loss.detach(), expected.detach(), rtol=1e-12, atol=1e-12)
    for name, parameter in made.named_parameters():
        gradient = p[name].grad
        assert gradient is not None
        torch.testing.assert_close(parameter.grad, gradient, rtol=1e-9, atol=1e-12)
        step = 1e-3 * gradient / (gradient.abs() + 1e-8)  # Adam's first step
        torch.testing.assert_close(parameter.detach(), p[name].detach() - step)


def test_content_is_refused_not_ignored() -> None:
    with pytest.raises(InputError, match="takes no content features, but got image, text"):
        make("lightgcn", LightGCNConfig(), TWO)
    with pytest.raises(InputError, match="takes no content features"):
        fit("lightgcn", small_split(), small_features())


def test_an_adapter_is_refused() -> None:
    with pytest.raises(InputError, match=r"'lightgcn\+befa' has an adapter, but 'lightgcn'"):
        ModelName.parse("lightgcn+befa")


def test_wrong_options_get_one_line() -> None:
    with pytest.raises(InputError, match="layers must be at least 0"):
        LightGCNConfig(layers=-1)
    with pytest.raises(InputError, match="reg must be a finite number"):
        LightGCNConfig(reg=float("inf"))
