"""Adam on torch's fused kernel.

Source: Kingma and Ba, "Adam: A Method for Stochastic Optimization", ICLR 2015, algorithm 1.

``torch.optim`` gives the same numbers, bit for bit, but creating one of its optimisers imports
torch's compiler: 5 seconds and 140 MB, more than a small training itself. And it takes no sparse
gradients, so that every step would fill a fresh table of zeros for each table of which a batch
uses a few rows.
"""

from __future__ import annotations

import math
from collections.abc import Iterable

import torch
from torch import Tensor, nn

BETAS = (0.9, 0.999)
EPSILON = 1e-8

_PARTS = ("mean", "square", "steps")


class Adam:
    """Adam without weight decay, with the usual constants.

    A parameter without a gradient is left alone, its moments too. A sparse gradient counts as
    what it is: zero in all other rows, whose moments decay.

    Args:
        parameters: What is trained, by name.
    """

    def __init__(self, parameters: Iterable[tuple[str, nn.Parameter]]) -> None:
        self._parameters = dict(parameters)
        self._state: dict[str, dict[str, Tensor]] = {}
        self._tables: dict[str, _RowTable] = {}

    def zero_grad(self) -> None:
        """Forget all gradients."""
        for parameter in self._parameters.values():
            parameter.grad = None

    @torch.no_grad()
    def step(self, lr: float) -> None:
        """Update every parameter that has a gradient."""
        parameters: list[Tensor] = []
        gradients: list[Tensor] = []
        states: list[dict[str, Tensor]] = []
        for name, parameter in self._parameters.items():
            if parameter.grad is not None:
                parameters.append(parameter)
                gradients.append(self._dense(name, parameter.grad))
                states.append(self._state_of(name, parameter))
        if not parameters:
            return
        means, squares, steps = ([state[part] for state in states] for part in _PARTS)
        torch._foreach_add_(steps, 1)
        if parameters[0].device.type in ("cpu", "cuda"):
            torch._fused_adam_(
                parameters,
                gradients,
                means,
                squares,
                [],
                steps,
                lr=lr,
                beta1=BETAS[0],
                beta2=BETAS[1],
                weight_decay=0.0,
                eps=EPSILON,
                amsgrad=False,
                maximize=False,
            )
        else:
            _plain_step(parameters, gradients, means, squares, steps, lr)

    def tensors(self) -> dict[str, Tensor]:
        """Return the state by part and name, not copied."""
        return {
            f"{part}/{name}": state[part] for name, state in self._state.items() for part in _PARTS
        }

    def restore(self, tensors: dict[str, Tensor]) -> None:
        """Go on from a copy of what ``tensors`` returned."""
        self._state = {}
        for key, value in tensors.items():
            part, _, name = key.partition("/")
            device = self._parameters[name].device
            self._state.setdefault(name, {})[part] = value.to(device, copy=True)

    def _state_of(self, name: str, parameter: nn.Parameter) -> dict[str, Tensor]:
        if name not in self._state:
            self._state[name] = {
                "mean": torch.zeros_like(parameter),
                "square": torch.zeros_like(parameter),
                "steps": torch.zeros((), dtype=torch.float32, device=parameter.device),
            }
        return self._state[name]

    def _dense(self, name: str, gradient: Tensor) -> Tensor:
        if not gradient.is_sparse:
            return gradient
        if name not in self._tables:
            self._tables[name] = _RowTable(self._parameters[name])
        return self._tables[name].filled(gradient)


class _RowTable:
    """A dense table for gradients that have a few rows; only those are cleared again."""

    def __init__(self, parameter: Tensor) -> None:
        # Laid out in memory as the parameter is: the fused kernel does not look at strides.
        self._values = torch.zeros_like(parameter, requires_grad=False)
        self._rows: Tensor | None = None

    def filled(self, gradient: Tensor) -> Tensor:
        """Return the table with what the sparse ``gradient`` holds, until the next call."""
        if self._rows is not None:
            self._values.index_fill_(0, self._rows, 0)
        self._rows = gradient._indices()[0]
        return self._values.index_add_(0, self._rows, gradient._values())


def _plain_step(
    parameters: list[Tensor],
    gradients: list[Tensor],
    means: list[Tensor],
    squares: list[Tensor],
    steps: list[Tensor],
    lr: float,
) -> None:
    """Do what the fused kernel does, on devices that have none."""
    for parameter, gradient, mean, square, step in zip(
        parameters, gradients, means, squares, steps, strict=True
    ):
        mean.lerp_(gradient, 1 - BETAS[0])
        square.mul_(BETAS[1]).addcmul_(gradient, gradient, value=1 - BETAS[1])
        # 1 - beta ** step; as a difference it would lose most of its digits in float32.
        corrections = [-torch.expm1(step * math.log(beta)) for beta in BETAS]
        size = (square / corrections[1]).sqrt_().add_(EPSILON)
        parameter.sub_(lr * (mean / corrections[0]) / size)
