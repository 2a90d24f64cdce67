"""Feature adapters: small modules between a recommender's projection and the rest of it.

An adapter maps a projected content feature and the item's behavioural embedding, both of
``d`` numbers, to the ``d`` numbers that the recommender goes on with. Names and
configurations can be read without torch; the modules are loaded when one is created.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from adapters.base import Adapter as Adapter
    from adapters.registry import ADAPTERS as ADAPTERS
    from adapters.registry import AdapterConfig as AdapterConfig
    from adapters.registry import create as create

_EXPORTS = {
    "ADAPTERS": "adapters.registry",
    "Adapter": "adapters.base",
    "AdapterConfig": "adapters.registry",
    "create": "adapters.registry",
}

__all__ = ["ADAPTERS", "Adapter", "AdapterConfig", "create"]


def __getattr__(name: str) -> Any:
    if name in _EXPORTS:
        return getattr(importlib.import_module(_EXPORTS[name]), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
