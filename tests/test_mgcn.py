"""MGCN against its formulas, written out plainly with dense matrices in float64."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pytest
import torch
from torch import Tensor

from adapters.layers import Linear
from adapters.registry import ADAPTERS
from recsys.configs import MGCNConfig, TrainingConfig
from recsys.errors import InputError
from recsys.models.mgcn import MGCN
from tests.dense import (
    ITEMS,
    N_USERS,
    SIZES,
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
from tests.test_training import Recorder, run, same_weights

CONFIG = MGCNConfig(k=3, reg=0.01, cl=0.3)


def model(name: str = "mgcn", *arguments, config: MGCNConfig = CONFIG, **options) -> MGCN:
    made = make(name, config, *arguments, **options)
    assert isinstance(made, MGCN)
    return made


def reference(
    p: Mapping[str, Tensor], sizes: Mapping[str, int], config: MGCNConfig
) -> tuple[Tensor, Tensor]:
    """Behaviour and side embeddings of users, then items."""
    a = symmetric(interactions())
    behaviour = mean_over_layers(
        a, torch.cat([p["user_embedding"], p["item_embedding"]]), config.layers
    )
    if not sizes:
        return behaviour, torch.zeros_like(behaviour)
    views, scores = [], []
    for m, features in enumerate(contents(sizes).values()):
        content = linear(p, f"branches.{m}.projection", p[f"branches.{m}.features"])
        items = p["item_embedding"] * torch.sigmoid(linear(p, f"gates.{m}", content))
        for _ in range(config.item_layers):
            items = symmetric(nearest(features.double(), config.k)) @ items
        views.append(torch.cat([a[:N_USERS, N_USERS:] @ items, items]))
        scores.append(torch.tanh(linear(p, "query", views[-1])) @ p["attention.weight"].T)
    attention = torch.cat(scores, 1).exp()
    attention = attention / attention.sum(1, keepdim=True)
    shared = sum(attention[:, m : m + 1] * view for m, view in enumerate(views))
    assert isinstance(shared, Tensor)
    side = shared
    for m, view in enumerate(views):
        prefers = torch.sigmoid(linear(p, f"preferences.{m}", behaviour))
        side = side + prefers * (view - shared)
    return behaviour, side / (len(views) + 1)


def contrast(side: Tensor, behaviour: Tensor, rows: Tensor, temperature: float) -> Tensor:
    """InfoNCE over the rows of a batch, one at a time, however often a row is there."""

    def similarity(x: int, y: int) -> Tensor:
        lengths = side[x].square().sum().sqrt() * behaviour[y].square().sum().sqrt()
        return torch.exp(side[x] @ behaviour[y] / lengths / temperature)

    loss = torch.zeros((), dtype=torch.float64)
    for x in rows.tolist():
        everything = torch.stack([similarity(x, y) for y in rows.tolist()]).sum()
        loss = loss - torch.log(similarity(x, x) / everything)
    return loss / len(rows)


@pytest.mark.parametrize("sizes", SIZES)
@pytest.mark.parametrize(
    ("layers", "item_layers", "temperature"), [(2, 1, 0.2), (0, 2, 0.01), (1, 0, 10)]
)
def test_loss_and_gradients_match_the_reference(
    sizes: dict[str, int], layers: int, item_layers: int, temperature: float
) -> None:
    config = MGCNConfig(
        layers=layers, item_layers=item_layers, k=3, reg=0.01, cl=0.3, temperature=temperature
    )
    made = model("mgcn", sizes, config=config)
    p = copied(made)
    behaviour, side = reference(p, sizes, config)
    final = behaviour + side
    negatives = made.negatives.sample(USERS, seeded())
    expected = bpr(final[:N_USERS], final[N_USERS:], negatives, config.reg)
    if sizes:
        for rows in (USERS, ITEMS + N_USERS):
            expected = expected + config.cl * contrast(side, behaviour, rows, config.temperature)
    expected.backward()

    loss = made.loss(USERS, ITEMS, generator=seeded())
    loss.backward()
    torch.testing.assert_close(loss.detach(), expected.detach(), rtol=1e-12, atol=1e-12)
    names = dict(made.named_parameters())
    if not sizes:
        assert names.keys() == {"user_embedding", "item_embedding"}
    for name, parameter in names.items():
        torch.testing.assert_close(
            parameter.grad, p[name].grad, rtol=1e-9, atol=1e-12, msg=lambda m, n=name: n + m
        )


@pytest.mark.parametrize("sizes", SIZES)
def test_scores_are_those_of_behaviour_and_side(sizes: dict[str, int]) -> None:
    made = model("mgcn", sizes).eval()
    behaviour, side = reference(copied(made), sizes, CONFIG)
    torch.testing.assert_close(torch.cat(made.embeddings()), behaviour + side)


@pytest.mark.parametrize("name", ["mgcn", *(f"mgcn+{adapter}" for adapter in ADAPTERS)])
@pytest.mark.parametrize("frozen", [False, True])
def test_gradients_reach_what_is_trained(name: str, frozen: bool) -> None:
    made = model(name, frozen=frozen)
    for branch in made.branches:
        if name == "mgcn+lora":  # its zero start would stop the gradient of the other factor
            torch.nn.init.normal_(branch.adapter.up.weight, generator=seeded())
    made.loss(USERS, ITEMS, generator=seeded()).backward()
    everything = {key for key, _ in made.named_parameters()}
    assert ("branches.0.features" in everything) == (not frozen)
    if name == "mgcn+identity-gate":  # it takes nothing from the content
        everything = {key for key in everything if not key.startswith("branches")}
    reached = {k for k, p in made.named_parameters() if p.grad is not None and p.grad.any()}
    assert reached == everything


def test_layers_start_as_the_authors_do_and_adapters_as_everywhere() -> None:
    made = model("mgcn+befa")
    layers = {name: part for name, part in made.named_modules() if isinstance(part, Linear)}
    for name, layer in layers.items():
        bound = layer.in_features**-0.5
        if "adapter" in name:
            assert not layer.bias.any(), name
        else:
            drawn = torch.cat([weights.flatten() for weights in layer.parameters()]).abs()
            assert 0.5 * bound < drawn.max() <= bound, name
            assert drawn.min() > 0, name
    assert len(layers) == 2 * (3 + 1 + 2) + 2


def test_an_item_without_content_is_no_problem() -> None:
    features = contents(TWO)
    features["image"][2] = 0
    features["text"][[2, 4]] = 0
    made = model(features=features)
    made.loss(USERS, ITEMS, generator=seeded()).backward()
    for name, parameter in made.named_parameters():
        assert torch.isfinite(parameter.grad).all(), name


def test_without_item_layers_no_neighbours_are_needed() -> None:
    made = model(config=MGCNConfig(item_layers=0))  # fewer items than its k
    gates = [
        torch.sigmoid(gate(branch.projection(branch.features)))
        for branch, gate in zip(made.branches, made.gates, strict=True)
    ]
    assert torch.equal(made.item_views(), torch.cat([made.item_embedding * g for g in gates], 1))


@pytest.mark.parametrize("adapter", ["", *(f"+{name}" for name in ADAPTERS)])
def test_a_trained_model_is_loaded_as_it_was(adapter: str, tmp_path: Path) -> None:
    config = TrainingConfig(batch=64, max_epochs=1)
    fitted = run(f"mgcn{adapter}", config, cache=tmp_path)
    loaded = run(f"mgcn{adapter}", config, cache=tmp_path)
    assert loaded.cached
    assert same_weights(fitted, loaded)
    for ours, theirs in zip(fitted.model.embeddings(), loaded.model.embeddings(), strict=True):
        assert torch.equal(ours, theirs)
    assert fitted.manifest["training_config"]["lr_decay"] == 0.96  # as published
    assert fitted.manifest["start"] == "torch"  # part of the key: other weights, other model


def test_interrupted_training_goes_on_to_the_same_weights(tmp_path: Path) -> None:
    config = TrainingConfig(batch=64, max_epochs=5)
    whole = run("mgcn+befa", config)
    with pytest.raises(KeyboardInterrupt):
        run("mgcn+befa", config, cache=tmp_path, progress=Recorder(stop_at=2))
    resumed = run("mgcn+befa", config, cache=tmp_path)
    assert resumed.manifest["resumed"]
    assert same_weights(whole, resumed)
    assert whole.history == resumed.history


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"temperature": 0}, "temperature must be a positive number"),
        ({"cl": -1}, "cl"),
        ({"k": 0}, "k must be at least 1"),
        ({"layers": -1}, "layers"),
        ({"item_layers": -1}, "item_layers"),
    ],
)
def test_wrong_options_get_one_line(options: dict[str, float], message: str) -> None:
    with pytest.raises(InputError, match=message):
        MGCNConfig(**options)
