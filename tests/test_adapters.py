"""Adapters: their formulas, sizes, names and gradients."""

from __future__ import annotations

import subprocess
import sys

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from adapters.befa import tile
from adapters.layers import dropout, linear
from adapters.registry import ADAPTERS, BeFAConfig, LoRAConfig, create
from recsys.errors import InputError
from recsys.models.names import ModelName


def seeded(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def pair(n: int = 5, dim: int = 8) -> tuple[torch.Tensor, torch.Tensor]:
    generator = seeded(1)
    shape = (n, dim)
    return (
        torch.randn(shape, generator=generator, dtype=torch.float64),
        torch.randn(shape, generator=generator, dtype=torch.float64),
    )


def weights(module: torch.nn.Module) -> list[tuple[torch.Tensor, torch.Tensor]]:
    layers = [layer for layer in module.children() if isinstance(layer, torch.nn.Linear)]
    for layer in layers:
        torch.nn.init.normal_(layer.bias, generator=seeded(2))
    return [(layer.weight.detach(), layer.bias.detach()) for layer in layers]


@pytest.mark.parametrize(
    ("name", "numbers"),
    [
        ("befa", 197_760),
        ("befa-reference", 197_760),
        ("lora", 4_096),
        ("soft-prompt", 128),
        ("identity-gate", 0),
    ],
)
def test_two_modalities_cost_what_the_paper_says(name: str, numbers: int) -> None:
    pair_of_adapters = [create(name, 64, generator=seeded()) for _ in range(2)]
    assert sum(p.numel() for a in pair_of_adapters for p in a.parameters()) == numbers


@pytest.mark.parametrize("k", [0.5, 1, 1.5, 4])
def test_befa_is_equations_8_to_10(k: float) -> None:
    e, b = pair()
    adapter = create("befa", 8, BeFAConfig(k=k), generator=seeded()).double().eval()
    (w1, b1), (w2, b2), (w3, b3) = weights(adapter)
    u = torch.clamp(e @ w1.T + b1, min=0)
    tiled = torch.stack([b[:, j % 8] for j in range(int(k * 8))], dim=1)
    v = torch.clamp(tiled * torch.tanh(u @ w2.T + b2), min=0)
    expected = b / (1 + torch.exp(-(v @ w3.T + b3)))
    torch.testing.assert_close(adapter(e, b), expected, rtol=1e-12, atol=1e-12)


def test_befa_reference_is_the_released_stack() -> None:
    e, b = pair()
    adapter = create("befa-reference", 8, generator=seeded()).double().eval()
    (w1, b1), (w2, b2), (w3, b3) = weights(adapter)
    hidden = torch.tanh(torch.clamp(e @ w1.T + b1, min=0))
    hidden = torch.clamp(hidden @ w2.T + b2, min=0)
    expected = b / (1 + torch.exp(-(hidden @ w3.T + b3)))
    torch.testing.assert_close(adapter(e, b), expected, rtol=1e-12, atol=1e-12)


def test_small_adapters_are_their_formulas() -> None:
    e, b = pair()
    assert torch.equal(create("identity-gate", 8)(e, b), b)
    prompt = create("soft-prompt", 8).double()
    assert torch.equal(prompt(e, b), e)
    torch.nn.init.normal_(prompt.prompt, generator=seeded())
    assert torch.equal(prompt(e, b), e + prompt.prompt)
    lora = create("lora", 8, LoRAConfig(rank=2), generator=seeded()).double()
    assert torch.equal(lora(e, b), e), "training starts at the identity"
    torch.nn.init.normal_(lora.up.weight, generator=seeded())
    expected = e + e @ lora.down.weight.T @ lora.up.weight.T
    torch.testing.assert_close(lora(e, b), expected)


@pytest.mark.parametrize("name", ADAPTERS)
def test_randomness_comes_from_the_generator_alone(name: str) -> None:
    e, b = pair()
    before = torch.get_rng_state()
    first, second = (create(name, 8, generator=seeded(3)).double() for _ in range(2))
    assert torch.equal(first(e, b, seeded(4)), second(e, b, seeded(4)))
    assert torch.equal(torch.get_rng_state(), before)


@pytest.mark.parametrize("name", ["befa", "befa-reference"])
def test_dropout_acts_in_training_only(name: str) -> None:
    e, b = pair()
    adapter = create(name, 8, BeFAConfig(dropout=0.5), generator=seeded()).double()
    assert not torch.equal(adapter(e, b, seeded(1)), adapter(e, b, seeded(2)))
    adapter.eval()
    assert torch.equal(adapter(e, b, seeded(1)), adapter(e, b, seeded(2)))


@pytest.mark.parametrize("name", ["befa", "befa-reference"])
def test_gradients_reach_weights_content_and_behaviour(name: str) -> None:
    e, b = (x.requires_grad_() for x in pair())
    adapter = create(name, 8, BeFAConfig(dropout=0), generator=seeded()).double()
    adapter(e, b).square().sum().backward()
    for tensor in (e, b, *adapter.parameters()):
        assert tensor.grad is not None
        assert tensor.grad.abs().sum() > 0


@given(width=st.integers(1, 40), dim=st.integers(1, 9))
def test_tile_repeats_and_cuts(width: int, dim: int) -> None:
    b = torch.arange(2 * dim).reshape(2, dim)
    tiled = tile(b, width)
    assert tiled.tolist() == [[int(row[j % dim]) for j in range(width)] for row in b]


def test_dropout_drops_its_share_and_keeps_the_mean() -> None:
    ones = torch.ones(1001, 333)
    dropped = dropout(ones, 0.3, training=True, generator=seeded())
    assert (dropped == 0).double().mean().item() == pytest.approx(0.3, abs=0.005)
    assert dropped.double().mean().item() == pytest.approx(1, abs=0.01)
    assert dropout(ones, 0.3, training=False) is ones


@given(dim=st.integers(1, 300), data=st.data())
def test_every_width_can_be_asked_for(dim: int, data: st.DataObject) -> None:
    width = data.draw(st.integers(1, 8 * dim))
    assert BeFAConfig(k=width / dim).width(dim) == width


@pytest.mark.parametrize(
    ("k", "dim"), [(0.3, 64), (1 / 128, 64), (0, 64), (-1, 64), (1e308, 64), (1e300, 1), (4, 0)]
)
def test_widths_that_are_no_whole_number_are_refused(k: float, dim: int) -> None:
    with pytest.raises(ValueError, match=r"k|dim must be at least 1"):
        create("befa", dim, BeFAConfig(k=k))


def test_wrong_configurations_are_refused() -> None:
    with pytest.raises(TypeError, match="LoRAConfig"):
        create("lora", 8, BeFAConfig())
    with pytest.raises(ValueError, match="unknown adapter 'bafe'"):
        create("bafe", 8)
    with pytest.raises(ValueError, match="rank"):
        LoRAConfig(rank=0)


def test_model_names() -> None:
    assert ModelName.parse(" BM3 + BeFA ") == ModelName("bm3", "befa")
    assert str(ModelName.parse("bm3+befa")) == "bm3+befa"
    assert ModelName.parse("bm3") == ModelName("bm3") == ModelName("bm3", "befa").without_adapter()


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("bm33", "unknown model 'bm33'; did you mean bm3"),
        ("", "unknown model ''"),
        ("bm3+bfa", "unknown adapter 'bfa'; did you mean befa"),
        ("bm3+", "unknown adapter ''"),
        ("bm3+befa+lora", "names 2 adapters"),
    ],
)
def test_wrong_model_names_get_one_line(text: str, message: str) -> None:
    with pytest.raises(InputError) as caught:
        ModelName.parse(text)
    assert message in str(caught.value)
    assert "\n" not in str(caught.value)


def test_names_and_configurations_need_no_torch() -> None:
    code = (
        "import sys, adapters, adapters.registry, recsys, recsys.configs, recsys.models, "
        "recsys.models.names\n"
        "recsys.models.ModelName.parse('bm3+befa'); recsys.TrainingConfig()\n"
        "assert 'torch' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


@pytest.mark.parametrize("bias", [True, False])
def test_a_layer_that_starts_as_torchs_does(bias: bool) -> None:
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(3)
        theirs = torch.nn.Linear(12, 5, bias=bias)
    ours = linear(12, 5, bias=bias, start="torch", generator=seeded(3))
    torch.testing.assert_close(dict(ours.named_parameters()), dict(theirs.named_parameters()))
