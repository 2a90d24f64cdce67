"""The demo catalogue: generated pictures with exact masks, captions and simulated users.

Importing this package is cheap; OpenCV is imported when one of its names is first used.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from recsys.lazy import lazy

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

__getattr__, __dir__ = lazy(
    __name__,
    {
        "LEGEND": "recsys.data.demo.picture",
        "Attributes": "recsys.data.demo.attributes",
        "DemoConfig": "recsys.data.demo.config",
        "DemoPicture": "recsys.data.demo.picture",
        "TasteConfig": "recsys.data.demo.config",
        "build_demo": "recsys.data.demo.build",
        "draw_picture": "recsys.data.demo.picture",
        "sample_attributes": "recsys.data.demo.attributes",
    },
)
