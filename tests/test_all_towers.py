"""Every architecture of open_clip has a default layer, at its full size, without its weights."""

from __future__ import annotations

import json
import warnings
from pathlib import Path

import pytest
import torch

from becam.encoders.layers import find_layer
from becam.encoders.towers import default_layer, layout_of

USUAL = {
    "RN50": ("layer4.2.act3", 2048, (7, 7)),
    "RN101": ("layer4.2.act3", 2048, (7, 7)),
    "RN50x4": ("layer4.5.act3", 2560, (9, 9)),
    "RN50x16": ("layer4.7.act3", 3072, (12, 12)),
    "RN50x64": ("layer4.9.act3", 4096, (14, 14)),
    "ViT-B-32": ("transformer.resblocks.10", 768, (7, 7)),
    "ViT-B-16": ("transformer.resblocks.10", 768, (14, 14)),
    "ViT-L-14": ("transformer.resblocks.22", 1024, (16, 16)),
    "ViT-L-14-336": ("transformer.resblocks.22", 1024, (24, 24)),
    "ViT-H-14": ("transformer.resblocks.30", 1280, (16, 16)),
    "ViT-g-14": ("transformer.resblocks.38", 1408, (16, 16)),
    "ViT-bigG-14": ("transformer.resblocks.46", 1664, (16, 16)),
    "ViT-B-16-SigLIP": ("trunk.blocks.10", 768, (14, 14)),
    "ViT-SO400M-14-SigLIP-384": ("trunk.blocks.25", 1152, (27, 27)),
    "convnext_base_w": ("trunk.stages.3", 1024, (8, 8)),
    "coca_ViT-B-32": ("transformer.resblocks.10", 768, (7, 7)),
    "PE-Core-T-16-384": ("trunk.blocks.10", 192, (24, 24)),
    "swin_base_patch4_window7_224": ("trunk.layers.3", 1024, (7, 7)),
    "ViTamin-S": ("trunk.blocks.12", 384, (14, 14)),
    "ViTamin-XL-384": ("trunk.blocks.30", 1152, (16, 16)),
    "MobileCLIP-S1": ("trunk.stages.3", 512, (8, 8)),
}


def measured(config: Path) -> tuple[str, int, tuple[int, int]]:
    """Build the picture tower without memory; return default layer, channels and grid."""
    from open_clip.model import _build_vision_tower

    about = json.loads(config.read_text())
    with torch.device("meta"), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        visual = _build_vision_tower(about["embed_dim"], about["vision_cfg"]).eval()
        layout = layout_of(visual)
        size = visual.image_size
        rows, columns = (size, size) if isinstance(size, int) else size
        probe = torch.zeros(1, 3, rows, columns)
        layer = find_layer(
            visual,
            default_layer(layout, config.stem),
            probe,
            layout.grid,
            special_tokens=layout.special_tokens,
        )
        kept: list[torch.Tensor] = []
        handle = layer.module.register_forward_hook(lambda _m, _i, out: kept.append(out))
        visual(probe)
        handle.remove()
        channels = layer.to_grid(kept[0]).shape
        assert tuple(channels[2:]) == layer.grid
        if layout.grid is not None and layout.patch is not None:
            used = layout.used((rows, columns))
            assert used == tuple(g * p for g, p in zip(layout.grid, layout.patch, strict=True))
            assert rows - used[0] < layout.patch[0]
    return layer.name, channels[1], layer.grid


def configs() -> dict[str, Path]:
    open_clip = pytest.importorskip("open_clip")
    folder = Path(open_clip.__file__).parent / "model_configs"
    return {path.stem: path for path in sorted(folder.glob("*.json"))}


@pytest.mark.parametrize("name", ["RN50", "ViT-B-32", "ViT-B-16-SigLIP", "convnext_base_w"])
def test_the_usual_ones(name: str) -> None:
    assert measured(configs()[name]) == USUAL[name]


@pytest.mark.slow
def test_all_of_them() -> None:
    towers = {path.read_text().partition("text_cfg")[0]: name for name, path in configs().items()}
    names = {*towers.values(), *USUAL}  # each picture tower once
    assert len(names) > 80
    found = {name: measured(configs()[name]) for name in sorted(names)}
    assert {name: found[name] for name in USUAL} == USUAL
    assert all(channels >= 64 and min(grid) >= 3 for _, channels, grid in found.values())
