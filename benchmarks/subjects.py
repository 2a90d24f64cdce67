"""Encoders, pictures, targets and other projects' ScoreCAM, for the benchmark of attribution."""

from __future__ import annotations

import warnings
from collections.abc import Callable

import numpy as np
import torch
from PIL import Image
from torch import Tensor, nn

from becam.encoders.base import Encoder, Layer
from becam.encoders.checkpoints import state_hash
from becam.encoders.preprocess import Preprocessing
from becam.encoders.registry import load_encoder
from becam.encoders.tower_encoder import TowerEncoder
from becam.encoders.towers import layout_of
from recsys.data.demo.attributes import sample_attributes
from recsys.data.demo.picture import draw_picture

MEAN, STD = (0.48145466, 0.4578275, 0.40821073), (0.26862954, 0.26130258, 0.27577711)
DEMO = ("demo-vit", "demo-rn")
CALIBRATION = 16  # pictures for the statistics of batch norms


def load_subject(name: str, *, device: torch.device, seed: int) -> Encoder:
    """Load a demo encoder, or build one of open_clip's models with random weights.

    Batch norms get the statistics of drawn pictures, as training would have given them: with
    those of a new model the signal dies on its way, and most channels are constant.
    """
    if name in DEMO:
        return load_encoder(name, device=device)
    import open_clip

    with torch.random.fork_rng(devices=[]), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        torch.manual_seed(seed)
        visual: nn.Module = open_clip.create_model(name, pretrained=None).visual
    layout = layout_of(visual)
    size = visual.image_size
    side = (size, size) if isinstance(size, int) else (int(size[0]), int(size[1]))
    encoder = TowerEncoder(
        name,
        visual=visual,
        text=nn.Identity(),
        tokenizer=lambda texts: torch.zeros(len(texts), 1),
        weights_hash="",
        preprocessing=Preprocessing(
            size=side, resize="squash", interpolation="bicubic", mean=MEAN, std=STD
        ),
        layout=layout,
        device=device,
        dtype=torch.float32,
    )
    _calibrate(encoder, seed)
    encoder.weights_hash = state_hash(encoder.visual.state_dict(), {"model": name})
    return encoder


def _calibrate(encoder: TowerEncoder, seed: int) -> None:
    norms = [each for each in encoder.visual.modules() if isinstance(each, nn.BatchNorm2d)]
    if not norms:
        return
    pictures = draw_pictures(CALIBRATION, seed + 1)
    batch = torch.stack([encoder.preprocess(picture) for picture in pictures])
    for each in norms:
        each.reset_running_stats()
        each.momentum = None  # the plain mean over batches
        each.train()
    with torch.inference_mode():
        encoder.encode_pictures(batch.to(encoder.device, encoder.dtype))
    encoder.visual.eval()


def some_channels(encoder: Encoder, count: int) -> Layer:
    """Return the default layer with at most ``count`` of its channels, evenly spaced; 0: all."""
    layer = encoder.layer()
    if not count:
        return layer

    def thinned(output: Tensor) -> Tensor:
        maps = layer.to_grid(output)
        if count >= maps.shape[1]:
            return maps
        return maps[:, torch.linspace(0, maps.shape[1] - 1, count).round().long()]

    return Layer(f"{layer.name} ({count} channels)", layer.module, thinned, layer.grid)


def draw_pictures(count: int, seed: int) -> list[Image.Image]:
    """Draw demo pictures."""
    rng = np.random.default_rng(seed)
    drawn = (draw_picture(sample_attributes(rng, correlation=0.6), rng, 224) for _ in range(count))
    return [Image.fromarray(each.image) for each in drawn]


def noise(encoder: Encoder, batch: int) -> Tensor:
    """Draw pictures of noise, on the encoder's device."""
    generator = torch.Generator().manual_seed(0)
    drawn = torch.randn(batch, 3, *encoder.input_size, generator=generator)
    return drawn.to(encoder.device, encoder.dtype)


def bare(encoder: Encoder, passes: int, batch: int, pictures: Tensor) -> None:
    """Encode ``passes`` pictures, ``batch`` at once and always the same ones: no hook, no mask."""
    with torch.inference_mode():
        for start in range(0, passes, batch):
            encoder.encode_pictures(pictures[: min(batch, passes - start)])


class Head(nn.Module):
    """Stands for recommenders and targets: cosines with directions after random projections."""

    def __init__(
        self, targets: int, features: Tensor, *, seed: int, dim: int = 64, centred: bool = True
    ) -> None:
        """Draw one projection and one direction a target.

        Args:
            targets: how many.
            features: (M, D), which give the scale and the mean.
            seed: of the draws.
            dim: of the behavioural space.
            centred: take the mean out before projecting. Masked features of one picture are
                alike, most of all with random weights; with their mean all cosines are nearly
                equal, the map is the unweighted one and rounding hardly changes it. Without it,
                differences between channels, and rounding, are all that is left: the hard case.
        """
        super().__init__()
        generator = torch.Generator().manual_seed(seed)
        scale = features.std().item() * features.shape[1] ** 0.5
        drawn = torch.randn(targets, dim, features.shape[1], generator=generator) / scale
        self.register_buffer("projections", drawn.to(features))
        self.register_buffer("mean", features.mean(0) * float(centred))
        vectors = torch.randn(targets, dim, generator=generator)
        self.register_buffer("vectors", vectors.to(features))

    def project(self, target: int, features: Tensor) -> Tensor:
        """Take features (n, D) into the behavioural space of a target, (n, d)."""
        weight = self.get_buffer("projections")[target]
        # As a recommender's projection has it: a bias, not a copy of all features.
        return nn.functional.linear(features, weight, -weight @ self.get_buffer("mean"))

    def forward(self, features: Tensor) -> Tensor:
        """Return the cosine of each row with each target, (n, targets)."""
        centred = features - self.get_buffer("mean")
        projected = torch.einsum("tdf,nf->ntd", self.get_buffer("projections"), centred)
        return nn.functional.cosine_similarity(projected, self.get_buffer("vectors")[None], dim=-1)


class Classifier(nn.Module):
    """An encoder and a head as one model, whose ``tap`` gives the target layer's channels.

    The other projects hook the tap: it is the one place where both find an (N, h, w) map of a
    transformer, and of the same channels that becam takes. The encoder itself, which others
    measure, carries a hook only while this model computes.
    """

    def __init__(self, encoder: Encoder, layer: Layer, head: Head) -> None:
        super().__init__()
        self.tap, self.head = nn.Identity(), head
        self.tower = next(  # so that its weights are this model's, too
            value
            for value in vars(encoder).values()
            if isinstance(value, nn.Module) and layer.module in value.modules()
        )
        self._encoder, self._layer = encoder, layer

    def forward(self, pictures: Tensor) -> Tensor:
        """Return the scores of preprocessed pictures (B, 3, H, W), (B, targets)."""
        kept: list[Tensor] = []
        hook = self._layer.module.register_forward_hook(
            lambda _module, _inputs, output: kept.append(output)
        )
        try:
            features = self._encoder.encode_pictures(pictures)
        finally:
            hook.remove()
        self.tap(self._layer.to_grid(kept.pop()))
        scores: Tensor = self.head(features)
        return scores


OTHERS = {"grad-cam", "torchcam"}
Score = Callable[[Tensor, int, int], object]
"""Make the map of a preprocessed picture (1, 3, H, W) for a target, with a batch size."""


def other_projects(model: Classifier) -> dict[str, Score]:
    """Return ScoreCAM of grad-cam and of torchcam, as far as they are installed."""
    found: dict[str, Score] = {}
    try:
        from pytorch_grad_cam import ScoreCAM as GradCamScoreCam
        from pytorch_grad_cam.utils.model_targets import ClassifierOutputTarget
    except ImportError:
        pass
    else:

        def grad_cam(picture: Tensor, target: int, batch: int) -> object:
            with GradCamScoreCam(model, [model.tap]) as cam:
                cam.batch_size = batch
                return cam(picture, targets=[ClassifierOutputTarget(target)])

        found["grad-cam"] = grad_cam
    try:
        from torchcam.methods import ScoreCAM as TorchCamScoreCam
    except ImportError:
        pass
    else:

        def torch_cam(picture: Tensor, target: int, batch: int) -> object:
            shape = tuple(picture.shape[1:])
            with TorchCamScoreCam(model, model.tap, batch_size=batch, input_shape=shape) as cam:
                return cam(target, model(picture))

        found["torchcam"] = torch_cam
    return found
