"""Ctrl-C while modules are imported: the import ends first, and the exit is that of a Ctrl-C."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

MAIN = """\
import becam.cli.main as main

def work(**_):
    import slow
    while True:  # what was asked for inside the import comes here, at once
        pass

main.cli.main = work
main.main([])
"""

SLOW = """\
import os, signal, sys, time
os.kill(os.getpid(), signal.SIGINT)
end = time.monotonic() + 0.5
while time.monotonic() < end:
    pass
print('imported', flush=True)
"""


def started(folder: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "start"],
        capture_output=True,
        text=True,
        check=False,
        timeout=40,
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(Path(__file__).parent.parent)},
    )


@pytest.mark.parametrize("nested", [False, True])
def test_an_import_ends_before_an_interrupt_is_heard(tmp_path: Path, nested: bool) -> None:
    (tmp_path / "start.py").write_text(MAIN)
    (tmp_path / "slow.py").write_text("import inner\n" if nested else SLOW)
    (tmp_path / "inner.py").write_text(SLOW)
    done = started(tmp_path)
    assert done.stdout == "imported\n", done.stderr
    assert done.returncode == 130
    assert done.stderr.startswith("becam: interrupted")
    assert done.stderr.count("\n") == 1


def test_a_wait_is_ended_by_an_interrupt_of_an_import(tmp_path: Path) -> None:
    """The second signal must reach the main thread even where that sleeps."""
    (tmp_path / "start.py").write_text(MAIN.replace("pass", "__import__('time').sleep(50)"))
    (tmp_path / "slow.py").write_text(SLOW.replace("time.monotonic() + 0.5", "0"))
    done = started(tmp_path)
    assert done.returncode == 130, done.stderr
