"""Our Adam against torch's own, and what sparse gradients do in it."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
import torch
from torch import Tensor, nn

from recsys.adam import Adam, _plain_step

SHAPES = {"table": (6, 3), "matrix": (3, 3), "bias": (3,)}


def seeded(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def parameters(dtype: torch.dtype = torch.float32) -> dict[str, nn.Parameter]:
    generator = seeded()
    return {
        name: nn.Parameter(torch.randn(shape, generator=generator, dtype=dtype))
        for name, shape in SHAPES.items()
    }


def gradients(step: int, dtype: torch.dtype = torch.float32) -> dict[str, Tensor | None]:
    """Gradients of a step: the table's has two rows, and the bias has none in every other step."""
    generator = seeded(100 + step)
    found: dict[str, Tensor | None] = {}
    for name, shape in SHAPES.items():
        found[name] = torch.randn(shape, generator=generator, dtype=dtype)
    table = torch.zeros(SHAPES["table"], dtype=dtype)
    rows = torch.tensor([step % 6, (step + 2) % 6])
    assert found["table"] is not None
    found["table"] = table.index_copy(0, rows, found["table"][:2])
    if step % 2:
        found["bias"] = None
    return found


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
@pytest.mark.parametrize("sparse", [False, True])
def test_it_is_torchs_adam_bit_for_bit(sparse: bool, dtype: torch.dtype) -> None:
    ours, theirs = parameters(dtype), parameters(dtype)
    optimizer = Adam(ours.items())
    reference = torch.optim.Adam(theirs.values(), fused=True)
    for step in range(20):
        lr = 0.01 * 0.9**step
        for name, gradient in gradients(step, dtype).items():
            theirs[name].grad = None if gradient is None else gradient.clone()
            if sparse and name == "table" and gradient is not None:
                gradient = gradient.to_sparse(1)
            ours[name].grad = gradient
        reference.param_groups[0]["lr"] = lr
        reference.step()
        optimizer.step(lr)
        for name in SHAPES:
            assert torch.equal(ours[name], theirs[name]), (step, name)
    optimizer.zero_grad()
    assert all(parameter.grad is None for parameter in ours.values())


def test_sparse_gradients_of_a_table_that_lies_by_columns() -> None:
    tables = [nn.Parameter(torch.zeros(3, 4).t()), nn.Parameter(torch.zeros(4, 3))]
    for table in tables:
        optimizer = Adam([("table", table)])
        for row in (1, 3):
            table.grad = torch.sparse_coo_tensor([[row]], torch.arange(1.0, 4)[None], (4, 3))
            optimizer.step(0.1)
    assert torch.equal(*tables)


def test_a_row_that_is_looked_up_twice_counts_twice() -> None:
    ours, theirs = parameters()["table"], parameters()["table"]
    rows = torch.tensor([1, 4, 1])
    torch.nn.functional.embedding(rows, ours, sparse=True).square().sum().backward()
    theirs.index_select(0, rows).square().sum().backward()
    for parameter in (ours, theirs):
        Adam([("table", parameter)]).step(0.01)
    torch.testing.assert_close(ours, theirs)


def test_no_gradient_no_step() -> None:
    ours = parameters()
    before = {name: parameter.detach().clone() for name, parameter in ours.items()}
    optimizer = Adam(ours.items())
    optimizer.step(0.01)
    assert all(torch.equal(ours[name], before[name]) for name in SHAPES)
    assert not optimizer.tensors()


def test_it_goes_on_from_its_state() -> None:
    whole = parameters()
    optimizer = Adam(whole.items())
    for step in range(8):
        if step == 5:
            resumed = {n: nn.Parameter(p.detach().clone()) for n, p in whole.items()}
            second = Adam(resumed.items())
            second.restore(optimizer.tensors())
        for which, target in ((whole, optimizer), *([(resumed, second)] if step >= 5 else [])):
            for name, gradient in gradients(step).items():
                which[name].grad = gradient
            target.step(0.01)
    assert all(torch.equal(whole[name], resumed[name]) for name in SHAPES)


def test_the_step_of_devices_without_the_fused_kernel() -> None:
    ours, theirs = parameters(torch.float64), parameters(torch.float64)
    reference = torch.optim.Adam(theirs.values(), lr=0.01)
    names = list(SHAPES)
    means, squares = ([torch.zeros_like(ours[name]) for name in names] for _ in range(2))
    steps = [torch.zeros(()) for _ in names]
    for step in range(6):
        grads = [g for g in gradients(2 * step, torch.float64).values() if g is not None]
        for name, gradient in zip(names, grads, strict=True):
            theirs[name].grad = gradient
        reference.step()
        torch._foreach_add_(steps, 1)
        with torch.no_grad():
            _plain_step(list(ours.values()), grads, means, squares, steps, 0.01)
    for name in names:
        torch.testing.assert_close(ours[name], theirs[name], rtol=1e-6, atol=1e-9)


def test_training_does_not_import_the_compiler() -> None:
    code = (
        "import sys, test_training as t\n"
        "t.run(config=t.TrainingConfig(max_epochs=1))\n"
        "sys.exit('torch._dynamo' in sys.modules or 'sympy' in sys.modules)\n"
    )
    here = Path(__file__).parent
    done = subprocess.run(
        [sys.executable, "-c", f"import sys; sys.path.insert(0, {str(here)!r})\n{code}"],
        cwd=here.parent,
        check=False,
    )
    assert done.returncode == 0
