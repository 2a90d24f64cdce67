"""Methods run again on changed pictures, for stability."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import torch

from becam import InputError, MapConfig
from becam.measuring import again
from becam.measuring.again import Repeats
from becam.methods import METHODS, MethodOptions
from tests.questions import question
from tests.small import noise_picture

QUICK = MethodOptions(steps=8, segments=6, samples=30)
NEVER = "gscore-cam"  # from fewer passes by its nature
SAME_SIZE = (50, 35)


@pytest.mark.parametrize("name", [name for name in METHODS if name != NEVER])
def test_a_method_run_again_is_the_method(name: str) -> None:
    """On another picture it gives that picture's map, whatever was computed of its own."""
    method, asked = METHODS[name], question(options=QUICK)
    made = method.run(asked)
    other = question(options=QUICK, picture=noise_picture(*SAME_SIZE, seed=1))
    explain = Repeats().explain(method, asked)
    own, foreign = explain(torch.stack([asked.input, other.input]))
    np.testing.assert_allclose(own.numpy(), made.heatmap, rtol=1e-4, atol=1e-5)
    if not method.seeded:
        expected = method.run(other).heatmap
        np.testing.assert_allclose(foreign.numpy(), expected, rtol=1e-4, atol=1e-5)
    assert np.allclose(own, foreign) == (name == "centre")


def test_what_is_drawn_at_random_stays_where_the_picture_changes() -> None:
    """Else the sensitivity of random weights would be that of the dice."""
    asked = question()
    explain = Repeats().explain(METHODS["random-weights"], asked)
    own, near = explain(torch.stack([asked.input, asked.input + 1e-4]))
    np.testing.assert_allclose(own.numpy(), near.numpy(), atol=1e-2)


def test_masked_features_of_a_change_are_computed_once(monkeypatch: pytest.MonkeyPatch) -> None:
    computed: list[int] = []
    compute = again.compute_many

    def counting(engine: Any, pictures: Any) -> Any:
        computed.append(len(pictures))
        return compute(engine, pictures)

    monkeypatch.setattr(again, "compute_many", counting)
    asked, repeats = question(), Repeats()
    changes = torch.stack([asked.input, asked.input + 0.1])
    for name in ("becam", "other-item", "self-similarity", "neighbours", "shuffled-content"):
        repeats.explain(METHODS[name], replace(asked))(changes)
    assert sum(computed) == len(changes)
    repeats.explain(METHODS["score-cam"], asked)(changes)  # its masks are others
    assert sum(computed) == 2 * len(changes)


def test_a_map_from_fewer_passes_is_not_made_again() -> None:
    asked = question(config=MapConfig(passes=8), options=QUICK)
    for name in ("becam", "other-item", NEVER):
        with pytest.raises(InputError, match="fewer passes"):
            Repeats().explain(METHODS[name], asked)(asked.input[None])
    for name in ("unweighted", "random-weights", "centre", "occlusion"):
        assert Repeats().explain(METHODS[name], asked)(asked.input[None]).shape[0] == 1
