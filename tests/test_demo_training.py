"""The training of the demo encoders: forward passes, losses, schedule."""

from __future__ import annotations

import dataclasses
import math

import numpy as np
import pytest
import torch

from becam.encoders.demo.config import TowerConfig, load_config
from becam.encoders.demo.tokenizer import demo_tokenizer
from becam.encoders.demo.towers import build_towers
from becam.encoders.demo.training.augment import AugmentConfig, random_masks, recoloured
from becam.encoders.demo.training.forward import encode_short_texts, encode_windows
from becam.encoders.demo.training.initialise import mimetic_initialise, sinusoids
from becam.encoders.demo.training.objective import attribute_loss, caption_loss
from becam.encoders.demo.training.pairs import (
    CHOICES,
)
from becam.encoders.demo.training.recipe import RECIPES, Recipe, Round
from becam.encoders.demo.training.train import pixel_statistics
from becam.encoders.demo.training.windows import Windows
from recsys.data.demo.vocabulary import CATEGORIES
from tests.tiny_demo_towers import TEXT, small_towers, tower_config


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
