"""`becam table` on a tiny catalogue: figures, tests, controls, resuming, failures, bad input."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from scipy import stats

from becam.cli.main import run
from becam.dataset import open_dataset
from becam.tables.adapters import adapters_table
from becam.tables.config import (
    PeftConfig,
    SensitivityConfig,
    model_config_of,
)
from becam.tables.csv_writer import to_csv
from becam.tables.finished import Finished
from becam.tables.latex import to_latex
from becam.tables.output import write
from becam.tables.peft import peft_table
from becam.tables.runs import Bench
from becam.tables.sensitivity import sensitivity_table
from becam.workspace import open_workspace
from recsys.configs import ModelConfig, TrainingConfig
from recsys.errors import InputError
from recsys.evaluation import evaluate
from recsys.fit import Fitted, fit
from tests.tiny_tables import (
    N_USERS,
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


def lines(finished: Finished) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(to_csv(finished.table))))


def fitted(catalogue: Path, cache: Path, model: str, seed: int, content: bool = True) -> Fitted:
    """Train as the table should have."""
    config = config_for(catalogue, cache).data_configs()[0]
    dataset = open_dataset(config, workspace=open_workspace(cache), reporter=QUIET)
    return fit(
        model,
        dataset.split(seed),
        dataset.features if content else {},
        model_config=ModelConfig(dim=8, features="frozen"),
        training_config=TrainingConfig(max_epochs=3, lr=0.01, seed=seed),
    )


def test_rows_of_the_adapters_table(adapters: Finished) -> None:
    rows = adapters.table.rows
    assert [(row.title, row.control) for row in rows] == [
        ("bm3, no modality", True),
        ("bm3", False),
        ("bm3+identity-gate", True),
        ("bm3+befa", False),
        ("bm3+befa vs. bm3", False),
        ("bm3+befa vs. bm3+identity-gate", False),
        ("bm3+identity-gate vs. bm3", False),
        ("bm3 vs. bm3, no modality", False),
    ]
    assert {row.data for row in rows} == {"tiny_&_small"}
    assert not adapters.failures
    assert r"tiny\_\&\_small" in to_latex(adapters.table)
    assert "Holm-corrected for the 16 comparisons" in adapters.table.caption


def test_figures_are_those_of_the_trained_models(
    adapters: Finished, catalogue: Path, tmp_path: Path
) -> None:
    for label, model, content in (
        ("bm3+befa", "bm3+befa", True),
        ("bm3, no modality", "bm3", False),
    ):
        runs = [fitted(catalogue, tmp_path, model, seed, content) for seed in (0, 1)]
        found = [entry for entry in adapters.runs if entry["label"] == label]
        assert [entry["key"] for entry in found] == [each.key for each in runs]
        for metric in ("recall@10", "ndcg@20"):
            values = [each.metrics["test"][metric] for each in runs]
            [line] = [
                line
                for line in lines(adapters)
                if (line["model"], line["against"], line["quantity"]) == (label, "", metric)
            ]
            assert float(line["mean"]) == pytest.approx(np.mean(values))
            assert float(line["sd"]) == pytest.approx(np.std(values, ddof=1))


def test_p_values_are_scipys(adapters: Finished, catalogue: Path, tmp_path: Path) -> None:
    splits = open_dataset(
        config_for(catalogue, tmp_path).data_configs()[0],
        workspace=open_workspace(tmp_path),
        reporter=QUIET,
    )
    by_user = {}
    for model in ("bm3+befa", "bm3"):
        tables = []
        for seed in (0, 1):
            model_of = fitted(catalogue, tmp_path, model, seed).model
            found = evaluate(model_of, splits.split(seed), parts=("test",))["test"]
            assert list(found.users) == list(range(N_USERS))
            tables.append(found.per_user["ndcg@20"])
        by_user[model] = np.array(tables)
    over_users = stats.ttest_rel(*(of.mean(axis=0) for of in by_user.values()))
    means = [of.mean(axis=1) for of in by_user.values()]
    over_seeds = stats.ttest_rel(*means)
    [line] = [
        line
        for line in lines(adapters)
        if line["model"] == "bm3+befa" and line["against"] == "bm3"
        if line["quantity"] == "ndcg@20"
    ]
    assert float(line["p_users"]) == pytest.approx(over_users.pvalue)
    assert float(line["p_seeds"]) == pytest.approx(over_seeds.pvalue)
    assert float(line["mean"]) == pytest.approx((means[0] - means[1]).mean())
    assert float(line["percent"]) == pytest.approx(100 * (means[0].mean() / means[1].mean() - 1))
    for kind in ("p_users", "p_seeds"):
        tested = [line for line in lines(adapters) if line[kind]]
        smallest = min(tested, key=lambda line: float(line[kind]))
        wanted = min(1.0, float(smallest[kind]) * len(tested))  # Holm's first step
        assert float(smallest[f"{kind}_corrected"]) == pytest.approx(wanted)


def test_everything_comes_from_the_cache_the_second_time(
    adapters: Finished, catalogue: Path, cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def never(*_: object, **__: object) -> None:
        raise AssertionError("trained again")

    monkeypatch.setattr(Bench, "do", never)
    again = adapters_table(config_for(catalogue, cache), reporter=QUIET)
    assert texts(again) == texts(adapters)


def test_other_metrics_need_no_training(
    adapters: Finished, catalogue: Path, cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("recsys.fit.train", None)
    config = config_for(catalogue, cache, metrics="precision@3,recall@20", user_test="wilcoxon")
    other = adapters_table(config, reporter=QUIET)
    recall = [line for line in lines(other) if line["quantity"] == "recall@20"]
    before = [line for line in lines(adapters) if line["quantity"] == "recall@20"]
    assert [line["mean"] for line in recall] == [line["mean"] for line in before]
    assert [line["p_users"] for line in recall] != [line["p_users"] for line in before]
    assert "Wilcoxon" in other.table.caption


def test_an_interrupted_table_goes_on(
    adapters: Finished, catalogue: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    done: list[str] = []
    real = Bench.do

    def counting(bench: Bench, what: Any, progress: Any = None) -> Any:
        if len(done) == 3:
            raise KeyboardInterrupt
        result = real(bench, what, progress)
        done.append(str(what))
        return result

    config = config_for(catalogue, tmp_path)
    monkeypatch.setattr(Bench, "do", counting)
    with pytest.raises(KeyboardInterrupt):
        adapters_table(config, reporter=QUIET)
    first, done[:] = set(done), []
    monkeypatch.setattr(Bench, "do", lambda *given: (done.append(str(given[1])), real(*given))[1])
    finished = adapters_table(config, reporter=QUIET)
    assert len(done) == 5
    assert not first & set(done)
    assert texts(finished) == texts(adapters)


@pytest.mark.usefixtures("adapters")
def test_a_failed_run_is_told_and_the_others_stay(
    catalogue: Path,
    cache: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    real = Bench.stored

    def forgetful(bench: Bench, what: Any) -> Any:
        return None if str(what).startswith("bm3+befa") and what.seed == 1 else real(bench, what)

    def failing(*_: object) -> None:
        raise InputError("training diverged")

    monkeypatch.setattr(Bench, "stored", forgetful)
    monkeypatch.setattr(Bench, "do", failing)
    arguments = ["table", "adapters", "--data", str(catalogue), "--cache", str(cache), "--quiet"]
    arguments += ["--models", "bm3", "--modalities", "visual,words", "--seeds", "2", "--dim", "8"]
    arguments += ["--max-epochs", "3", "--lr", "0.01", "--device", "cpu", "--out", str(tmp_path)]
    assert run(arguments) == 1
    out, err = capsys.readouterr()
    assert out == ""
    assert err == "failed: bm3+befa, tiny_&_small, seed 1: training diverged\n"
    found = list(csv.DictReader((tmp_path / "adapters.csv").open()))
    of = {(line["model"], line["against"]): line for line in found}
    assert of["bm3+befa", ""]["n"] == "1"
    assert of["bm3+befa", "bm3"]["n"] == "1"
    assert of["bm3+befa", "bm3"]["p_seeds"] == ""
    assert of["bm3", "bm3, no modality"]["n"] == "2"
    assert "Failed: bm3+befa" in (tmp_path / "adapters.md").read_text()
    manifest = json.loads((tmp_path / "adapters.json").read_text())
    assert list(manifest["failures"].values()) == ["training diverged"]
    assert len(manifest["runs"]) == 7


def test_threads_are_left_as_they_were(
    catalogue: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[int] = []

    def failing(*_: object) -> None:
        seen.append(torch.get_num_threads())
        raise InputError("no")

    monkeypatch.setattr(Bench, "do", failing)
    before = torch.get_num_threads()
    adapters_table(config_for(catalogue, tmp_path, threads=before + 1), reporter=QUIET)
    assert set(seen) == {before + 1}
    assert torch.get_num_threads() == before


def test_peft_table(catalogue: Path, cache: Path) -> None:
    config = PeftConfig(**{**SHORT, "data": (str(catalogue),), "cache": cache, "max_epochs": 1})
    table = peft_table(config, reporter=QUIET).table
    figures = [row.label for row in table.rows if row.against is None]
    assert figures == [
        *("bm3, no modality", "bm3", "bm3+identity-gate"),
        *("bm3+lora", "bm3+soft-prompt", "bm3+befa"),
    ]
    against = {(row.label, row.against) for row in table.rows if row.against}
    assert {("bm3+befa", "bm3+lora"), ("bm3+befa", "bm3+identity-gate")} <= against
    assert {("bm3+lora", "bm3"), ("bm3", "bm3, no modality")} <= against


def test_sensitivity_table_and_figure(catalogue: Path, cache: Path, tmp_path: Path) -> None:
    config = SensitivityConfig(
        **{**SHORT, "data": (str(catalogue),), "cache": cache, "max_epochs": 1},
        ks="2,0.125",
        metrics="recall@20",
    )
    finished = sensitivity_table(config, reporter=QUIET)
    labels = [row.title for row in finished.table.rows]
    assert labels[3:] == [
        *("bm3+befa, k = 0.125", "bm3+befa, k = 2"),
        *("bm3+befa, k = 0.125 vs. bm3", "bm3+befa, k = 2 vs. bm3"),
    ]
    assert [entry["model_config"]["adapter"]["k"] for entry in finished.runs[-4:]] == [
        *(0.125, 0.125, 2.0, 2.0)
    ]
    assert finished.figure is not None
    axes = finished.figure.axes[0]
    drawn = axes.lines[0].get_xydata()
    means = [row.cells[0].estimate.mean for row in finished.table.rows[3:5] if row.cells[0]]
    np.testing.assert_allclose(drawn, [[0.125, means[0]], [2, means[1]]])
    references = [row.cells[0].estimate.mean for row in finished.table.rows[:3] if row.cells[0]]
    assert [line.get_ydata()[0] for line in axes.lines[1:]] == references
    written = write(finished, tmp_path / "out")
    assert {path.suffix for path in written} == {".csv", ".md", ".tex", ".json", ".pdf", ".png"}
    again = sensitivity_table(config, reporter=QUIET)
    for path in write(again, tmp_path / "again"):
        assert path.read_bytes() == (tmp_path / "out" / path.name).read_bytes()


def test_settings_go_to_those_that_have_them(catalogue: Path) -> None:
    config = PeftConfig(
        **{**SHORT, "data": (str(catalogue),), "models": "bm3"},
        settings=("adapter.rank=3", "adapter.k=2", "bm3.reg=0.5"),
    )
    built = {v.label: model_config_of(config, v) for v in config.lineups()[0].variants}
    assert built["bm3+lora"].adapter.rank == 3
    assert built["bm3+befa"].adapter.k == 2
    assert {of.recommender.reg for of in built.values()} == {0.5}


def test_a_folder_called_demo_is_not_taken_for_simulated(
    catalogue: Path, tmp_path: Path, cache: Path
) -> None:
    import shutil

    demo = tmp_path / "demo"
    shutil.copytree(catalogue, demo)
    finished = adapters_table(
        config_for(catalogue, cache, data=(str(demo),), max_epochs=1), reporter=QUIET
    )
    assert not finished.data[0]["simulated"]
    assert not any("simulated" in note for note in finished.table.notes)


def test_data_of_one_name_are_told_apart(catalogue: Path, tmp_path: Path, cache: Path) -> None:
    import shutil

    other = tmp_path / catalogue.name
    shutil.copytree(catalogue, other)
    (other / "features" / "words.npy").unlink()
    config = config_for(
        catalogue,
        cache,
        data=(str(catalogue), str(other)),
        modalities=("visual,words", "visual"),
        max_epochs=1,
    )
    finished = adapters_table(config, reporter=QUIET)
    assert list(dict.fromkeys(row.data for row in finished.table.rows)) == [
        str(catalogue),
        str(other),
    ]
    assert [len(entry["sources"]) for entry in finished.data] == [2, 1]
