"""Our metrics against Quantus on 50 items of the demo catalogue, by the demo encoder.

Here the picture is larger than the encoder's input, and maps are smaller than both. Ours compare
map and mask on the picture, Quantus on the input: they agree up to that resizing.
"""

from __future__ import annotations

import numpy as np
import pytest
import torch

from becam.activations import activations
from becam.catalogues import open_catalogue
from becam.encoders.registry import load_encoder
from becam.metrics import METRICS, Case, MetricSettings
from becam.metrics.faithfulness import deletion_curve
from becam.metrics.quantus_items import QuantusItems, quantus_items
from becam.progress import Reporter
from becam.scorer import Scorer
from becam.target import Target
from becam.workspace import open_workspace

N_ITEMS, STEPS = 50, 6
OPTIONS = {"abs": False, "normalise": False, "disable_warnings": True}

quantus = pytest.importorskip("quantus", reason="quantus is not installed")


@pytest.fixture(scope="module")
def cases(tmp_path_factory: pytest.TempPathFactory) -> list[Case]:
    """Activations of the demo encoder weighed at random, and targets at random."""
    quiet, generator = Reporter(quiet=True), torch.Generator().manual_seed(0)
    cache = open_workspace(tmp_path_factory.mktemp("quantus"))
    catalogue = open_catalogue(f"demo:items={N_ITEMS},users=40", cache, quiet)
    encoder = load_encoder("demo-vit", device=torch.device("cpu"))
    found = []
    for item in catalogue.items:
        picture, mask = catalogue.picture(item), catalogue.mask(item)
        assert mask is not None
        geometry, seen = encoder.geometry(picture.size), encoder.preprocess(picture)
        _, (channels,) = activations(encoder, seen[None], encoder.layer())
        weights = torch.randn(len(channels), generator=generator).numpy()
        matrix = torch.randn(encoder.feature_dim, 16, generator=generator)
        target = Target(torch.randn(16, generator=generator), "item", item.item_id)
        found.append(
            Case(
                heatmap=np.einsum("n,nhw->hw", weights, channels.numpy()).astype(np.float32),
                geometry=geometry,
                mask=mask,
                scorer=Scorer(encoder, lambda rows, matrix=matrix: rows @ matrix, target),
                picture=seen,
                settings=MetricSettings(steps=STEPS),
            )
        )
    return found


@pytest.fixture(scope="module")
def items(cases: list[Case]) -> QuantusItems:
    return quantus_items(cases)


def values(cases: list[Case], name: str) -> np.ndarray:
    return np.array([METRICS[name].of(case).value for case in cases], float)


def test_pictures_are_larger_than_the_input_and_the_maps_smaller(cases: list[Case]) -> None:
    for case in cases:
        assert min(case.geometry.picture_size) > max(case.input_size) > max(case.heatmap.shape)


def test_pixel_auc_agrees(cases: list[Case], items: QuantusItems) -> None:
    ours, theirs = values(cases, "auc"), quantus.AUC(**OPTIONS)(**items.arguments)
    np.testing.assert_allclose(ours, theirs, atol=0.01)
    assert np.std(theirs) > 0.1


def test_pointing_game_agrees(cases: list[Case], items: QuantusItems) -> None:
    ours = values(cases, "pointing-game")
    theirs = np.array([float(hit) for hit in quantus.PointingGame(**OPTIONS)(**items.arguments)])
    # A maximum at the product's edge may lie in it on one grid and not on the other.
    assert (ours.round() == theirs).mean() >= 0.9
    assert 0 < theirs.mean() < 1


def test_deletion_agrees(cases: list[Case], items: QuantusItems) -> None:
    height, width = cases[0].input_size
    flipping = quantus.PixelFlipping(
        features_in_step=3 * height * width // STEPS, perturb_baseline=0.0, **OPTIONS
    )
    for case, theirs in zip(cases, flipping(**items.arguments), strict=True):
        ours = deletion_curve(case).scores[1:]
        # Equally hot pixels at a step's edge are taken in another order.
        np.testing.assert_allclose(ours, theirs, atol=0.01)
        assert np.abs(ours - theirs).mean() < 3e-3
