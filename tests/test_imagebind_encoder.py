"""ImageBind through its real classes, with small random weights."""

from __future__ import annotations

import sys
from pathlib import Path
from types import ModuleType
from typing import Any
from urllib.error import URLError

import pytest
import torch

from becam import InputError
from becam.activations import activations
from becam.encoders import imagebind_classes as classes
from becam.encoders.base import Encoder
from becam.encoders.registry import load_encoder
from becam.progress import Reporter
from tests.small import noise_picture
from tests.tiny_imagebind import SIZES, needs_imagebind, use_small_imagebind, write_imagebind


@pytest.fixture(scope="module")
def weights(tmp_path_factory: pytest.TempPathFactory) -> Path:
    needs_imagebind()
    return write_imagebind(tmp_path_factory.mktemp("imagebind") / "small.pth")


def load(weights: Path, monkeypatch: pytest.MonkeyPatch, **options: Any) -> Encoder:
    use_small_imagebind(monkeypatch)
    return load_encoder(f"imagebind@{weights}", device="cpu", **options)


def test_it_is_the_models_own_forward(weights: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    model = SIZES.build().eval()
    model.load_state_dict(torch.load(weights, weights_only=True))
    encoder = load(weights, monkeypatch)
    assert (encoder.name, encoder.feature_dim) == ("imagebind@small.pth", 24)
    pictures = torch.stack([encoder.preprocess(noise_picture(90, 70, seed)) for seed in (0, 1)])
    layer = encoder.layer()
    assert (layer.name, layer.grid) == ("trunk.blocks.1", (16, 16))
    content, channels = activations(encoder, pictures, layer)
    with torch.no_grad():
        torch.testing.assert_close(content, model({"vision": pictures})["vision"])
        tokens = model.modality_preprocessors["vision"](vision=pictures)["trunk"]["tokens"]
        trunk = model.modality_trunks["vision"]
        tokens = trunk.pre_transformer_layer(tokens)  # (L, B, N)
        for block in trunk.blocks[:2]:
            tokens = block(tokens, attn_mask=None)
    assert channels.shape == (2, 32, 16, 16)
    for row, column in ((0, 0), (3, 11), (15, 15)):
        torch.testing.assert_close(channels[:, :, row, column], tokens[1 + row * 16 + column])
    with pytest.raises(InputError, match="gives no spatial map"):
        encoder.layer("head")


def test_texts_are_the_models_own_but_for_the_temperature(
    weights: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    encoder = load(weights, monkeypatch)
    found = encoder.encode_texts(["a red shoe", "Two DOGS, on 3 beds!", "word " * 200])
    assert found.shape == (3, 24)
    torch.testing.assert_close(found.norm(dim=1), torch.ones(3))
    own = classes.imagebind_classes()
    tokenizer = own.SimpleTokenizer(bpe_path=str(own.vocabulary))
    model = SIZES.build().eval()
    model.load_state_dict(torch.load(weights, weights_only=True))
    with torch.no_grad():
        expected = model({"text": tokenizer(["a red shoe", "Two DOGS, on 3 beds!"])})["text"]
    torch.testing.assert_close(found[:2], torch.nn.functional.normalize(expected, dim=-1))


@pytest.mark.parametrize("dtype", ["bfloat16", "float16"])
def test_lower_precision_stays_close(
    weights: Path, monkeypatch: pytest.MonkeyPatch, dtype: str
) -> None:
    whole, half = (load(weights, monkeypatch, dtype=each) for each in ("float32", dtype))
    picture = whole.preprocess(noise_picture())[None]
    similar = torch.nn.functional.cosine_similarity(
        half.encode_pictures(picture.to(half.dtype)).float(), whole.encode_pictures(picture)
    )
    assert similar.item() > 0.99
    assert half.weights_hash == whole.weights_hash


def test_the_licence_is_said_once(
    weights: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    load(weights, monkeypatch, reporter=Reporter())
    said = capsys.readouterr().err
    assert said.count("CC-BY-NC 4.0") == 1
    assert "not for commercial use" in said


def test_weights_of_another_model_are_refused(
    weights: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    use_small_imagebind(monkeypatch)
    state = torch.load(weights, weights_only=True)
    name = "modality_trunks.vision.blocks.0.mlp.fc1.weight"
    for changed, said in (
        ({name: torch.ones(7, 32)}, rf"'{name}' is \(7, 32\), expected \(128, 32\)"),
        ({name: torch.full((128, 32), torch.nan)}, f"have NaN in tensor '{name}'"),
    ):
        torch.save(state | changed, tmp_path / "w.pth")
        with pytest.raises(InputError, match=said):
            load_encoder(f"imagebind@{tmp_path / 'w.pth'}", device="cpu")


def test_no_network_is_one_line(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    needs_imagebind()
    monkeypatch.setenv("HOME", str(tmp_path))

    def fail(*_: Any, **__: Any) -> None:
        raise URLError(OSError(113, "No route to host"))

    monkeypatch.setattr(torch.hub, "download_url_to_file", fail)
    with pytest.raises(InputError, match=r"imagebind_huge.pth.* could not be downloaded") as caught:
        load_encoder("imagebind", device="cpu")
    assert "(No route to host); with a file of them: imagebind@FILE" in str(caught.value)


def test_missing_and_empty_packages_name_the_install_line(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    classes.imagebind_classes.cache_clear()
    monkeypatch.setattr(classes.importlib.util, "find_spec", lambda _name: None)
    with pytest.raises(InputError, match="not installed; install it with: pip install --no-deps"):
        load_encoder("imagebind", device="cpu")
    empty = ModuleType("imagebind")
    spec = classes.importlib.machinery.ModuleSpec("imagebind", None, is_package=True)
    spec.submodule_search_locations = [str(tmp_path)]  # as PyPI's placeholder
    empty.__spec__ = spec
    monkeypatch.setattr(classes.importlib.util, "find_spec", lambda _name: spec)
    with pytest.raises(InputError, match="is not the installed package of that name"):
        load_encoder("imagebind", device="cpu")


def test_the_import_leaves_no_shell_behind() -> None:
    needs_imagebind()
    assert not [name for name in sys.modules if name.partition(".")[0] == "imagebind"]
