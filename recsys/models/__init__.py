"""Recommenders: one file each, their names, and how to build one. Importing this loads no torch."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from recsys.models.base import Recommender as Recommender
    from recsys.models.build import build as build
    from recsys.models.names import ModelName as ModelName
    from recsys.models.registry import RECOMMENDERS as RECOMMENDERS

_EXPORTS = {
    "RECOMMENDERS": "recsys.models.registry",
    "ModelName": "recsys.models.names",
    "Recommender": "recsys.models.base",
    "build": "recsys.models.build",
}

__all__ = ["RECOMMENDERS", "ModelName", "Recommender", "build"]


def __getattr__(name: str) -> Any:
    if name in _EXPORTS:
        return getattr(importlib.import_module(_EXPORTS[name]), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
