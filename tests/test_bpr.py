"""The ranking loss, and the properties of negative sampling."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from recsys.bpr import NegativeSampler, bpr_loss


def seeded(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def test_loss_is_minus_the_log_of_the_sigmoid() -> None:
    positive, negative = torch.tensor([1.0, -2.0, 0.5]), torch.tensor([0.25, 3.0, 0.5])
    margins = (positive - negative).double().numpy()
    expected = -np.log(1 / (1 + np.exp(-margins))).mean()
    assert bpr_loss(positive, negative).item() == pytest.approx(expected, rel=1e-6)


@pytest.mark.parametrize(("margin", "expected"), [(1e4, 0.0), (-1e4, 1e4)])
def test_loss_stays_finite(margin: float, expected: float) -> None:
    positive = torch.tensor([margin], requires_grad=True)
    loss = bpr_loss(positive, torch.zeros(1))
    loss.backward()
    assert loss.item() == expected
    assert positive.grad is not None
    assert positive.grad.item() == (0 if margin > 0 else -1)


@st.composite
def interactions(draw: st.DrawFn) -> tuple[torch.Tensor, int, int]:
    n_users, n_items = draw(st.integers(1, 6)), draw(st.integers(1, 7))
    pair = st.tuples(st.integers(0, n_users - 1), st.integers(0, n_items - 1))
    pairs = draw(st.lists(pair, max_size=45))  # also repeated ones, also all of a user's
    return torch.tensor(pairs, dtype=torch.int64).reshape(-1, 2), n_users, n_items


@given(interactions(), st.integers(0, 9))
def test_samples_are_exactly_the_items_not_met(
    given_: tuple[torch.Tensor, int, int], seed: int
) -> None:
    pairs, n_users, n_items = given_
    sampler = NegativeSampler(pairs, n_users, n_items)
    users = torch.arange(n_users).repeat(300)
    drawn = sampler.sample(users, seeded(seed))
    assert drawn.dtype == torch.int64
    assert torch.equal(drawn, sampler.sample(users, seeded(seed)))
    met = [set(pairs[pairs[:, 0] == user, 1].tolist()) for user in range(n_users)]
    for user in range(n_users):
        unmet = set(range(n_items)) - met[user]
        # All items of the support are hit but with a probability of 7 * (6/7) ** 300 < 1e-18.
        assert set(drawn[users == user].tolist()) == (unmet or set(range(n_items)))


def test_all_items_not_met_are_as_likely() -> None:
    pairs = torch.tensor([[0, 0], [0, 3], [0, 4], [0, 9], [1, 5]])
    sampler = NegativeSampler(pairs, 2, 10)
    for user, met in ((0, {0, 3, 4, 9}), (1, {5})):
        drawn = sampler.sample(torch.full((20_000,), user), seeded())
        counts = torch.bincount(drawn, minlength=10)
        unmet = [item for item in range(10) if item not in met]
        assert counts[list(met)].sum() == 0
        assert stats.chisquare(counts[unmet].numpy()).pvalue > 1e-4


def test_the_global_generator_is_left_alone() -> None:
    sampler = NegativeSampler(torch.tensor([[0, 1]]), 1, 5)
    before = torch.get_rng_state()
    sampler.sample(torch.zeros(4, dtype=torch.int64), seeded())
    assert torch.equal(torch.get_rng_state(), before)
    assert not sampler.state_dict()
