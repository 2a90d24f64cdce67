"""Baselines against results that are known or computed another way."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from PIL import Image
from torch import Tensor
from torch.utils.data import DataLoader, TensorDataset

from becam import MapConfig, Target
from becam.encoders.base import Layer
from becam.encoders.layers import tokens_to_grid
from becam.methods import METHODS, MethodOptions
from becam.methods.gradients import passed_through
from becam.methods.linear_model import WeightedLinear
from becam.methods.superpixels import superpixels
from becam.question import Question
from tests.questions import effect, linear_question, project, question
from tests.small import SmallEncoder, noise_picture
from tests.test_presets import encoder as tiny_encoder
from tests.test_presets import picture as tiny_picture


def by_segment(asked: Question) -> Tensor:
    """The effect of each superpixel, laid on its pixels; (H, W) float64."""
    labels, pixels = superpixels(asked).flatten(), effect(asked).sum(0).flatten()
    sums = torch.zeros(int(labels.max()) + 1, dtype=torch.float64).index_add_(0, labels, pixels)
    return sums[labels].view(asked.encoder.input_size)


def test_occlusion_of_a_linear_score_sums_effects_under_the_windows() -> None:
    asked = linear_question(options=MethodOptions(window=1 / 4, stride=1 / 6))
    found = METHODS["occlusion"].run(asked)
    pixels, size = effect(asked).sum(0).numpy(), 24
    total, count = np.zeros((size, size)), np.zeros((size, size))
    starts = range(0, size - 6 + 1 + 3, 4)  # the last window is cut at the edge
    for top in starts:
        for left in starts:
            place = (slice(top, top + 6), slice(left, left + 6))
            total[place] += pixels[place].sum()
            count[place] += 1
    assert found.provenance.options == {"window": [6, 6], "stride": [4, 4]}
    np.testing.assert_allclose(found.heatmap, total / count, atol=1e-5)


def test_occlusion_fills_with_what_the_config_says() -> None:
    maps = {
        fill: METHODS["occlusion"].run(question(config=MapConfig(fill=fill)))
        for fill in ("mean", "black", "blur")
    }
    assert {found.provenance.fill for found in maps.values()} == set(maps)
    assert len({found.heatmap.tobytes() for found in maps.values()}) == 3


def test_integrated_gradients_of_a_linear_score_are_slope_times_picture() -> None:
    asked = linear_question()
    found = METHODS["integrated-gradients"].run(asked)
    np.testing.assert_allclose(found.heatmap, effect(asked).sum(0).numpy(), atol=1e-5)


@pytest.mark.parametrize("fill", ["mean", "black"])
def test_integrated_gradients_are_complete(fill: str) -> None:
    vector = project(question().shared.content[None])[0]  # the picture itself scores 1
    asked = question(
        target=Target(vector, "item", "7"),
        options=MethodOptions(steps=200),
        config=MapConfig(fill=fill),
    )
    found = METHODS["integrated-gradients"].run(asked)
    ends = asked.score(torch.stack([asked.background, asked.input]))
    assert found.heatmap.sum() == pytest.approx(float(ends[1] - ends[0]), abs=0.003)
    assert float(ends[1] - ends[0]) > 0.03


@pytest.mark.parametrize("name", ["feature-ablation", "lime", "kernel-shap"])
def test_superpixels_of_a_linear_score_have_their_effect(name: str) -> None:
    # Without a penalty, and with more samples than superpixels, a linear score is told exactly.
    asked = linear_question(options=MethodOptions(segments=12, samples=60, ridge=0.0))
    found = METHODS[name].run(asked)
    np.testing.assert_allclose(found.heatmap, by_segment(asked).numpy(), atol=1e-5)


def test_kernel_shap_values_sum_to_the_difference_of_the_ends() -> None:
    asked = question(options=MethodOptions(segments=12, samples=200))
    found, labels = METHODS["kernel-shap"].run(asked), superpixels(asked).numpy()
    values = [found.heatmap[labels == label][0] for label in np.unique(labels)]
    assert sum(values) == pytest.approx(found.content_similarity - found.fill_similarity, abs=1e-4)


def hand_written(asked: Question) -> np.ndarray:
    """Grad-CAM by hand: the mean gradient of each channel weighs its activation."""
    kept: list[Tensor] = []

    def keep(_module: object, _inputs: object, output: Tensor) -> Tensor:
        kept.append(output)
        return output.clone()

    handle = asked.layer.module.register_forward_hook(keep)
    score = asked.score(asked.input.clone()[None].requires_grad_())
    handle.remove()
    (slope,) = torch.autograd.grad(score.sum(), kept[0])
    maps, slopes = asked.layer.to_grid(kept[0])[0], asked.layer.to_grid(slope)[0]
    return (slopes.mean((1, 2))[:, None, None] * maps).sum(0).detach().numpy()


@pytest.mark.parametrize("kind", ["small", "vit", "rn"])
def test_grad_cam_is_the_one_written_by_hand_also_for_tokens(kind: str) -> None:
    if kind == "small":
        asked = question()
    else:
        encoder = tiny_encoder(kind)
        vector = torch.randn(encoder.feature_dim, generator=torch.Generator().manual_seed(2))
        asked = Question(
            encoder=encoder,
            layer=encoder.layer(),
            picture=tiny_picture(kind),
            projection=lambda z: z,
            target=Target(vector, "item", "7"),
        )
    found = METHODS["grad-cam"].run(asked)
    expected = hand_written(asked)
    assert found.heatmap.shape == asked.layer.grid
    np.testing.assert_allclose(found.heatmap, expected, atol=1e-5 * np.abs(expected).max())


@pytest.mark.parametrize("batch_first", [True, False])
def test_special_tokens_go_by_and_patches_pass_through(batch_first: bool) -> None:
    module = torch.nn.Identity()
    layer = Layer("x", module, lambda t: tokens_to_grid(t, (2, 3), batch_first=batch_first), (2, 3))
    tokens = torch.randn((4, 7, 5) if batch_first else (7, 4, 5))

    class Double(torch.nn.Module):
        def forward(self, grid: Tensor) -> Tensor:
            assert grid.shape == (4, 5, 2, 3)
            return 2 * grid

    with passed_through(layer, Double()):
        found = module(tokens)
    rows, before = (t if batch_first else t.transpose(0, 1) for t in (found, tokens))
    torch.testing.assert_close(rows[:, 0], before[:, 0])
    torch.testing.assert_close(rows[:, 1:], 2 * before[:, 1:])
    assert module(tokens) is tokens


def test_a_projection_without_gradients_is_told() -> None:
    def cut(content: Tensor) -> Tensor:
        return content.detach()[:, :4]

    for name in ("grad-cam", "integrated-gradients"):
        with pytest.raises(ValueError, match="does not let gradients through"):
            METHODS[name].run(question(projection=cut))


@pytest.mark.parametrize("penalty", [0.0, 1.0, 30.0])
def test_the_linear_model_is_that_of_scikit_learn(penalty: float) -> None:
    from sklearn.linear_model import LinearRegression, Ridge

    generator = torch.Generator().manual_seed(0)
    rows = (torch.rand(80, 6, generator=generator) < 0.5).double()
    values, weights = (torch.rand(80, generator=generator, dtype=torch.float64) for _ in range(2))
    ours = WeightedLinear(penalty)
    ours.fit(DataLoader(TensorDataset(rows, values, weights), batch_size=30))
    theirs = Ridge(penalty) if penalty else LinearRegression()
    theirs.fit(rows.numpy(), values.numpy(), sample_weight=weights.numpy())
    np.testing.assert_allclose(ours.representation().numpy(), theirs.coef_, atol=1e-10)
    np.testing.assert_allclose(ours(rows).numpy(), theirs.predict(rows.numpy()), atol=1e-10)


def test_superpixels_are_numbered_without_gaps_and_are_at_least_two() -> None:
    flat = Image.new("RGB", (30, 30), (200, 30, 40))
    for picture, segments in ((noise_picture(), 50), (noise_picture(), 2), (flat, 2), (flat, 30)):
        asked = question(SmallEncoder(), picture=picture, options=MethodOptions(segments=segments))
        labels = superpixels(asked)
        assert labels.shape == (24, 24)
        assert labels.unique().tolist() == list(range(int(labels.max()) + 1))
        assert labels.max() >= 1
        assert torch.equal(labels, superpixels(asked))
