"""The training of the demo encoders: forward passes, losses, schedule, the whole run."""

from __future__ import annotations

import dataclasses
import json
import math
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
import torch

from becam.encoders.demo.config import TowerConfig, load_config
from becam.encoders.demo.tokenizer import demo_tokenizer
from becam.encoders.demo.towers import Towers, build_towers
from becam.encoders.demo.training.__main__ import main
from becam.encoders.demo.training.augment import AugmentConfig, random_masks, recoloured
from becam.encoders.demo.training.card import command, model_card
from becam.encoders.demo.training.forward import encode_short_texts, encode_windows
from becam.encoders.demo.training.initialise import mimetic_initialise, sinusoids
from becam.encoders.demo.training.objective import attribute_loss, caption_loss
from becam.encoders.demo.training.pairs import (
    CHOICES,
    Pairs,
    PairsConfig,
    draw_pairs,
)
from becam.encoders.demo.training.recipe import RECIPES, Recipe, Round
from becam.encoders.demo.training.run import Options, training_record
from becam.encoders.demo.training.train import pixel_statistics, train
from becam.encoders.demo.training.windows import Windows
from becam.encoders.demo.weights import load_encoder, read_card, weights_path
from recsys.data.demo.vocabulary import CATEGORIES

TEXT = {"context_length": 32, "vocab_size": 172, "width": 16, "heads": 2, "layers": 1}


def tower_config(kind: str, grid: int) -> TowerConfig:
    vision = {
        "vit": {"image_size": 8 * grid, "patch_size": 8, "width": 16, "layers": 2, "head_width": 8},
        "rn": {"image_size": 32 * grid, "width": 4, "layers": [1, 1, 1, 1], "head_width": 64},
    }[kind]
    return TowerConfig.from_json({"embed_dim": 8, "vision_cfg": vision, "text_cfg": TEXT})


def small_towers(kind: str, grid: int) -> Towers:
    """Towers in which nothing is zero, so that no difference hides."""
    towers = build_towers(tower_config(kind, grid)).eval()
    generator = torch.Generator().manual_seed(0)
    for parameter in towers.parameters():
        torch.nn.init.normal_(parameter, std=0.3, generator=generator)
    return towers


def seeded(seed: int = 0) -> np.random.Generator:
    return np.random.default_rng(seed)


# --- forward passes on parts


@pytest.mark.parametrize(("kind", "plain"), [("vit", False), ("vit", True), ("rn", False)])
def test_a_window_that_is_the_picture_is_the_towers_own_forward(kind, plain):
    towers = small_towers(kind, 3)
    size = towers.config.vision.image_size
    pixels = torch.randn(2, 3, size, size, generator=torch.Generator().manual_seed(1))
    with torch.inference_mode():
        ours = encode_windows(towers, pixels, Windows.whole(2, towers.config.vision), plain=plain)
        torch.testing.assert_close(ours, towers.encode_pictures(pixels), rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("kind", ["vit", "rn"])
def test_a_window_is_a_smaller_tower_with_the_windows_positions(kind):
    towers, smaller = small_towers(kind, 3), small_towers(kind, 2)
    cells = {"vit": "visual.", "rn": "visual.attnpool."}[kind] + "positional_embedding"
    state = towers.state_dict()
    # Cells of the window at row 1, column 0 of a 3 x 3 grid; the summary's position comes first.
    state[cells] = state[cells][[0, 1 + 3, 1 + 4, 1 + 6, 1 + 7]]
    smaller.load_state_dict(state)
    side = smaller.config.vision.image_size
    pixels = torch.randn(2, 3, side, side, generator=torch.Generator().manual_seed(1))
    windows = Windows(np.array([1, 1]), np.array([0, 0]), 2)
    with torch.inference_mode():
        ours = encode_windows(towers, pixels, windows)
        torch.testing.assert_close(ours, smaller.encode_pictures(pixels))
        elsewhere = encode_windows(towers, pixels, Windows(np.array([0, 1]), np.array([1, 0]), 2))
    assert not torch.allclose(ours[0], elsewhere[0])
    torch.testing.assert_close(ours[1], elsewhere[1])


@pytest.mark.parametrize("plain", [False, True])
def test_short_texts_are_encoded_as_padded_ones(plain):
    towers = small_towers("vit", 2)
    tokens = torch.from_numpy(demo_tokenizer()(["a red mug", "hat", "a photo of a cup"], 32))
    with torch.inference_mode():
        ours = encode_short_texts(towers, tokens, plain=plain)
        torch.testing.assert_close(ours, towers.encode_texts(tokens), rtol=1e-5, atol=1e-5)


def test_plain_attention_has_the_gradients_of_the_towers_own():
    towers = small_towers("vit", 2)
    pixels = torch.randn(2, 3, 16, 16, generator=torch.Generator().manual_seed(1))
    tokens = torch.from_numpy(demo_tokenizer()(["a red mug", "hat"], 32))
    whole = Windows.whole(2, towers.config.vision)

    def gradients(plain: bool) -> list[torch.Tensor]:
        towers.zero_grad()
        pictures = encode_windows(towers, pixels, whole, plain=plain)
        (pictures * encode_short_texts(towers, tokens, plain=plain)).sum().backward()
        return [p.grad.clone() for p in towers.parameters() if p.grad is not None]

    own, ours = gradients(False), gradients(True)
    assert len(own) == len(list(towers.parameters())) - 1  # all but the temperature
    torch.testing.assert_close(ours, own, rtol=1e-4, atol=1e-4)


# --- initialisation


def test_mimetic_attention_looks_at_its_like_and_subtracts_values():
    config = TowerConfig.from_json(
        {
            "embed_dim": 8,
            "vision_cfg": {
                "image_size": 48,
                "patch_size": 12,
                "width": 96,
                "layers": 2,
                "head_width": 16,
            },
            "text_cfg": TEXT,
        }
    )
    towers, again = build_towers(config), build_towers(config)
    torch.manual_seed(3)
    expected = torch.rand(1)
    torch.manual_seed(3)
    mimetic_initialise(towers, seed=1)
    assert torch.equal(torch.rand(1), expected)  # the global generator is left alone
    mimetic_initialise(again, seed=1)
    blocks = towers.visual.transformer.resblocks
    for block, same in zip(blocks, again.visual.transformer.resblocks, strict=True):
        queries, keys, values = block.attn.in_proj_weight.split(96)
        assert torch.equal(block.attn.in_proj_weight, same.attn.in_proj_weight)
        product = block.attn.out_proj.weight @ values
        assert product.diagonal().mean().item() == pytest.approx(-0.4, abs=0.02)
        off = product - product.diagonal().diag()
        assert off.std().item() == pytest.approx(0.4 / 96**0.5, rel=0.1)
        for head in range(6):
            at = slice(16 * head, 16 * head + 16)
            scores = queries[at].T @ keys[at]
            # 16 of 96 directions survive, so the diagonal is smaller than 0.7, but stands out.
            assert scores.diagonal().mean() > 5 * (scores - scores.diagonal().diag()).mean().abs()
            assert 0.1 < scores.diagonal().mean() < 0.7
    assert not torch.equal(blocks[0].attn.in_proj_weight, blocks[1].attn.in_proj_weight)
    with pytest.raises(ValueError, match="ResNet"):
        mimetic_initialise(build_towers(tower_config("rn", 1)), seed=1)


def test_sinusoids_tell_rows_from_columns_and_near_from_far():
    table = sinusoids(12, 96)
    assert len({tuple(row.tolist()) for row in table}) == 144
    places = table.view(12, 12, 96)
    assert torch.equal(places[3, :, :48], places[3, :1, :48].expand(12, -1))
    assert torch.equal(places[:, 4, 48:], places[:1, 4, 48:].expand(12, -1))
    close = torch.cosine_similarity(places[5, 5], places[5, 6], dim=0)
    assert close > torch.cosine_similarity(places[5, 5], places[5, 10], dim=0)


# --- losses and augmentation


def test_caption_loss_takes_doubles_for_no_negatives():
    logits = torch.zeros(3, 3)
    assert caption_loss(logits, torch.tensor([[0], [1], [2]])).item() == pytest.approx(math.log(3))
    # The first two show the same: each of them has one negative left, the third has two.
    two_same = caption_loss(logits, torch.tensor([[0], [0], [2]])).item()
    assert two_same == pytest.approx((2 * math.log(2) + math.log(3)) / 3)
    assert caption_loss(logits, torch.zeros(3, 1)).item() == 0.0
    skewed = torch.tensor([[4.0, 0.0], [4.0, 4.0]])
    own = math.log(1 + math.exp(-4))
    by_picture, by_caption = (own + math.log(2)) / 2, (math.log(2) + own) / 2
    assert caption_loss(skewed, torch.tensor([[0], [1]])).item() == pytest.approx(
        (by_picture + by_caption) / 2
    )


def test_attribute_loss_compares_within_an_attribute():
    weights = dict.fromkeys(CHOICES, 0.0)
    attributes = torch.tensor([[2, 1, 3, 9]])
    logits = torch.zeros(1, sum(map(len, CHOICES.values())))
    by_chance = attribute_loss(logits, attributes, {**weights, "pattern": 2.0}).item()
    assert by_chance == pytest.approx(2 * math.log(4))
    logits[0, len(CATEGORIES) + 1] = 60.0  # its colour
    logits[0, 0] = 60.0  # another category
    assert attribute_loss(logits, attributes, {**weights, "colour": 1.0}).item() < 1e-6
    wrong = attribute_loss(logits, attributes, {**weights, "category": 1.0}).item()
    assert wrong == pytest.approx(60.0)


def test_masks_and_colours_stay_in_range_and_follow_the_generator():
    pictures = torch.randn(40, 3, 24, 24, generator=torch.Generator().manual_seed(0))
    config = AugmentConfig(erased=0.1)
    masks = random_masks(pictures, config, torch.Generator().manual_seed(1))
    assert masks.shape == (40, 1, 24, 24)
    assert masks.min() >= 0
    assert masks.max() <= 1
    assert (masks == 1).all((1, 2, 3)).sum() == 40 - 10 - 4
    one, two, three = (
        recoloured(pictures, config, torch.Generator().manual_seed(seed)) for seed in (1, 1, 2)
    )
    assert torch.equal(one, two)
    assert not torch.equal(one, three)
    assert torch.corrcoef(torch.stack([one[0].flatten(), pictures[0].flatten()]))[0, 1] > 0.98
    still = AugmentConfig(brightness=0, contrast=0, saturation=0)
    same = recoloured(pictures, still, torch.Generator().manual_seed(1))
    torch.testing.assert_close(same, pictures)


def test_pixel_statistics():
    pictures = seeded().integers(0, 256, (130, 4, 4, 3)).astype(np.uint8)
    mean, std = pixel_statistics(pictures)
    values = pictures.reshape(-1, 3) / 255.0
    torch.testing.assert_close(mean, torch.tensor(values.mean(0), dtype=torch.float32))
    torch.testing.assert_close(std, torch.tensor(values.std(0), dtype=torch.float32))


# --- recipe and training


def test_schedule_warms_up_and_ends_near_zero():
    one = Round(window_steps=150, whole_steps=50, learning_rate=1.0)
    stopped = dataclasses.replace(one, stop_after=160)
    assert (one.steps, stopped.steps) == (200, 160)
    recipe = Recipe(rounds=(stopped, one), window=2, warmup=10)
    for each in recipe.rounds:  # a round that is stopped has the schedule of the whole
        assert recipe.rate(each, 0) == pytest.approx(0.1)
        assert recipe.rate(each, 100) == pytest.approx(0.5)
    assert recipe.rate(one, 199) < 1e-3
    vision = tower_config("vit", 4).vision
    work = 150 * 4 + 10 * 16, 150 * 4 + 50 * 16
    assert recipe.done(1, 150, vision) == pytest.approx(150 * 4 / sum(work))
    assert recipe.done(1, 160, vision) == pytest.approx(work[0] / sum(work))
    assert recipe.done(2, 1, vision) == pytest.approx((work[0] + 4) / sum(work))
    assert recipe.done(2, 200, vision) == 1.0


def test_recipes_fit_their_encoders_and_nonsense_is_refused():
    for name, recipe in RECIPES.items():
        vision = load_config(name).vision
        assert 1 <= recipe.window < vision.grid
        assert vision.grid * vision.cell == vision.image_size
        plain = any(one.plain_attention for one in recipe.rounds)
        assert not ((recipe.mimetic or plain) and vision.patch_size is None)
        offsets = [one.seed_offset for one in recipe.rounds]
        assert len(set(offsets)) == len(offsets)  # no round repeats another's batches
    with pytest.raises(ValueError, match="no steps"):
        Round(window_steps=0, whole_steps=0, learning_rate=1.0)
    with pytest.raises(ValueError, match=r"stop_after must be within 1\.\.4, got 5"):
        Round(window_steps=3, whole_steps=2, learning_rate=1.0, stop_after=5)
    with pytest.raises(ValueError, match="no rounds"):
        Recipe(rounds=(), window=2)
    with pytest.raises(ValueError, match="attribute_weights"):
        dataclasses.replace(RECIPES["demo-vit"], attribute_weights={"category": 1.0})


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
    recipe = Recipe(rounds=rounds, **{"window": 2, **small, **changes})  # type: ignore[arg-type]
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


# --- the whole run


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
        recipe = Options(**options).recipe(name)  # type: ignore[arg-type]
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
