"""The demo encoders: towers, tokenizer, files, and what the bundled ones know."""

from __future__ import annotations

import dataclasses
import json
import subprocess
import sys
import textwrap
from pathlib import Path

import cv2
import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from becam.encoders.demo import NAMES, load_demo_encoder
from becam.encoders.demo.config import TowerConfig, config_path, load_config
from becam.encoders.demo.tokenizer import PAD, START, Tokenizer, demo_tokenizer, single_words
from becam.encoders.demo.towers import build_towers
from becam.encoders.demo.training.card import model_card
from becam.encoders.demo.training.pairs import attribute_ids
from becam.encoders.demo.training.probes import REQUIRED, linear_probes, retrieval
from becam.encoders.demo.training.recipe import RECIPES
from becam.encoders.demo.weights import (
    EncoderCard,
    load_encoder,
    read_card,
    save_encoder,
    weights_path,
)
from recsys.data.demo import draw_picture, sample_attributes
from recsys.data.demo.captions import vocabulary
from recsys.errors import InputError

SMALL = TowerConfig.from_json(
    {
        "embed_dim": 8,
        "vision_cfg": {
            "image_size": 32,
            "patch_size": 8,
            "width": 16,
            "layers": 2,
            "head_width": 8,
        },
        "text_cfg": {"context_length": 32, "vocab_size": 172, "width": 16, "heads": 2, "layers": 1},
    }
)


def small_card(name: str = "demo-vit") -> EncoderCard:
    tokenizer = demo_tokenizer()
    return EncoderCard(
        name=name,
        config=SMALL.with_vocabulary(tokenizer.vocab_size),
        words=tokenizer.words,
        buckets=tokenizer.buckets,
        mean=(0.5, 0.4, 0.3),
        std=(0.2, 0.2, 0.3),
        training={"seed": 3},
    )


# --- open_clip's classes


def run_python(code: str) -> str:
    done = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(code)], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_towers_load_without_open_clip_and_torchvision():
    out = run_python("""
        import sys
        from becam.encoders.open_clip_classes import tower_classes
        classes = tower_classes()
        for name in ("torchvision", "torchvision.ops.misc", "torch._dynamo", "open_clip", "timm"):
            assert name not in sys.modules, name
        print(classes.VisionTransformer.__module__)
    """)
    assert out.strip() == "becam.encoders._open_clip.transformer"


def test_everything_else_still_works_after_the_deferred_import():
    run_python("""
        import torch
        from becam.encoders.open_clip_classes import tower_classes
        first = tower_classes()
        from becam.encoders._open_clip.utils import FrozenBatchNorm2d, freeze_batch_norm_2d
        layer = FrozenBatchNorm2d(3, eps=0.5)
        import torchvision
        assert type(layer) is torchvision.ops.misc.FrozenBatchNorm2d and layer.eps == 0.5
        frozen = freeze_batch_norm_2d(torch.nn.Sequential(torch.nn.BatchNorm2d(3)))
        assert type(frozen[0]) is torchvision.ops.misc.FrozenBatchNorm2d
        import open_clip
        assert open_clip.transformer.VisionTransformer is not first.VisionTransformer
        assert open_clip.utils.FrozenBatchNorm2d is torchvision.ops.misc.FrozenBatchNorm2d
        assert tower_classes() is first
    """)


def test_the_stand_in_is_always_taken_away():
    run_python("""
        import sys
        from becam.encoders.open_clip_classes import torchvision_deferred
        try:
            with torchvision_deferred():
                raise KeyError
        except KeyError:
            pass
        import torchvision.ops.misc
        assert sys.modules["torchvision.ops.misc"].__file__
        with torchvision_deferred():
            assert sys.modules["torchvision.ops.misc"].__file__
    """)


@pytest.mark.parametrize("name", NAMES)
def test_same_model_as_open_clip_makes(name):
    import open_clip

    open_clip.add_model_config(config_path(name))
    theirs = open_clip.create_model(name).eval()
    ours = build_towers(load_config(name), seed=1)
    for parameter in ours.parameters():  # layers that start at zero would hide a difference
        torch.nn.init.normal_(parameter, std=0.05)
    ours.eval()
    theirs.load_state_dict(ours.open_clip_state())
    size = load_config(name).vision.image_size
    pictures = torch.randn(2, 3, size, size, generator=torch.Generator().manual_seed(0))
    tokens = torch.from_numpy(demo_tokenizer()(["a red mug", "striped hat"], 32))
    with torch.inference_mode():
        torch.testing.assert_close(ours.encode_pictures(pictures), theirs.encode_image(pictures))
        torch.testing.assert_close(ours.encode_texts(tokens), theirs.encode_text(tokens))
    again = build_towers(load_config(name), seed=2)
    again.load_open_clip_state(theirs.state_dict())
    assert torch.equal(again.visual.conv1.weight, ours.visual.conv1.weight)


# --- config


@pytest.mark.parametrize("name", NAMES)
def test_config_survives_json_and_fits_the_words(name):
    config = load_config(name)
    assert TowerConfig.from_json(json.loads(json.dumps(config.to_json()))) == config
    assert config.text.vocab_size == demo_tokenizer().vocab_size


@pytest.mark.parametrize(
    "change",
    [
        {"embed_dim": None, "extra": 1},
        {"vision_cfg": {"image_size": 32}},
        {"vision_cfg": {"image_size": 32, "width": 8, "layers": 2}},
        {"text_cfg": {"timm": 1}},
    ],
)
def test_wrong_configs_are_refused(change):
    with pytest.raises(ValueError, match=r"expected|unknown|missing|patch_size"):
        TowerConfig.from_json(SMALL.to_json() | change)


def test_unknown_names_are_input_errors():
    with pytest.raises(InputError, match="demo-vit"):
        load_config("demo-vti")
    with pytest.raises(InputError, match="demo-rn"):
        weights_path("../demo-rn")


def test_building_leaves_the_global_generator_alone():
    torch.manual_seed(5)
    expected = torch.rand(3)
    torch.manual_seed(5)
    first = build_towers(SMALL, seed=1)
    assert torch.equal(torch.rand(3), expected)
    second, third = build_towers(SMALL, seed=1), build_towers(SMALL, seed=2)
    assert torch.equal(first.visual.conv1.weight, second.visual.conv1.weight)
    assert not torch.equal(first.visual.conv1.weight, third.visual.conv1.weight)


# --- tokenizer


def test_frozen_words_cover_every_caption():
    assert set(single_words(vocabulary())) <= set(demo_tokenizer().words)


@settings(max_examples=60, deadline=None)
@given(st.text(max_size=300), st.integers(3, 40))
def test_every_text_becomes_tokens_that_end(text, length):
    tokenizer = demo_tokenizer()
    row = tokenizer([text], length)[0]
    assert row.shape == (length,)
    assert row[0] == START
    end = int(row.argmax())
    assert row[end] == tokenizer.end == tokenizer.vocab_size - 1
    assert (row[end + 1 :] == PAD).all()
    assert ((row[1:end] > START) & (row[1:end] < tokenizer.end)).all()


def test_unknown_words_fall_into_fixed_buckets():
    tokenizer = Tokenizer(("red",), buckets=4)
    assert tokenizer.token("red") == 2
    # Fixed values: another hash would scramble every stored feature of a real catalogue.
    assert [tokenizer.token(word) for word in ("teapot", "sofa", "élan")] == [6, 3, 3]
    assert (tokenizer(["RED, red!"], 6) == [[1, 2, 2, 7, 0, 0]]).all()
    with pytest.raises(TypeError):
        tokenizer("red", 6)


@pytest.mark.parametrize("words", [("red", "red"), ("Red",), ("a b",), ("",)])
def test_bad_word_lists_are_refused(words):
    with pytest.raises(ValueError, match="distinct single"):
        Tokenizer(words)


# --- files


def test_saved_encoder_comes_back(tmp_path: Path):
    towers, card = build_towers(small_card().config, seed=1), small_card()
    path = tmp_path / "x.safetensors"
    save_encoder(path, towers, card)
    loaded, read = load_encoder(path)
    assert read == card == read_card(path)
    assert not loaded.training
    assert {p.dtype for p in loaded.parameters()} == {torch.float32}
    assert not any(p.requires_grad for p in loaded.parameters())
    expected = towers.visual.conv1.weight.half().float()
    assert torch.equal(loaded.visual.conv1.weight, expected)
    assert [entry.name for entry in tmp_path.iterdir()] == ["x.safetensors"]


def test_damaged_files_are_named(tmp_path: Path):
    path = tmp_path / "x.safetensors"
    with pytest.raises(InputError, match=r"x\.safetensors"):
        load_encoder(path)
    path.write_bytes(b"")
    with pytest.raises(InputError, match=r"x\.safetensors"):
        load_encoder(path)
    save_encoder(path, build_towers(small_card().config), small_card())
    path.write_bytes(path.read_bytes()[:-100])
    with pytest.raises(InputError, match=r"x\.safetensors"):
        load_encoder(path)
    other = dataclasses.replace(small_card(), config=SMALL.with_vocabulary(9))
    save_encoder(path, build_towers(small_card().config), other)
    with pytest.raises(InputError, match="do not fit"):
        load_encoder(path)


def test_another_schema_is_refused():
    text = small_card().to_json().replace('"schema": 1', '"schema": 2')
    with pytest.raises(ValueError, match="schema version 2"):
        EncoderCard.from_json(text)


# --- the bundled encoders


@pytest.fixture(scope="module")
def unseen() -> tuple[list[Image.Image], np.ndarray]:
    """Pictures of the catalogue's kind, drawn at its size; no encoder has been trained on them."""
    cv2.setNumThreads(1)
    pictures, ids = [], []
    for index in range(600):
        rng = np.random.default_rng([91, index])
        attributes = sample_attributes(rng, correlation=0.6)
        pictures.append(Image.fromarray(draw_picture(attributes, rng).image))
        ids.append(attribute_ids(attributes))
    return pictures, np.array(ids, np.int16)


@pytest.mark.parametrize("name", NAMES)
def test_bundled_encoder_sees_what_its_card_says(name, unseen):
    card = read_card(weights_path(name))
    assert card.training["finished"] is True
    assert card.training["recipe"] == json.loads(json.dumps(dataclasses.asdict(RECIPES[name])))
    assert card.config == load_config(name)
    assert card.words == demo_tokenizer().words
    for results in card.probes.values():
        for attribute, least in REQUIRED.items():
            assert results["linear"][attribute] >= least, attribute
    # Through becam's own loading and preprocessing, and on pictures the card knows nothing of.
    encoder = load_demo_encoder(name, device=torch.device("cpu"), dtype=torch.float32)
    pictures, ids = unseen
    with torch.inference_mode():
        features = torch.cat(
            [
                encoder.encode_pictures(torch.stack([encoder.preprocess(one) for one in part]))
                for part in (pictures[first : first + 50] for first in range(0, 600, 50))
            ]
        )
    measured = linear_probes(features.numpy(), ids)
    for attribute, least in REQUIRED.items():
        # 400 pictures to learn from instead of 3,000, and 200 to test on: three standard errors.
        assert measured[attribute] >= least - 0.05 - 3 * (least * (1 - least) / 200) ** 0.5
    recorded = card.probes["as in the catalogue"]["retrieval"]["recall@1"]  # of more titles
    towers, _ = load_encoder(weights_path(name))
    found = retrieval(towers, features, ids, card.tokenizer)["recall@1"]
    assert found >= recorded - 0.01 - 4 * (recorded * (1 - recorded) / 600) ** 0.5


def test_bundled_encoders_are_small():
    assert sum(weights_path(name).stat().st_size for name in NAMES) <= 8e6


def test_the_model_card_is_that_of_the_bundled_files():
    cards = [read_card(weights_path(name)) for name in NAMES]
    text = weights_path(NAMES[0]).with_name("MODEL_CARD.md").read_text(encoding="utf-8")
    assert text == model_card(cards)
