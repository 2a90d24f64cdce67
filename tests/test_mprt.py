"""Randomised encoders: the order of the stages, the copy, the fall of the correlation."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from becam import InputError, Target
from becam.encoders.base import Layer
from becam.methods import METHODS, MethodOptions
from becam.question import Question
from becam.sanity import mprt
from becam.sanity.mprt import redraw
from becam.sanity.stages import stages
from tests.questions import planted_question, question
from tests.small import SmallEncoder
from tests.test_presets import encoder as tiny_encoder
from tests.test_presets import picture as tiny_picture


def test_stages_run_from_the_output_down_block_by_block() -> None:
    expected = {
        "vit": [
            "proj",
            "ln_post",
            *(f"transformer.resblocks.{block}" for block in (2, 1, 0)),
            "ln_pre",
            "positional_embedding",
            "class_embedding",
            "conv1",
        ],
        "rn": [
            "attnpool",
            *("layer4.1", "layer4.0", "layer3.0", "layer2.0", "layer1.0"),
            *("bn3", "conv3", "bn2", "conv2", "bn1", "conv1"),
        ],
    }
    for kind, names in expected.items():
        encoder = tiny_encoder(kind)
        batch = encoder.preprocess(tiny_picture(kind))[None]
        found = stages(encoder.visual, lambda e=encoder, b=batch: e.encode_pictures(b))
        assert [name for name, _ in found] == names
        weights = [weight for _, group in found for weight in group]
        assert sorted(weights) == sorted(name for name, _ in encoder.visual.named_parameters())


def test_a_weight_that_no_picture_meets_is_left_out() -> None:
    tower = nn.Module()
    tower.used, tower.idle = nn.Linear(2, 2), nn.Linear(2, 2)

    def run() -> Tensor:
        _ = tower.idle.weight.shape, tower.idle.weight.dtype  # asking is no use
        return tower.used(torch.zeros(1, 2))

    assert stages(tower, run) == [("used", ["used.weight", "used.bias"])]


def test_the_map_falls_apart_and_the_encoder_stays_as_it_is() -> None:
    asked = planted_question()
    tower: Any = asked.encoder.tower
    before = {name: values.clone() for name, values in tower.state_dict().items()}
    original = METHODS["becam"].run(asked).heatmap
    runs = [mprt(asked, seed=seed) for seed in range(6)]
    assert [stage.name for stage in runs[0].stages] == ["4", "0"]
    last = [abs(run.stages[-1].spearman or 0) for run in runs]
    assert np.mean(last) < 0.8
    assert min(last) < 0.5
    for name, values in tower.state_dict().items():
        assert torch.equal(values, before[name])
    assert np.array_equal(METHODS["becam"].run(asked).heatmap, original)
    assert all(not module._forward_hooks for module in tower.modules())


def test_it_is_a_matter_of_the_seed() -> None:
    asked = question(options=MethodOptions(window=0.5, stride=0.25))
    assert mprt(asked, "occlusion", seed=1) == mprt(asked, "occlusion", seed=1)
    assert mprt(asked, "occlusion", seed=1) != mprt(asked, "occlusion", seed=2)
    assert mprt(asked).seed == asked.seed == 0
    json.dumps(mprt(asked).to_dict(), allow_nan=False)


def test_what_sees_no_weights_does_not_change_and_a_constant_map_has_no_correlation() -> None:
    assert [stage.spearman for stage in mprt(question(), "centre").stages] == pytest.approx([1, 1])
    nothing = Target(torch.zeros(4), "item", "7")
    for stage in mprt(question(target=nothing)).stages:
        assert stage.spearman is None
        assert stage.note == "the original map is constant: no rank correlation"


def test_on_a_transformer_each_stage_is_measured_or_evenly_chosen_ones() -> None:
    encoder = tiny_encoder("vit")
    vector = torch.randn(encoder.feature_dim, generator=torch.Generator().manual_seed(2))
    asked = Question(
        encoder=encoder,
        layer=encoder.layer(),
        picture=tiny_picture("vit"),
        projection=lambda z: z,
        target=Target(vector, "item", "7"),
    )
    whole, some, last = (mprt(asked, most=most) for most in (None, 3, 1))
    assert len(whole.stages) == 9
    assert whole.stages[0].spearman != pytest.approx(1)
    # The weights above are random there too, whether or not their map was made.
    by_name = {stage.name: stage for stage in whole.stages}
    assert len(some.stages) == 3
    assert all(by_name[stage.name] == stage for stage in some.stages)
    assert last.stages == whole.stages[-1:] == some.stages[-1:]
    assert abs(last.stages[0].spearman or 0) < 0.7


def test_a_weight_keeps_its_mean_and_size() -> None:
    generator = torch.Generator().manual_seed(1)
    weight: Tensor = nn.Parameter(torch.randn(200, 50, generator=generator) * 3 + 5)
    before = weight.detach().clone()
    redraw(weight, torch.Generator().manual_seed(0))
    weight = weight.detach()
    assert float(weight.mean()) == pytest.approx(float(before.mean()), abs=0.1)
    assert float(weight.std()) == pytest.approx(float(before.std()), rel=0.02)
    assert (
        abs(float(torch.corrcoef(torch.stack([weight.flatten(), before.flatten()]))[0, 1])) < 0.05
    )
    constant = nn.Parameter(torch.ones(5))
    redraw(constant, torch.Generator().manual_seed(0))
    assert torch.equal(constant, torch.ones(5))


def test_bad_input_is_told_in_a_line() -> None:
    with pytest.raises(InputError, match="unknown method 'becan'; did you mean becam"):
        mprt(question(), "becan")
    with pytest.raises(InputError, match="stages '0': expected at least 1"):
        mprt(question(), most=0)

    class Hidden(SmallEncoder):
        """Keeps its tower where it can't be found."""

        def __init__(self) -> None:
            super().__init__()
            self.kept, self.tower = [self.tower], None

        def layer(self, name: str | None = None) -> Layer:
            return Layer("0", self.kept[0][0], lambda maps: maps, (6, 6))

        def encode_pictures(self, pictures: Tensor) -> Tensor:
            return self.kept[0](pictures)

    with pytest.raises(InputError, match="its picture tower can't be told"):
        mprt(question(Hidden()))
