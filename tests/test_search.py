"""Search: proposals, records, resuming, and that test metrics decide nothing."""

from __future__ import annotations

import csv
import json
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

import becam
import becam.searching
import recsys.fit
from becam.cli.main import run
from becam.progress import Reporter
from becam.proposals import Proposer, combinations
from becam.searching import SearchResult
from becam.trials import Trial, TrialFile
from recsys.search_spaces import Space
from tests.shops import ITEMS, make_shop

SPACE: Space = {"reg": (0.1, 0.01, 0.0), "adapter.k": (1.0, 2.0, 4.0, 8.0), "layers": (1, 2)}
QUICK = {"max_epochs": 2, "batch": 32, "dim": 8, "modalities": "audio"}


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = make_shop(tmp_path_factory.mktemp("data") / "shop")
    (folder / "features").mkdir()
    rows = np.random.default_rng(3).normal(size=(ITEMS, 6))
    np.save(folder / "features" / "audio.npy", rows)
    return folder


def search(shop: Path, cache: Path, **more) -> SearchResult:
    options = {"model": "bm3+befa", "data": str(shop), "trials": 4, "grid": ("reg=0.1,0.01,0.5",)}
    quiet = Reporter(quiet=True)
    return becam.search(cache=cache, reporter=quiet, **{**options, **QUICK, **more})


def walk(sampler: str, count: int, *, seed: int = 0, start: list[Trial] | None = None):
    """Let a proposer search a space whose best value is known."""
    proposer = Proposer(SPACE, sampler=sampler, seed=seed)
    trials = list(start or [])
    while len(trials) < count:
        options = proposer.propose(trials)
        if options is None:
            break
        value = 1.0 - abs(options["reg"] - 0.1) - abs(options["adapter.k"] - 2) / 10
        failed = options["layers"] == 2 and options["reg"] == 0.0
        trials.append(Trial(len(trials), options, None if failed else value))
    return trials


@pytest.mark.parametrize("sampler", ["grid", "tpe"])
def test_every_combination_is_proposed_once(sampler: str) -> None:
    if sampler == "tpe":
        pytest.importorskip("optuna")
    trials = walk(sampler, 100)
    assert len(trials) == combinations(SPACE) == 24
    assert len({json.dumps(trial.options) for trial in trials}) == 24


@pytest.mark.parametrize("sampler", ["grid", "tpe"])
def test_a_search_that_is_cut_goes_on_as_if_it_was_not(sampler: str) -> None:
    if sampler == "tpe":
        pytest.importorskip("optuna")
    whole = walk(sampler, 16)
    assert walk(sampler, 16, start=whole[:11]) == whole
    assert walk(sampler, 16) == whole
    assert walk(sampler, 16, seed=1) != whole


def test_tpe_finds_good_options_sooner_than_chance() -> None:
    pytest.importorskip("optuna")
    later = [
        np.mean([trial.value for trial in walk("tpe", 16, seed=seed)[10:] if trial.value])
        for seed in range(4)
    ]
    everything = [trial.value for trial in walk("grid", 24) if trial.value is not None]
    assert np.mean(later) > np.mean(everything)


def test_search_chooses_on_validation_and_records_every_trial(shop: Path, tmp_path: Path) -> None:
    pytest.importorskip("optuna")
    result = search(shop, tmp_path / "cache", seeds=2)
    assert len(result.trials) == 4
    assert result.best.value == max(trial.value for trial in result.trials if trial.value)
    runs = result.result.runs
    assert result.best.seeds == tuple(run.fitted.manifest["best"] for run in runs)
    assert result.best.models == tuple(run.fitted.key for run in runs)
    assert all(run.fitted.cached for run in runs), "the chosen models are those of the trial"
    assert json.loads(result.record.read_text())["trials"][2]["value"] == result.trials[2].value
    for trial in result.trials:
        assert "test" not in json.dumps(trial.__dict__)

    # The printed options give the chosen model again.
    words = result.command.replace("--", "").split()
    again = becam.train(
        model=words[1],
        settings=tuple(words[3::2]),
        data=str(shop),
        cache=tmp_path / "cache",
        seeds=2,
        reporter=Reporter(quiet=True),
        **QUICK,
    )
    assert again.to_dict() == result.result.to_dict()


def test_an_interrupted_search_goes_on(
    shop: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = search(shop, tmp_path / "whole", sampler="grid")
    real = becam.searching.train_on
    calls: list[str] = []

    def stopping(*arguments, **options):
        calls.append(options["label"])
        if options["label"] == "trial 2":
            raise KeyboardInterrupt
        return real(*arguments, **options)

    monkeypatch.setattr(becam.searching, "train_on", stopping)
    with pytest.raises(KeyboardInterrupt):
        search(shop, tmp_path / "cut", sampler="grid")
    assert calls == ["trial 0", "trial 1", "trial 2"]
    monkeypatch.setattr(becam.searching, "train_on", real)
    resumed = search(shop, tmp_path / "cut", sampler="grid")
    assert resumed.reused[0] == "2 trials"

    def plain(trial: Trial) -> tuple[object, ...]:
        return trial.options, trial.value, trial.models

    assert list(map(plain, resumed.trials)) == list(map(plain, whole.trials))
    more = search(shop, tmp_path / "cut", sampler="grid", trials=6)
    assert more.trials[:4] == resumed.trials
    assert len(more.trials) == 6
    fewer = search(shop, tmp_path / "cut", sampler="grid", trials=2)
    assert fewer.trials == resumed.trials[:2]


def test_a_trial_that_diverges_is_recorded_and_passed_over(shop: Path, tmp_path: Path) -> None:
    options = {"grid": ("lr=1e30,0.01",), "settings": ("reg=0.1", "layers=1", "dropout=0.3")}
    result = search(shop, tmp_path, model="bm3", sampler="grid", trials=9, **options)
    assert len(result.trials) == 2, "there are no more combinations"
    (failed,) = [trial for trial in result.trials if trial.value is None]
    assert failed.options == {"lr": 1e30}
    assert "failed in epoch" in failed.failure
    assert result.chosen.lr == 0.01
    assert "| failed |" in result.to_markdown()


def test_a_disk_that_fails_is_no_failed_trial(
    shop: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    options = {"model": "bm3", "sampler": "grid", "trials": 2}
    expected = search(shop, tmp_path / "other", **options)

    def unwritable(_: Path) -> None:
        raise OSError("cannot write to cache folder")

    with monkeypatch.context() as patch:
        patch.setattr(recsys.fit, "_check_writable", unwritable)
        with pytest.raises(OSError, match="cannot write to cache folder"):
            search(shop, tmp_path / "cache", **options)
    found = search(shop, tmp_path / "cache", **options)
    assert [trial.value for trial in found.trials] == [trial.value for trial in expected.trials]


def test_the_table_has_the_best_first_and_what_failed_last(shop: Path, tmp_path: Path) -> None:
    result = search(shop, tmp_path, model="bm3", sampler="grid", trials=2)
    values = (None, 0.0, 0.4, None, 0.1)
    trials = tuple(
        Trial(number, {**result.best.options}, value) for number, value in enumerate(values)
    )
    lines = replace(result, trials=trials).to_markdown().splitlines()[2:7]
    assert [line.split("|")[1].strip() for line in lines] == ["2", "4", "1", "0", "3"]


def test_a_damaged_or_foreign_record_counts_as_absent(tmp_path: Path) -> None:
    trials = [
        Trial(0, {"reg": 0.1}, 0.5, seeds=(0.5,), models=("a",)),
        Trial(1, {"reg": 1.0}, None),
    ]
    file = TrialFile(tmp_path / "deep" / "x.json", {"space": (1, 2)})
    assert file.load() == []
    file.save(trials)
    assert file.load() == trials
    assert TrialFile(file.path, {"space": (1, 3)}).load() == []
    whole = file.path.read_text()
    for damaged in (whole[:40], "[]", "", whole.replace('"number"', '"nubmer"')):
        file.path.write_text(damaged)
        assert file.load() == []


def test_the_command(shop: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = tmp_path / "out"
    command = ["search", "--model", "bm3", "--data", str(shop), "--modalities", "audio"]
    command += ["--cache", str(tmp_path / "cache"), "--sampler", "grid", "--trials", "3"]
    command += ["--max-epochs", "2", "--dim", "8", "--out", str(out)]
    assert run(command) == 0
    printed, told = capsys.readouterr()
    assert printed.startswith("| trial | layers | dropout | reg | valid recall@20 | epochs |")
    assert printed.count("(chosen)") == 1
    assert "Chosen: --model bm3 --set layers=" in printed
    rows = list(csv.DictReader((out / "trials.csv").open()))
    document = json.loads((out / "search.json").read_text())
    assert [float(row["valid recall@20"]) for row in rows] == [
        trial["value"] for trial in document["trials"]
    ]
    assert (out / "chosen" / "curves.png").exists()
    assert "wrote" in told


def test_optuna_missing_is_one_line(
    shop: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setitem(sys.modules, "optuna", None)
    command = ["search", "--model", "bm3", "--data", str(shop), "--cache", str(tmp_path / "cache")]
    assert run(command) == 2
    err = capsys.readouterr().err
    assert err.count("\n") == 1
    assert "pip install 'becam[search]'" in err
    monkeypatch.setitem(sys.modules, "torch.utils.tensorboard", None)
    command = ["train", "--model", "bm3", "--data", str(shop), "--cache", str(tmp_path / "cache")]
    assert run([*command, "--tensorboard", str(tmp_path / "tb")]) == 2
    err = capsys.readouterr().err
    assert err.count("\n") == 1
    assert "pip install 'becam[tensorboard]'" in err
