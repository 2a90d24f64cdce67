"""The two towers of a demo encoder, made of open_clip's own classes."""

from __future__ import annotations

import math
from collections.abc import Mapping

import torch
from torch import Tensor, nn

from becam.encoders.demo.config import TextConfig, TowerConfig, VisionConfig
from becam.encoders.open_clip_classes import tower_classes

_TEXT = "text."


class Towers(nn.Module):
    """A picture tower and a text tower with one output space, and the learned temperature.

    The parameters, under the names of :func:`open_clip_state`, are those of open_clip's ``CLIP``
    for the same config: either loads the other's weights.
    """

    def __init__(self, config: TowerConfig) -> None:
        super().__init__()
        self.config = config
        self.visual = _vision_tower(config.vision, config.embed_dim)
        self.text = _text_tower(config.text, config.embed_dim)
        self.logit_scale = nn.Parameter(torch.tensor(math.log(1 / 0.07)))

    def encode_pictures(self, pictures: Tensor) -> Tensor:
        """Encode normalised pictures: (B, 3, H, W) -> (B, D), not normalised."""
        features: Tensor = self.visual(pictures)
        return features

    def encode_texts(self, tokens: Tensor) -> Tensor:
        """Encode token ids: (B, context_length) int64 -> (B, D), not normalised."""
        features: Tensor = self.text(tokens)
        return features

    def open_clip_state(self) -> dict[str, Tensor]:
        """Return the weights under open_clip's names."""
        return {name.removeprefix(_TEXT): value for name, value in self.state_dict().items()}

    def load_open_clip_state(self, state: Mapping[str, Tensor]) -> None:
        """Load weights with open_clip's names.

        Raises:
            RuntimeError: a weight is missing, too many, or of another shape.
        """
        own = {
            name if name.startswith("visual.") or name == "logit_scale" else _TEXT + name: value
            for name, value in state.items()
        }
        self.load_state_dict(own)


def build_towers(config: TowerConfig, *, seed: int = 0) -> Towers:
    """Build both towers in float32 on the CPU; their initial weights depend on ``seed`` alone."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)  # inside fork_rng: the global state is put back
        return Towers(config)


def _vision_tower(config: VisionConfig, output_dim: int) -> nn.Module:
    classes = tower_classes()
    if isinstance(config.layers, int):
        vit: nn.Module = classes.VisionTransformer(
            image_size=config.image_size,
            patch_size=config.patch_size,
            width=config.width,
            layers=config.layers,
            heads=config.heads,
            mlp_ratio=config.mlp_ratio,
            output_dim=output_dim,
            norm_layer=classes.LayerNorm,
        )
        return vit
    resnet: nn.Module = classes.ModifiedResNet(
        layers=list(config.layers),
        output_dim=output_dim,
        heads=config.heads,
        image_size=config.image_size,
        width=config.width,
    )
    return resnet


def _text_tower(config: TextConfig, output_dim: int) -> nn.Module:
    classes = tower_classes()
    text: nn.Module = classes.TextTransformer(
        context_length=config.context_length,
        vocab_size=config.vocab_size,
        width=config.width,
        heads=config.heads,
        layers=config.layers,
        mlp_ratio=config.mlp_ratio,
        output_dim=output_dim,
        norm_layer=classes.LayerNorm,
    )
    return text
