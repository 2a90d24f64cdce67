"""VBPR against its formulas, written out plainly in float64."""

from __future__ import annotations

from collections.abc import Mapping

import pytest
import torch
from torch import Tensor

from recsys.configs import VBPRConfig
from recsys.errors import InputError
from recsys.models.vbpr import VBPR
from tests.dense import ITEMS, N_ITEMS, N_USERS, SIZES, TWO, USERS, copied, make, seeded


def model(
    name: str = "vbpr",
    sizes: Mapping[str, int] = TWO,
    *,
    reg: float = 0.05,
    frozen: bool = False,
) -> VBPR:
    made = make(name, VBPRConfig(reg=reg), sizes, frozen=frozen)
    assert isinstance(made, VBPR)
    with torch.no_grad():  # offsets start at zero, which would hide them
        for parameter in (made.item_offset, *made.content_offsets):
            parameter.normal_(generator=seeded(8))
    return made


def scores(p: Mapping[str, Tensor], modalities: int) -> Tensor:
    """Eq. 4 for all users and items, without what is the same for all items of a user."""
    found = p["user_embedding"] @ p["item_embedding"].T + p["item_offset"]
    for m in range(modalities):
        content = p[f"branches.{m}.features"]
        projected = content @ p[f"branches.{m}.projection.weight"].T
        found = found + p[f"user_factors.{m}"] @ projected.T
        found = found + content @ p[f"content_offsets.{m}"]
    return found


@pytest.mark.parametrize("sizes", SIZES)
def test_loss_and_one_adam_step_match_the_reference(sizes: dict[str, int]) -> None:
    made = model(sizes=sizes)
    p = copied(made)
    expected_scores = scores(p, len(sizes))
    users, items = made.embeddings()
    torch.testing.assert_close(users @ items.T, expected_scores)
    expected = torch.zeros((), dtype=torch.float64)
    negatives = made.negatives.sample(USERS, seeded(1))
    for u, i, j in zip(USERS, ITEMS, negatives, strict=True):
        margin = expected_scores[u, i] - expected_scores[u, j]
        expected = expected - torch.log(1 / (1 + torch.exp(-margin)))
        squares = p["user_embedding"][u].square().sum()
        for m in range(len(sizes)):
            squares = squares + p[f"user_factors.{m}"][u].square().sum()
        for item in (i, j):
            squares = squares + p["item_embedding"][item].square().sum()
            squares = squares + p["item_offset"][item].square()
        expected = expected + 0.05 * squares / 2
    expected = expected / len(USERS)
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


@pytest.mark.parametrize("name", ["vbpr", "vbpr+befa", "vbpr+befa-reference"])
@pytest.mark.parametrize("frozen", [False, True])
def test_gradients_reach_what_is_trained(name: str, frozen: bool) -> None:
    made = model(name, frozen=frozen)
    made.loss(USERS, ITEMS, generator=seeded()).backward()
    names = dict(made.named_parameters())
    assert ("branches.0.features" in names) == (not frozen)
    assert not any(key.endswith("projection.bias") for key in names), "the paper's E has none"
    for key, parameter in names.items():
        assert parameter.grad is not None, key
        assert parameter.grad.abs().sum() > 0, key


@pytest.mark.parametrize("name", ["vbpr", "vbpr+befa"])
def test_projection_then_adapter_is_what_scores_use(name: str) -> None:
    made = model(name).eval()
    b = made.behavioural_embeddings()
    _, items = made.embeddings()
    for m, modality in enumerate(TWO):
        content = made.branch(modality).features
        adapted = made.to_behavioural_space(modality, content, b)
        torch.testing.assert_close(items[:, 4 * (m + 1) : 4 * (m + 2)], adapted)


def test_shapes() -> None:
    users, items = model().embeddings()
    assert users.shape == (N_USERS, 4 * 3 + 1)
    assert items.shape == (N_ITEMS, 4 * 3 + 1)


def test_wrong_options_get_one_line() -> None:
    with pytest.raises(InputError, match="reg must be a finite number"):
        VBPRConfig(reg=-1)
