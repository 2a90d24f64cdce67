"""ROAD: scores after removing pixels such that their outline gives nothing away.

Rong et al. 2022, A Consistent and Efficient Evaluation Strategy for Attribution Methods. Each
removed pixel becomes the weighted mean of its neighbours, removed ones included, which is one
sparse linear system; a little noise hides that it was.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from becam.metrics.base import Metric, Value, register
from becam.metrics.case import Case
from becam.metrics.faithfulness import NOT_FINITE, Curve

# Offsets (down, right) of half of the neighbours; the other half is opposite, with equal weights.
NEIGHBOURS = (((0, 1), 1 / 6), ((1, 0), 1 / 6), ((1, 1), 1 / 12), ((1, -1), 1 / 12))


def imputed(
    pixels: NDArray[np.float64],
    removed: NDArray[np.bool_],
    shown: NDArray[np.bool_] | None = None,
) -> NDArray[np.float64]:
    """Replace removed pixels by the weighted mean of their neighbours (Rong et al., section 4).

    Args:
        pixels: (C, H, W).
        removed: (H, W).
        shown: (H, W), which pixels there are; weights go to neighbours that are there. All
            of them without. Every region of removed pixels must touch one that is kept.

    Returns:
        (C, H, W), without noise.
    """
    result = pixels.copy()
    there = np.ones_like(removed) if shown is None else shown
    unknown = removed & there
    count = int(unknown.sum())
    if not count:
        return result
    from scipy.sparse import csc_matrix
    from scipy.sparse.linalg import splu

    index = np.full(removed.shape, -1, dtype=np.int64)
    index[unknown] = np.arange(count)
    total = np.zeros(count)
    right_side = np.zeros((count, len(pixels)))
    rows, columns, values = [np.arange(count)], [np.arange(count)], []
    for offset, weight in NEIGHBOURS:
        one, other = _shifted(removed.shape, offset)
        both = there[one] & there[other]
        for here, beside in ((one, other), (other, one)):
            asked = both & unknown[here]
            equation = index[here][asked]
            total[equation] += weight
            joined = unknown[beside][asked]
            rows.append(equation[joined])
            columns.append(index[beside][asked][joined])
            values.append(np.full(int(joined.sum()), -weight))
            given = pixels[(slice(None), *beside)][:, asked][:, ~joined]
            right_side[equation[~joined]] += weight * given.T
    values.insert(0, total)
    matrix = csc_matrix(
        (np.concatenate(values), (np.concatenate(rows), np.concatenate(columns))), (count, count)
    )
    # Symmetric and diagonally dominant: no pivoting, an ordering that keeps the factors small.
    factors = splu(matrix, "MMD_AT_PLUS_A", diag_pivot_thresh=0.0, options={"SymmetricMode": True})
    result[:, unknown] = factors.solve(right_side).T
    return result


def _shifted(shape: tuple[int, ...], offset: tuple[int, int]) -> tuple[tuple[slice, ...], ...]:
    """Slices of all pixels that have a neighbour at an offset, and of those neighbours."""
    one, other = [], []
    for length, step in zip(shape, offset, strict=True):
        one.append(slice(max(-step, 0), length - max(step, 0)))
        other.append(slice(max(step, 0), length + min(step, 0)))
    return tuple(one), tuple(other)


def road_curve(case: Case, *, hottest_first: bool) -> Curve:
    """Score the picture after removing shares of its pixels.

    Args:
        case: with a score and a map that is neither constant nor NaN.
        hottest_first: most relevant first (MoRF), or least relevant first (LeRF).

    Returns:
        a point for each of the settings' ``road_shares``.
    """
    return case.once(f"road {hottest_first}", lambda: _curve(case, hottest_first))


def _curve(case: Case, hottest_first: bool) -> Curve:
    assert case.scorer is not None
    assert case.picture is not None
    scorer, settings, shown = case.scorer, case.settings, case.shown
    pixels = case.picture.double().cpu().numpy()
    ranks, total = case.ranks.numpy(), int(shown.sum())
    # Linear imputation commutes with the normalisation, so only the noise needs its scale.
    scale = settings.road_noise / scorer.encoder.std.double().numpy()[:, None, None]
    noise = np.random.default_rng(settings.seed).standard_normal(pixels.shape) * scale

    def without(share: float) -> Tensor:
        count = min(max(round(share * total), 1), total - 1)
        removed = shown & (ranks < count if hottest_first else ranks >= total - count)
        changed = imputed(pixels, removed, shown)
        return torch.from_numpy(np.where(removed, changed + noise, pixels).astype(np.float32))

    found = []
    for part in scorer.parts(len(settings.road_shares)):
        found.append(scorer(torch.stack([without(s) for s in settings.road_shares[part]])))
    return Curve(np.array(settings.road_shares), torch.cat(found).double().numpy())


def _value(compare: Callable[[Case], float]) -> Callable[[Case], Value]:
    def of(case: Case) -> Value:
        if case.input_fault is not None:
            return Value.undefined(case.input_fault)
        found = compare(case)
        return Value(found) if np.isfinite(found) else Value.undefined(NOT_FINITE)

    return of


def _morf(case: Case) -> float:
    return float(road_curve(case, hottest_first=True).scores.mean())


def _lerf(case: Case) -> float:
    return float(road_curve(case, hottest_first=False).scores.mean())


_SOURCE = "Rong et al. 2022, ROAD"

register(
    Metric(
        name="road-morf",
        label="ROAD, hottest first",
        low=-1,
        high=1,
        better="lower",
        needs=frozenset({"score"}),
        about="mean score after imputing shares of the pixels, most relevant first",
        source=_SOURCE,
        measure=_value(_morf),
    ),
    Metric(
        name="road-lerf",
        label="ROAD, coldest first",
        low=-1,
        high=1,
        better="higher",
        needs=frozenset({"score"}),
        about="mean score after imputing shares of the pixels, least relevant first",
        source=_SOURCE,
        measure=_value(_lerf),
    ),
    Metric(
        name="road",
        label="ROAD",
        low=-2,
        high=2,
        better="higher",
        needs=frozenset({"score"}),
        about="ROAD coldest first minus hottest first: what the map's order is worth",
        source=_SOURCE,
        measure=_value(lambda case: _lerf(case) - _morf(case)),
    ),
)
