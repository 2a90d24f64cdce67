"""Names of encoders, before anything heavy is loaded."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from becam import InputError
from becam.encoders.names import EncoderName, open_clip_models
from becam.encoders.registry import check_encoder_name


@pytest.mark.parametrize(
    ("name", "parts"),
    [
        ("demo-vit", ("demo", "demo-vit", None)),
        ("clip:ViT-B-32/openai", ("clip", "ViT-B-32", "openai")),
        ("clip:hf-hub:timm/ViT-B-16-SigLIP", ("clip", "hf-hub:timm/ViT-B-16-SigLIP", None)),
        ("hf-hub:laion/CLIP-ViT-B-32_x.1", ("clip", "hf-hub:laion/CLIP-ViT-B-32_x.1", None)),
        ("imagebind", ("imagebind", "imagebind", None)),
    ],
)
def test_names_are_taken_apart(name: str, parts: tuple[str, str, str | None]) -> None:
    found = EncoderName.parse(name)
    assert (found.family, found.model, found.pretrained) == parts
    assert found.file is None
    assert str(found) == name.removeprefix("clip:" if "hf-hub" in name else "")


def test_a_file_is_named_without_its_folder(tmp_path: Path) -> None:
    file = tmp_path / "a@b, c.safetensors"
    file.touch()
    for head in ("clip:ViT-B-32", "imagebind"):
        found = EncoderName.parse(f"{head}@{file}")
        assert found.file == file
        assert str(found) == f"{head}@a@b, c.safetensors"


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("demo-vti", "unknown encoder 'demo-vti'; did you mean demo-vit"),
        ("clip:ViT-B-23/openai", "unknown open_clip model 'ViT-B-23'; did you mean ViT-B-"),
        ("clip:ViT-B-32", "expected clip:ViT-B-32/PRETRAINED or clip:ViT-B-32@FILE"),
        ("clip:ViT-B-32/", "expected clip:ViT-B-32/PRETRAINED"),
        ("clip:ViT-B-32/openai@x.pt", "expected clip:ViT-B-32/PRETRAINED or"),
        ("ViT-B-32", "did you mean clip:ViT-B-32/PRETRAINED"),
        ("clip:", "unknown open_clip model ''"),
        ("hf-hub:one", "expected hf-hub:ORG/NAME"),
        ("hf-hub:../../x", "expected hf-hub:ORG/NAME"),
        ("hf-hub:a/b@c.pt", "expected hf-hub:ORG/NAME"),
        ("clip:ViT-B-32@/no/such.pt", "'/no/such.pt': no such file; expected the weights"),
        ("imagebind@/tmp", "is a folder"),
        ("imgebind", "did you mean imagebind"),
        ("qwerty", "expected demo-vit, demo-rn, clip:NAME/PRETRAINED, clip:NAME@FILE"),
    ],
)
def test_other_names_are_refused_in_a_line(name: str, said: str) -> None:
    with pytest.raises(InputError) as caught:
        check_encoder_name(name)
    assert said in str(caught.value)
    assert "\n" not in str(caught.value)


def test_the_usual_models_are_known() -> None:
    usual = {"RN50", "RN50x64", "ViT-B-32", "ViT-L-14", "ViT-H-14", "ViT-g-14", "ViT-B-16-SigLIP"}
    assert usual <= set(open_clip_models())


def test_names_are_checked_without_torch() -> None:
    code = (
        "import sys; from becam.encoders.registry import check_encoder_name as check;"
        "check('clip:RN50/openai'); check('demo-vit'); check('hf-hub:a/b');"
        "assert not {'torch', 'open_clip', 'numpy'} & set(sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
