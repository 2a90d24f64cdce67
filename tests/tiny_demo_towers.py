"""Demo towers that are small enough to train within a test."""

from __future__ import annotations

import torch

from becam.encoders.demo.config import TowerConfig
from becam.encoders.demo.towers import Towers, build_towers

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
