"""What all tests share."""

from __future__ import annotations

import signal

import pytest


@pytest.fixture(scope="session", autouse=True)
def _interrupts_arrive() -> None:
    """Let Ctrl-C reach child processes also where the tests run in a shell's background."""
    signal.signal(signal.SIGINT, signal.default_int_handler)
