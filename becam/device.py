"""Choosing where and how precisely to compute."""

from __future__ import annotations

import torch

from recsys.errors import InputError, shown


def resolve_device(name: str) -> torch.device:
    """Turn ``auto``, ``cpu``, ``cuda``, ``cuda:N`` or ``mps`` into a device that is there.

    Raises:
        InputError: the device does not exist on this machine.
    """
    if name == "auto":
        if torch.cuda.is_available():
            return torch.device("cuda")
        return torch.device("mps" if torch.backends.mps.is_available() else "cpu")
    try:
        device = torch.device(name)
    except RuntimeError:
        raise InputError(f"device {shown(name)}: expected auto, cpu, cuda, cuda:N or mps") from None
    if device.type == "cuda":
        count = torch.cuda.device_count()
        if not torch.cuda.is_available() or (device.index or 0) >= count:
            raise InputError(f"device {shown(name)}: this machine has {count} CUDA devices")
    if device.type == "mps" and not torch.backends.mps.is_available():
        raise InputError(f"device {shown(name)}: this machine has no MPS")
    return device


def resolve_dtype(name: str) -> torch.dtype:
    """Turn ``float32``, ``bfloat16`` or ``float16`` into the dtype."""
    return {"float32": torch.float32, "bfloat16": torch.bfloat16, "float16": torch.float16}[name]


def dtype_name(dtype: torch.dtype) -> str:
    """Name a dtype as `resolve_dtype` takes it."""
    return str(dtype).removeprefix("torch.")
