"""The bundled demo encoders: two small CLIP models trained on demo pictures alone."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Final

from recsys.lazy import lazy

if TYPE_CHECKING:
    from becam.encoders.demo.encoder import load_demo_encoder as load_demo_encoder

NAMES: Final = ("demo-vit", "demo-rn")
FOLDER: Final = Path(__file__).parent

__getattr__, __dir__ = lazy(__name__, {"load_demo_encoder": "becam.encoders.demo.encoder"})  # torch
