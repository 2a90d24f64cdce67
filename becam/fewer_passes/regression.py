"""Gaussian-process regression of features over masks, with its own test."""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
from torch import Tensor

from becam.fewer_passes.kernel import covariance

LENGTHS = (0.5, 1.0, 2.0, 4.0, 8.0)
NUGGETS = (1e-4, 1e-3, 1e-2, 1e-1)


@dataclass(frozen=True, eq=False)
class Fit:
    """What the observed points say about all.

    Attributes:
        predicted: features of the asked-for points, (m, D) float64.
        left_out: features of each observed point, predicted from the other observed ones,
            (n, D) float64.
        left_out_variance: how sure that is, (n,) float64, in units of the process.
        factor: Cholesky factor of the asked-for points' covariance given the observed ones,
            (m, m) float64, in the same units.
        length, nugget: what the evidence chose.
    """

    predicted: Tensor
    left_out: Tensor
    left_out_variance: Tensor
    factor: Tensor
    length: float
    nugget: float


def fit(masks: Tensor, features: Tensor, wanted: Tensor, *, unit: float) -> Fit:
    """Fit the length scale and the nugget by evidence, then predict.

    Args:
        masks: observed, (n, p) float64.
        features: theirs, (n, D) float64.
        wanted: masks whose features are asked for, (m, p) float64.
        unit: see `becam.fewer_passes.kernel.unit_distance`.
    """
    mean = features.mean(0)
    residual = features - mean
    best: tuple[float, float, float] | None = None
    for length in LENGTHS:
        kernel = covariance(masks, masks, unit=unit, length=length)
        for nugget in NUGGETS:
            found = _evidence(_with_nugget(kernel, nugget), residual)
            if best is None or found > best[0]:
                best = found, length, nugget
    assert best is not None
    _, length, nugget = best
    kernel = _with_nugget(covariance(masks, masks, unit=unit, length=length), nugget)
    inverse = torch.cholesky_inverse(torch.linalg.cholesky(kernel))
    weights = inverse @ residual
    cross = covariance(wanted, masks, unit=unit, length=length)
    own = _with_nugget(covariance(wanted, wanted, unit=unit, length=length), nugget)
    diagonal = inverse.diagonal()
    return Fit(
        predicted=mean + cross @ weights,
        left_out=features - weights / diagonal[:, None],
        left_out_variance=1 / diagonal,
        factor=_cholesky(own - cross @ inverse @ cross.T),
        length=length,
        nugget=nugget,
    )


def _evidence(kernel: Tensor, residual: Tensor) -> float:
    """Log marginal likelihood, up to a constant, with the amplitude of all outputs profiled."""
    lower = torch.linalg.cholesky(kernel)
    whitened = torch.linalg.solve_triangular(lower, residual, upper=False)
    power = max(float(whitened.square().mean()), 1e-300)
    return -float(lower.diagonal().log().mean()) - 0.5 * math.log(power)


def _with_nugget(kernel: Tensor, nugget: float) -> Tensor:
    return kernel + nugget * torch.eye(len(kernel), dtype=kernel.dtype)


def _cholesky(matrix: Tensor) -> Tensor:
    """Cholesky factor of a covariance that may be indefinite by rounding."""
    jitter = 1e-12 * max(float(matrix.diagonal().mean()), 1e-300) if len(matrix) else 0.0
    while True:
        found = torch.linalg.cholesky_ex(_with_nugget(matrix, jitter))
        lower: Tensor = found.L
        if not int(found.info):
            return lower
        jitter *= 10
