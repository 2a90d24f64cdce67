"""The demo catalogue: generated pictures with exact masks, captions and simulated users.

Importing this package is cheap; OpenCV is imported when one of its names is first used.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from recsys.data.demo.attributes import Attributes, sample_attributes
    from recsys.data.demo.build import build_demo
    from recsys.data.demo.config import DemoConfig, TasteConfig
    from recsys.data.demo.picture import LEGEND, DemoPicture, draw_picture

__all__ = [
    "LEGEND",
    "Attributes",
    "DemoConfig",
    "DemoPicture",
    "TasteConfig",
    "build_demo",
    "draw_picture",
    "sample_attributes",
]

_HOMES = {
    "LEGEND": "picture",
    "Attributes": "attributes",
    "DemoConfig": "config",
    "DemoPicture": "picture",
    "TasteConfig": "config",
    "build_demo": "build",
    "draw_picture": "picture",
    "sample_attributes": "attributes",
}


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(importlib.import_module(f"{__name__}.{_HOMES[name]}"), name)


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
