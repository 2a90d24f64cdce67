"""becam: which part of a picture does a recommender's behavioural knowledge agree with?

>>> import becam
>>> result = becam.explain(item="123", model="bm3+befa")
>>> result.save_figure("item-123.png")
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from becam.attribution import Attribution, BeCAM
    from becam.config import ExplainConfig, MapConfig
    from becam.encoders.registry import load_encoder
    from becam.explanation import Explanation
    from becam.pipeline import explain
    from becam.target import Target, item_projection, item_target
    from recsys.data.catalogue import load_catalogue
    from recsys.errors import InputError

_HOMES = {
    "Attribution": "becam.attribution",
    "BeCAM": "becam.attribution",
    "ExplainConfig": "becam.config",
    "Explanation": "becam.explanation",
    "InputError": "recsys.errors",
    "MapConfig": "becam.config",
    "Target": "becam.target",
    "explain": "becam.pipeline",
    "item_projection": "becam.target",
    "item_target": "becam.target",
    "load_catalogue": "recsys.data.catalogue",
    "load_encoder": "becam.encoders.registry",
}

__all__ = [
    "Attribution",
    "BeCAM",
    "ExplainConfig",
    "Explanation",
    "InputError",
    "MapConfig",
    "Target",
    "__version__",
    "explain",
    "item_projection",
    "item_target",
    "load_catalogue",
    "load_encoder",
]
__version__ = "0.1.0"


def __getattr__(name: str) -> Any:
    """Load a public name on first use: importing becam costs nothing."""
    if name not in _HOMES:
        raise AttributeError(f"module 'becam' has no attribute {name!r}")
    value = getattr(import_module(_HOMES[name]), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted(__all__)
