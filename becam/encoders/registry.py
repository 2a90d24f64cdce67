"""Encoders by the name that a user types."""

from __future__ import annotations

from typing import TYPE_CHECKING

from recsys.errors import unknown

if TYPE_CHECKING:
    import torch

    from becam.encoders.base import Encoder

DEMO_ENCODERS = ("demo-vit", "demo-rn")


def check_encoder_name(name: str) -> None:
    """Check a name without loading anything.

    Raises:
        InputError: no such encoder.
    """
    if name not in DEMO_ENCODERS:
        raise unknown("encoder", name, DEMO_ENCODERS)


def load_encoder(
    name: str, *, device: str | torch.device = "auto", dtype: str | torch.dtype = "float32"
) -> Encoder:
    """Load an encoder by name.

    Args:
        name: ``demo-vit`` or ``demo-rn``.
        device: ``auto``, ``cpu``, ``cuda``, ``cuda:N`` or ``mps``.
        dtype: precision of the picture tower.

    Raises:
        InputError: no such encoder or device.
    """
    from becam.device import resolve_device, resolve_dtype
    from becam.encoders.demo import load_demo_encoder

    check_encoder_name(name)
    return load_demo_encoder(
        name,
        device=resolve_device(device) if isinstance(device, str) else device,
        dtype=resolve_dtype(dtype) if isinstance(dtype, str) else dtype,
    )
