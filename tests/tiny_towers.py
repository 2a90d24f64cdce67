"""Small models of open_clip and ImageBind with random weights, in the real classes."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import save_file
from torch import nn

TEXT = {"context_length": 8, "vocab_size": 49408, "width": 8, "heads": 2, "layers": 2}
CONFIGS: dict[str, dict[str, Any]] = {
    "tiny-vit": {"image_size": 64, "layers": 3, "width": 32, "head_width": 16, "patch_size": 8},
    "tiny-vit-14": {"image_size": 64, "layers": 3, "width": 32, "head_width": 16, "patch_size": 14},
    "tiny-rn": {"image_size": 128, "layers": [1, 1, 1, 2], "width": 8, "head_width": 32},
    "tiny-timm": {"timm_model_name": "test_vit", "timm_pool": "avg", "image_size": 160},
    "tiny-convnext": {"timm_model_name": "test_convnext", "timm_pool": "avg", "image_size": 160},
}


def add_models(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let open_clip know the small models, for one test."""
    from open_clip import factory

    for name, vision in CONFIGS.items():
        config = {"embed_dim": 12, "vision_cfg": vision, "text_cfg": TEXT}
        monkeypatch.setitem(factory._MODEL_CONFIGS, name, config)


@contextmanager
def seeded(seed: int = 0) -> Iterator[None]:
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        yield


def build(name: str, *, quick_gelu: bool = False) -> nn.Module:
    """Make a small model of open_clip."""
    import open_clip

    with seeded():
        return open_clip.create_model(name, force_quick_gelu=quick_gelu).eval()


def write(model: nn.Module, path: Path) -> Path:
    save_file({k: v.contiguous() for k, v in model.state_dict().items()}, path)
    return path


def without_mixing(module: nn.Module) -> None:
    """Take the residual branches out: each patch keeps what it alone was made of."""
    branches = ("attn.out_proj", "mlp.c_proj", "attn.proj", "mlp.fc2")
    with torch.no_grad():
        for name, parameter in module.named_parameters():
            if name.rpartition(".")[0].endswith(branches):
                parameter.zero_()
