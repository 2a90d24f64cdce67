"""The recommenders by name. Needs no torch.

A new recommender is one file with its module, its configuration in ``recsys.configs`` and
one entry here.
"""

from __future__ import annotations

import importlib
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from recsys.configs import (
    BM3Config,
    FREEDOMConfig,
    LATTICEConfig,
    LightGCNConfig,
    MGCNConfig,
    RecommenderConfig,
    TrainingConfig,
    VBPRConfig,
)
from recsys.errors import unknown

if TYPE_CHECKING:
    from recsys.models.base import Recommender


@dataclass(frozen=True)
class _Entry:
    """Where a recommender is found, the lr decay it was published with, whether it has content."""

    module: str
    class_name: str
    config: type[RecommenderConfig]
    lr_decay: float = 1.0
    uses_content: bool = True


_ENTRIES: dict[str, _Entry] = {
    "bm3": _Entry("recsys.models.bm3", "BM3", BM3Config),
    "lattice": _Entry("recsys.models.lattice", "LATTICE", LATTICEConfig, lr_decay=0.96),
    "mgcn": _Entry("recsys.models.mgcn", "MGCN", MGCNConfig, lr_decay=0.96),
    "freedom": _Entry("recsys.models.freedom", "FREEDOM", FREEDOMConfig),
    "vbpr": _Entry("recsys.models.vbpr", "VBPR", VBPRConfig),
    "lightgcn": _Entry("recsys.models.lightgcn", "LightGCN", LightGCNConfig, uses_content=False),
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


def uses_content(name: str) -> bool:
    """Return whether the recommender ``name`` takes content features, and so adapters."""
    return _entry(name).uses_content


def complete_training(name: str, config: TrainingConfig) -> TrainingConfig:
    """Return ``config`` with the published ``lr_decay`` of the recommender ``name``, if unset."""
    if config.lr_decay is not None:
        return config
    return replace(config, lr_decay=_entry(name).lr_decay)


def recommender_class(name: str) -> type[Recommender]:
    """Return the module class of the recommender ``name``; this loads torch."""
    entry = _entry(name)
    found: type[Recommender] = getattr(importlib.import_module(entry.module), entry.class_name)
    return found
