"""The precision in which masked pictures are encoded, and an encoder's twin in it."""

from __future__ import annotations

import copy

import torch
from torch import Tensor, nn

from becam.device import dtype_name, resolve_dtype
from becam.encoders.base import Encoder, Layer
from becam.encoders.read_out import read_out_alone
from recsys.errors import InputError, shown

# Below this many weights a picture takes milliseconds, and exactness is worth more than they are.
SMALL = 10_000_000


def tower_of(encoder: Encoder, layer: Layer) -> tuple[str, nn.Module] | None:
    """Find the encoder's module that holds a layer: attribute name and module, None without."""
    for name, value in vars(encoder).items():
        if isinstance(value, nn.Module) and any(part is layer.module for part in value.modules()):
            return name, value
    return None


def native_dtype(device: torch.device) -> torch.dtype:
    """Return the fastest dtype that a device has instructions for.

    bfloat16 on a CPU with AVX512-BF16 or AMX and on a CUDA device of capability 8 or higher,
    float16 on capability 7; float32 on anything else, MPS included, where no gain was measured.
    """
    if device.type == "cpu":
        return torch.bfloat16 if _cpu_has_bfloat16() else torch.float32
    if device.type == "cuda":
        major, _ = torch.cuda.get_device_capability(device)
        return {7: torch.float16}.get(major, torch.bfloat16 if major >= 8 else torch.float32)
    return torch.float32


def _cpu_has_bfloat16() -> bool:
    capabilities = getattr(torch.cpu, "get_capabilities", None)  # since torch 2.10
    if capabilities is not None:
        found = capabilities()
        return bool(found.get("avx512_bf16") or found.get("amx_bf16"))
    asked = ("_is_avx512_bf16_supported", "_is_amx_tile_supported")
    return any(getattr(torch.cpu, name, lambda: False)() for name in asked)


def resolve_precision(name: str, encoder: Encoder, layer: Layer) -> torch.dtype:
    """Turn ``auto`` or a dtype's name into the dtype that masked pictures are encoded in.

    ``auto`` is the encoder's own dtype where that is a choice already (not float32), where the
    picture tower is small, or where the device gains nothing; else `native_dtype`.

    Raises:
        InputError: another dtype than the encoder's, which can't be converted.
    """
    tower = tower_of(encoder, layer)
    if name == "auto":
        if encoder.dtype != torch.float32 or tower is None:
            return encoder.dtype
        if sum(weights.numel() for weights in tower[1].parameters()) < SMALL:
            return encoder.dtype
        return native_dtype(encoder.device)
    dtype = resolve_dtype(name)
    if dtype != encoder.dtype and tower is None:
        have = dtype_name(encoder.dtype)
        raise InputError(
            f"precision {shown(name)}: encoder {shown(encoder.name)} can't be converted; "
            f"expected 'auto' or {have!r}"
        )
    return dtype


def twin(encoder: Encoder, layer: Layer, dtype: torch.dtype) -> Encoder:
    """Return the encoder with its picture tower made ready for masked pictures.

    Weights are converted to ``dtype`` here, once; those that stay as they are are shared, not
    copied. The encoder itself does not change, and hooks on its modules are not on the twin's.
    Convolutional towers get channels-last kernels, which makes their whole computation
    channels-last; vision transformers a last block that computes what is read out alone, where
    that is known how.
    """
    found = tower_of(encoder, layer)
    if found is None:
        return encoder
    name, tower = found
    channels_last = _gains_by_channels_last(tower, encoder.device, dtype)
    converted: dict[int, Tensor] = {}
    for tensor in (*tower.parameters(), *tower.buffers()):
        layout = torch.channels_last if channels_last and tensor.dim() == 4 else None
        to = dtype if tensor.is_floating_point() else tensor.dtype
        made = tensor.detach().to(
            dtype=to, memory_format=layout if layout is not None else torch.preserve_format
        )
        if isinstance(tensor, nn.Parameter):
            made = nn.Parameter(made, requires_grad=False)
        converted[id(tensor)] = made
    # The tower's structure is copied; for its tensors the copy finds the converted ones.
    other = copy.copy(encoder)
    copied = copy.deepcopy(tower, dict(converted))
    for module in copied.modules():
        module._forward_hooks.clear()
        module._forward_pre_hooks.clear()
    read_out_alone(copied)
    setattr(other, name, copied)
    other.dtype = dtype
    return other


def _gains_by_channels_last(tower: nn.Module, device: torch.device, dtype: torch.dtype) -> bool:
    """Convolutional towers gain on CPUs, and on CUDA in reduced precision."""
    modules = list(tower.modules())
    convolutions = sum(isinstance(module, nn.Conv2d) for module in modules)
    convolutional = convolutions > sum(isinstance(module, nn.Linear) for module in modules)
    reduced = device.type == "cuda" and dtype != torch.float32
    return convolutional and (device.type == "cpu" or reduced)
