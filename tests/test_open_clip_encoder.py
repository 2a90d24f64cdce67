"""Encoders of open_clip: its own loading, files, tokenizers. Small random weights."""

from __future__ import annotations

import json
import logging
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import save_file

from becam import InputError
from becam.activations import activations
from becam.encoders.base import Encoder
from becam.encoders.registry import load_encoder
from tests.small import noise_picture
from tests.tiny_towers import CONFIGS, TEXT, add_models, build, write

pytest.importorskip("open_clip")


@pytest.fixture(autouse=True)
def _small_models(monkeypatch: pytest.MonkeyPatch) -> None:
    add_models(monkeypatch)


def load(name: str, **options: Any) -> Encoder:
    return load_encoder(name, device="cpu", **options)


def refused(name: str) -> str:
    with pytest.raises(InputError) as caught:
        load(name)
    assert "\n" not in str(caught.value)
    return str(caught.value)


@pytest.mark.parametrize(
    ("model", "layer", "grid"),
    [
        ("tiny-vit", "transformer.resblocks.1", (8, 8)),
        ("tiny-vit-14", "transformer.resblocks.1", (4, 4)),
        ("tiny-rn", "layer4.1.act3", (4, 4)),
        ("tiny-timm", "trunk.blocks.4", (10, 10)),
        ("tiny-convnext", "trunk.stages.3", (5, 5)),
    ],
)
def test_a_file_loads_into_every_kind_of_tower(
    model: str, layer: str, grid: tuple[int, int], tmp_path: Path
) -> None:
    reference = build(model)
    encoder = load(f"clip:{model}@{write(reference, tmp_path / 'w.safetensors')}")
    assert encoder.name == f"clip:{model}@w.safetensors"
    found = encoder.layer()
    assert (found.name, found.grid) == (layer, grid)
    pictures = torch.stack([encoder.preprocess(noise_picture(90, 70, seed)) for seed in (0, 1)])
    content, channels = activations(encoder, pictures, found)
    assert channels.shape[2:] == grid
    size = reference.visual.image_size
    full = torch.zeros(2, 3, *((size, size) if isinstance(size, int) else size))
    full[:, :, : pictures.shape[2], : pictures.shape[3]] = pictures
    with torch.no_grad():
        torch.testing.assert_close(content, reference.encode_image(full))
        intermediate = reference.visual.forward_intermediates(full, indices=None, stop_early=False)
        own = intermediate["image_intermediates"]
        expected = own[-2] if "blocks" in layer else own[-1]
        torch.testing.assert_close(channels, expected.float())
    tokens = encoder.encode_texts(["a red shoe", "word " * 50])
    assert tokens.shape == content.shape == (2, encoder.feature_dim)


def test_pixels_outside_the_patches_are_no_part_of_the_input(tmp_path: Path) -> None:
    encoder = load(f"clip:tiny-vit-14@{write(build('tiny-vit-14'), tmp_path / 'w')}")
    assert encoder.input_size == (56, 56)  # 4 x 4 patches of 14 in 64 x 64
    picture = noise_picture(64, 64)
    assert encoder.preprocess(picture).shape == (3, 56, 56)
    assert encoder.geometry(picture.size).box == (0, 0, 56, 56)


def test_checkpoints_wrappers_and_half_precision_give_the_same(tmp_path: Path) -> None:
    reference = build("tiny-vit").half().float()
    plain = load(f"clip:tiny-vit@{write(reference, tmp_path / 'a.safetensors')}")
    state = {f"module.{k}": v.half() for k, v in reference.state_dict().items()}
    torch.save({"state_dict": state, "epoch": 1}, tmp_path / "b.pt")
    wrapped = load(f"clip:tiny-vit@{tmp_path / 'b.pt'}")
    assert plain.weights_hash == wrapped.weights_hash
    other = build("tiny-vit")
    other.visual.proj.data[0, 0] += 1e-3
    changed = load(f"clip:tiny-vit@{write(other, tmp_path / 'c')}")
    assert changed.weights_hash != plain.weights_hash


def test_lower_precision_stays_close(tmp_path: Path) -> None:
    for model in ("tiny-vit", "tiny-rn", "tiny-timm", "tiny-convnext"):
        name = f"clip:{model}@{write(build(model), tmp_path / model)}"
        whole = load(name)
        picture = whole.preprocess(noise_picture(64, 64))[None]
        expected, _ = activations(whole, picture, whole.layer())
        for dtype in ("bfloat16", "float16"):
            half = load(name, dtype=dtype)
            found, _ = activations(half, picture.to(half.dtype), half.layer())
            assert torch.nn.functional.cosine_similarity(found, expected).item() > 0.99
            assert half.weights_hash == whole.weights_hash


def serve(monkeypatch: pytest.MonkeyPatch, files: dict[str, Path]) -> None:
    """Put files in place of downloads from the hub."""
    from open_clip import pretrained

    monkeypatch.setattr("becam.encoders.open_clip_encoder.why_unreachable", lambda _: None)

    def download(repo_id: str, filename: str, **_: Any) -> str:
        if f"{repo_id}/{filename}" not in files:
            raise OSError("Cannot reach https://huggingface.co. Please check your connection.")
        return str(files[f"{repo_id}/{filename}"])

    monkeypatch.setattr(pretrained, "hf_hub_download", download)


def tag(monkeypatch: pytest.MonkeyPatch, **settings: Any) -> None:
    """Give tiny-vit a pretrained tag whose weights are on the hub."""
    from open_clip import pretrained

    about = pretrained._pcfg(hf_hub="org/tiny/", **settings)
    monkeypatch.setitem(pretrained._PRETRAINED, "tiny-vit", {"openai": about})


def test_tags_are_loaded_by_open_clip_with_their_activation_and_preprocessing(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    reference = build("tiny-vit", quick_gelu=True)
    file = write(reference, tmp_path / "w.safetensors")
    tag(monkeypatch, quick_gelu=True, mean=(0.5, 0.4, 0.3), resize_mode="squash")
    serve(monkeypatch, {"org/tiny/open_clip_model.safetensors": file})
    encoder = load("clip:tiny-vit/openai")
    assert encoder.name == "clip:tiny-vit/openai"
    assert encoder.preprocessing["resize"] == "squash"
    assert encoder.preprocessing["mean"] == [0.5, 0.4, 0.3]
    picture = encoder.preprocess(noise_picture(40, 90))[None]
    with torch.no_grad():
        torch.testing.assert_close(
            encoder.encode_pictures(picture), reference.encode_image(picture)
        )
    plain = load(f"clip:tiny-vit@{file}")
    assert plain.weights_hash != encoder.weights_hash  # another activation: other features
    assert plain.preprocessing == encoder.preprocessing  # all of the model's tags agree on it


def test_models_of_the_hub_bring_their_own_description(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    model = {"embed_dim": 12, "vision_cfg": CONFIGS["tiny-vit"], "text_cfg": TEXT}
    settings = {"interpolation": "bilinear", "resize_mode": "longest", "fill_color": 127}
    config = tmp_path / "config.json"
    config.write_text(json.dumps({"model_cfg": model, "preprocess_cfg": settings}))
    files = {
        "org/tiny/open_clip_config.json": config,
        "org/tiny/open_clip_model.safetensors": write(
            build("tiny-vit"), tmp_path / "w.safetensors"
        ),
    }
    serve(monkeypatch, files)
    encoder = load("clip:hf-hub:org/tiny")
    assert encoder.name == "hf-hub:org/tiny"
    about = encoder.preprocessing
    assert (about["resampling"], about["resize"], about["fill"]) == ("bilinear", "longest", 127)
    assert encoder.encode_texts(["x"]).shape == (1, 12)
    del files["org/tiny/open_clip_model.safetensors"]
    assert "hf-hub:org/tiny" in refused("hf-hub:org/tiny")  # never random weights


def test_no_network_is_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    tag(monkeypatch, quick_gelu=True)
    serve(monkeypatch, {})
    handlers = list(logging.getLogger().handlers)
    said = refused("clip:tiny-vit/openai")
    assert said.startswith("encoder 'clip:tiny-vit/openai': the weights (org/tiny) could not be")
    assert "downloaded (Cannot reach https://huggingface.co)" in said
    assert said.endswith("with a file of them: clip:tiny-vit-quickgelu@FILE")
    assert "could not be downloaded" in refused("hf-hub:org/tiny")
    assert logging.getLogger().handlers == handlers


def test_unknown_tags_name_the_nearest() -> None:
    assert "did you mean openai" in refused("clip:ViT-B-32/opanai")
    said = refused("clip:tiny-rn/openai")
    assert "open_clip has no pretrained weights of tiny-rn; expected a file" in said


def test_files_that_do_not_fit_are_refused(tmp_path: Path) -> None:
    vit = write(build("tiny-vit"), tmp_path / "vit")
    said = refused(f"clip:tiny-vit-14@{vit}")
    assert "are not those of tiny-vit-14: tensor 'visual.positional_embedding' is (65, 32)" in said
    assert "expected (17, 32)" in said
    said = refused(f"clip:tiny-rn@{vit}")
    assert "tensor 'visual.conv1.weight' is (32, 3, 8, 8), expected (4, 3, 3, 3)" in said
    state = build("tiny-vit").state_dict()
    state["visual.ln_post.weight"] = torch.full_like(state["visual.ln_post.weight"], torch.nan)
    save_file(state, tmp_path / "nan")
    assert "have NaN in tensor 'visual.ln_post.weight'" in refused(
        f"clip:tiny-vit@{tmp_path / 'nan'}"
    )


def test_the_architecture_that_would_fit_is_named(tmp_path: Path) -> None:
    state = {
        "visual.conv1.weight": torch.zeros(768, 3, 16, 16),
        "visual.positional_embedding": torch.zeros(197, 768),
        "token_embedding.weight": torch.zeros(49408, 512, dtype=torch.uint8),
    }
    state |= {f"visual.transformer.resblocks.{i}.ln_1.weight": torch.zeros(1) for i in range(12)}
    save_file(state, tmp_path / "w")
    assert "; its sizes are those of ViT-B-16, ViT-B-16-quickgelu" in refused(
        f"clip:tiny-vit@{tmp_path / 'w'}"
    )


def test_a_tokenizer_that_can_not_be_had_stops_texts_alone(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    import open_clip

    def missing(_name: str) -> None:
        raise ImportError("No module named 'transformers'")

    monkeypatch.setattr(open_clip, "get_tokenizer", missing)
    encoder = load(f"clip:tiny-vit@{write(build('tiny-vit'), tmp_path / 'w')}")
    assert encoder.encode_pictures(encoder.preprocess(noise_picture())[None]).shape == (1, 12)
    with pytest.raises(InputError, match=r"can't be loaded \(No module named 'transformers'\)"):
        encoder.encode_texts(["x"])


def test_layers_by_name_and_what_is_refused(tmp_path: Path) -> None:
    encoder = load(f"clip:tiny-convnext@{write(build('tiny-convnext'), tmp_path / 'w')}")
    assert encoder.layer("trunk.stages.1").grid == (20, 20)
    inner = encoder.layer("trunk.stages.1.blocks.0.mlp.fc1")  # (B, h, w, N)
    _, channels = activations(encoder, torch.randn(2, 3, *encoder.input_size), inner)
    assert channels.shape == (2, 128, 20, 20)
    for name, said in {
        "trunk.stages.9": "did you mean trunk.stages",
        "head": "gives no spatial map",
        "head.proj": "gives no spatial map",
    }.items():
        with pytest.raises(InputError, match=said):
            encoder.layer(name)
