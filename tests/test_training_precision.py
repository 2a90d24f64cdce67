"""Training with linear layers that multiply in bfloat16: what is shorter, and what is not."""

from __future__ import annotations

from dataclasses import asdict, replace
from pathlib import Path

import pytest
import torch

from adapters import layers
from adapters.layers import Linear, linear, products_in
from adapters.registry import ADAPTERS, create
from becam.cli.main import run as becam
from recsys.configs import TrainingConfig
from recsys.errors import InputError
from recsys.fit import fit_key
from recsys.models.names import ModelName
from recsys.models.registry import RECOMMENDERS, config_class, uses_content
from tests.dense import ITEMS, USERS, make, seeded
from tests.test_training import Recorder, run, same_weights, small_features, small_split

SHORT = torch.bfloat16
NAMES = [
    f"{recommender}{adapter}"
    for recommender in RECOMMENDERS
    if uses_content(recommender)
    for adapter in ("", *(f"+{name}" for name in ADAPTERS))
]
CONFIG = TrainingConfig(batch=64, max_epochs=4, lr=0.01, precision="bfloat16")


@pytest.fixture(autouse=True)
def _small_layers_count(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(layers, "LARGE", 1)


def test_a_product_is_that_of_rounded_factors() -> None:
    layer = linear(16, 8, generator=seeded())
    torch.nn.init.normal_(layer.bias, generator=seeded(1))
    values = torch.randn(32, 16, generator=seeded(2), requires_grad=True)
    with products_in(layer, SHORT):
        found = layer(values)
    assert found.dtype == SHORT
    factors = (values.to(SHORT).double(), layer.weight.to(SHORT).double())
    exact = factors[0] @ factors[1].T + layer.bias.to(SHORT).double()
    # One rounding of the sum: 8 bits of mantissa.
    torch.testing.assert_close(found.double(), exact, rtol=2**-8, atol=2**-8)
    found.sum().backward()
    assert values.grad is not None
    assert values.grad.dtype == layer.weight.grad.dtype == torch.float32
    assert layer(values).dtype == torch.float32  # outside the block all is as before


def test_a_small_layer_is_not_worth_the_conversion(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(layers, "LARGE", 129)
    small, large = linear(16, 8, generator=seeded()), linear(16, 9, generator=seeded())
    values = torch.randn(3, 16, generator=seeded(2))
    with products_in(small, SHORT), products_in(large, SHORT):
        assert torch.equal(
            small(values), torch.nn.functional.linear(values, small.weight, small.bias)
        )
        assert small(values.to(SHORT)).dtype == torch.float32
        assert large(values).dtype == SHORT


@pytest.mark.parametrize("shape", [(5, 16), (256, 16), (300, 16), (3, 2, 16), (0, 16)])
def test_rows_that_fill_up_a_product_are_gone_again(shape: tuple[int, ...]) -> None:
    layer = linear(16, 8, generator=seeded())
    values = torch.randn(shape, generator=seeded(2), requires_grad=True)
    with products_in(layer, SHORT):
        found = layer(values)
    assert found.shape == (*shape[:-1], 8)
    found.sum().backward()
    assert values.grad is not None
    expected = layer.weight.detach().sum(0).expand(shape)
    torch.testing.assert_close(values.grad, expected, rtol=0.02, atol=0.02)


def test_the_block_ends_where_something_fails() -> None:
    layer = linear(4, 4, generator=seeded())
    with pytest.raises(RuntimeError), products_in(layer, SHORT):
        layer(torch.zeros(2, 5))
    assert layer.product_dtype is None


@pytest.mark.parametrize("name", NAMES)
def test_loss_and_gradients_are_those_in_full_but_for_rounding(name: str) -> None:
    options = config_class(ModelName.parse(name).recommender)()
    if hasattr(options, "k"):  # six items have no ten neighbours
        options = replace(options, k=3)
    made = make(name, options).eval()  # the same dropout would differ by kind
    if name.endswith("+lora"):  # its zero start would stop the gradient of the other factor
        for branch in made.branches:
            torch.nn.init.normal_(branch.adapter.up.weight, std=0.1, generator=seeded(3))
    losses, gradients = [], []
    for dtype in (None, SHORT):
        made.zero_grad()
        made.start_epoch(seeded(4))
        with products_in(made, dtype):
            loss = made.loss(USERS, ITEMS, generator=seeded(5))
        assert loss.dtype == torch.float64  # nothing but products and what adapters hide is short
        loss.backward()
        losses.append(loss.item())
        gradients.append(
            torch.cat([p.grad.flatten() for p in made.parameters() if p.grad is not None])
        )
    full, short = gradients
    assert losses[1] == pytest.approx(losses[0], rel=0.01)
    assert short.shape == full.shape
    assert torch.cosine_similarity(full, short, dim=0) > 0.99
    # Where the gate takes nothing from the content, BM3 and MGCN alone multiply by weights.
    without = ("lattice+identity-gate", "freedom+identity-gate", "vbpr+identity-gate")
    assert torch.equal(full, short) == (name in without)


@pytest.mark.parametrize("adapter", ADAPTERS)
def test_an_adapter_gives_the_type_of_its_guide_or_of_its_content(adapter: str) -> None:
    made = create(adapter, 8, generator=seeded()).train()
    content = torch.randn(6, 8, generator=seeded(1))
    with products_in(made, SHORT):
        found = made(content.to(SHORT), content, seeded(2))
    assert found.dtype in (SHORT, torch.float32)
    assert torch.isfinite(found).all()


@pytest.mark.parametrize("name", ["bm3+befa", "lattice+befa", "freedom+lora", "mgcn+befa"])
def test_weights_stay_in_float32_and_the_same_command_gives_the_same(name: str) -> None:
    short, again = run(name, CONFIG), run(name, CONFIG)
    assert same_weights(short, again)
    assert {weight.dtype for weight in short.model.state_dict().values()} == {torch.float32}
    assert not same_weights(short, run(name, TrainingConfig(batch=64, max_epochs=4, lr=0.01)))
    assert all(
        part.product_dtype is None for part in short.model.modules() if isinstance(part, Linear)
    )


def test_interrupted_training_goes_on_to_the_same_weights(tmp_path: Path) -> None:
    whole = run("mgcn+befa", CONFIG)
    with pytest.raises(KeyboardInterrupt):
        run("mgcn+befa", CONFIG, cache=tmp_path, progress=Recorder(stop_at=2))
    resumed = run("mgcn+befa", CONFIG, cache=tmp_path)
    assert resumed.manifest["resumed"]
    assert resumed.manifest["training_config"]["precision"] == "bfloat16"
    assert same_weights(whole, resumed)


def test_what_is_learned_recommends_as_well() -> None:
    config = {"batch": 64, "max_epochs": 60, "lr": 0.01}
    full = run("mgcn+befa", TrainingConfig(**config))
    short = run("mgcn+befa", TrainingConfig(**config, precision="bfloat16"))
    for metric in ("recall@10", "ndcg@10"):
        assert short.metrics["test"][metric] > full.metrics["test"][metric] - 0.05
        assert short.metrics["test"][metric] > 0.4


def test_full_precision_has_the_key_that_it_always_had() -> None:
    def key(config: TrainingConfig) -> str:
        return fit_key("bm3+befa", small_split(), small_features(), training_config=config)

    assert key(TrainingConfig()) == key(TrainingConfig(precision="full"))
    assert key(TrainingConfig()) != key(TrainingConfig(precision="bfloat16"))
    assert "precision" in asdict(TrainingConfig())


def test_another_precision_gets_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(InputError, match="did you mean bfloat16"):
        TrainingConfig(precision="bfloat")
    assert becam(["train", "--model", "bm3", "--precision", "half"]) == 2
    told = capsys.readouterr().err
    assert told == "becam: unknown precision 'half'; available: full, bfloat16\n"
