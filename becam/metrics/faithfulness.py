"""Metrics without a mask: what becomes of the score where the map's pixels come or go."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from becam.metrics.base import Metric, Value, register
from becam.metrics.case import Case

NOT_FINITE = "the scores are not finite"


@dataclass(frozen=True, eq=False)
class Curve:
    """Scores along growing shares of the pixels, hottest first.

    Attributes:
        shares: share of the pixels removed or inserted, (k,) float64, from 0 to 1.
        scores: cosine with the target, (k,) float64.
    """

    shares: NDArray[np.float64]
    scores: NDArray[np.float64]

    @property
    def area(self) -> float:
        """Area under the curve, by trapezoids: the mean score along the way."""
        return float((np.diff(self.shares) * (self.scores[1:] + self.scores[:-1]) / 2).sum())


def deletion_curve(case: Case) -> Curve:
    """Remove the hottest pixels first and score what is left (RISE, Petsiuk et al. 2018).

    Args:
        case: with a score and a map that is neither constant nor NaN.
    """
    assert case.picture is not None
    picture = case.picture.float().cpu()
    return case.once("deletion", lambda: _curve(case, picture, case.filled(case.settings.removed)))


def insertion_curve(case: Case) -> Curve:
    """Start from a blank picture and show the hottest pixels first (RISE).

    Args:
        case: with a score and a map that is neither constant nor NaN.
    """
    assert case.picture is not None
    picture = case.picture.float().cpu()
    return case.once("insertion", lambda: _curve(case, case.filled(case.settings.blank), picture))


def _curve(case: Case, start: Tensor, end: Tensor) -> Curve:
    """Score pictures on the way from one to the other, in the map's order."""
    assert case.scorer is not None
    scorer, total = case.scorer, int(case.shown.sum())
    counts = np.unique(np.linspace(0, total, case.settings.steps + 1).round().astype(np.int64))
    device = scorer.encoder.device
    ranks, start, end = case.ranks.to(device), start.to(device), end.to(device)
    found = []
    for part in scorer.parts(len(counts)):
        changed = ranks < torch.from_numpy(counts[part]).to(device)[:, None, None]
        found.append(scorer(torch.where(changed[:, None], end, start)))
    return Curve(counts / total, torch.cat(found).double().numpy())


def shown_score(case: Case) -> float:
    """Score of the whole picture."""
    assert case.scorer is not None
    assert case.picture is not None
    scorer, picture = case.scorer, case.picture
    return case.once("shown", lambda: float(scorer(picture[None])[0]))


def explained_score(case: Case) -> float:
    """Score of the picture under its own map, stretched to [0, 1]; the rest is removed."""

    def compute() -> float:
        assert case.scorer is not None
        assert case.picture is not None
        values = torch.from_numpy(case.on_input)
        seen = values[torch.from_numpy(case.shown)]
        mask = ((values - seen.min()) / (seen.max() - seen.min())).nan_to_num(1)
        picture = case.picture.float().cpu()
        return float(case.scorer(case.filled(case.settings.removed).lerp(picture, mask)[None])[0])

    return case.once("explained", compute)


def _area_of(curve: Callable[[Case], Curve]) -> Callable[[Case], Value]:
    def of(case: Case) -> Value:
        if case.input_fault is not None:
            return Value.undefined(case.input_fault)
        area = curve(case).area
        return Value(area) if np.isfinite(area) else Value.undefined(NOT_FINITE)

    return of


def _of_scores(compare: Callable[[float, float], Value]) -> Callable[[Case], Value]:
    """Compare the scores of the whole and of the explained picture."""

    def of(case: Case) -> Value:
        if case.input_fault is not None:
            return Value.undefined(case.input_fault)
        whole, explained = shown_score(case), explained_score(case)
        if not np.isfinite([whole, explained]).all():
            return Value.undefined(NOT_FINITE)
        return compare(whole, explained)

    return of


def _drop(whole: float, explained: float) -> Value:
    if whole <= 0:  # there is no share of it
        return Value.undefined("the whole picture's score is not positive")
    return Value(max(whole - explained, 0) / whole)


def _increase(whole: float, explained: float) -> Value:
    return Value(float(explained > whole))


register(
    Metric(
        name="insertion",
        label="insertion",
        low=-1,
        high=1,
        better="higher",
        needs=frozenset({"score"}),
        about="area under the score while a blurred picture is uncovered, hottest pixels first",
        source="Petsiuk et al. 2018, RISE",
        measure=_area_of(insertion_curve),
    ),
    Metric(
        name="deletion",
        label="deletion",
        low=-1,
        high=1,
        better="lower",
        needs=frozenset({"score"}),
        about="area under the score while the picture is removed, hottest pixels first",
        source="Petsiuk et al. 2018, RISE",
        measure=_area_of(deletion_curve),
    ),
    Metric(
        name="average-drop",
        label="average drop",
        low=0,
        high=float("inf"),
        better="lower",
        needs=frozenset({"score"}),
        about="share of the score that is lost where only what the map shows is kept",
        source="Chattopadhay et al. 2018, Grad-CAM++",
        measure=_of_scores(_drop),
    ),
    Metric(
        name="average-increase",
        label="average increase",
        low=0,
        high=1,
        better="higher",
        needs=frozenset({"score"}),
        about="whether the score grows where only what the map shows is kept; the mean over items",
        source="Chattopadhay et al. 2018, Grad-CAM++",
        measure=_of_scores(_increase),
    ),
)
