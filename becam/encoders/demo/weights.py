"""A demo encoder as one file: safetensors with everything that is needed to use it."""

from __future__ import annotations

import dataclasses
import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeAlias

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save
from torch import Tensor

from becam.encoders.demo import FOLDER, NAMES
from becam.encoders.demo.config import TowerConfig
from becam.encoders.demo.tokenizer import Tokenizer
from becam.encoders.demo.towers import Towers, build_towers
from recsys.errors import InputError, shown, unknown
from recsys.files import write_bytes

SCHEMA = 1
_KEY = "becam-demo-encoder"
RGB: TypeAlias = tuple[float, float, float]


@dataclass(frozen=True, kw_only=True)
class EncoderCard:
    """What stands in the file beside the weights.

    ``mean`` and ``std`` are the training pictures' (R, G, B), in 0..1: normalised by them, the
    mean colour is 0. Pictures are resized bicubically, antialiased. ``training`` and ``probes``
    are what the training script used and measured.
    """

    name: str
    config: TowerConfig
    words: tuple[str, ...]
    buckets: int
    mean: RGB
    std: RGB
    training: dict[str, Any] = field(default_factory=dict)
    probes: dict[str, Any] = field(default_factory=dict)

    @property
    def tokenizer(self) -> Tokenizer:
        """The tokenizer that the text tower was trained with."""
        return Tokenizer(self.words, self.buckets)

    def to_json(self) -> str:
        """Return the card as one JSON text."""
        values = {field.name: getattr(self, field.name) for field in dataclasses.fields(self)}
        values["config"] = self.config.to_json()
        return json.dumps({"schema": SCHEMA, **values}, ensure_ascii=False, sort_keys=True)

    @classmethod
    def from_json(cls, text: str) -> EncoderCard:
        """Read a card.

        Raises:
            ValueError: no JSON, another schema version, or a field is missing.
        """
        values = json.loads(text)
        schema = values.pop("schema", None)
        if schema != SCHEMA:
            raise ValueError(f"schema version {schema}, expected {SCHEMA}")
        try:
            values["config"] = TowerConfig.from_json(values["config"])
            for name in ("words", "mean", "std"):
                values[name] = tuple(values[name])
            return cls(**values)
        except (KeyError, TypeError) as error:
            raise ValueError(f"a field is missing or unknown: {error}") from None


def save_encoder(path: Path, towers: Towers, card: EncoderCard) -> None:
    """Write weights and card, atomically: matrices as float16, everything else as float32."""
    state = {name: _stored(value) for name, value in towers.open_clip_state().items()}
    content = save(state, metadata={_KEY: card.to_json()})
    write_bytes(path, content)


def load_encoder(path: Path) -> tuple[Towers, EncoderCard]:
    """Read an encoder: float32, on the CPU, in eval mode, without gradients.

    Raises:
        InputError: the file is missing, damaged, or no demo encoder.
    """
    try:
        with safe_open(path, framework="pt") as file:
            card = _card(path, file.metadata())
            state = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118  # no mapping
    except (OSError, SafetensorError) as error:
        raise InputError(f"cannot read the encoder {shown(path)}: {error}") from None
    towers = build_towers(card.config)
    try:
        towers.load_open_clip_state({name: _in_memory(value) for name, value in state.items()})
    except RuntimeError:
        raise InputError(f"the weights in {shown(path)} do not fit its own config") from None
    return towers.eval().requires_grad_(False), card


def read_card(path: Path) -> EncoderCard:
    """Read the card alone.

    Raises:
        InputError: the file is missing, damaged, or no demo encoder.
    """
    try:
        with safe_open(path, framework="pt") as file:
            return _card(path, file.metadata())
    except (OSError, SafetensorError) as error:
        raise InputError(f"cannot read the encoder {shown(path)}: {error}") from None


def weights_path(name: str) -> Path:
    """Return where the bundled weights of a demo encoder lie.

    Raises:
        InputError: no demo encoder has this name.
    """
    if name not in NAMES:
        raise unknown("encoder", name, NAMES)
    return FOLDER / f"{name}.safetensors"


def _card(path: Path, metadata: dict[str, str] | None) -> EncoderCard:
    text = (metadata or {}).get(_KEY)
    if text is None:
        raise InputError(f"{shown(path)} is no demo encoder: it has no {_KEY!r} entry")
    try:
        return EncoderCard.from_json(text)
    except ValueError as error:
        raise InputError(f"{shown(path)} is no demo encoder: {error}") from None


def _stored(value: Tensor) -> Tensor:
    value = value.detach().cpu()
    if value.is_floating_point():
        # Vectors are few, and running variances can leave float16's range.
        value = value.to(torch.float16 if value.ndim >= 2 else torch.float32)
    return value.contiguous()


def _in_memory(value: Tensor) -> Tensor:
    return value.float() if value.is_floating_point() else value
