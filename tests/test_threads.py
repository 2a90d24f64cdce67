"""Small models train on one thread, and leave the number as it was."""

from __future__ import annotations

import pytest
import torch

from recsys.threads import SMALL, suited_threads


@pytest.fixture(autouse=True)
def _two_threads():
    before = torch.get_num_threads()
    torch.set_num_threads(2)
    yield
    torch.set_num_threads(before)


@pytest.mark.parametrize(("rows", "inside"), [(8, 1), (SMALL // 4 + 1, 2)])
def test_threads_follow_the_size_and_come_back(rows, inside):
    with suited_threads(torch.nn.Linear(4, rows, bias=False)):
        assert torch.get_num_threads() == inside
    assert torch.get_num_threads() == 2


def _interrupted():
    with suited_threads(torch.nn.Linear(4, 8)):
        raise KeyboardInterrupt


def test_an_interruption_puts_them_back():
    with pytest.raises(KeyboardInterrupt):
        _interrupted()
    assert torch.get_num_threads() == 2


def test_other_devices_are_left_alone():
    with suited_threads(torch.nn.Linear(2, 2, device="meta")):
        assert torch.get_num_threads() == 2
