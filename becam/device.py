"""Choosing where and how precisely to compute."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager

import torch

from becam.map_config import DTYPES
from recsys.errors import InputError, shown, unknown

_INSTEAD = "auto takes the best that is there"


def resolve_device(name: str) -> torch.device:
    """Turn ``auto``, ``cpu``, ``cuda``, ``cuda:N`` or ``mps`` into a device that is there.

    Raises:
        InputError: another name, or a device that does not exist on this machine.
    """
    if name == "auto":
        if torch.cuda.is_available():
            return torch.device("cuda")
        return torch.device("mps" if torch.backends.mps.is_available() else "cpu")
    found = re.fullmatch(r"(cpu|mps|cuda)|cuda:(0|[1-9]\d*)", name, re.ASCII)
    if not found:
        raise InputError(f"device {shown(name)}: expected auto, cpu, cuda, cuda:N or mps")
    if name.startswith("cuda"):
        count = torch.cuda.device_count() if torch.cuda.is_available() else 0
        if int(found[2] or 0) >= count:
            has = f"{count} CUDA device{'' if count == 1 else 's'}"
            raise InputError(f"device {shown(name)}: this machine has {has}; {_INSTEAD}")
    if name == "mps" and not torch.backends.mps.is_available():
        raise InputError(f"device {shown(name)}: this machine has no MPS; {_INSTEAD}")
    return torch.device(name)


def resolve_dtype(name: str) -> torch.dtype:
    """Turn ``float32``, ``bfloat16`` or ``float16`` into the dtype.

    Raises:
        InputError: another name.
    """
    if name not in DTYPES:
        raise unknown("dtype", name, DTYPES)
    found: torch.dtype = getattr(torch, name)
    return found


def dtype_name(dtype: torch.dtype) -> str:
    """Name a dtype as `resolve_dtype` takes it."""
    return str(dtype).removeprefix("torch.")


@contextmanager
def full_precision(device: torch.device, dtype: torch.dtype) -> Iterator[None]:
    """Compute float32 in float32 on a CUDA device while the block runs.

    By default cuDNN's convolutions round to TensorFloat-32, whose mantissa has 10 bits for
    float32's 23.
    """
    if device.type != "cuda" or dtype != torch.float32:
        yield
        return
    convolutions, products = torch.backends.cudnn, torch.backends.cuda.matmul
    before = convolutions.allow_tf32, products.allow_tf32
    convolutions.allow_tf32 = products.allow_tf32 = False
    try:
        yield
    finally:
        convolutions.allow_tf32, products.allow_tf32 = before
