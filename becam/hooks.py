"""Reading a module's output without changing the module."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager

from torch import Tensor, nn


@contextmanager
def captured(module: nn.Module) -> Iterator[list[Tensor]]:
    """Collect a module's outputs while the block runs; the hook is removed whatever happens.

    Only those of the calling thread: others may use the same encoder at the same time.

    Raises:
        TypeError: the module returns something else than a tensor.
    """
    outputs: list[Tensor] = []
    caller = threading.get_ident()

    def keep(_module: nn.Module, _inputs: object, output: object) -> None:
        if threading.get_ident() != caller:
            return
        if not isinstance(output, Tensor):
            raise TypeError(f"its output is a {type(output).__name__}, expected a tensor")
        # A clone: a later in-place operation of the encoder must not reach the kept values.
        outputs.append(output.detach().clone())

    handle = module.register_forward_hook(keep)
    try:
        yield outputs
    finally:
        handle.remove()
