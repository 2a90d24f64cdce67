"""What all tests share."""

from __future__ import annotations

import os
import signal
from pathlib import Path

import pytest

# Processes of tests with a thread a core each get in each other's way: twice the time for all.
if "PYTEST_XDIST_WORKER" in os.environ:
    os.environ["OMP_NUM_THREADS"] = "1"  # before torch is imported


@pytest.fixture(scope="session", autouse=True)
def _interrupts_arrive() -> None:
    """Let Ctrl-C reach child processes also where the tests run in a shell's background."""
    signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.fixture(scope="session")
def catalogue(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A small catalogue in the documented format, with masks: for all tests, not to be changed."""
    from recsys.data.demo import DemoConfig, build_demo  # torch, after the number of threads

    folder = tmp_path_factory.mktemp("data") / "small"
    return build_demo(folder, DemoConfig(items=40, users=60, size=96), workers=1)
