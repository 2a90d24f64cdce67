"""Recommenders: one file each, their names, and how to build one. Importing this loads no torch."""

from __future__ import annotations

from typing import TYPE_CHECKING

from recsys.lazy import lazy

if TYPE_CHECKING:
    from recsys.models.base import Recommender as Recommender
    from recsys.models.names import ModelName as ModelName
    from recsys.models.registry import RECOMMENDERS as RECOMMENDERS

__all__ = ["RECOMMENDERS", "ModelName", "Recommender"]

__getattr__, __dir__ = lazy(
    __name__,
    {
        "RECOMMENDERS": "recsys.models.registry",
        "ModelName": "recsys.models.names",
        "Recommender": "recsys.models.base",
    },
)
