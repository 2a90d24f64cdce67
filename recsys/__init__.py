"""Multimedia recommenders: data, models, training and evaluation.

Importing this package loads nothing heavy; each name below is loaded when it is first used.
``recsys.fit.fit`` trains a model, or loads it where it was trained before.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from recsys.lazy import lazy

if TYPE_CHECKING:
    from recsys.configs import BM3Config as BM3Config
    from recsys.configs import ModelConfig as ModelConfig
    from recsys.configs import TrainingConfig as TrainingConfig
    from recsys.errors import InputError as InputError
    from recsys.evaluation import Evaluation as Evaluation
    from recsys.evaluation import evaluate as evaluate
    from recsys.fit import Fitted as Fitted
    from recsys.models.base import Recommender as Recommender
    from recsys.models.names import ModelName as ModelName

__all__ = [
    "BM3Config",
    "Evaluation",
    "Fitted",
    "InputError",
    "ModelConfig",
    "ModelName",
    "Recommender",
    "TrainingConfig",
    "evaluate",
]

__getattr__, __dir__ = lazy(
    __name__,
    {
        "BM3Config": "recsys.configs",
        "Evaluation": "recsys.evaluation",
        "Fitted": "recsys.fit",
        "InputError": "recsys.errors",
        "ModelConfig": "recsys.configs",
        "ModelName": "recsys.models.names",
        "Recommender": "recsys.models.base",
        "TrainingConfig": "recsys.configs",
        "evaluate": "recsys.evaluation",
    },
)
