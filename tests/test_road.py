"""ROAD's imputation: a dense solution, an independent implementation, padding."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from pytorch_grad_cam.metrics.road import NoisyLinearImputer

from becam.metrics import METRICS, MetricSettings
from becam.metrics.road import imputed, road_curve
from tests.cases import blob, window_case

SHAPE = (6, 7)


def example(seed: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    shown = np.ones(SHAPE, bool)
    shown[:, : seed % 3] = False  # padding on the left, or none
    removed = (rng.random(SHAPE) < 0.7) & shown
    removed[3, 4] = False
    return rng.standard_normal((3, *SHAPE)), removed, shown


def dense(pixels: np.ndarray, removed: np.ndarray, shown: np.ndarray) -> np.ndarray:
    """Solve the same equations pixel by pixel, with a dense matrix over all pixels."""
    height, width = SHAPE
    matrix, right = np.eye(height * width), pixels.reshape(3, -1).T.copy()
    for i in range(height):
        for j in range(width):
            if not removed[i, j]:
                continue
            row = i * width + j
            matrix[row], right[row] = 0, 0
            for k in range(height):
                for m in range(width):
                    near = max(abs(i - k), abs(j - m))
                    if near != 1 or not shown[k, m]:
                        continue
                    weight = 1 / 6 if abs(i - k) + abs(j - m) == 1 else 1 / 12
                    matrix[row, row] += weight
                    matrix[row, k * width + m] -= weight
    return np.linalg.solve(matrix, right).T.reshape(3, *SHAPE)


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 100_000))
def test_the_sparse_system_has_the_dense_solution(seed: int) -> None:
    pixels, removed, shown = example(seed)
    np.testing.assert_allclose(
        imputed(pixels, removed, shown), dense(pixels, removed, shown), atol=1e-9
    )


def test_it_agrees_with_the_authors_code_as_grad_cam_ships_it() -> None:
    rng = np.random.default_rng(1)
    pixels = rng.standard_normal((3, 20, 24)).astype(np.float32)
    removed = rng.random((20, 24)) < 0.8
    theirs = NoisyLinearImputer(noise=0)(torch.from_numpy(pixels), torch.from_numpy(~removed) * 1.0)
    ours = imputed(pixels.astype(np.float64), removed)
    np.testing.assert_allclose(ours, theirs.numpy(), atol=1e-5)


def test_a_plane_is_imputed_without_error() -> None:
    """Weights are symmetric, so what is linear inside comes back, and a constant anywhere."""
    rows, columns = np.mgrid[:9, :9]
    pixels = np.stack([rows + 2.0 * columns, np.full((9, 9), 4.0), rows * 0.5])
    removed = np.zeros((9, 9), bool)
    removed[2:7, 3:6] = True
    np.testing.assert_allclose(imputed(pixels, removed), pixels, atol=1e-9)
    everywhere = np.ones((9, 9), bool)
    everywhere[8, 8] = False
    np.testing.assert_allclose(imputed(pixels[1:2], everywhere), pixels[1:2], atol=1e-9)
    np.testing.assert_array_equal(imputed(pixels, np.zeros((9, 9), bool)), pixels)


def test_padding_gives_no_colour_away() -> None:
    pixels, removed, shown = example(2)
    assert not shown.all()
    other = np.where(shown, pixels, 99.0)
    changed = np.abs(imputed(other, removed, shown) - imputed(pixels, removed, shown))
    assert changed[:, shown].max() == 0


def test_the_better_map_loses_more_by_its_hottest_pixels() -> None:
    # Dark product on a white picture: its window's light is what imputation brings in.
    rng = np.random.default_rng(0)
    picture = torch.where(torch.from_numpy(blob()), 1.0, 0.1).expand(3, -1, -1)
    good, bad = (
        replace(window_case(heat), picture=picture)
        for heat in (blob() + 0.1 * rng.random(blob().shape), rng.random(blob().shape))
    )
    for name, sign in (("road-morf", -1), ("road-lerf", 1), ("road", 1)):
        ours, theirs = METRICS[name].of(good).value, METRICS[name].of(bad).value
        assert sign * (ours or 0) > sign * (theirs or 0), name
    assert METRICS["road"].of(good).value == pytest.approx(
        (METRICS["road-lerf"].of(good).value or 0) - (METRICS["road-morf"].of(good).value or 0)
    )


def test_noise_is_small_and_only_where_pixels_went() -> None:
    quiet, loud = (
        window_case(blob(), settings=MetricSettings(road_noise=noise, road_shares=(0.1,)))
        for noise in (0.0, 0.01)
    )
    # A white picture is imputed white, so all that is left is the noise.
    whole = road_curve(quiet, hottest_first=True).scores[0]
    assert whole == pytest.approx(np.sqrt(0.5), abs=1e-6)
    assert 0 < abs(road_curve(loud, hottest_first=True).scores[0] - whole) < 0.01
