"""How many threads a training uses."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import torch
from torch import nn

SMALL = 4_000_000
"""Parameters below which one thread trains faster than several: the operations are so short
that handing them out costs more than it saves."""


@contextmanager
def suited_threads(model: nn.Module) -> Iterator[None]:
    """Compute on one thread while the block runs, if ``model`` is small and on the CPU.

    A small model's weights then are the same whatever the number of cores.
    """
    threads = torch.get_num_threads()
    parameters = list(model.parameters())
    small = sum(parameter.numel() for parameter in parameters) < SMALL
    if threads == 1 or not small or any(p.device.type != "cpu" for p in parameters):
        yield
        return
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(threads)
