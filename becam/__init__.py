"""becam: which part of a picture does a recommender's behavioural knowledge agree with?

>>> import becam
>>> result = becam.explain(item="123", model="bm3+befa")
>>> result.save_figure("item-123.png")
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from becam.notebook.lists import show_lists_as_grids
from recsys.lazy import lazy

if TYPE_CHECKING:
    from becam.attribution import Attribution, BeCAM
    from becam.checking.config import SanityConfig
    from becam.checking.result import SanityChecks
    from becam.checking.run import check_sanity
    from becam.comparing.config import CompareConfig
    from becam.comparing.result import Comparison
    from becam.comparing.run import compare
    from becam.config import (
        DataConfig,
        ExplainConfig,
        ExplainerConfig,
        FeaturesConfig,
        SearchConfig,
        TrainConfig,
    )
    from becam.dataset import Dataset, open_dataset
    from becam.deviations.config import DeviationConfig
    from becam.deviations.run import DeviationResult, deviation
    from becam.distributions.config import DistributionConfig
    from becam.distributions.run import DistributionResult, distribution
    from becam.encoders.registry import load_encoder
    from becam.encoding import EncodedFeatures, encode
    from becam.explainer import Explainer
    from becam.explanation import Explanation
    from becam.explanations import Explanations, explain, explain_many
    from becam.galleries.run import gallery, load_spec
    from becam.map_config import MapConfig
    from becam.map_grid import MapGrid, grid
    from becam.measuring.config import MeasureConfig
    from becam.measuring.result import Measurements
    from becam.measuring.run import measure
    from becam.searching import SearchResult, search
    from becam.tables.finished import Finished
    from becam.tables.kinds import table
    from becam.target import Target, item_projection, item_target
    from becam.training import train
    from becam.training_result import TrainResult
    from recsys.data.catalogue import load_catalogue
    from recsys.errors import InputError

__all__ = [
    "Attribution",
    "BeCAM",
    "CompareConfig",
    "Comparison",
    "DataConfig",
    "Dataset",
    "DeviationConfig",
    "DeviationResult",
    "DistributionConfig",
    "DistributionResult",
    "EncodedFeatures",
    "ExplainConfig",
    "Explainer",
    "ExplainerConfig",
    "Explanation",
    "Explanations",
    "FeaturesConfig",
    "Finished",
    "InputError",
    "MapConfig",
    "MapGrid",
    "MeasureConfig",
    "Measurements",
    "SanityChecks",
    "SanityConfig",
    "SearchConfig",
    "SearchResult",
    "Target",
    "TrainConfig",
    "TrainResult",
    "__version__",
    "check_sanity",
    "compare",
    "deviation",
    "distribution",
    "encode",
    "explain",
    "explain_many",
    "gallery",
    "grid",
    "item_projection",
    "item_target",
    "load_catalogue",
    "load_encoder",
    "load_spec",
    "measure",
    "open_dataset",
    "search",
    "table",
    "train",
]
__version__ = "0.1.0"

__getattr__, __dir__ = lazy(
    __name__,
    {
        "Attribution": "becam.attribution",
        "BeCAM": "becam.attribution",
        "CompareConfig": "becam.comparing.config",
        "Comparison": "becam.comparing.result",
        "DataConfig": "becam.config",
        "Dataset": "becam.dataset",
        "DeviationConfig": "becam.deviations.config",
        "DeviationResult": "becam.deviations.run",
        "DistributionConfig": "becam.distributions.config",
        "DistributionResult": "becam.distributions.run",
        "EncodedFeatures": "becam.encoding",
        "ExplainConfig": "becam.config",
        "Explainer": "becam.explainer",
        "ExplainerConfig": "becam.config",
        "Explanation": "becam.explanation",
        "Explanations": "becam.explanations",
        "FeaturesConfig": "becam.config",
        "Finished": "becam.tables.finished",
        "InputError": "recsys.errors",
        "MapConfig": "becam.map_config",
        "MapGrid": "becam.map_grid",
        "MeasureConfig": "becam.measuring.config",
        "Measurements": "becam.measuring.result",
        "SanityChecks": "becam.checking.result",
        "SanityConfig": "becam.checking.config",
        "SearchConfig": "becam.config",
        "SearchResult": "becam.searching",
        "Target": "becam.target",
        "TrainConfig": "becam.config",
        "TrainResult": "becam.training_result",
        "check_sanity": "becam.checking.run",
        "compare": "becam.comparing.run",
        "deviation": "becam.deviations.run",
        "distribution": "becam.distributions.run",
        "encode": "becam.encoding",
        "explain": "becam.explanations",
        "gallery": "becam.galleries.run",
        "explain_many": "becam.explanations",
        "grid": "becam.map_grid",
        "item_projection": "becam.target",
        "item_target": "becam.target",
        "load_catalogue": "recsys.data.catalogue",
        "load_encoder": "becam.encoders.registry",
        "load_spec": "becam.galleries.run",
        "measure": "becam.measuring.run",
        "open_dataset": "becam.dataset",
        "search": "becam.searching",
        "table": "becam.tables.kinds",
        "train": "becam.training",
    },
)

show_lists_as_grids()
