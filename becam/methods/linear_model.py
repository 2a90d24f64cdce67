"""A linear model by weighted least squares, in the form that captum asks for."""

from __future__ import annotations

from collections.abc import Iterable

import torch
from torch import Tensor


class WeightedLinear:
    """Ridge regression with an intercept, which is not penalised.

    The same as scikit-learn's Ridge (LinearRegression without a penalty; of all that fit
    equally well the one with the smallest coefficients), without depending on it.
    """

    def __init__(self, penalty: float) -> None:
        """Prepare.

        Args:
            penalty: on the sum of the squared coefficients; 0 for plain least squares.
        """
        self.penalty = penalty
        self.coefficients = torch.zeros(0)
        self.intercept = 0.0

    def fit(self, batches: Iterable[tuple[Tensor, Tensor, Tensor]]) -> None:
        """Fit to batches of features (n, M), values (n,) and weights (n,)."""
        parts = zip(*batches, strict=True)
        rows, values, weights = (torch.cat(list(part)).cpu().double() for part in parts)
        share = weights / weights.sum()
        centre, level = share @ rows, share @ values
        root = weights.sqrt()
        left, right = root[:, None] * (rows - centre), root * (values - level)
        if self.penalty:
            features = rows.shape[1]
            pull = self.penalty**0.5 * torch.eye(features, dtype=torch.float64)
            left = torch.cat([left, pull])
            right = torch.cat([right, torch.zeros(features, dtype=torch.float64)])
        # By singular values: combinations that were never drawn apart have no single solution.
        solved = torch.linalg.lstsq(left, right[:, None], driver="gelsd").solution[:, 0]
        self.coefficients = solved
        self.intercept = float(level - centre @ solved)

    def representation(self) -> Tensor:
        """Return the coefficients, (M,) float64."""
        return self.coefficients

    def __call__(self, rows: Tensor) -> Tensor:
        """Predict the values of features (n, M); (n,) float64."""
        return rows.double() @ self.coefficients.to(rows.device) + self.intercept
