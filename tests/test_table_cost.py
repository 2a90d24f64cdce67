"""`becam table cost`: what adapters cost, and how it is measured."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import torch

import becam.tables.cost
import recsys.cost
from becam.dataset import open_dataset
from becam.tables.config import (
    CostConfig,
    model_config_of,
)
from becam.tables.cost import cost_table
from becam.tables.latex import to_latex
from becam.tables.variants import Variant
from becam.workspace import open_workspace
from recsys.configs import TrainingConfig
from recsys.cost import Cost, measure, measure_apart
from recsys.models.build import complete
from tests.tiny_tables import (
    COMMON,
    N_ITEMS,
    N_USERS,
    QUIET,
    config_for,
    write_catalogue,
)


@pytest.fixture(scope="module")
def catalogue(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_catalogue(tmp_path_factory.mktemp("data") / "tiny_&_small")


@pytest.fixture(scope="module")
def cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One cache for the tests that do not look at it."""
    return tmp_path_factory.mktemp("cache")


def test_cost_table(catalogue: Path, cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    order: list[str] = []

    def here(name: Any, *given: Any, threads: int, **options: Any) -> Cost:
        order.append(str(name))
        assert threads == 1
        return measure(name, *given, warmup=0, **options)

    monkeypatch.setattr(becam.tables.cost, "measure_apart", here)
    config = CostConfig(
        **{**COMMON, "dim": 64}, data=(str(catalogue),), cache=cache, features="trainable", epochs=1
    )
    finished = cost_table(config, reporter=QUIET)
    assert order[:6] == order[:5:-1]  # every second turn goes backwards
    of = {row.title: row.cells for row in finished.table.rows}
    bare = (N_USERS + N_ITEMS) * 64 + 64**2 + 64  # BM3's embeddings and its predictor
    plain = bare + N_ITEMS * (6 + 5) + (6 + 5 + 2) * 64
    parameters = {title: cells[0].estimate.mean for title, cells in of.items() if cells[0]}
    assert parameters["bm3, no modality"] == bare
    assert parameters["bm3"] == parameters["bm3+identity-gate"] == plain
    assert parameters["bm3+befa vs. bm3"] == 197_760
    assert parameters["bm3+lora vs. bm3"] == 4_096
    assert parameters["bm3+soft-prompt vs. bm3"] == 128
    added = of["bm3+befa vs. bm3"][0]
    assert added is not None
    assert added.percent == pytest.approx(100 * 197_760 / plain)
    assert added.seeds is None
    seconds = of["bm3+befa vs. bm3"][1]
    assert seconds is not None
    assert seconds.seeds is not None
    assert seconds.users is None
    training, whole = of["bm3"][1:3]
    assert training is not None
    assert whole is not None
    assert 0 < training.estimate.mean < whole.estimate.mean
    assert len(finished.runs) == 12


def cost_inputs(catalogue: Path, cache: Path) -> tuple[tuple[Any, ...], dict[str, Any]]:
    config = config_for(catalogue, cache)
    dataset = open_dataset(
        config.data_configs()[0], workspace=open_workspace(cache), reporter=QUIET
    )
    options: dict[str, Any] = {
        "model_config": model_config_of(config, Variant("bm3", "befa", k=0.5)),
        "training_config": TrainingConfig(batch=64),
        "epochs": 2,
    }
    return ("bm3+befa", dataset.split(0), dataset.features), options


def test_the_other_process_measures_what_was_asked_for(
    catalogue: Path, cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[Any] = []
    threads = torch.get_num_threads()

    def in_this_process(command: list[str], **options: Any) -> subprocess.CompletedProcess[str]:
        assert command[1] == "-c"
        assert options["env"]["OMP_NUM_THREADS"] == str(threads)
        recsys.cost._main(command[3])
        return subprocess.CompletedProcess(command, 0, "", "")

    def watched(*given: Any, **options: Any) -> Cost:
        seen.append((given, options))
        return measure(*given, **options)

    monkeypatch.setattr(recsys.cost.subprocess, "run", in_this_process)
    monkeypatch.setattr(recsys.cost, "measure", watched)
    given, options = cost_inputs(catalogue, cache)
    apart = measure_apart(*given, **options, threads=threads)
    [((name, split, features), told)] = seen
    assert str(name) == given[0]
    assert split.fingerprint() == given[1].fingerprint()
    assert list(features) == list(given[2])
    assert all(torch.equal(features[modality], given[2][modality]) for modality in features)
    assert told["model_config"] == complete(name, options["model_config"])
    assert told["training_config"] == options["training_config"]
    assert len(apart.training_seconds) == len(apart.evaluation_seconds) == 2
    assert apart.threads == 1, "a small model takes one thread, whatever it is given"
    assert min(apart.epoch_seconds) > 0


@pytest.mark.parametrize(
    ("used", "said"),
    [
        ((2, 2), "(cpu, 2 threads, batch 2048)"),
        ((1, 1), "(cpu, 1 of 2 threads below 4 million parameters, where more are slower, batch"),
        ((2, 1), "(cpu, 2 threads, of which models use 1 below 4 million parameters, where more"),
    ],
)
def test_the_caption_tells_the_threads_that_were_used(
    used: tuple[int, int],
    said: str,
    catalogue: Path,
    cache: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def pretended(name: Any, *_: Any, **options: Any) -> Cost:
        assert options["threads"] == 2
        return Cost(9, 0, (1.0,), (1.0,), None, used[name.adapter is not None])

    monkeypatch.setattr(becam.tables.cost, "measure_apart", pretended)
    config = CostConfig(**COMMON, data=(str(catalogue),), cache=cache, threads=2)
    finished = cost_table(config, reporter=QUIET)
    assert said in finished.table.caption
    assert {run["threads"] for run in finished.runs} == set(used)


def test_another_recsys_in_the_current_folder_is_not_imported(
    catalogue: Path, cache: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "recsys").mkdir()
    (tmp_path / "recsys" / "__init__.py").write_text("raise RuntimeError('another recsys')")
    monkeypatch.setattr("sys.path", [str(Path(recsys.__file__).parents[1]), *sys.path])
    monkeypatch.chdir(tmp_path)
    given, options = cost_inputs(catalogue, cache)
    assert measure_apart(*given, **options).parameters > 0


@pytest.mark.slow
def test_cost_in_a_process_of_its_own(catalogue: Path, cache: Path) -> None:
    given, options = cost_inputs(catalogue, cache)
    hog = torch.ones(500 << 18)  # 500 MiB that are not the other process's
    apart = measure_apart(*given, **options)
    here = measure(*given, **options)
    assert apart.parameters == here.parameters
    assert apart.adapter_parameters == here.adapter_parameters
    assert apart.peak_bytes is not None
    assert here.peak_bytes is not None
    assert 50 << 20 < apart.peak_bytes < here.peak_bytes - (len(hog) * 4 - (100 << 20))


def test_a_failed_measurement_is_told(
    catalogue: Path, cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def dead(command: list[str], **_: Any) -> subprocess.CompletedProcess[str]:
        return subprocess.CompletedProcess(command, -9, "", "Traceback\nMemoryError: too large\n")

    monkeypatch.setattr(recsys.cost.subprocess, "run", dead)
    config = CostConfig(**COMMON, data=(str(catalogue),), cache=cache)
    finished = cost_table(config, reporter=QUIET)
    why = "measuring bm3 failed with exit status -9: MemoryError: too large"
    assert finished.failures["bm3, tiny_&_small, seed 1"] == why
    assert len(finished.failures) == 12
    assert all(cell is None for row in finished.table.rows for cell in row.cells)
    to_latex(finished.table)
