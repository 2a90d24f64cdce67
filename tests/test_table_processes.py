"""Tables in several processes: the same bytes, and nothing lost when some of them die."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import pytest

from becam.tables.adapters import adapters_table
from becam.tables.config import (
    AdaptersConfig,
)
from becam.tables.finished import Finished
from tests.tiny_tables import (
    QUIET,
    SHORT,
    config_for,
    texts,
    write_catalogue,
)


@pytest.fixture(scope="module")
def catalogue(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_catalogue(tmp_path_factory.mktemp("data") / "tiny_&_small")


@pytest.fixture(scope="module")
def cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One cache for the tests that do not look at it."""
    return tmp_path_factory.mktemp("cache")


@pytest.fixture(scope="module")
def adapters(catalogue: Path, cache: Path) -> Finished:
    return adapters_table(config_for(catalogue, cache), reporter=QUIET)


@pytest.mark.slow
def test_workers_give_the_same_bytes(adapters: Finished, catalogue: Path, tmp_path: Path) -> None:
    config = config_for(catalogue, tmp_path, workers=2)
    assert texts(adapters_table(config, reporter=QUIET)) == texts(adapters)


@pytest.mark.slow
def test_a_worker_that_is_killed_fails_its_run_alone(catalogue: Path, tmp_path: Path) -> None:
    """A process that dies twice takes its run with it; its neighbours are done again."""
    config = config_for(catalogue, tmp_path, workers=2)
    script = tmp_path / "script.py"
    script.write_text(_KILLING.format(config=_as_code(config)))
    done = subprocess.run(
        [sys.executable, str(script)], capture_output=True, text=True, check=False, timeout=300
    )
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout) == {
        "failures": {"bm3+befa, tiny_&_small, seed 0": "its process was killed (out of memory?)"},
        "runs": 7,
    }


_KILLING = """
import json, os, signal
from pathlib import Path
import becam.tables.runs
from becam.progress import Reporter
from becam.tables.adapters import adapters_table
from becam.tables.config import AdaptersConfig

real = becam.tables.runs.Bench.do

def killing(bench, run, progress=None):
    if str(run).startswith("bm3+befa") and run.seed == 0:
        os.kill(os.getpid(), signal.SIGKILL)
    return real(bench, run, progress)

becam.tables.runs.Bench.do = killing  # in the workers too: they import this script

if __name__ == "__main__":
    finished = adapters_table(AdaptersConfig(**{config}), reporter=Reporter(quiet=True))
    print(json.dumps({{"failures": finished.failures, "runs": len(finished.runs)}}))
"""


def _as_code(config: AdaptersConfig) -> str:
    given = {name: getattr(config, name) for name in (*SHORT, "data", "cache", "workers")}
    return repr({**given, "cache": str(config.cache)}).replace(
        repr(str(config.cache)), f"Path({str(config.cache)!r})"
    )


@pytest.mark.slow
@pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="looks for processes in /proc")
@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGKILL])
def test_a_table_that_is_killed_with_its_workers_goes_on(
    catalogue: Path, tmp_path: Path, how: signal.Signals
) -> None:
    """Whatever ends it, no worker stays behind, and the next call ends with the same bytes."""
    config = replace(config_for(catalogue, tmp_path), max_epochs=300, patience=300)
    wanted = texts(adapters_table(replace(config, cache=tmp_path / "other"), reporter=QUIET))
    command = [sys.executable, "-m", "becam", "table", "adapters", "--data", str(catalogue)]
    command += ["--models", "bm3", "--modalities", "visual,words", "--seeds", "2", "--dim", "8"]
    command += ["--max-epochs", "300", "--patience", "300", "--lr", "0.01", "--device", "cpu"]
    command += ["--workers", "2", "--cache", str(tmp_path), "--out", str(tmp_path / "out")]
    process = subprocess.Popen(command, stderr=subprocess.DEVNULL, stdout=subprocess.DEVNULL)
    children: list[int] = []
    models = tmp_path / "models"
    while process.poll() is None and not list(models.glob("bm3*/manifest.json")):
        time.sleep(0.05)
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = stat.read_text().rpartition(")")[2].split()
        except OSError:
            continue
        if int(fields[1]) == process.pid:
            children.append(int(stat.parent.name))
    assert process.poll() is None, "it ended before it was killed"
    assert len(children) >= 2
    os.kill(process.pid, how)
    process.wait(timeout=60)
    deadline = time.monotonic() + 20
    while any(Path(f"/proc/{child}").exists() for child in children):
        assert time.monotonic() < deadline, "a worker stayed behind"
        time.sleep(0.1)
    assert texts(adapters_table(config, reporter=QUIET)) == wanted
