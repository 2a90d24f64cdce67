"""The training of the demo encoders as a whole: rounds, the command, the model card."""

from __future__ import annotations

import dataclasses
import json
import math
from itertools import pairwise
from pathlib import Path

import pytest
import torch

from becam.encoders.demo.config import load_config
from becam.encoders.demo.tokenizer import demo_tokenizer
from becam.encoders.demo.towers import Towers, build_towers
from becam.encoders.demo.training.__main__ import main
from becam.encoders.demo.training.card import command, model_card
from becam.encoders.demo.training.pairs import (
    CHOICES,
    Pairs,
    PairsConfig,
    draw_pairs,
)
from becam.encoders.demo.training.recipe import Recipe, Round
from becam.encoders.demo.training.run import Options, training_record
from becam.encoders.demo.training.train import train
from becam.encoders.demo.weights import load_encoder, read_card, weights_path
from tests.tiny_demo_towers import tower_config


@pytest.fixture(scope="module")
def drawn(tmp_path_factory: pytest.TempPathFactory) -> Pairs:
    config = PairsConfig(count=48, seed=0, stream=0, sizes=(32, 64), drawn=64)
    return draw_pairs(tmp_path_factory.mktemp("pairs") / "train", config, report=lambda _: None)


LONG = Round(window_steps=20, whole_steps=20, learning_rate=5e-3)


SHORT = Round(window_steps=2, whole_steps=2, learning_rate=5e-3)


def fit(
    kind: str,
    drawn: Pairs,
    *rounds: Round,
    seed: int = 0,
    towers: Towers | None = None,
    **changes: object,
) -> tuple[list[dict], Towers]:
    small = {"batch": 24, "warmup": 5, "check_every": 10, "check_pictures": 30, "half": False}
    recipe = Recipe(rounds=rounds, **{"window": 2, **small, **changes})
    towers = towers or build_towers(tower_config(kind, 4 if kind == "vit" else 2), seed=seed)
    history: list[dict] = []
    train(
        towers,
        drawn,
        drawn,
        recipe,
        mean=torch.full((3,), 0.5),
        std=torch.full((3,), 0.25),
        tokenizer=demo_tokenizer(),
        seed=seed,
        checkpoint=history.append,
    )
    assert not towers.training
    return history, towers


def test_training_lowers_the_loss_in_both_phases_and_repeats(drawn):
    history, towers = fit("vit", drawn, LONG, mimetic=True)
    assert [(state["step"], state["input"]) for state in history] == [
        (10, "windows"),
        (20, "windows"),
        (30, "pictures"),
        (40, "pictures"),
    ]
    assert history[1]["loss"] < history[0]["loss"] - 0.3
    assert history[3]["loss"] < history[2]["loss"]
    assert set(history[0]["accuracy"]) == set(CHOICES)
    again, same = fit("vit", drawn, LONG, mimetic=True)
    assert [state["loss"] for state in again] == [state["loss"] for state in history]
    for name, value in towers.state_dict().items():
        assert torch.equal(value, same.state_dict()[name]), name
    _, other = fit("vit", drawn, SHORT, seed=1, mimetic=True)
    assert not torch.equal(other.visual.proj, towers.visual.proj)


def test_a_round_goes_on_from_the_weights_of_the_one_before(drawn):
    stopped = dataclasses.replace(SHORT, stop_after=3)
    second = dataclasses.replace(SHORT, learning_rate=1e-3, plain_attention=True)
    rounds = stopped, dataclasses.replace(second, seed_offset=1)
    history, both = fit("vit", drawn, *rounds, mimetic=True, check_every=2, half=True)
    assert [(state["round"], state["step"], state["input"]) for state in history] == [
        (1, 2, "windows"),
        (1, 3, "pictures"),
        (2, 2, "windows"),
        (2, 4, "pictures"),
    ]
    assert all(one["seconds"] <= two["seconds"] for one, two in pairwise(history))
    _, towers = fit("vit", drawn, stopped, mimetic=True, check_every=2, half=True)
    fit("vit", drawn, second, seed=1, towers=towers, check_every=2, half=True)
    for name, value in both.state_dict().items():
        assert torch.equal(value, towers.state_dict()[name]), name


def test_a_resnet_trains_in_bfloat16(drawn):
    history, towers = fit("rn", drawn, SHORT, half=True, window=1)
    assert math.isfinite(history[-1]["loss"])
    assert {parameter.dtype for parameter in towers.parameters()} == {torch.float32}


def test_training_needs_a_batch_of_pictures(drawn):
    with pytest.raises(ValueError, match="48 pictures are fewer than a batch of 49"):
        fit("vit", drawn, SHORT, batch=49)


def test_the_command_draws_trains_probes_and_tells(tmp_path: Path, capsys):
    threads = torch.get_num_threads()
    command = ["--encoder", "demo-vit", "--out", str(tmp_path / "out"), "--seed", "5"]
    command += ["--work", str(tmp_path / "work"), "--pictures", "8", "--batch", "8"]
    command += ["--probe-pictures", "30", "--steps", "1", "1"]
    try:
        assert main(command) == 0
    finally:
        torch.set_num_threads(threads)
    out = tmp_path / "out"
    assert sorted(entry.name for entry in out.iterdir()) == [
        "MODEL_CARD.md",
        "demo-vit.report.json",
        "demo-vit.safetensors",
    ]
    towers, card = load_encoder(out / "demo-vit.safetensors")
    assert towers.config == load_config("demo-vit")
    assert card.training["finished"] is True
    assert [state["step"] for state in card.training["history"]] == [2]
    assert set(card.probes) == {"independent", "as in the catalogue"}
    report = json.loads((out / "demo-vit.report.json").read_text(encoding="utf-8"))
    assert report["probes"] == card.probes
    text = (out / "MODEL_CARD.md").read_text(encoding="utf-8")
    assert (
        "--encoder demo-vit --out DIR --work DIR --seed 5 --pictures 8 --steps 1 1 --batch 8"
        in text
    )
    assert "min left" in capsys.readouterr().out


def test_the_card_tells_the_rounds_and_the_command_that_repeats_them():
    card = read_card(weights_path("demo-rn"))

    def told(name: str, **changes: object) -> tuple[str, str]:
        options = {"encoders": (name,), "out": Path(), "work": Path(), **changes}
        recipe = Options(**options).recipe(name)
        training = training_record(recipe, seed=7, pictures=40_000, threads=1)
        training["history"] = [{"seconds": 1.0}]
        training = json.loads(json.dumps(training))
        one = dataclasses.replace(card, name=name, config=load_config(name), training=training)
        return command(one).partition(" --seed 7")[2], model_card([one])

    options, text = told("demo-vit")
    assert options == ""
    assert (
        "| round 1 | 1,750 steps on windows, 0 on whole pictures; learning rate up to 0.001; seed 7"
        in text
    )
    assert "Round 1 of demo-vit was stopped after 1,750 of the 2,300 steps" in text
    assert (
        "| round 2 | 600 steps on windows, 300 on whole pictures; learning rate up to 0.0007; "
        "seed 8; plain attention |" in text
    )
    options, text = told("demo-rn")
    assert options == ""
    assert "round 2" not in text
    assert "stopped" not in text
    assert told("demo-vit", learning_rate=0.01)[0] == " --learning-rate 0.01"
    assert told("demo-vit", steps=(2000, 300))[0] == " --steps 2000 300"
    assert told("demo-rn", steps=(5, 1), batch=9)[0] == " --steps 5 1 --batch 9"
    assert told("demo-rn", steps=(1000, 300))[0] == ""


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--pictures", "3"], "--pictures must be at least a batch, 128"),
        (["--steps", "0", "0"], "no steps"),
        (["--threads", "0"], "--threads must be at least 1"),
    ],
)
def test_nonsense_is_refused_in_one_line(words, message, tmp_path: Path, capsys):
    assert main(["--out", str(tmp_path / "out"), "--work", str(tmp_path / "work"), *words]) == 2
    assert message in capsys.readouterr().err
    assert not (tmp_path / "out").exists()
