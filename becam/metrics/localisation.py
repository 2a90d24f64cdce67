"""Metrics of a heatmap against the product's mask."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from becam.faults import CONSTANT, map_fault, product_fault
from becam.metrics import masks
from becam.metrics.base import Metric, Value, register
from becam.metrics.case import Case
from becam.metrics.masks import FloatMap, Mask
from becam.metrics.parts import outline_parts


def mask_fault(case: Case) -> str | None:
    """Tell why a case can't be measured against its mask, or None."""
    if case.picture_fault is not None:
        return case.picture_fault
    assert case.mask is not None
    return product_fault(case.mask, ~np.isnan(case.on_picture))


def _metric_of(measure: Callable[[FloatMap, Mask], float]) -> Callable[[Case], Value]:
    """Make a function of a map and a mask one of a case, with its reasons."""

    def of(case: Case) -> Value:
        fault = mask_fault(case)
        if fault is not None:
            return Value.undefined(fault)
        assert case.mask is not None
        return Value(measure(case.on_picture, case.mask))

    return of


def _energy_inside(heatmap: FloatMap, product: Mask) -> float:
    return masks.share_of_heat(heatmap, product)


def _drift_details(case: Case) -> dict[str, Value]:
    """Share of the heat on each distractor."""

    def on(distractor: Mask) -> Value:
        if case.picture_fault is not None:
            return Value.undefined(case.picture_fault)
        if not distractor[~np.isnan(case.on_picture)].any():
            return Value.undefined("the encoder sees nothing of this distractor")
        return Value(masks.share_of_heat(case.on_picture, distractor))

    return {name: on(mask) for name, mask in case.distractors.items()}


def _omission_details(case: Case) -> dict[str, Value]:
    """Share of each part that is not hot: annotated parts, and those by the outline."""
    assert case.mask is not None
    fault = mask_fault(case)

    def of(part: Mask) -> Value:
        if fault is not None:
            return Value.undefined(fault)
        if not part[~np.isnan(case.on_picture)].any():
            return Value.undefined("the encoder sees nothing of this part")
        return Value(masks.omission(case.on_picture, part))

    parts = {**outline_parts(case.mask), **case.parts}
    return {name: of(part) for name, part in parts.items()}


def _own_minus_other(case: Case) -> Value:
    fault = mask_fault(case)
    if fault is not None:
        return Value.undefined(fault)
    assert case.mask is not None
    # A constant map of another item separates nothing: its AUC is chance, 0.5.
    if any(map_fault(other) not in (None, CONSTANT) for other in case.others):
        return Value.undefined("another item's map has values that are not finite")
    shown = [case.geometry.onto_picture(other) for other in case.others]
    foreign = [masks.pixel_auc(other, case.mask) for other in shown]
    return Value(masks.pixel_auc(case.on_picture, case.mask) - float(np.mean(foreign)))


register(
    Metric(
        name="energy-inside",
        label="energy inside",
        low=0,
        high=1,
        better="higher",
        needs=frozenset({"mask"}),
        about="share of the heat (excess over the map's mean) on the product",
        source="after Wang et al. 2020, Score-CAM: the energy-based pointing game",
        measure=_metric_of(_energy_inside),
    ),
    Metric(
        name="drift",
        label="drift",
        low=0,
        high=1,
        better="lower",
        needs=frozenset({"mask"}),
        about="share of the heat outside the product; details: on each distractor",
        source="information drift of Fan et al. 2025, BeFA, as a number",
        measure=_metric_of(masks.drift),
        details=_drift_details,
    ),
    Metric(
        name="omission",
        label="omission",
        low=0,
        high=1,
        better="lower",
        needs=frozenset({"mask"}),
        about="share of the product at or below the map's mean; details: of each of its parts",
        source="information omission of Fan et al. 2025, BeFA, as a number",
        measure=_metric_of(masks.omission),
        details=_omission_details,
    ),
    Metric(
        name="pointing-game",
        label="pointing game",
        low=0,
        high=1,
        better="higher",
        needs=frozenset({"mask"}),
        about="whether the hottest pixel lies on the product itself, without the paper's tolerance "
        "of 15 pixels; equally hot ones count in shares",
        source="after Zhang et al. 2016, Top-down neural attention by excitation backprop",
        measure=_metric_of(masks.pointing),
    ),
    Metric(
        name="best-iou",
        label="best IoU",
        low=0,
        high=1,
        better="higher",
        needs=frozenset({"mask"}),
        about="best intersection over union of the product with the map above a threshold: an "
        "oracle threshold per picture",
        source="after Choe et al. 2020, Evaluating weakly supervised object localization methods "
        "right, whose threshold is one for all pictures",
        measure=_metric_of(masks.best_iou),
    ),
    Metric(
        name="auc",
        label="pixel AUC",
        low=0,
        high=1,
        better="higher",
        needs=frozenset({"mask"}),
        about="chance that a pixel of the product is hotter than one outside; 0.5 is chance",
        source="Hanley and McNeil 1982, area under the ROC curve",
        measure=_metric_of(masks.pixel_auc),
    ),
    Metric(
        name="own-minus-other-auc",
        label="own minus other AUC",
        low=-1,
        high=1,
        better="higher",
        needs=frozenset({"mask", "others"}),
        about="pixel AUC minus the mean of those that other items' embeddings give on the picture",
        source="becam",
        measure=_own_minus_other,
    ),
)
