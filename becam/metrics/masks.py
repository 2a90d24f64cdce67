"""What a heatmap says about a picture whose product is known: drift, omission, pixel AUC.

Maps are signed and have no natural zero, so "hot" means above the map's own mean over the
seen picture. Every metric is then unchanged by scaling or shifting a map.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from becam.faults import mask_fault, product_fault

FloatMap = NDArray[np.float32]
Mask = NDArray[np.bool_]

_NAN = float("nan")


@dataclass(frozen=True)
class MaskMetrics:
    """A heatmap against a product mask. NaN where a figure is not defined.

    Attributes:
        drift: information drift: share of the heat (excess over the mean) that lies outside
            the product; [0, 1], lower is better.
        omission: information omission: share of the product that is not hot; [0, 1], lower
            is better.
        auc: pixel AUC: chance that a pixel of the product is hotter than one outside;
            [0, 1], higher is better, 0.5 is chance.
        centre_auc: the same for the centre prior; a map must beat it to mean anything.
        unweighted_auc: the same for the unweighted map.
        distractor_drift: share of the heat on each distractor.
        undefined: why drift, omission and pixel AUC are not defined; None where they are.
    """

    drift: float
    omission: float
    auc: float
    centre_auc: float
    unweighted_auc: float
    distractor_drift: Mapping[str, float]
    undefined: str | None = None


def mask_metrics(
    heatmap: FloatMap,
    unweighted: FloatMap,
    product: Mask,
    distractors: Mapping[str, Mask] | None = None,
) -> MaskMetrics:
    """Measure a heatmap against the product mask.

    What says nothing is not defined, as in `becam.metrics.METRICS`, whatever the functions below
    return: all of it for a mask that is empty, fills the picture or is all or nothing of what the
    encoder sees; for a constant map drift, omission and pixel AUC; for a distractor that the
    encoder does not see its share.

    Args:
        heatmap: on the picture, (H, W), NaN where unseen.
        unweighted: the unweighted map on the picture, (H, W).
        product: (H, W) bool.
        distractors: name -> (H, W) bool.

    Raises:
        ValueError: shapes that differ.
    """
    return mask_metrics_of_many([heatmap], unweighted, product, distractors)[0]


def mask_metrics_of_many(
    heatmaps: Sequence[FloatMap],
    unweighted: FloatMap,
    product: Mask,
    distractors: Mapping[str, Mask] | None = None,
) -> list[MaskMetrics]:
    """Measure several heatmaps of one picture, see `mask_metrics`; what they share only once.

    Raises:
        ValueError: shapes that differ.
    """
    for heatmap in heatmaps:
        if not heatmap.shape == unweighted.shape == product.shape:
            raise ValueError(
                f"heatmap {heatmap.shape}, unweighted map {unweighted.shape} and mask "
                f"{product.shape} must have one shape"
            )
    seen = ~np.isnan(unweighted)
    known = product_fault(product, seen) is None
    centre_auc = pixel_auc(centre_prior(product.shape), product) if known else _NAN
    unweighted_auc = _unless(mask_fault(unweighted, product), pixel_auc, unweighted, product)
    found = []
    for heatmap in heatmaps:
        fault = mask_fault(heatmap, product)
        heat = _Heat.of(heatmap)
        found.append(
            MaskMetrics(
                drift=_NAN if fault else heat.share(~product),
                omission=_NAN if fault else heat.missed(product),
                auc=_unless(fault, pixel_auc, heatmap, product),
                centre_auc=centre_auc,
                unweighted_auc=unweighted_auc,
                distractor_drift={
                    name: heat.share(mask) if mask[seen].any() else _NAN
                    for name, mask in (distractors or {}).items()
                },
                undefined=fault,
            )
        )
    return found


def _unless(
    fault: str | None, measure: Callable[[FloatMap, Mask], float], heatmap: FloatMap, product: Mask
) -> float:
    return measure(heatmap, product) if fault is None else _NAN


@dataclass(frozen=True, eq=False)
class _Heat:
    """A map's excess over its mean, computed once for all regions.

    Attributes:
        seen: (H, W) bool.
        excess: of the seen pixels, (n,) float64; None for a constant map.
    """

    seen: Mask
    excess: NDArray[np.float64] | None

    @classmethod
    def of(cls, heatmap: FloatMap) -> _Heat:
        seen = ~np.isnan(heatmap)
        values = heatmap[seen].astype(np.float64)
        constant = values.size == 0 or values.min() == values.max()
        return cls(seen, None if constant else values - values.mean())

    @cached_property
    def heat(self) -> NDArray[np.float64]:
        assert self.excess is not None
        return np.clip(self.excess, 0, None)

    @cached_property
    def total(self) -> float:
        return float(self.heat.sum())

    def share(self, region: Mask) -> float:
        if self.excess is None:
            return _NAN
        return float(self.heat[region[self.seen]].sum() / self.total)

    def missed(self, region: Mask) -> float:
        inside = None if self.excess is None else self.excess[region[self.seen]]
        return _NAN if inside is None or not inside.size else float((inside <= 0).mean())


def share_of_heat(heatmap: FloatMap, region: Mask) -> float:
    """Share of the heat (excess over the mean) that lies in a region; NaN for a constant map."""
    return _Heat.of(heatmap).share(region)


def drift(heatmap: FloatMap, product: Mask) -> float:
    """Share of the heat outside the product; NaN for an empty mask or a constant map.

    0 for a mask that fills the picture, which `mask_metrics` and the metric ``drift`` call not
    defined: no map could do otherwise.
    """
    return share_of_heat(heatmap, ~product) if product.any() else float("nan")


def omission(heatmap: FloatMap, product: Mask) -> float:
    """Share of the seen product at or below the map's mean; NaN if there is none."""
    return _Heat.of(heatmap).missed(product)


def pixel_auc(heatmap: FloatMap, product: Mask) -> float:
    """Area under the ROC curve of the product's pixels (ties count half).

    NaN where the seen picture is all product or has none. 0.5 for a constant map, which
    `mask_metrics` and the metric ``auc`` call not defined: it ranks nothing.
    """
    seen = ~np.isnan(heatmap)
    values, positive = heatmap[seen], product[seen]
    inside = np.sort(values[positive])
    hits, misses = inside.size, values.size - inside.size
    if not hits or not misses:
        return float("nan")
    # Of each of the product's pixels: how many outside it are lower, and how many as low.
    outside = np.sort(values[~positive])
    lower = np.searchsorted(outside, inside, side="left")
    not_higher = lower.copy()
    tied = outside[np.minimum(lower, misses - 1)] == inside
    not_higher[tied] = np.searchsorted(outside, inside[tied], side="right")  # mostly of none
    return int(lower.sum() + not_higher.sum()) / (2 * hits * misses)


def pointing(heatmap: FloatMap, product: Mask) -> float:
    """Share of the map's hottest pixels that lie on the product; 1 or 0 without ties.

    The pointing game (Zhang et al. 2016) without its tolerance: a hottest pixel beside the product
    is a miss, where the paper counts a hit within 15 pixels. NaN where nothing is seen.
    """
    seen = ~np.isnan(heatmap)
    values = heatmap[seen]
    if values.size == 0:
        return float("nan")
    return float(product[seen][values == values.max()].mean())


def best_iou(heatmap: FloatMap, product: Mask) -> float:
    """Best intersection over union of the product with ``heatmap >= t``, over all thresholds t.

    An oracle threshold per picture: the best is taken with the product known, picture by picture.
    Choe et al. 2020 take one threshold for all pictures: not to be compared with their figures.
    NaN where none of the product is seen.
    """
    seen = ~np.isnan(heatmap)
    values, positive = heatmap[seen], product[seen]
    size = int(positive.sum())
    if not size:
        return float("nan")
    order = np.argsort(-values, kind="stable")
    hits = positive[order].cumsum()
    kept = np.arange(1, values.size + 1)
    # A threshold keeps all pixels of one value, or none.
    ends = np.append(np.diff(values[order]) != 0, True)
    return float((hits / (kept + size - hits))[ends].max())


def centre_prior(shape: tuple[int, ...]) -> FloatMap:
    """Gaussian in the middle, a quarter of each side wide: what a lazy guess gets right."""
    rows, columns = (((np.arange(n) + 0.5) / n - 0.5) / 0.25 for n in shape)
    return np.exp(-0.5 * (rows[:, None] ** 2 + columns[None, :] ** 2)).astype(np.float32)
