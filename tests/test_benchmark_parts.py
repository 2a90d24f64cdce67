"""The parts of the benchmark of attribution: what it measures must not be changed by it."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import pytest
import torch

from becam.scorer import Scorer
from becam.target import Target
from tests.small import SmallEncoder


@pytest.fixture(params=["subjects", "meter"])
def part(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[ModuleType]:
    folder = Path(__file__).parent.parent / "benchmarks"
    monkeypatch.syspath_prepend(str(folder))
    module = importlib.import_module(request.param)
    yield module
    sys.modules.pop(request.param, None)


@pytest.mark.parametrize("part", ["subjects"], indirect=True)
def test_the_encoder_that_others_measure_has_no_hook(part: ModuleType) -> None:
    encoder = SmallEncoder()
    layer = encoder.layer()
    head = part.Head(2, torch.randn(6, 5), seed=0)
    model = part.Classifier(encoder, layer, head).eval()
    tapped: list[tuple[int, ...]] = []
    model.tap.register_forward_hook(lambda _m, _i, output: tapped.append(tuple(output.shape)))
    assert model(torch.zeros(3, 3, 24, 24)).shape == (3, 2)
    assert tapped == [(3, 6, 6, 6)]
    assert not any(module._forward_hooks for module in encoder.tower.modules())
    scorer = Scorer(encoder, lambda rows: rows, Target(torch.ones(5), "item", "1"))
    scorer(torch.zeros(2, 3, 24, 24))
    assert len(tapped) == 1, "what others encode is not kept"


@pytest.mark.parametrize("part", ["meter"], indirect=True)
@pytest.mark.parametrize(("once", "best"), [(False, 4), (True, 8)])
def test_the_best_batch_is_by_the_picture_or_by_the_run(
    part: ModuleType, once: bool, best: int
) -> None:
    class Pretended:
        def seconds(self, work, repeats: int) -> float:
            del repeats
            work()
            return {2: 1.0, 4: 1.0, 8: 4.0, 16: 9.0}[tried[-1]] if not once else 9.0 - tried[-1]

    tried: list[int] = []
    found = part.best_batch(Pretended(), [2, 4, 8, 16], tried.append, 10, once=once)
    assert found == best
    assert 16 not in tried, "more than there is to encode"
