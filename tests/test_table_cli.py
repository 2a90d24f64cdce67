"""The command line of `becam table`: bad input, failed runs, a start without torch."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from becam.cli.main import run
from becam.cli.table import failure_lines


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["adapter"], "adapter"),
        (["adapters", "--models", "bm4"], "unknown model of a table 'bm4'; did you mean bm3"),
        (["adapters", "--models", "bm3+befa"], "adds the adapters itself; expected 'bm3'"),
        (["adapters", "--models", "bm3,bm3"], "'bm3' is given twice"),
        (["adapters", "--models", "lightgcn"], "unknown model of a table 'lightgcn'"),
        (["adapters", "--seeds", "1"], "seeds '1': a test over seeds needs at least 2"),
        (["cost", "--seeds", "1"], "seeds '1': a test over measurements needs at least 2"),
        (["adapters", "--out", "a.xlsx"], "an ending .csv, .md, .tex or .json"),
        (["peft", "--out", "a.pdf"], "an ending .csv, .md, .tex or .json"),
        (["sensitivity", "--out", "a.gif"], ".pdf, .png or .svg"),
        (["adapters", "--metrics", "recal@20"], "unknown metric 'recal'; did you mean recall"),
        (["adapters", "--metrics", "ndcg@5,ndcg@5"], "'ndcg@5' is given twice"),
        (["adapters", "--metrics", "ndcg@5,ndcg@05"], "a cut-off from 1 to 2147483647"),
        (["adapters", "--out", f"{__file__}/x"], "expected a folder"),
        (["cost", "--out", f"{__file__}/cost.md"], "expected a folder"),
        (["adapters", "--user-test", "welch"], "unknown test over users 'welch'"),
        (["adapters", "--workers", "0"], "workers '0'"),
        (["adapters", "--threads", "0"], "threads '0'"),
        (["adapters", "--adapter", "lora"], "unknown adapter of a table 'lora'"),
        (["adapters", "--modalities", "none"], "a table needs at least one"),
        (["adapters", "--data", "demo", "--data", "demo"], "data 'demo' is given twice"),
        (["adapters", "--data", "a", "--data", "./a/"], "data './a/' is the same as 'a'"),
        (
            ["adapters", "--modalities", "image", "--modalities", "text"],
            "2 times for 1 data sets",
        ),
        (["adapters", "--data", "/no/such"], "/no/such"),
        (["adapters", "--set", "adapter.rank=4"], "unknown setting of the adapters"),
        (["adapters", "--models", "bm3", "--set", "mgcn.k=4"], "mgcn is not in the table"),
        (["adapters", "--models", "bm3", "--set", "rge=1"], "did you mean reg"),
        (["sensitivity", "--ks", "1"], "two or more different positive numbers"),
        (["sensitivity", "--ks", "0,1"], "two or more different positive numbers"),
        (["sensitivity", "--ks", "0.3,1"], "must be a whole number"),
        (["sensitivity", "--set", "adapter.k=1"], "expected --ks"),
        (["cost", "--epochs", "0"], "epochs '0'"),
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
    assert run(["table", *arguments]) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert err.startswith("becam: ")
    assert err.count("\n") == 1
    assert said in err
    assert not any(tmp_path.iterdir())


def test_help_loads_nothing_heavy() -> None:
    code = (
        "import sys; from becam.cli.main import run; run(['table', 'sensitivity', '--help']);"
        "heavy = {'torch', 'numpy', 'scipy', 'matplotlib'} & set(sys.modules);"
        "assert not heavy, heavy"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    for name in ("--models", "--data", "--seeds", "--modalities", "--ks", "--metrics", "--set"):
        assert name in done.stdout


def test_runs_that_failed_alike_share_a_line() -> None:
    failures = {f"run {place}": "no space" for place in range(4)}
    assert failure_lines({**failures, "run 9": "diverged"}) == [
        "failed: 4 runs, the first of them run 0: no space",
        "failed: run 9: diverged",
    ]
