"""A tower's weights in the order in which a picture meets them, stage by stage."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

import torch
from torch import Tensor, nn
from torch.overrides import TorchFunctionMode


def stages(tower: nn.Module, run: Callable[[], object]) -> list[tuple[str, list[str]]]:
    """Group the weights that a pass uses into stages, from the output down.

    A stage is a block (``transformer.resblocks.3``, ``layer4.0``), or what stands beside the
    blocks (``conv1``, ``ln_post``, ``proj``). Its place is where its last weight is used first.

    Args:
        tower: the picture tower.
        run: makes one pass through it.

    Returns:
        (name, names of the weights), the stage next to the output first.
    """
    names = {id(weight): name for name, weight in tower.named_parameters()}
    recorder = _Order(names)
    with torch.no_grad(), recorder:
        run()
    used = recorder.order
    groups: dict[str, list[str]] = {}
    for name in used:
        groups.setdefault(_stage_of(name, used), []).append(name)
    return sorted(groups.items(), key=lambda group: -max(used[name] for name in group[1]))


class _Order(TorchFunctionMode):
    """Records when each weight is used first."""

    def __init__(self, names: Mapping[int, str]) -> None:
        super().__init__()
        self.names = names
        self.order: dict[str, int] = {}

    def __torch_function__(
        self,
        func: Callable[..., Any],
        types: Iterable[type],
        args: tuple[Any, ...] = (),
        kwargs: dict[str, Any] | None = None,
    ) -> Any:
        kwargs = kwargs or {}
        # Asking a weight for its shape or dtype is no use of it.
        if getattr(func, "__name__", "") != "__get__":
            for weight in _tensors((args, tuple(kwargs.values()))):
                if (name := self.names.get(id(weight))) is not None:
                    self.order.setdefault(name, len(self.order))
        return func(*args, **kwargs)


def _tensors(values: Any) -> Iterable[Tensor]:
    for value in values:
        if isinstance(value, Tensor):
            yield value
        elif isinstance(value, tuple | list):
            yield from _tensors(value)


def _stage_of(name: str, names: Iterable[str]) -> str:
    """The shortest part of a weight's name that ends in a number or has none beneath."""
    parts = name.split(".")
    for count in range(1, len(parts)):
        stem = ".".join(parts[:count])
        if parts[count - 1].isdigit():
            return stem
        beneath = (other[len(stem) + 1 :] for other in names if other.startswith(stem + "."))
        if not any(part.isdigit() for rest in beneath for part in rest.split(".")):
            return stem
    return name
