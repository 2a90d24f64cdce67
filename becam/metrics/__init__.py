"""What a heatmap says: against the product's mask, and by what it does to the score.

Maps are signed and have no natural zero, so "hot" means above the map's own mean over the
seen picture.
"""

# The files of metrics register what they hold, in this order.
from becam.metrics import localisation

# isort: split
from becam.metrics import faithfulness, road, stability
from becam.metrics.base import METRICS, Metric, Value, measured, metric
from becam.metrics.case import Case, Explain, fitted_mask
from becam.metrics.grabcut import EstimatedMask, grabcut_mask
from becam.metrics.masks import (
    FloatMap,
    Mask,
    MaskMetrics,
    best_iou,
    centre_prior,
    drift,
    mask_metrics,
    mask_metrics_of_many,
    omission,
    pixel_auc,
    pointing,
    share_of_heat,
)
from becam.metrics.settings import MetricSettings

__all__ = [
    "METRICS",
    "Case",
    "EstimatedMask",
    "Explain",
    "FloatMap",
    "Mask",
    "MaskMetrics",
    "Metric",
    "MetricSettings",
    "Value",
    "best_iou",
    "centre_prior",
    "drift",
    "faithfulness",
    "fitted_mask",
    "grabcut_mask",
    "localisation",
    "mask_metrics",
    "mask_metrics_of_many",
    "measured",
    "metric",
    "omission",
    "pixel_auc",
    "pointing",
    "road",
    "share_of_heat",
    "stability",
]
