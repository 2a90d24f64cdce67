"""Deviation of content features from behavioural embeddings, item by item (BeFA, eq. 4-7)."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from torch import Tensor

from becam.angles import angle, cosine_distance
from recsys.errors import InputError, shown

FloatArray = NDArray[np.float64]
EXPONENT = 2.0


@dataclass(frozen=True, eq=False)
class Deviations:
    """What eq. 4-7 of the BeFA paper give for n items.

    Attributes:
        theta: angle between content feature and behavioural embedding (eq. 4), radians in
            [0, pi], (n,) float64. NaN, as all figures of the item, where either vector is zero.
        effective: p, length of the content feature's projection on the behavioural embedding
            (eq. 5): the part that is effective; negative where they point apart, (n,) float64.
        deviation: f = (1 - cos theta)^exponent (eq. 6), (n,) float64 in [0, 2^exponent].
        exponent: that of f.
    """

    theta: FloatArray
    effective: FloatArray
    deviation: FloatArray
    exponent: float

    @property
    def n(self) -> int:
        """How many items have figures."""
        return int(np.isfinite(self.theta).sum())

    @property
    def mean_theta(self) -> float:
        """Mean angle, radians; NaN without items."""
        return _mean(self.theta)

    @property
    def mean_effective(self) -> float:
        """Mean effective length; NaN without items."""
        return _mean(self.effective)

    @property
    def delta(self) -> float:
        """Delta, the mean of f over items (eq. 7); NaN without items."""
        return _mean(self.deviation)


def deviations(content: Tensor, behavioural: Tensor, *, exponent: float = EXPONENT) -> Deviations:
    """Measure how far content features deviate from behavioural embeddings (BeFA, eq. 4-7).

    Args:
        content: content features in the behavioural space, after the projection and the adapter,
            if any, float (n, d).
        behavioural: behavioural embeddings of the same items, float (n, d).
        exponent: of eq. 6, greater than 0. It is garbled in the copy of the paper that this was
            written from; 2 is the reading taken here.

    Raises:
        InputError: an exponent that is not a positive number.
        ValueError: shapes that differ.
    """
    check_exponent(exponent)
    if content.shape != behavioural.shape or content.dim() != 2:
        raise ValueError(
            f"expected content and embeddings (n, d), not {tuple(content.shape)} and "
            f"{tuple(behavioural.shape)}"
        )
    theta = angle(content, behavioural).cpu().numpy()
    length = content.double().norm(dim=-1).cpu().numpy()
    # 1 - cos as a distance of unit vectors: 1 - cos(theta) has no digits left near 0.
    distance = cosine_distance(content, behavioural).cpu().numpy()
    return Deviations(
        theta=theta,
        effective=length * np.cos(theta),
        deviation=np.where(np.isnan(theta), np.nan, distance**exponent),
        exponent=exponent,
    )


def check_exponent(exponent: float) -> None:
    """Raise InputError unless ``exponent`` is a positive number."""
    if not (math.isfinite(exponent) and exponent > 0):
        raise InputError(f"exponent {shown(exponent)}: expected a number greater than 0")


def _mean(values: FloatArray) -> float:
    known = values[np.isfinite(values)]
    return float(known.mean()) if len(known) else math.nan
