"""The command line: start-up time, one-line errors, names that never become paths."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from becam.cli.main import run
from becam.cli.render import default_name


def becam(*arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "becam", *arguments]
    return subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)


def test_help_loads_nothing_heavy() -> None:
    code = (
        "import sys; from becam.cli.main import run; run(['--help']); run(['render', '--help']);"
        "heavy = {'torch', 'numpy', 'matplotlib', 'cv2', 'PIL', 'open_clip'} & set(sys.modules);"
        "assert not heavy, heavy"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert "render" in done.stdout
    for name in ("--item", "--model", "--data", "--encoder", "--layer", "--fill", "--weighting"):
        assert name in done.stdout
    for name in ("--rectify", "--seed", "--device", "--dtype", "--cache", "--out"):
        assert name in done.stdout
    for name in ("--save-result", "--json", "--quiet"):
        assert name in done.stdout


@pytest.mark.slow
def test_help_is_quick() -> None:
    times = []
    for _ in range(5):
        start = time.perf_counter()
        assert becam("--help").returncode == 0
        times.append(time.perf_counter() - start)
    assert min(times) < 0.5


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["rendr"], "no such command 'rendr'; did you mean render?"),
        (["render", "--item", "1", "--modle", "bm3"], "--model"),
        (["render"], "Missing option '--item'"),
        (["render", "--item", ""], "item '': expected an item id"),
        (["render", "--item", "1", "--model", "bm4"], "unknown model 'bm4'; did you mean bm3"),
        (["render", "--item", "1", "--model", "bm3+bfa"], "did you mean befa"),
        (["render", "--item", "1", "--encoder", "demo-vti"], "did you mean demo-vit"),
        (["render", "--item", "1", "--fill", "blakc"], "unknown fill 'blakc'; did you mean black"),
        (["render", "--item", "1", "--weighting", "x"], "available: raw, contrast, delta, softmax"),
        (["render", "--item", "1", "--dtype", "float23"], "did you mean float32"),
        (["render", "--item", "1", "--features", "frosen"], "did you mean frozen"),
        (["render", "--item", "1", "--device", "gpu"], "unknown device 'gpu'"),
        (["render", "--item", "1", "--seed", "-1"], "seed '-1': expected a whole number from 0"),
        (["render", "--item", "1", "--seed", "x"], "'x' is not a valid int"),
        (["render", "--item", "1", "--out", "a.gif"], "expected an ending .png, .pdf or .svg"),
        (["render", "--item", "1", "--data", "/no/such"], "/no/such"),
        (["data", "show", "/no/such"], "/no/such"),
        (["data", "show", "demo", "--out", "a.jpg"], "expected an ending .png"),
    ],
)
def test_bad_input_is_one_line_and_exit_code_2(
    arguments: list[str],
    said: str,
    capsys: pytest.CaptureFixture[str],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("BECAM_CACHE", str(tmp_path / "cache"))
    assert run(arguments) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert err.startswith("becam: ")
    assert err.count("\n") == 1
    assert said in err
    assert not any(tmp_path.iterdir())


@pytest.mark.parametrize(
    "item", ["../x", "<script>", "a/b", "x" * 300, "\N{GRINNING FACE}", "..", "con\n", "a b"]
)
def test_ids_never_become_paths(item: str) -> None:
    name = default_name(item)
    assert Path(name).name == name
    assert len(name) < 100
    assert name.isascii()
    assert name != default_name(item + "x")


def test_plain_ids_name_their_file() -> None:
    assert default_name("123") == "becam-item-123.png"


def test_version() -> None:
    done = becam("--version")
    assert done.stdout.startswith("becam 0.")


def test_an_interrupt_inside_exec_keeps_the_exit_code(tmp_path: Path) -> None:
    """CPython marks it, and would end ``python -m`` as killed by the signal."""
    (tmp_path / "interrupted.py").write_text(
        "import os, signal, becam.cli.main as main\n"
        "def work(*_):\n"
        "    exec('os.kill(os.getpid(), signal.SIGINT)\\nfor _ in range(9): 0')\n"
        "main.cli.main = lambda **_: work()\n"
        "main.main([])\n"
    )
    command = [sys.executable, "-m", "interrupted"]
    done = subprocess.run(
        command,
        capture_output=True,
        text=True,
        check=False,
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(Path(__file__).parent.parent)},
    )
    assert done.returncode == 130, done.stderr
    assert done.stderr.startswith("becam: interrupted")
