"""Sizes of a demo encoder, read from JSON in open_clip's model-config format."""

from __future__ import annotations

import dataclasses
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

from becam.encoders.demo import FOLDER, NAMES
from recsys.errors import InputError, shown, unknown

Section = TypeVar("Section")

_RESNET_CELL = 32


@dataclass(frozen=True, kw_only=True)
class VisionConfig:
    """open_clip's ``vision_cfg``; a sequence of ``layers`` makes a ResNet, a number a ViT."""

    image_size: int
    width: int
    layers: int | tuple[int, ...]
    patch_size: int | None = None
    head_width: int = 64
    mlp_ratio: float = 4.0

    def __post_init__(self) -> None:
        if isinstance(self.layers, list):
            object.__setattr__(self, "layers", tuple(self.layers))
        if isinstance(self.layers, int) != (self.patch_size is not None):
            raise ValueError("patch_size goes with a ViT (layers is a number), and only with it")

    @property
    def heads(self) -> int:
        """Attention heads: of every block (ViT), of the pooling (ResNet)."""
        width = self.width if isinstance(self.layers, int) else 32 * self.width
        return width // self.head_width

    @property
    def cell(self) -> int:
        """Side of the pixels behind one position of the last feature map: patch, total stride."""
        return _RESNET_CELL if self.patch_size is None else self.patch_size

    @property
    def grid(self) -> int:
        """Positions of the last feature map on each side."""
        return self.image_size // self.cell


@dataclass(frozen=True, kw_only=True)
class TextConfig:
    """open_clip's ``text_cfg``."""

    context_length: int
    vocab_size: int
    width: int
    heads: int
    layers: int
    mlp_ratio: float = 4.0


@dataclass(frozen=True, kw_only=True)
class TowerConfig:
    """open_clip's model config: the two towers and the dimension that they share."""

    embed_dim: int
    vision: VisionConfig
    text: TextConfig

    @classmethod
    def from_json(cls, config: Any) -> TowerConfig:
        """Read open_clip's dictionary.

        Raises:
            ValueError: a field is missing, or is none that the demo encoders use.
        """
        if not isinstance(config, dict) or set(config) != {"embed_dim", "vision_cfg", "text_cfg"}:
            raise ValueError("expected an object with embed_dim, vision_cfg and text_cfg")
        return cls(
            embed_dim=int(config["embed_dim"]),
            vision=_section(VisionConfig, config["vision_cfg"], "vision_cfg"),
            text=_section(TextConfig, config["text_cfg"], "text_cfg"),
        )

    def to_json(self) -> dict[str, Any]:
        """Return the dictionary that ``open_clip.create_model`` understands."""
        sections: dict[str, VisionConfig | TextConfig] = {
            "vision_cfg": self.vision,
            "text_cfg": self.text,
        }
        return {"embed_dim": self.embed_dim} | {
            name: {
                key: list(value) if isinstance(value, tuple) else value
                for key, value in dataclasses.asdict(section).items()
                if value is not None
            }
            for name, section in sections.items()
        }

    def with_vocabulary(self, size: int) -> TowerConfig:
        """Return the same sizes for a vocabulary of ``size`` tokens."""
        return dataclasses.replace(self, text=dataclasses.replace(self.text, vocab_size=size))


def config_path(name: str) -> Path:
    """Return where a demo encoder's JSON lies.

    Raises:
        InputError: no demo encoder has this name.
    """
    if name not in NAMES:
        raise unknown("encoder", name, NAMES)
    return FOLDER / f"{name}.json"


def load_config(name: str) -> TowerConfig:
    """Read the sizes of ``demo-vit`` or ``demo-rn``.

    Raises:
        InputError: no demo encoder has this name, or its JSON is damaged.
    """
    path = config_path(name)
    try:
        return TowerConfig.from_json(json.loads(path.read_text(encoding="utf-8")))
    except ValueError as error:
        raise InputError(f"{shown(path)} is not a model config: {error}") from None


def _section(kind: type[Section], values: Any, name: str) -> Section:
    known = {field.name for field in dataclasses.fields(kind)}  # type: ignore[arg-type]  # dataclasses
    if not isinstance(values, dict) or not set(values) <= known:
        extra = ", ".join(sorted(set(values) - known)) if isinstance(values, dict) else values
        raise ValueError(f"{name}: unknown {extra}; known: {', '.join(sorted(known))}")
    try:
        return kind(**values)
    except TypeError as error:
        raise ValueError(f"{name}: {error}") from None
