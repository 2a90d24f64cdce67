"""Encoders at the command line: what a user sees of them. Small random weights."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest
import torch

from becam.cli.main import run
from tests.shops import make_shop
from tests.tiny_imagebind import needs_imagebind, use_small_imagebind, write_imagebind
from tests.tiny_towers import add_models, build, write

pytest.importorskip("open_clip")


class Code:
    def __reduce__(self) -> tuple[object, ...]:
        return print, ("a pickle was run",)


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_shop(tmp_path_factory.mktemp("data") / "shop")


@pytest.fixture
def render(shop: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., int]:
    monkeypatch.chdir(tmp_path)
    add_models(monkeypatch)
    command = ["render", "--item", "i3", "--model", "bm3", "--data", str(shop)]
    command += ["--cache", str(tmp_path / "cache"), "--device", "cpu", "--quiet"]
    return lambda *more: run([*command, *more])


def test_a_heatmap_of_a_file_s_encoder(
    render: Callable[..., int], capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    file = write(build("tiny-vit"), tmp_path / "w.safetensors")
    assert render("--encoder", f"clip:tiny-vit@{file}", "--json", "--out", "a.png") == 0
    facts = json.loads(capsys.readouterr().out)["sides"][0]["provenance"]
    assert facts["encoder"] == "clip:tiny-vit@w.safetensors"
    assert len(facts["weights"]) == 64
    assert facts["layer"] == "transformer.resblocks.1"
    assert (tmp_path / "a.png").stat().st_size > 10_000


def test_imagebind_says_its_licence(
    shop: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    needs_imagebind()
    use_small_imagebind(monkeypatch)
    name = f"imagebind@{write_imagebind(tmp_path / 'small.pth')}"
    command = ["features", "--data", str(shop), "--encoder", name, "--device", "cpu"]
    assert run([*command, "--cache", str(tmp_path / "cache")]) == 0
    printed, told = capsys.readouterr()
    assert "| image | 18 | 24 |" in printed
    assert "| text | 18 | 24 |" in printed
    assert told.count("CC-BY-NC 4.0") == 1


def vit(folder: Path) -> Path:
    return write(build("tiny-vit"), folder / "w.safetensors")


def with_nan(folder: Path) -> Path:
    model = build("tiny-vit")
    torch.nn.init.constant_(model.visual.proj, torch.nan)
    return write(model, folder / "w.safetensors")


def with_code(folder: Path) -> Path:
    torch.save({"state_dict": build("tiny-vit").state_dict(), "by": Code()}, folder / "w.pt")
    return folder / "w.pt"


def resnet(folder: Path) -> Path:
    return write(build("tiny-rn"), folder / "w.safetensors")


@pytest.mark.parametrize(
    ("encoder", "file", "options", "said"),
    [
        ("clip:tiny-vit", vit, ["--layer", "transformer.resblock.1"], "did you mean transformer."),
        ("clip:tiny-vit", vit, ["--layer", "transformer.resblocks.1.attn"], "no spatial map: its"),
        ("clip:tiny-rn", vit, [], "are not those of tiny-rn: tensor 'visual.conv1.weight' is"),
        ("clip:tiny-vit", with_nan, [], "have NaN in tensor 'visual.proj'"),
        ("clip:tiny-vit", with_code, [], "refused, since loading them could run code"),
        ("clip:tiny-rn", resnet, [], "32 x 24 pixels, less than a patch of encoder"),
        ("clip:tiny-vit", lambda _: Path("gone.pt"), [], "'gone.pt': no such file"),
        ("clip:tiny-vit", vit, ["--device", "cuda:99"], "device 'cuda:99': this machine has"),
        ("imagebind", vit, [], "are not those of ImageBind"),
    ],
)
def test_bad_input_is_one_line_and_exit_code_2(
    encoder: str,
    file: Callable[[Path], Path],
    options: list[str],
    said: str,
    render: Callable[..., int],
    capsys: pytest.CaptureFixture[str],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    if encoder == "imagebind":
        needs_imagebind()
        use_small_imagebind(monkeypatch)
    path = file(tmp_path)
    capsys.readouterr()
    assert render("--encoder", f"{encoder}@{path}", *options) == 2
    printed, told = capsys.readouterr()
    assert printed == ""
    assert told.startswith("becam: ")
    assert told.count("\n") == 1
    assert said in told
