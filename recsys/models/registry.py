"""The recommenders by name. Needs no torch.

A new recommender is one file with its module, its configuration in ``recsys.configs`` and
one entry here.
"""

from __future__ import annotations

import importlib
from dataclasses import dataclass
from typing import TYPE_CHECKING

from recsys.configs import BM3Config, RecommenderConfig
from recsys.errors import unknown

if TYPE_CHECKING:
    from recsys.models.base import Recommender


@dataclass(frozen=True)
class _Entry:
    """Where a recommender is found."""

    module: str
    class_name: str
    config: type[RecommenderConfig]


_ENTRIES: dict[str, _Entry] = {
    "bm3": _Entry("recsys.models.bm3", "BM3", BM3Config),
}

RECOMMENDERS: tuple[str, ...] = tuple(_ENTRIES)
"""Names of the recommenders."""


def _entry(name: str) -> _Entry:
    if name not in _ENTRIES:
        raise unknown("model", name, RECOMMENDERS)
    return _ENTRIES[name]


def config_class(name: str) -> type[RecommenderConfig]:
    """Return the configuration class of the recommender ``name``."""
    return _entry(name).config


def recommender_class(name: str) -> type[Recommender]:
    """Return the module class of the recommender ``name``; this loads torch."""
    entry = _entry(name)
    found: type[Recommender] = getattr(importlib.import_module(entry.module), entry.class_name)
    return found
