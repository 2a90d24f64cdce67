"""The stages of BeCAM, each against what its formula says."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from becam.fills import fill_picture
from becam.health import health
from becam.heatmap import heatmap, unweighted_map
from becam.hooks import captured
from becam.masked_features import compute
from becam.masks import constant_channels, masks
from becam.similarity import cosine_similarity
from becam.weights import weights
from tests.small import SmallEncoder, noise_picture


def bilinear(source: np.ndarray, height: int, width: int) -> np.ndarray:
    """Plain half-pixel bilinear interpolation in float64."""
    h, w = source.shape
    result = np.empty((height, width))
    for y in range(height):
        for x in range(width):
            sy = min(max((y + 0.5) * h / height - 0.5, 0), h - 1)
            sx = min(max((x + 0.5) * w / width - 0.5, 0), w - 1)
            y0, x0 = int(sy), int(sx)
            y1, x1 = min(y0 + 1, h - 1), min(x0 + 1, w - 1)
            fy, fx = sy - y0, sx - x0
            top = source[y0, x0] * (1 - fx) + source[y0, x1] * fx
            bottom = source[y1, x0] * (1 - fx) + source[y1, x1] * fx
            result[y, x] = top * (1 - fy) + bottom * fy
    return result


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 10_000), st.integers(2, 6), st.integers(2, 6))
def test_masks_are_the_stretched_upsampled_activations(seed: int, h: int, w: int) -> None:
    generator = torch.Generator().manual_seed(seed)
    channels = torch.randn(3, h, w, generator=generator) * 10 ** (seed % 5 - 2)
    channels[1] = 0.3  # constant, and not exactly representable
    made = masks(channels, (9, 13))
    assert made.shape == (3, 9, 13)
    assert torch.equal(made[1], torch.zeros(9, 13))
    assert constant_channels(channels).tolist() == [False, True, False]
    for i in (0, 2):
        large = bilinear(channels[i].double().numpy(), 9, 13)
        expected = (large - large.min()) / (large.max() - large.min())
        np.testing.assert_allclose(made[i].numpy(), expected, atol=2e-4)
        assert made[i].min() == 0
        assert made[i].max() == pytest.approx(1, abs=1e-6)


def test_fills() -> None:
    mean, std = torch.tensor([0.5, 0.4, 0.3]), torch.tensor([0.2, 0.25, 0.5])
    picture = torch.randn(3, 40, 32, generator=torch.Generator().manual_seed(0))
    assert torch.equal(fill_picture(picture, "mean", mean, std), torch.zeros_like(picture))
    black = fill_picture(picture, "black", mean, std)
    restored = black * std[:, None, None] + mean[:, None, None]
    assert restored.abs().max() < 1e-6
    blurred = fill_picture(picture, "blur", mean, std)
    assert blurred.shape == picture.shape
    assert blurred.std() < 0.3 * picture.std()
    flat = torch.full((3, 40, 32), 0.7)
    torch.testing.assert_close(fill_picture(flat, "blur", mean, std), flat)
    with pytest.raises(ValueError, match="unknown fill 'white'; available: mean"):
        fill_picture(picture, "white", mean, std)


def test_similarity_is_the_cosine_and_zero_without_length() -> None:
    generator = torch.Generator().manual_seed(0)
    rows, target = torch.randn(4, 8, generator=generator), torch.randn(8, generator=generator)
    rows[2] = 0
    expected = torch.nn.functional.cosine_similarity(rows.double(), target.double()[None])
    found = cosine_similarity(rows, target)
    torch.testing.assert_close(found.double(), expected, atol=1e-6, rtol=0)
    assert found[2] == 0
    assert cosine_similarity(rows, torch.zeros(8)).tolist() == [0, 0, 0, 0]


def test_weightings() -> None:
    s = torch.tensor([0.5, -0.25, 0.0])
    assert weights(s, "raw") is s
    assert weights(s, "contrast").sum().abs() < 1e-7
    torch.testing.assert_close(weights(s, "delta", fill_similarity=0.25), s - 0.25)
    soft = weights(s, "softmax", temperature=0.5)
    expected = [math.exp(v / 0.5) for v in s.tolist()]
    torch.testing.assert_close(soft, torch.tensor(expected) / sum(expected))
    with pytest.raises(ValueError, match="unknown weighting 'linear'"):
        weights(s, "linear")


def test_heatmap_is_the_signed_sum() -> None:
    channels = torch.arange(12.0).reshape(3, 2, 2) - 5
    w = torch.tensor([1.0, -2.0, 0.5])
    expected = channels[0] - 2 * channels[1] + 0.5 * channels[2]
    torch.testing.assert_close(heatmap(channels, w), expected)
    torch.testing.assert_close(heatmap(channels, w, rectify=True), expected.clamp(min=0))
    torch.testing.assert_close(unweighted_map(channels), channels.mean(0))


@pytest.mark.parametrize("fill", ["mean", "black", "blur"])
@pytest.mark.parametrize("batch_size", [1, 4, 100])
def test_masked_features_are_the_encoded_masked_pictures(fill: str, batch_size: int) -> None:
    encoder = SmallEncoder()
    encoder.tower[0].weight.data[2] = 0  # a constant channel
    picture = encoder.preprocess(noise_picture())
    made = compute(encoder, picture, encoder.layer(), fill, batch_size=batch_size)

    with torch.no_grad():
        channels = encoder.tower[0](picture[None])[0]
        background = fill_picture(picture, fill, encoder.mean, encoder.std)
        for i, channel in enumerate(channels):
            large = torch.from_numpy(bilinear(channel.double().numpy(), 24, 24))
            span = large.max() - large.min()
            share = torch.zeros_like(large) if i == 2 else (large - large.min()) / span
            masked = share * picture + (1 - share) * background
            torch.testing.assert_close(
                made["features"][i], encoder.tower(masked[None].float())[0], atol=1e-4, rtol=1e-4
            )
        torch.testing.assert_close(made["content"], encoder.tower(picture[None])[0])
        torch.testing.assert_close(made["activations"], channels)
    torch.testing.assert_close(made["features"][2], made["fill_content"])


def test_constant_channels_share_one_pass() -> None:
    encoder = SmallEncoder(channels=6)
    encoder.tower[0].weight.data[2:] = 0
    layer = encoder.layer()
    encoder.calls = 0
    compute(encoder, encoder.preprocess(noise_picture()), layer, "mean")
    assert encoder.calls == 1 + 1 + 2  # the picture, the fill, two channels that vary


def test_hooks_are_removed_whatever_happens() -> None:
    encoder = SmallEncoder()
    module = encoder.tower[0]
    with captured(module) as outputs:
        encoder.tower(torch.zeros(1, 3, 24, 24))
    assert len(outputs) == 1
    with pytest.raises(RuntimeError), captured(module):
        encoder.tower(torch.zeros(1, 5, 24, 24))
    assert not module._forward_hooks


def test_captured_activations_survive_in_place_operations() -> None:
    encoder = SmallEncoder()  # the ReLU after the target layer works in place
    picture = encoder.preprocess(noise_picture())
    made = compute(encoder, picture, encoder.layer(), "mean")
    assert made["activations"].min() < 0


@pytest.mark.parametrize("similarity", [1.0, 0.9999998, 0.1, -0.7])
@pytest.mark.parametrize("n", [96, 768, 2048])
def test_contrast_of_equal_similarities_is_nothing(similarity: float, n: int) -> None:
    equal = torch.full((n,), similarity)
    assert torch.equal(weights(equal, "contrast"), torch.zeros(n))
    some = torch.arange(n) % 3 == 0
    assert torch.equal(weights(equal * some, "contrast", encoded=some), torch.zeros(n))


def test_health_tells_equal_weights_from_differing_ones() -> None:
    generator = torch.Generator().manual_seed(0)
    channels = torch.randn(50, 5, 5, generator=generator)
    plain = unweighted_map(channels)

    equal = torch.full((50,), 0.9) + 1e-3 * torch.randn(50, generator=generator)
    found = health(equal, heatmap(channels, equal), plain)
    assert found.degenerate
    assert "--weighting contrast" in str(found.warning("raw"))
    assert "not an explanation" in str(found.warning("raw"))
    assert found.distance < 0.01
    assert found.effective_channels == pytest.approx(50, rel=1e-3)

    # All but cancelled in the mean: what nearly equal weights add is most of the map.
    level = channels - 0.999 * plain
    found = health(equal, heatmap(level, equal), unweighted_map(level))
    assert found.nearly_equal
    assert found.distance > 0.01
    assert not found.degenerate
    warning = str(found.warning("raw"))
    assert "nearly equal" in warning
    assert "explanation" not in warning
    assert warning.endswith("try --weighting contrast")

    differing = torch.randn(50, generator=generator)
    found = health(differing, heatmap(channels, differing), plain)
    assert not found.degenerate
    assert found.warning("raw") is None
    assert found.spread == pytest.approx(float(differing.std(correction=0)))

    zero = torch.zeros(50)
    assert "all weights are 0" in str(health(zero, heatmap(channels, zero), plain).warning("raw"))
    one = torch.ones(1)
    assert "one channel" in str(health(one, channels[0], channels[0]).warning("raw"))
