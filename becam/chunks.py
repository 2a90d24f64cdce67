"""How many masked pictures are encoded at once: from a memory budget, less after a failure."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TypeVar

import torch
from torch import Tensor, nn

from becam.encoders.base import Encoder

T = TypeVar("T")

# Measured on two cores: more at once is no faster there, and spills out of the caches.
CPU_BUDGET = 64 << 20
CUDA_BUDGET = 4 << 30
MPS_BUDGET = 1 << 30
LARGEST_CHUNK = 1024
# Tensors of the largest size that an encoder holds at the same time: a layer's input and output,
# a residual, a copy in another layout.
LIVE = 4

_OUT_OF_MEMORY = (
    "can't allocate memory",
    "out of memory",
    "not enough memory",
    "CUDNN_STATUS_ALLOC_FAILED",
    "CUBLAS_STATUS_ALLOC_FAILED",
)


def memory_budget(device: torch.device) -> int:
    """Return the bytes that masked pictures may take at once, the same on every call."""
    if device.type == "cuda":
        return min(CUDA_BUDGET, torch.cuda.get_device_properties(device).total_memory // 8)
    return MPS_BUDGET if device.type == "mps" else CPU_BUDGET


def chunk_size(row_bytes: int, budget: int) -> int:
    """Return the largest power of two of rows that fits the budget, from 1 to 1024."""
    fitting = max(budget // max(row_bytes, 1), 1)
    return min(1 << (int(fitting).bit_length() - 1), LARGEST_CHUNK)


@contextmanager
def largest_output(tower: nn.Module) -> Iterator[list[int]]:
    """Record the most bytes that any module's output takes while the block runs.

    The yielded list holds that number; the hooks are removed whatever happens.
    """
    largest = [0]

    def record(_module: nn.Module, _inputs: object, output: object) -> None:
        if isinstance(output, Tensor):
            largest[0] = max(largest[0], output.numel() * output.element_size())

    handles = [module.register_forward_hook(record) for module in tower.modules()]
    try:
        yield largest
    finally:
        for handle in handles:
            handle.remove()


def is_out_of_memory(error: BaseException) -> bool:
    """Tell a lack of memory, on any device, from other failures."""
    if isinstance(error, (torch.cuda.OutOfMemoryError, MemoryError)):
        return True
    # The CPU's allocator and MPS raise a plain RuntimeError, which only its words tell apart.
    return isinstance(error, RuntimeError) and any(
        words.lower() in str(error).lower() for words in _OUT_OF_MEMORY
    )


def tried(work: Callable[[], T], *, count: int, what: str, encoder: Encoder) -> T | None:
    """Do the work on ``count`` pictures; None where memory runs out, so that fewer are tried.

    Raises:
        MemoryError: a single one is too much.
    """
    try:
        return work()
    except (RuntimeError, MemoryError) as error:
        if not is_out_of_memory(error):
            raise
        if count <= 1:
            raise MemoryError(
                f"encoding one {what} with {encoder.name} takes more than {encoder.device} has"
            ) from error
    free_memory(encoder.device)  # outside the handler, which holds the failed call's tensors
    return None


def free_memory(device: torch.device) -> None:
    """Hand cached blocks back to the device, so that smaller ones can be had."""
    if device.type == "cuda":
        torch.cuda.empty_cache()
    elif device.type == "mps":
        torch.mps.empty_cache()
