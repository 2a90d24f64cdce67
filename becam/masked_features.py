"""Masked features: the content of every masked picture, independent of any recommender."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import Any

import torch
from PIL import Image
from torch import Tensor

from becam.activations import activations
from becam.encoders.base import Encoder, Layer
from becam.fills import fill_picture
from becam.masks import constant_channels, masks
from becam.store import TensorStore, content_key

BATCH = 16
VERSION = 1  # raised whenever the same picture would give other values


@dataclass(frozen=True, eq=False)
class MaskedFeatures:
    """What one picture, encoder, layer and fill give; every recommender shares it.

    Attributes:
        features: z, content of the picture under each channel's mask, (N, D) float32.
        activations: A, (N, h, w) float32.
        content: content of the whole picture, (D,) float32.
        fill_content: content of the fill alone, (D,) float32; constant channels have it too.
        key: content key of these values.
        cached: whether they came from the store.
    """

    features: Tensor
    activations: Tensor
    content: Tensor
    fill_content: Tensor
    key: str
    cached: bool


def picture_hash(picture: Image.Image) -> str:
    """SHA-256 of a picture's size and RGB pixels, hex."""
    digest = hashlib.sha256(f"{picture.size}".encode())
    digest.update(picture.tobytes())
    return digest.hexdigest()


def compute(
    encoder: Encoder, picture: Tensor, layer: Layer, fill: str, *, batch_size: int = BATCH
) -> dict[str, Tensor]:
    """Encode the picture under each channel's mask (BeFA, eq. 1: z_i = f(x * M_i)).

    Memory is bounded by ``batch_size`` masked pictures, whatever the number of channels.

    Args:
        encoder: the frozen encoder.
        picture: preprocessed, (3, H, W) float32.
        layer: the target layer.
        fill: what masked-out pixels become.
        batch_size: masked pictures encoded at once.

    Returns:
        ``features``, ``activations``, ``content`` and ``fill_content``, float32 on the CPU.
    """
    picture = picture.to(encoder.device)
    content, channels = activations(encoder, picture[None].to(encoder.dtype), layer)
    channels = channels[0]
    background = fill_picture(picture, fill, encoder.mean, encoder.std)
    with torch.inference_mode():
        fill_content = encoder.encode_pictures(background[None].to(encoder.dtype)).float()[0]
        # A constant channel masks everything out: all of them share the pass of the fill.
        features = fill_content.repeat(len(channels), 1)
        varying = (~constant_channels(channels)).nonzero()[:, 0]
        for chosen in varying.split(batch_size):
            shares = masks(channels[chosen], encoder.input_size)[:, None]
            masked = torch.lerp(background.expand(len(chosen), -1, -1, -1), picture, shares)
            features[chosen] = encoder.encode_pictures(masked.to(encoder.dtype)).float()
    found = {
        "features": features,
        "activations": channels,
        "content": content[0],
        "fill_content": fill_content,
    }
    # Contiguous, as they come back from the store: sums over views round otherwise.
    return {name: values.cpu().contiguous() for name, values in found.items()}


def masked_features(
    encoder: Encoder,
    picture: Image.Image,
    layer: Layer,
    fill: str,
    *,
    store: TensorStore | None = None,
    batch_size: int = BATCH,
) -> MaskedFeatures:
    """Return a picture's masked features, from the store if they are there.

    The key covers the picture's pixels, the encoder's weights and preprocessing, layer, fill,
    precision and kind of device: the job is idempotent and may run anywhere.

    Raises:
        OSError: the store can't be written.
    """
    about: dict[str, Any] = {
        "what": "masked features",
        "version": VERSION,
        "picture": picture_hash(picture),
        "encoder": encoder.name,
        "weights": encoder.weights_hash,
        "input_size": list(encoder.input_size),
        "layer": layer.name,
        "fill": fill,
        "dtype": str(encoder.dtype).removeprefix("torch."),
        "device": encoder.device.type,
    }
    key = content_key(about)
    tensors = store.get(key) if store else None
    cached = tensors is not None
    if tensors is None:
        tensors = compute(encoder, encoder.preprocess(picture), layer, fill, batch_size=batch_size)
        if store:
            store.put(key, tensors, about)
    return MaskedFeatures(**tensors, key=key, cached=cached)
