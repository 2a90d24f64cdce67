"""Heatmaps from fewer passes: what is encoded, what is predicted, what it says of its error."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from matplotlib.text import Text
from scipy import stats
from torch import Tensor, nn

from becam import Attribution, BeCAM, MapConfig, Target
from becam.fewer_passes.design import choose
from becam.fewer_passes.kernel import covariance, small_masks, unit_distance
from becam.fewer_passes.prediction import chosen_channels
from becam.fewer_passes.rank_correlation import spearman
from becam.fewer_passes.regression import fit
from becam.presets import SCHEMES
from becam.store import TensorStore
from tests.small import SmallEncoder, noise_picture

PICTURE = noise_picture(48, 48)
TARGET = Target(torch.tensor([0.3, -1.0, 0.2, 0.9, 0.5]), "item", "7")
CHANNELS, PASSES = 60, 12


def identity(features: Tensor) -> Tensor:
    return features


class SmoothEncoder(SmallEncoder):
    """Many channels from smooth filters; features are smooth in what shows through."""

    def __init__(self, channels: int = CHANNELS, seed: int = 0) -> None:
        super().__init__(channels=channels, size=24, dim=5, seed=seed)
        generator = torch.Generator().manual_seed(seed + 100)
        self.head = torch.randn(3 * 36, 40, generator=generator) / 10
        self.out = torch.randn(40, 5, generator=generator)
        self.mixing = torch.randn(channels, 40, generator=generator) / 100

    def encode_pictures(self, pictures: Tensor) -> Tensor:
        self.calls += len(pictures)
        maps = self.tower[0](pictures)
        small = nn.functional.adaptive_avg_pool2d(pictures, 6).flatten(1)
        return torch.tanh(small @ self.head + maps.mean((2, 3)) @ self.mixing) @ self.out


def attribute(config: MapConfig, seed: int = 0, **options: object) -> Attribution:
    cam = BeCAM(SmoothEncoder(seed=seed), config, **options)
    return cam.attribute(PICTURE, identity, TARGET)


@pytest.mark.parametrize("scheme", SCHEMES)
def test_no_more_pictures_are_encoded_than_said(scheme: str) -> None:
    encoder = SmoothEncoder()
    cam = BeCAM(encoder, MapConfig(passes=PASSES, channels=scheme))
    _ = cam.engine.chunk
    encoder.calls = 0
    found = cam.attribute(PICTURE, identity, TARGET)
    # Beside them the picture and the fill; and the picture again for its gradient.
    assert encoder.calls == PASSES + 2 + (scheme == "gradient")
    assert found.approximation is not None
    assert (found.approximation.passes, found.approximation.channels) == (PASSES, CHANNELS)
    assert (found.provenance.passes, found.provenance.channels) == (PASSES, scheme)
    assert found.approximation.scheme == scheme


@pytest.mark.parametrize("scheme", SCHEMES)
def test_encoded_channels_are_exact(scheme: str) -> None:
    exact = BeCAM(SmoothEncoder()).masked_features(PICTURE)
    cam = BeCAM(SmoothEncoder(), MapConfig(passes=PASSES, channels=scheme))
    found = cam.masked_features(PICTURE, identity, TARGET)
    assert found.partial is not None
    encoded = found.partial.encoded
    assert int(encoded.sum()) == PASSES
    torch.testing.assert_close(found.features[encoded], exact.features[encoded])
    torch.testing.assert_close(found.fill_content, exact.fill_content)
    others = found.features[~encoded]
    if scheme == "predict":
        error = (others - exact.features[~encoded]).square().mean()
        spread = (exact.features - exact.features.mean(0)).square().mean()
        assert error < 0.5 * spread
    else:
        assert others.isnan().all()


def test_left_out_channels_have_no_weight() -> None:
    exact = BeCAM(SmoothEncoder()).attribute(PICTURE, identity, TARGET)
    for scheme in ("variance", "gradient"):
        for weighting in ("raw", "contrast", "delta", "softmax"):
            config = MapConfig(passes=PASSES, channels=scheme, weighting=weighting)
            found = attribute(config)
            encoded = found.similarities != 0
            assert encoded.sum() == PASSES
            s = exact.similarities[encoded]
            expected = {
                "raw": s,
                "contrast": s - s.mean(),
                "delta": s - exact.fill_similarity,
                "softmax": np.exp(s) / (np.exp(s).sum() + CHANNELS - PASSES),
            }[weighting]
            np.testing.assert_allclose(found.weights[encoded], expected, atol=1e-6)
            if weighting != "softmax":
                assert not found.weights[~encoded].any()


def test_the_leading_channels_are_taken() -> None:
    encoder = SmoothEncoder()
    exact = BeCAM(encoder).masked_features(PICTURE)
    variance = exact.activations.flatten(1).var(1)
    cam = BeCAM(encoder, MapConfig(passes=PASSES, channels="variance"))
    found = cam.masked_features(PICTURE)
    assert found.partial is not None
    assert variance[found.partial.encoded].min() >= variance[~found.partial.encoded].max()


def test_enough_passes_give_the_exact_map() -> None:
    exact = BeCAM(SmoothEncoder()).attribute(PICTURE, identity, TARGET)
    for scheme in SCHEMES:
        found = attribute(MapConfig(passes=CHANNELS, channels=scheme))
        np.testing.assert_allclose(found.heatmap, exact.heatmap, rtol=1e-4, atol=1e-4)
        assert found.approximation is not None
        assert (found.approximation.spearman, found.approximation.standard_error) == (1.0, 0.0)


def test_constant_channels_cost_nothing_and_are_exact() -> None:
    encoder = SmoothEncoder()
    encoder.tower[0].weight.data[20:] = 0  # 20 vary
    encoder.tower[0].bias.data[20:] = 0.1
    cam = BeCAM(encoder, MapConfig(passes=PASSES))
    found = cam.masked_features(PICTURE)
    assert found.partial is not None
    assert found.partial.passes == PASSES
    assert found.partial.encoded[20:].all()
    assert int(found.partial.encoded[:20].sum()) == PASSES
    torch.testing.assert_close(found.features[40], found.fill_content)


def test_it_is_deterministic_and_stored(tmp_path: Path) -> None:
    first = attribute(MapConfig(passes=PASSES), store=TensorStore(tmp_path))
    encoder = SmoothEncoder()
    cam = BeCAM(encoder, MapConfig(passes=PASSES), store=TensorStore(tmp_path))
    encoder.calls = 0
    masked = cam.masked_features(PICTURE)
    assert (masked.cached, encoder.calls) == (True, 0)
    second = cam.attribute(PICTURE, identity, TARGET, masked=masked)
    assert np.array_equal(first.heatmap, second.heatmap)
    assert first.approximation == second.approximation
    third = attribute(MapConfig(passes=PASSES))
    assert np.array_equal(first.heatmap, third.heatmap)
    exact = BeCAM(SmoothEncoder(), store=TensorStore(tmp_path)).masked_features(PICTURE)
    assert not exact.cached
    assert exact.partial is None


def test_it_is_saved_loaded_and_told_in_the_figure(tmp_path: Path) -> None:
    found = attribute(MapConfig(passes=PASSES))
    loaded = Attribution.load(found.save(tmp_path / "a"))
    assert loaded.approximation == found.approximation
    assert loaded.to_dict()["approximation"]["passes"] == PASSES
    told = " ".join(text.get_text() for text in found.figure().findobj(Text))
    assert f"{PASSES} of {CHANNELS} channels (predict)" in told
    assert "estimated Spearman" in told
    with pytest.raises(ValueError, match="differ in passes, channels"):
        _ = found - attribute(MapConfig())


def test_the_error_estimate_is_calibrated_on_a_smooth_encoder() -> None:
    estimated, true, shares = [], [], []
    for seed in range(12):
        exact = attribute(MapConfig(), seed=seed)
        found = attribute(MapConfig(passes=PASSES), seed=seed)
        assert found.approximation is not None
        difference = found.heatmap - exact.heatmap
        shares.append(float(difference.std() / found.heatmap.std()))
        true.append(stats.spearmanr(found.heatmap.ravel(), exact.heatmap.ravel())[0])
        estimated.append((found.approximation.spearman, found.approximation.standard_error))
    told, errors = np.array(estimated).T
    assert abs(told.mean() - np.mean(true)) < 0.05
    ratio = np.sqrt(np.mean(np.square(shares)) / np.mean(np.square(errors)))
    assert 0.6 < ratio < 1.6
    assert np.mean(true) > 0.9


def test_a_poor_approximation_warns() -> None:
    found = attribute(MapConfig(passes=8, channels="variance"))
    assert found.approximation is not None
    assert found.approximation.spearman < 0.95
    assert "the map is approximate: 8 of 60 channels" in str(found.warning)


def test_predicting_beats_leaving_out() -> None:
    mean = {}
    for scheme in ("predict", "variance"):
        values = []
        for seed in range(4):
            exact = attribute(MapConfig(), seed=seed)
            found = attribute(MapConfig(passes=PASSES, channels=scheme), seed=seed)
            values.append(stats.spearmanr(found.heatmap.ravel(), exact.heatmap.ravel())[0])
        mean[scheme] = np.mean(values)
    assert mean["predict"] > mean["variance"] + 0.05


def test_gradient_needs_to_know_the_target() -> None:
    cam = BeCAM(SmoothEncoder(), MapConfig(passes=PASSES, channels="gradient"))
    assert not cam.shares_features
    with pytest.raises(ValueError, match="depend on a projection and a target"):
        cam.masked_features(PICTURE)


def test_ranks_share_ties() -> None:
    generator = torch.Generator().manual_seed(0)
    for levels in (3, 1000):
        first = torch.randint(levels, (6, 7), generator=generator).float()
        second = torch.randint(levels, (6, 7), generator=generator).float()
        expected = stats.spearmanr(first.flatten(), second.flatten())[0]
        assert spearman(first, second) == pytest.approx(expected)


def test_the_choice_is_the_one_that_leaves_least_variance() -> None:
    generator = torch.Generator().manual_seed(0)
    masks = torch.rand(9, 4, generator=generator, dtype=torch.float64)
    effects = torch.randn(9, 4, generator=generator, dtype=torch.float64)
    kernel = covariance(masks, masks, unit=unit_distance(masks), length=1.0)
    found = choose(kernel, effects, 3, known=2)
    assert len(set(found)) == 3
    assert min(found) >= 2

    def doubt(observed: list[int]) -> float:
        rows = kernel[observed]
        inner = rows[:, observed] + 1e-3 * torch.eye(len(observed), dtype=torch.float64)
        left = kernel - rows.T @ torch.linalg.solve(inner, rows)
        centred = effects - effects.mean(1, keepdim=True)
        return float((centred.T @ left @ centred).trace())

    observed = [0, 1]
    for chosen in found:
        best = min(
            (i for i in range(2, 9) if i not in observed), key=lambda i: doubt([*observed, i])
        )
        assert chosen == best
        observed.append(chosen)


def test_left_out_predictions_are_those_of_a_fit_without_the_point() -> None:
    generator = torch.Generator().manual_seed(0)
    masks = torch.rand(12, 3, generator=generator, dtype=torch.float64)
    features = torch.sin(3 * masks @ torch.randn(3, 4, generator=generator, dtype=torch.float64))
    unit = unit_distance(masks)
    found = fit(masks, features, masks[:2], unit=unit)
    kernel = covariance(masks, masks, unit=unit, length=found.length)
    kernel += found.nugget * torch.eye(12, dtype=torch.float64)
    mean = features.mean(0)
    for point in (0, 7):
        rest = [i for i in range(12) if i != point]
        solved = torch.linalg.solve(kernel[rest][:, rest], features[rest] - mean)
        torch.testing.assert_close(found.left_out[point], mean + kernel[point, rest] @ solved)
        inverse = torch.linalg.solve(kernel[rest][:, rest], kernel[rest, point])
        variance = kernel[point, point] - kernel[point, rest] @ inverse
        torch.testing.assert_close(found.left_out_variance[point], variance)


def test_chosen_channels_are_different_and_seeded() -> None:
    maps = torch.randn(50, 5, 5, generator=torch.Generator().manual_seed(0))
    before = torch.random.get_rng_state()
    first, drawn = chosen_channels(maps, 20)
    second, _ = chosen_channels(maps, 20)
    assert torch.equal(first, second)
    assert len(set(first.tolist())) == 20
    assert set(drawn.tolist()) <= set(first.tolist())
    assert len(drawn) == 4
    assert torch.equal(before, torch.random.get_rng_state())
    assert small_masks(maps).amin() == 0


@pytest.mark.slow
def test_a_fifth_of_the_passes_on_demo_pictures() -> None:
    """demo-rn has 512 channels on 6 x 6 cells; demo-vit has fewer channels than cells."""
    from PIL import Image

    from becam.encoders.registry import load_encoder
    from recsys.data.demo.attributes import Attributes
    from recsys.data.demo.build import item_attributes
    from recsys.data.demo.config import DemoConfig
    from recsys.data.demo.picture import draw_picture

    encoder = load_encoder("demo-rn", device="cpu")
    passes = 512 // 5 - 2
    generator = torch.Generator().manual_seed(0)
    items: list[Attributes] = item_attributes(DemoConfig())[:3]
    true, told = [], []
    for index, item in enumerate(items):
        drawn = draw_picture(item, np.random.default_rng(index))
        picture = Image.fromarray(drawn.image)
        exact = BeCAM(encoder).masked_features(picture)
        few = BeCAM(encoder, MapConfig(passes=passes)).masked_features(picture)
        for _ in range(8):
            matrix = torch.randn(encoder.feature_dim, 64, generator=generator)
            target = Target(torch.randn(64, generator=generator), "random", "0")
            maps = [
                BeCAM(encoder, config).attribute(
                    picture, lambda z, by=matrix: z @ by, target, masked=masked
                )
                for config, masked in ((MapConfig(), exact), (MapConfig(passes=passes), few))
            ]
            assert maps[1].approximation is not None
            told.append(maps[1].approximation.spearman)
            true.append(stats.spearmanr(maps[0].heatmap.ravel(), maps[1].heatmap.ravel())[0])
    assert np.mean(true) >= 0.98
    assert abs(np.mean(told) - np.mean(true)) < 0.01
