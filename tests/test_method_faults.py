"""What methods refuse: values that are not finite, fills that they can't honour."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor

from becam import InputError, MapConfig, Target
from becam.methods import METHODS, MethodOptions
from tests.questions import behaviour, project, question
from tests.small import SmallEncoder

QUICK = MethodOptions(steps=8, segments=6, samples=30)


@pytest.mark.parametrize(
    "name", [name for name in METHODS if METHODS[name].kind in ("becam", "baseline", "score")]
)
@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_a_projection_that_is_not_finite_is_named_whatever_asks(name: str, value: float) -> None:
    def nowhere(content: Tensor) -> Tensor:
        return project(content) * value

    asked = question(projection=nowhere, options=QUICK)
    if METHODS[name].kind == "score":  # which take the recommender's own
        assert np.isfinite(METHODS[name].run(asked).heatmap).all()
        return
    with pytest.raises(InputError, match="the projection gives values that are not finite") as told:
        METHODS[name].run(asked)
    assert "\n" not in str(told.value)


@pytest.mark.parametrize("name", ["becam", "occlusion", "lime", "kernel-shap", "score-cam"])
def test_a_target_that_is_not_finite_is_named(name: str) -> None:
    target = Target(torch.tensor([0.3, float("nan"), 0.2, 0.9]), "item", "7")
    with pytest.raises(InputError, match="the embedding of item '7' is not finite; expected"):
        METHODS[name].run(question(target=target, options=QUICK))


@pytest.mark.parametrize("name", ["becam", "lime", "kernel-shap", "grad-cam"])
def test_contents_that_are_not_finite_are_the_encoders(name: str) -> None:
    encoder = SmallEncoder()
    encoder.tower[4].bias.data[1] = float("inf")
    with pytest.raises(InputError, match=r"encoder 'small'.*not finite"):
        METHODS[name].run(question(encoder, options=QUICK))


def test_a_score_that_is_not_finite_is_named() -> None:
    item = behaviour(5)
    item.model.behavioural_embeddings().data[0, 1] = 0  # what the gate is divided by
    with pytest.raises(InputError, match="score 'gate' gives values that are not finite"):
        METHODS["gate"].run(question(behaviour=item))


def test_a_map_that_is_not_finite_though_the_score_is_has_no_wrong_culprit() -> None:
    class Sheer(torch.autograd.Function):
        @staticmethod
        def forward(_ctx: Any, values: Tensor) -> Tensor:
            return values.clone()

        @staticmethod
        def backward(_ctx: Any, slopes: Tensor) -> Tensor:
            return slopes * float("inf")

    def sheer(content: Tensor) -> Tensor:
        found: Tensor = Sheer.apply(project(content))
        return found

    with pytest.raises(InputError, match="method 'grad-cam': values that are not finite"):
        METHODS["grad-cam"].run(question(projection=sheer))


@pytest.mark.parametrize("name", ["score-cam", "gscore-cam"])
def test_a_fill_that_a_method_fixes_is_refused_not_ignored(name: str) -> None:
    run = METHODS[name].run
    for fill in ("black", "blur"):
        with pytest.raises(InputError, match=f"method '{name}' fills with mean, .*not '{fill}'"):
            run(question(config=MapConfig(fill=fill)))
    chosen = run(question(config=MapConfig(fill="mean")))
    assert np.array_equal(chosen.heatmap, run(question()).heatmap)
    assert chosen.provenance.fill == "mean"


@pytest.mark.parametrize(
    "name", [n for n in METHODS if METHODS[n].family in ("perturbation", "surrogate")]
)
def test_every_other_baseline_that_fills_fills_as_asked(name: str) -> None:
    maps = [
        METHODS[name].run(question(options=QUICK, config=MapConfig(fill=fill)))
        for fill in ("mean", "black")
    ]
    assert [each.provenance.fill for each in maps] == ["mean", "black"]
    assert not np.array_equal(maps[0].heatmap, maps[1].heatmap)
