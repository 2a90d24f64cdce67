"""Gradients of a target's similarity at the target layer (gScoreCAM's rule)."""

from __future__ import annotations

import torch
from torch import Tensor

from becam.encoders.base import Encoder, Layer
from becam.similarity import cosine_similarity
from becam.target import Projection, Target


def channel_gradients(
    encoder: Encoder, picture: Tensor, layer: Layer, projection: Projection, target: Target
) -> Tensor:
    """Mean over space of the gradient of s = cos(g(f(x)), b) at each channel, sign included.

    Special tokens of a transformer are left out of the mean, as they are of the activations.

    Args:
        encoder: the frozen encoder.
        picture: preprocessed, (3, H, W) float32.
        layer: the target layer.
        projection: g.
        target: b.

    Returns:
        (N,) float32, on the encoder's device.

    Raises:
        ValueError: no gradient reaches the layer.
    """
    kept: list[Tensor] = []

    def keep(_module: object, _inputs: object, output: Tensor) -> Tensor:
        if not output.requires_grad:  # nothing before the layer is trained
            output = output.detach().requires_grad_()
        kept.append(output)
        return output.clone()  # a later in-place operation must not reach what was kept

    handle = layer.module.register_forward_hook(keep)
    try:
        # A copy: a tensor that was made in inference mode can't be used for gradients.
        with torch.inference_mode(False), torch.enable_grad():
            inputs = picture.to(encoder.device, encoder.dtype, copy=True)[None]
            content = encoder.encode_pictures(inputs).float()
            similarity = cosine_similarity(projection(content), target.vector)
            gradient: Tensor | None = None
            if similarity.requires_grad:
                (gradient,) = torch.autograd.grad(similarity.sum(), kept[-1], allow_unused=True)
    finally:
        handle.remove()
    if gradient is None:
        raise ValueError(
            f"the similarity does not depend on layer {layer.name!r}, or the projection does not "
            "let gradients through"
        )
    return layer.to_grid(gradient)[0].float().mean((-2, -1))
