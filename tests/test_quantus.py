"""Our pointing game, pixel AUC and deletion against Quantus, on 50 items."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from becam.geometry import Geometry
from becam.metrics import METRICS, Case, MetricSettings
from becam.metrics.faithfulness import deletion_curve
from becam.metrics.quantus_items import CosineModel, QuantusItems, quantus_items
from becam.scorer import Scorer
from becam.target import Target
from tests.cases import small_scorer
from tests.small import SmallEncoder

N_ITEMS, SIDE, STEPS = 50, 24, 12


@pytest.fixture(scope="module")
def cases() -> list[Case]:
    """Items of one encoder with targets of their own; maps without equal values."""
    encoder, found = SmallEncoder(), []
    for seed in range(N_ITEMS):
        rng = np.random.default_rng(seed)
        mask = np.zeros((SIDE, SIDE), bool)
        top, left = rng.integers(0, SIDE - 8, 2)
        mask[top : top + 6, left : left + 8] = True
        own = small_scorer(seed)
        found.append(
            Case(
                heatmap=(rng.standard_normal((SIDE, SIDE)) + 2 * mask).astype(np.float32),
                geometry=Geometry.squash((SIDE, SIDE)),
                mask=mask,
                scorer=Scorer(encoder, own.projection, own.target),
                picture=torch.from_numpy(rng.standard_normal((3, SIDE, SIDE)).astype(np.float32)),
                settings=MetricSettings(steps=STEPS),
            )
        )
    return found


@pytest.fixture(scope="module")
def items(cases: list[Case]) -> QuantusItems:
    return quantus_items(cases)


def values(cases: list[Case], name: str) -> list[float | None]:
    return [METRICS[name].of(case).value for case in cases]


def test_items_have_the_form_that_quantus_asks_for(cases: list[Case], items: QuantusItems) -> None:
    assert (items.x.shape, items.x.dtype) == ((N_ITEMS, 3, SIDE, SIDE), np.float32)
    assert (items.a.shape, items.a.dtype) == ((N_ITEMS, 1, SIDE, SIDE), np.float32)
    assert items.s is not None
    assert (items.s.shape, items.s.dtype) == ((N_ITEMS, 1, SIDE, SIDE), np.bool_)
    assert items.y.tolist() == list(range(N_ITEMS))
    scores = items.model(torch.from_numpy(items.x))
    for index in (0, 7):
        scorer = cases[index].scorer
        assert scorer is not None
        torch.testing.assert_close(scores[:, index], scorer(torch.from_numpy(items.x)))


def test_what_cannot_be_exported_is_refused(cases: list[Case]) -> None:
    bare = Case(heatmap=np.eye(3, dtype=np.float32), geometry=Geometry.squash((3, 3)))
    with pytest.raises(ValueError, match="a scorer and a picture"):
        quantus_items([*cases[:1], bare])
    with pytest.raises(ValueError, match="one encoder"):
        CosineModel([small_scorer(0), small_scorer(1)])
    flat = Case(
        heatmap=np.ones((3, 3), np.float32),
        geometry=Geometry.squash((SIDE, SIDE)),
        scorer=cases[0].scorer,
        picture=cases[0].picture,
    )
    with pytest.raises(ValueError, match="the map is constant"):
        quantus_items([flat])


def test_pointing_game_and_auc_agree(cases: list[Case], items: QuantusItems) -> None:
    quantus = pytest.importorskip("quantus", reason="the extra quantus is not installed")
    options = {"abs": False, "normalise": False, "disable_warnings": True}
    pointing = quantus.PointingGame(**options)(**items.arguments)
    assert [float(hit) for hit in pointing] == values(cases, "pointing-game")
    assert 0 < np.mean(pointing) < 1
    auc = quantus.AUC(**options)(**items.arguments)
    np.testing.assert_allclose(auc, values(cases, "auc"), atol=1e-6)


def test_deletion_agrees(cases: list[Case], items: QuantusItems) -> None:
    quantus = pytest.importorskip("quantus", reason="the extra quantus is not installed")
    flipping = quantus.PixelFlipping(
        features_in_step=3 * SIDE * SIDE // STEPS,  # whole pixels: three values each
        perturb_baseline=0.0,  # the training set's mean colour
        abs=False,
        normalise=False,
        disable_warnings=True,
    )
    curves = flipping(**items.arguments)
    for case, theirs in zip(cases, curves, strict=True):
        ours = deletion_curve(case)
        np.testing.assert_allclose(ours.scores[1:], theirs, atol=1e-5)


def test_a_target_is_not_mixed_up_with_another(items: QuantusItems) -> None:
    scores = items.model(torch.from_numpy(items.x[:3]))
    assert len(set(scores[0].tolist())) == N_ITEMS
    assert isinstance(items.model.scorers[0].target, Target)
