"""Presets against the projects that they are named after, on the same small models."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
import torch
from PIL import Image
from torch import Tensor, nn

from becam import BeCAM, InputError, MapConfig, Target
from becam.cli.main import run
from becam.encoders.layers import tokens_to_grid
from becam.encoders.open_clip_classes import tower_classes
from becam.encoders.preprocess import Preprocessing
from becam.encoders.tower_encoder import TowerEncoder
from becam.encoders.towers import layout_of
from becam.fewer_passes.gradients import channel_gradients
from tests.small import SmallEncoder, noise_picture

DIM = 12
VECTOR = torch.randn(DIM, generator=torch.Generator().manual_seed(5))
TARGET = Target(VECTOR, "vector", "5")
SIZES = {"vit": (48, 64), "rn": (96, 96)}


def encoder(kind: str) -> TowerEncoder:
    classes, size = tower_classes(), SIZES[kind]
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(3)
        if kind == "vit":
            visual: nn.Module = classes.VisionTransformer(
                image_size=size,
                patch_size=8,
                width=32,
                layers=3,
                heads=2,
                mlp_ratio=2,
                output_dim=DIM,
            )
        else:
            visual = classes.ModifiedResNet(
                [1, 1, 1, 2], output_dim=DIM, heads=2, image_size=size[0], width=4
            )
        # Away from the initial weights, which make all similarities alike.
        for parameter in visual.parameters():
            parameter.data += 0.4 * torch.randn(parameter.shape)
        text = nn.EmbeddingBag(10, DIM)
    return TowerEncoder(
        kind,
        visual=visual,
        text=text,
        tokenizer=lambda texts: torch.tensor([[len(t) % 10] for t in texts]),
        weights_hash=kind,
        preprocessing=Preprocessing(
            size=size,
            resize="squash",
            interpolation="bicubic",
            mean=(0.5, 0.4, 0.45),
            std=(0.25, 0.2, 0.3),
        ),
        layout=layout_of(visual),
        device=torch.device("cpu"),
        dtype=torch.float32,
    )


def picture(kind: str) -> Image.Image:
    """Smooth colours at the encoder's own size: other projects know no geometry."""
    height, width = SIZES[kind]
    return noise_picture(7, 6, seed=2).resize((width, height), Image.Resampling.BICUBIC)


class Scores(nn.Module):
    """The scalar target as a classifier with one class, which is what other projects take."""

    def __init__(self, visual: nn.Module, scale: float = 1.0) -> None:
        super().__init__()
        self.visual, self.scale = visual, scale

    def forward(self, pictures: Tensor) -> Tensor:
        cosine = nn.functional.cosine_similarity(self.visual(pictures), VECTOR[None])
        return self.scale * cosine[:, None]


def to_grid(kind: str) -> Callable[[Tensor], Tensor] | None:
    if kind == "rn":
        return None
    grid = (SIZES["vit"][0] // 8, SIZES["vit"][1] // 8)
    return lambda tokens: tokens_to_grid(tokens, grid)


def unit(values: np.ndarray) -> np.ndarray:
    """Stretched to [0, 1], as `grad-cam` returns its maps."""
    return (values - values.min()) / (values.max() - values.min())


@pytest.mark.parametrize("scale", [1.0, 100.0])
@pytest.mark.parametrize("kind", ["vit", "rn"])
def test_scorecam_is_that_of_grad_cam(kind: str, scale: float) -> None:
    from pytorch_grad_cam import ScoreCAM
    from pytorch_grad_cam.utils.model_targets import ClassifierOutputTarget

    found, seen = encoder(kind), picture(kind)
    config = MapConfig(preset="scorecam-gradcam", temperature=1 / scale)
    ours = BeCAM(found, config).attribute(seen, lambda z: z, TARGET)
    layers = [found.layer().module]
    with ScoreCAM(Scores(found.visual, scale), layers, reshape_transform=to_grid(kind)) as theirs:
        expected = theirs(found.preprocess(seen)[None], [ClassifierOutputTarget(0)])[0]
    np.testing.assert_allclose(unit(ours.on_picture()), expected, atol=1e-4)
    assert expected.std() > 0.05
    # The paper's own rule gives another map: the test can tell them apart.
    paper = MapConfig(weighting="softmax", rectify=True, temperature=1 / scale)
    other = BeCAM(found, paper).attribute(seen, lambda z: z, TARGET)
    if scale == 100:
        assert np.abs(unit(other.on_picture()) - expected).max() > 1e-3


@pytest.mark.parametrize("scale", [1.0, 100.0])
@pytest.mark.parametrize("kind", ["vit", "rn"])
def test_scorecam_is_that_of_torchcam(kind: str, scale: float) -> None:
    methods = pytest.importorskip("torchcam.methods", reason="it needs Python 3.11")

    found, seen = encoder(kind), picture(kind)
    config = MapConfig(preset="scorecam-torchcam", temperature=1 / scale)
    ours = BeCAM(found, config).attribute(seen, lambda z: z, TARGET)
    model = Scores(found.visual, scale).eval()
    layer = found.layer().name
    with methods.ScoreCAM(model, f"visual.{layer}", reshape_transform=to_grid(kind)) as theirs:
        with torch.no_grad():
            scores = model(found.preprocess(seen)[None])
        expected = theirs(0, scores, normalized=False)[0][0].numpy()
    scale_of = np.abs(expected).max()
    np.testing.assert_allclose(ours.heatmap / scale_of, expected / scale_of, atol=1e-4)
    paper = MapConfig(weighting="softmax", rectify=True, temperature=1 / scale)
    other = BeCAM(found, paper).attribute(seen, lambda z: z, TARGET)
    if scale == 100:
        assert np.abs(other.heatmap - expected).max() > 1e-3 * scale_of


def reference_gscorecam(kind: str, k: int, scale: float) -> tuple[np.ndarray, list[int]]:
    """The rule of gScoreCAM's publication, channel by channel in float64."""
    found = encoder(kind)
    layer = found.layer().module
    visual = found.visual.double()
    pixels = found.preprocess(picture(kind)).double()[None]
    put = to_grid(kind) or (lambda maps: maps)
    kept: list[Tensor] = []

    def keep(_module: nn.Module, _inputs: object, output: Tensor) -> Tensor:
        kept.append(output.detach().requires_grad_())
        return kept[-1] * 1

    def score(inputs: Tensor) -> Tensor:
        features = visual(inputs)[0]
        vector = VECTOR.double()
        return scale * (features @ vector) / (features.norm() * vector.norm())

    handle = layer.register_forward_hook(keep)
    score(pixels).backward()
    handle.remove()
    assert kept[-1].grad is not None
    slopes = put(kept[-1].grad)[0].flatten(1).mean(1)
    chosen = sorted(range(len(slopes)), key=lambda i: -float(slopes[i]))[:k]
    maps = put(kept[-1].detach())[0]
    scores = torch.zeros(len(maps), dtype=torch.float64)
    with torch.no_grad():
        for i in chosen:
            large = nn.functional.interpolate(
                maps[None, i : i + 1], size=pixels.shape[2:], mode="bilinear", align_corners=True
            )
            low, high = large.min(), large.max()
            scores[i] = score(pixels * (large - low) / (high - low + 1e-6))
    exponentials = torch.exp(scores - scores.max())
    weighted = (exponentials / exponentials.sum())[:, None, None] * maps
    return weighted.sum(0).clamp(min=0).numpy(), chosen


# k lies where the 51st and 52nd gradients differ by more than float32 rounds in this network.
@pytest.mark.parametrize(("kind", "k"), [("vit", 7), ("rn", 51), ("vit", None)])
def test_gscorecam_takes_the_channels_with_the_largest_signed_gradient(
    kind: str, k: int | None
) -> None:
    found = encoder(kind)
    config = MapConfig(preset="gscorecam", passes=k, temperature=0.02)
    ours = BeCAM(found, config).attribute(picture(kind), lambda z: z, TARGET)
    channels = len(ours.weights)
    expected, chosen = reference_gscorecam(kind, k or 300, 50)
    scale_of = np.abs(expected).max()
    np.testing.assert_allclose(ours.heatmap / scale_of, expected / scale_of, atol=1e-4)
    assert ours.approximation is not None
    assert (ours.approximation.passes, ours.approximation.channels) == (
        min(k or 300, channels),
        channels,
    )
    assert sorted(np.flatnonzero(ours.similarities)) == sorted(chosen)
    assert (ours.provenance.preset, ours.provenance.passes) == ("gscorecam", k or 300)


def test_gradients_are_those_before_a_later_in_place_operation() -> None:
    small = SmallEncoder()  # its target layer's output is overwritten by a ReLU
    pixels = small.preprocess(noise_picture())
    target = Target(torch.tensor([1.0, -0.5, 0.2, 0.0, 0.3]), "vector", "1")
    slopes = channel_gradients(small, pixels, small.layer(), lambda z: z, target)
    maps = small.tower[0](pixels[None]).detach()

    def similarity(values: Tensor) -> Tensor:
        features = small.tower[4].double()(small.tower[2:4](values.relu()))[0]
        return nn.functional.cosine_similarity(features, target.vector.double(), dim=0)

    step = 1e-5
    for channel in range(maps.shape[1]):
        differences = []
        for sign in (1, -1):
            moved = maps.double()
            moved[:, channel] += sign * step
            differences.append(similarity(moved))
        slope = (differences[0] - differences[1]) / (2 * step) / maps[0, 0].numel()
        assert float(slopes[channel]) == pytest.approx(float(slope), abs=1e-6)
    assert not any(module._forward_hooks for module in small.tower.modules())


def test_every_setting_is_recorded() -> None:
    cam = BeCAM(SmallEncoder(), MapConfig(preset="scorecam-torchcam"))
    facts = cam.attribute(noise_picture(), lambda z: z, Target(torch.ones(5), "v", "1")).provenance
    assert (facts.preset, facts.weighting, facts.rectify) == ("scorecam-torchcam", "softmax", True)
    assert (facts.align_corners, facts.stretch, facts.fill) == (False, "before", "mean")
    assert (facts.passes, facts.channels) == (None, None)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (
            {"preset": "scorecam"},
            "unknown preset 'scorecam'; did you mean gscorecam, scorecam-gradcam",
        ),
        (
            {"preset": "scorecam-gradcam", "weighting": "raw"},
            "weighting 'raw' contradicts preset 'scorecam-gradcam'; expected 'softmax', or no",
        ),
        ({"preset": "gscorecam", "fill": "blur"}, "fill 'blur' contradicts preset 'gscorecam'"),
        ({"preset": "gscorecam", "rectify": False}, "rectify 'False' contradicts preset"),
        (
            {"preset": "scorecam-torchcam", "passes": 20},
            "passes '20' contradicts preset 'scorecam-torchcam'; expected none, or no preset",
        ),
        ({"preset": "gscorecam", "channels": "variance"}, "channels 'variance' contradicts"),
        ({"channels": "gradient"}, "channels 'gradient' without passes: expected a number"),
        ({"passes": 20, "channels": "grad"}, "unknown channels 'grad'; did you mean gradient"),
        ({"passes": 7}, "passes '7': expected at least 8 with channels 'predict'"),
        ({"passes": 0, "channels": "variance"}, "passes '0': expected at least 1"),
    ],
)
def test_what_contradicts_or_is_unknown_is_refused_in_a_line(
    options: dict[str, object], message: str
) -> None:
    with pytest.raises(InputError) as caught:
        MapConfig(**options)
    assert message in str(caught.value)
    assert "\n" not in str(caught.value)


def test_what_agrees_with_a_preset_may_be_said() -> None:
    said = MapConfig(preset="gscorecam", weighting="softmax", rectify=True, fill="mean", passes=10)
    assert (said.recipe.passes, said.recipe.channels) == (10, "gradient")


def test_the_command_line_refuses_it_too(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["render", "--item", "1", "--preset", "gscorecam", "--weighting", "raw"]) == 2
    told = capsys.readouterr().err
    assert "weighting 'raw' contradicts preset 'gscorecam'; expected 'softmax'" in told
    assert told.count("\n") == 1
