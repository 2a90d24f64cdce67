"""Encoders by the name that a user types."""

from __future__ import annotations

from typing import TYPE_CHECKING

from becam.encoders.names import EncoderName

if TYPE_CHECKING:
    import torch

    from becam.encoders.base import Encoder
    from becam.progress import Reporter


def check_encoder_name(name: str) -> None:
    """Check a name without loading anything.

    Raises:
        InputError: no such encoder, or the file that it names is not there.
    """
    EncoderName.parse(name)


def load_encoder(
    name: str,
    *,
    device: str | torch.device = "auto",
    dtype: str | torch.dtype = "float32",
    reporter: Reporter | None = None,
) -> Encoder:
    """Load an encoder by name.

    Args:
        name: ``demo-vit``, ``demo-rn``, ``clip:NAME/PRETRAINED``, ``clip:NAME@FILE``,
            ``hf-hub:ORG/NAME``, ``imagebind`` or ``imagebind@FILE``.
        device: ``auto``, ``cpu``, ``cuda``, ``cuda:N`` or ``mps``.
        dtype: precision of the picture tower.
        reporter: told what a user must know about the encoder, its licence for example.

    Raises:
        InputError: no such encoder or device; weights that can't be had, or can't be used.
    """
    from becam.device import resolve_device, resolve_dtype

    wanted = EncoderName.parse(name)
    encoder = _load(
        wanted,
        resolve_device(device) if isinstance(device, str) else device,
        resolve_dtype(dtype) if isinstance(dtype, str) else dtype,
    )
    if reporter is not None:
        for note in encoder.notes:
            reporter.note(f"{encoder.name}: {note}")
    return encoder


def _load(name: EncoderName, device: torch.device, dtype: torch.dtype) -> Encoder:
    if name.family == "demo":
        from becam.encoders.demo import load_demo_encoder

        return load_demo_encoder(name.model, device=device, dtype=dtype)
    if name.family == "imagebind":
        from becam.encoders.imagebind_encoder import load_imagebind_encoder

        return load_imagebind_encoder(name, device=device, dtype=dtype)
    from becam.encoders.open_clip_encoder import load_open_clip_encoder

    return load_open_clip_encoder(name, device=device, dtype=dtype)
