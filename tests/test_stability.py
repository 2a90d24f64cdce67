"""Infidelity and sensitivity: cases whose value is known."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch
from torch import Tensor

from becam.attribution import BeCAM
from becam.map_config import MapConfig
from becam.metrics import METRICS, MetricSettings
from becam.metrics.stability import becam_explainer
from tests.cases import SIZE, blob, small_scorer, window_case
from tests.small import noise_picture


def test_a_map_that_foretells_the_loss_has_no_infidelity() -> None:
    """A score that is linear in the pixels is explained by its weights, on any scale."""
    case = window_case(7 * blob())
    assert case.scorer is not None
    # So small a part that the cosine is linear in it.
    case.scorer.projection = lambda content: content * torch.tensor([1e-3, 1])
    perfect = METRICS["infidelity"].of(case).value
    other = METRICS["infidelity"].of(replace(case, heatmap=(~blob()).astype(np.float32))).value
    assert perfect == pytest.approx(0, abs=1e-12)
    assert (other or 0) > 1e-8


def test_sensitivity_of_maps_that_stay_turn_over_or_follow() -> None:
    base = torch.arange(12.0).view(1, 3, 4)

    def value(explain: object) -> float | None:
        return METRICS["sensitivity"].of(replace(window_case(blob()), explain=explain)).value

    assert value(lambda pictures: base.expand(len(pictures), -1, -1)) == 0
    # Another scale and zero is the same map.
    assert value(
        lambda pictures: base * pictures.mean((1, 2, 3))[:, None, None] + pictures[:, 0, :1, :1]
    ) == pytest.approx(0, abs=1e-5)

    def turned(pictures: Tensor) -> Tensor:
        plain = (pictures == 1).flatten(1).all(1)
        return torch.where(plain[:, None, None], base, -base)

    assert value(turned) == pytest.approx(2)


def test_sensitivity_changes_the_picture_by_the_radius_alone() -> None:
    seen: list[Tensor] = []

    def watch(pictures: Tensor) -> Tensor:
        seen.append(pictures.clone())
        return pictures[:, 0]

    options = MetricSettings(samples=4, radius=0.1)
    case = replace(window_case(blob()), explain=watch, settings=options)
    first = METRICS["sensitivity"].of(case)
    assert first == METRICS["sensitivity"].of(case)
    changes = torch.cat(seen[1:2]) - 1
    assert changes.shape == (4, 3, SIZE, SIZE)
    assert 0.09 < float(changes.abs().max()) <= 0.1
    assert len({float(change.sum()) for change in changes}) == 4


def test_becam_explained_again_is_becam() -> None:
    scorer, picture = small_scorer(), noise_picture(24, 24)
    cam = BeCAM(scorer.encoder, MapConfig(weighting="contrast"))
    explain = becam_explainer(cam, picture, scorer.projection, scorer.target)
    inputs = torch.stack([scorer.encoder.preprocess(noise_picture(24, 24, s)) for s in (0, 1)])
    maps = explain(inputs)
    for seed, found in enumerate(maps):
        expected = cam.attribute(
            noise_picture(24, 24, seed), scorer.projection, scorer.target
        ).heatmap
        np.testing.assert_allclose(found.numpy(), expected, rtol=1e-4, atol=1e-6)
    few = BeCAM(scorer.encoder, MapConfig(passes=8))
    with pytest.raises(ValueError, match="all channels"):
        becam_explainer(few, picture, scorer.projection, scorer.target)
