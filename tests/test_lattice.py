"""LATTICE against its formulas, written out plainly with dense matrices in float64."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pytest
import torch
from torch import Tensor

from adapters.registry import ADAPTERS
from recsys.configs import LATTICEConfig, TrainingConfig
from recsys.errors import InputError
from recsys.models.lattice import LATTICE
from recsys.models.registry import complete_training
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

CONFIG = LATTICEConfig(k=3, reg=0.01, initial=0.7)


def model(name: str = "lattice", *arguments, config: LATTICEConfig = CONFIG, **options) -> LATTICE:
    made = make(name, config, *arguments, **options)
    assert isinstance(made, LATTICE)
    return made


def mixed_graph(p: Mapping[str, Tensor], sizes: Mapping[str, int], config: LATTICEConfig) -> Tensor:
    """The learned graphs summed, then normalised, plus the initial ones normalised, then summed."""
    shares = p["modality_weights"].exp() / p["modality_weights"].exp().sum()
    learned, initial = 0, 0
    for m, features in enumerate(contents(sizes).values()):
        content = linear(p, f"branches.{m}.projection", p[f"branches.{m}.features"])
        learned = learned + shares[m] * nearest(content, config.k)
        initial = initial + shares[m] * symmetric(nearest(features.double(), config.k))
    assert isinstance(learned, Tensor)
    return (1 - config.initial) * symmetric(learned) + config.initial * initial


def reference(p: Mapping[str, Tensor], graph: Tensor | None, config: LATTICEConfig) -> Tensor:
    """Final embeddings of users, then items."""
    a = interactions(loops=True)
    ids = torch.cat([p["user_embedding"], p["item_embedding"]])
    final = mean_over_layers(a / a.sum(1, keepdim=True), ids, config.layers)
    if graph is None:
        return final
    h = p["item_embedding"]
    for _ in range(config.item_layers):
        h = graph @ h
    h = h / h.square().sum(1, keepdim=True).sqrt()
    return final + torch.cat([torch.zeros_like(p["user_embedding"]), h])


def check_gradients(made: LATTICE, p: Mapping[str, Tensor]) -> None:
    for name, parameter in made.named_parameters():
        if p[name].grad is None:
            assert parameter.grad is None, name
        else:
            torch.testing.assert_close(
                parameter.grad, p[name].grad, rtol=1e-9, atol=1e-12, msg=lambda m, n=name: n + m
            )


@pytest.mark.parametrize("sizes", SIZES)
@pytest.mark.parametrize(("layers", "item_layers"), [(2, 1), (0, 2), (1, 1)])
def test_two_steps_of_an_epoch_match_the_reference(
    sizes: dict[str, int], layers: int, item_layers: int
) -> None:
    config = LATTICEConfig(layers=layers, item_layers=item_layers, k=3, reg=0.01, initial=0.7)
    made = model("lattice", sizes, config=config)
    made.start_epoch(seeded())
    graph = None
    for step in range(2):
        p = copied(made)
        # The first batch learns the graph; the second has it as it was then.
        if sizes:
            graph = mixed_graph(p, sizes, config) if graph is None else graph.detach()
        final = reference(p, graph, config)
        negatives = made.negatives.sample(USERS, seeded(step))
        expected = bpr(final[:N_USERS], final[N_USERS:], negatives, config.reg)
        expected.backward()

        made.zero_grad(set_to_none=True)
        loss = made.loss(USERS, ITEMS, generator=seeded(step))
        loss.backward()
        torch.testing.assert_close(loss.detach(), expected.detach(), rtol=1e-12, atol=1e-12)
        if not sizes:
            assert dict(made.named_parameters()).keys() == {"user_embedding", "item_embedding"}
        check_gradients(made, p)
        assert (step == 0 and bool(sizes)) == ("modality_weights" in moved(made))
        with torch.no_grad():
            for parameter in made.parameters():
                if parameter.grad is not None:
                    parameter -= 0.05 * parameter.grad


def moved(made: LATTICE) -> set[str]:
    return {name for name, parameter in made.named_parameters() if parameter.grad is not None}


@pytest.mark.parametrize("name", ["lattice", *(f"lattice+{adapter}" for adapter in ADAPTERS)])
@pytest.mark.parametrize("frozen", [False, True])
def test_only_the_first_batch_of_an_epoch_trains_the_content(name: str, frozen: bool) -> None:
    made = model(name, frozen=frozen)
    for branch in made.branches:
        if name == "lattice+lora":  # its zero start would stop the gradient of the other factor
            torch.nn.init.normal_(branch.adapter.up.weight, generator=seeded())
    everything = {key for key, _ in made.named_parameters()}
    assert ("branches.0.features" in everything) == (not frozen)
    ids = {"user_embedding", "item_embedding"}
    if name == "lattice+identity-gate":  # it takes nothing from the content
        everything = {*ids, "modality_weights"}
    for expected in (everything, ids, None, everything):
        if expected is None:
            made.start_epoch(seeded())
            continue
        made.zero_grad(set_to_none=True)
        made.loss(USERS, ITEMS, generator=seeded()).backward()
        reached = {k for k, p in made.named_parameters() if p.grad is not None and p.grad.any()}
        assert reached == expected


@pytest.mark.parametrize("sizes", SIZES)
def test_scores_come_from_the_graph_of_the_weights_as_they_are(sizes: dict[str, int]) -> None:
    made = model("lattice", sizes)
    made.loss(USERS, ITEMS, generator=seeded())  # leaves a graph that is out of date below
    with torch.no_grad():
        for parameter in made.parameters():
            parameter += torch.randn(parameter.shape, generator=seeded(3), dtype=torch.float64)
    p = copied(made)
    expected = reference(p, mixed_graph(p, sizes, CONFIG) if sizes else None, CONFIG)
    torch.testing.assert_close(torch.cat(made.eval().embeddings()), expected)


def test_an_item_without_content_leaves_gradients_in_bounds() -> None:
    features = contents(TWO)
    features["image"][2] = 0
    features["text"][[2, 4]] = 0
    made = model(features=features)
    made.loss(USERS, ITEMS, generator=seeded()).backward()
    for name, parameter in made.named_parameters():
        assert torch.isfinite(parameter.grad).all(), name
        assert parameter.grad.abs().max() < 100, name


def test_too_few_items_for_k_is_bad_input() -> None:
    with pytest.raises(InputError, match="k=7 neighbours needs at least 7 items, not 6"):
        model(config=LATTICEConfig(k=7))


@pytest.mark.parametrize("adapter", ["", *(f"+{name}" for name in ADAPTERS)])
def test_a_trained_model_is_loaded_as_it_was(adapter: str, tmp_path: Path) -> None:
    config = TrainingConfig(batch=64, max_epochs=1)
    fitted = run(f"lattice{adapter}", config, cache=tmp_path)
    loaded = run(f"lattice{adapter}", config, cache=tmp_path)
    assert loaded.cached
    assert same_weights(fitted, loaded)
    for ours, theirs in zip(fitted.model.embeddings(), loaded.model.embeddings(), strict=True):
        assert torch.equal(ours, theirs)
    assert fitted.manifest["training_config"]["lr_decay"] == 0.96  # as published


def test_the_published_decay_of_the_learning_rate_is_a_default_alone() -> None:
    assert complete_training("lattice", TrainingConfig()).lr_decay == 0.96
    assert complete_training("bm3", TrainingConfig()).lr_decay == 1
    assert complete_training("lattice", TrainingConfig(lr_decay=1)).lr_decay == 1


@pytest.mark.parametrize("name", ["lattice", "lattice+befa"])
def test_interrupted_training_goes_on_to_the_same_weights(name: str, tmp_path: Path) -> None:
    config = TrainingConfig(batch=64, max_epochs=5)
    whole = run(name, config)
    with pytest.raises(KeyboardInterrupt):
        run(name, config, cache=tmp_path, progress=Recorder(stop_at=2))
    resumed = run(name, config, cache=tmp_path)
    assert resumed.manifest["resumed"]
    assert same_weights(whole, resumed)
    assert whole.history == resumed.history


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"initial": 1.5}, r"initial must be in \[0, 1\]"),
        ({"k": 0}, "k must be at least 1"),
        ({"layers": -1}, "layers"),
        ({"item_layers": -1}, "item_layers"),
        ({"reg": float("inf")}, "reg"),
    ],
)
def test_wrong_options_get_one_line(options: dict[str, float], message: str) -> None:
    with pytest.raises(InputError, match=message):
        LATTICEConfig(**options)
