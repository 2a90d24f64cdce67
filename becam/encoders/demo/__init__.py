"""The bundled demo encoders: two small CLIP models trained on demo pictures alone."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from becam.encoders.demo.encoder import load_demo_encoder as load_demo_encoder

NAMES: Final = ("demo-vit", "demo-rn")
FOLDER: Final = Path(__file__).parent


def __getattr__(name: str) -> Any:
    if name == "load_demo_encoder":  # imports torch, so only when it is asked for
        from becam.encoders.demo.encoder import load_demo_encoder

        return load_demo_encoder
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
