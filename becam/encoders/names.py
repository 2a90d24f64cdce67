"""Names of encoders: what a user types, taken apart without importing torch."""

from __future__ import annotations

import importlib.util
import re
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from becam.encoders.demo import NAMES as DEMO_ENCODERS
from recsys.errors import InputError, nearest, shown, unknown

Family = Literal["demo", "clip", "imagebind"]

IMAGEBIND = "imagebind"
GRAMMAR = (
    f"{', '.join(DEMO_ENCODERS)}, clip:NAME/PRETRAINED, clip:NAME@FILE, hf-hub:ORG/NAME, "
    f"{IMAGEBIND} or {IMAGEBIND}@FILE"
)
_CLIP, _HUB = "clip:", "hf-hub:"
_REPOSITORY = re.compile(r"[A-Za-z0-9][\w.-]*/[\w.-]+")


@dataclass(frozen=True)
class EncoderName:
    """An encoder's name, taken apart.

    Attributes:
        family: which code loads it.
        model: ``demo-vit``, open_clip's model name, ``hf-hub:ORG/NAME`` or ``imagebind``.
        pretrained: tag of open_clip's pretrained weights.
        file: the weights' file, where the name gives one.
    """

    family: Family
    model: str
    pretrained: str | None = None
    file: Path | None = None

    @classmethod
    def parse(cls, name: str) -> EncoderName:
        """Take a name apart and check what can be checked without loading anything.

        Raises:
            InputError: not of the form of `GRAMMAR`, a model that open_clip does not have, a
                file that is not there.
        """
        head, at, path = name.partition("@")
        file = Path(path).expanduser() if at else None
        if head in DEMO_ENCODERS and not at:
            return cls("demo", head)
        if head == IMAGEBIND:
            return cls("imagebind", head, file=_there(name, file))
        if head.startswith((_CLIP + _HUB, _HUB)):
            repository = head.removeprefix(_CLIP).removeprefix(_HUB)
            if at or not _REPOSITORY.fullmatch(repository):
                raise InputError(f"encoder {shown(name)}: expected hf-hub:ORG/NAME")
            return cls("clip", _HUB + repository)
        if head.startswith(_CLIP):
            model, slash, tag = head.removeprefix(_CLIP).partition("/")
            _check_model(model)
            if bool(tag) == bool(at) or (slash and at):
                raise InputError(
                    f"encoder {shown(name)}: expected clip:{model}/PRETRAINED or clip:{model}@FILE"
                )
            return cls("clip", model, tag or None, _there(name, file))
        close = nearest(name, [*DEMO_ENCODERS, IMAGEBIND])
        hint = f"did you mean {', '.join(close)}?" if close else f"expected {GRAMMAR}"
        if head in open_clip_models():
            hint = f"did you mean clip:{head}/PRETRAINED or clip:{head}@FILE?"
        raise InputError(f"unknown encoder {shown(name)}; {hint}")

    @property
    def hub(self) -> bool:
        """Whether the model's description is on the Hugging Face hub."""
        return self.model.startswith(_HUB)

    def __str__(self) -> str:
        """Name the encoder the same on every machine: of a file its name alone, not its folder.

        Results and content keys have the checksum of the weights beside it.
        """
        model = f"{_CLIP}{self.model}" if self.family == "clip" and not self.hub else self.model
        if self.file:
            return f"{model}@{self.file.name}"
        return f"{model}/{self.pretrained}" if self.pretrained else model


def open_clip_models() -> list[str]:
    """Names of the models that open_clip describes; none if it is not installed."""
    loaded = sys.modules.get("open_clip")
    if loaded is not None:  # with those that the program has added itself
        return sorted(loaded.list_models())
    found = importlib.util.find_spec("open_clip")  # does not run open_clip
    folders = list(found.submodule_search_locations or ()) if found else []
    return sorted(path.stem for each in folders for path in Path(each).glob("model_configs/*.json"))


def _check_model(model: str) -> None:
    known = open_clip_models()
    if known and model not in known:
        raise unknown("open_clip model", model, known)


def _there(name: str, file: Path | None) -> Path | None:
    if file is not None and not file.is_file():
        what = "is a folder" if file.is_dir() else "no such file"
        raise InputError(
            f"encoder {shown(name)}: {shown(file)}: {what}; expected the weights as safetensors "
            "or as a checkpoint of tensors"
        )
    return file
