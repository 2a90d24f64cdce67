"""Where the target layer of a picture tower is, by the kind of tower."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from torch import nn

from recsys.errors import InputError


@dataclass(frozen=True)
class TowerLayout:
    """How a picture tower lays its patches out.

    Attributes:
        default_layer: name of the default target layer; None where there is no sensible one.
        grid: (h, w) of the patch tokens; None for towers without tokens.
        special_tokens: how many tokens precede those of the patches.
        patch: (height, width) of a patch in pixels; None for towers without tokens.
    """

    default_layer: str | None
    grid: tuple[int, int] | None = None
    special_tokens: int = 0
    patch: tuple[int, int] | None = None

    def used(self, size: tuple[int, int]) -> tuple[int, int]:
        """(H, W) of an input's part that whole patches cover; the tower ignores the rest."""
        if self.grid is None or self.patch is None:
            return size
        rows, columns = (g * p for g, p in zip(self.grid, self.patch, strict=True))
        return (min(rows, size[0]), min(columns, size[1]))


def layout_of(visual: nn.Module) -> TowerLayout:
    """Tell the layout of one of open_clip's picture towers.

    The default layer is the last ReLU of the last Bottleneck of a ModifiedResNet, the
    second-to-last block of a transformer, the last stage of any other tower with stages.
    """
    tower: Any = visual
    if isinstance(getattr(visual, "trunk", None), nn.Module):  # open_clip's TimmModel
        return _timm_layout(tower.trunk, _pair(tower.image_size))
    blocks = getattr(getattr(visual, "transformer", None), "resblocks", None)
    if blocks is not None:
        layer = _penultimate("transformer.resblocks", blocks)
        return TowerLayout(layer, _pair(tower.grid_size), 1, _pair(tower.patch_size))
    names = [name for name, _ in visual.named_modules()]
    relus = [name for name in names if name.startswith("layer4.") and name.endswith(".act3")]
    return TowerLayout(relus[-1] if relus else None)


def _timm_layout(trunk: Any, size: tuple[int, int]) -> TowerLayout:
    embedding, blocks = getattr(trunk, "patch_embed", None), getattr(trunk, "blocks", None)
    if blocks is not None and embedding is not None:
        made_for, grid = _pair(embedding.img_size), _pair(embedding.grid_size)
        patch: tuple[int, int] | None = _pair(embedding.patch_size)
        if grid != tuple(
            s // p for s, p in zip(made_for, _pair(embedding.patch_size), strict=True)
        ):
            # A convolutional stem makes the tokens: they share its whole input.
            patch = None
        # open_clip's input may be another than the one timm made the trunk for.
        rows, columns = (g * s // m for g, s, m in zip(grid, size, made_for, strict=True))
        special = int(getattr(trunk, "num_prefix_tokens", 0))
        return TowerLayout(_penultimate("trunk.blocks", blocks), (rows, columns), special, patch)
    for name in ("stages", "layers"):
        stages = getattr(trunk, name, None)
        if isinstance(stages, nn.Sequential | nn.ModuleList) and len(stages):
            return TowerLayout(f"trunk.{name}.{len(stages) - 1}")
    return TowerLayout(None)


def default_layer(layout: TowerLayout, encoder: str) -> str:
    """Return the default layer's name.

    Raises:
        InputError: a tower of a kind that has none.
    """
    if layout.default_layer is None:
        raise InputError(
            f"encoder {encoder!r} has no default target layer; expected one by name (--layer)"
        )
    return layout.default_layer


def _penultimate(prefix: str, blocks: nn.Sequential) -> str:
    return f"{prefix}.{max(len(blocks) - 2, 0)}"


def _pair(value: int | tuple[int, int]) -> tuple[int, int]:
    return (value, value) if isinstance(value, int) else (int(value[0]), int(value[1]))
