"""Activations of the encoder's target layer."""

from __future__ import annotations

import torch
from torch import Tensor

from becam.encoders.base import Encoder, Layer
from becam.hooks import captured


def activations(encoder: Encoder, pictures: Tensor, layer: Layer) -> tuple[Tensor, Tensor]:
    """Run the encoder once; return its content features and the layer's activations.

    Args:
        encoder: the frozen encoder.
        pictures: preprocessed pictures, (B, 3, H, W), on the encoder's device.
        layer: the target layer, from ``encoder.layer(name)``.

    Returns:
        content features (B, D) and activations (B, N, h, w), both float32.
    """
    with torch.inference_mode(), captured(layer.module) as outputs:
        content = encoder.encode_pictures(pictures)
    return content.float(), layer.to_grid(outputs[-1]).float()
