"""Training where content, users or memory are missing, and what is reported of it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import Tensor

import becam
from becam.cli.main import run
from becam.progress import Reporter
from becam.tables.adapters import adapters_table
from becam.tables.finished import Finished
from becam.training import train
from becam.training_result import TrainResult
from recsys.checkpoints import MANIFEST
from recsys.fit import Fitted, fit_key
from recsys.hashing import content_key
from recsys.models.bm3 import BM3
from tests.shops import ITEMS, make_shop
from tests.test_training import small_features, small_split
from tests.tiny_tables import config_for

QUICK = ["--max-epochs", "2", "--batch", "16", "--dim", "8"]


def shop_with_features(folder: Path, *, split: bool = False) -> Path:
    shop = make_shop(folder, split=split)
    (shop / "features").mkdir()
    np.save(shop / "features" / "audio.npy", np.random.default_rng(3).normal(size=(ITEMS, 6)))
    return shop


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return shop_with_features(tmp_path_factory.mktemp("data") / "shop")


def command(shop: Path, cache: Path, *more: str) -> list[str]:
    return ["train", "--data", str(shop), "--cache", str(cache), *QUICK, *more]


def quick(shop: Path, cache: Path, **more: object) -> TrainResult:
    options = {"model": "bm3", "modalities": "audio", "max_epochs": 4, "dim": 8, "lr": 0.01}
    quiet = Reporter(quiet=True)
    return train(data=str(shop), cache=cache, reporter=quiet, **{**options, **more})


@contextmanager
def stored_metrics(fitted: Fitted) -> Iterator[dict[str, dict[str, float]]]:
    """Change what lies in the cache of a model's metrics."""
    assert fitted.folder is not None
    path = fitted.folder / MANIFEST
    manifest = json.loads(path.read_text())
    yield manifest["metrics"]
    del manifest["sha256"][MANIFEST]
    manifest["sha256"][MANIFEST] = content_key(manifest)
    path.write_text(json.dumps(manifest))


@pytest.fixture
def no_encoder(monkeypatch: pytest.MonkeyPatch) -> None:
    def none(*_: object, **__: object) -> None:
        raise AssertionError("nothing is to be encoded")

    monkeypatch.setattr("becam.dataset.load_encoder", none)


@pytest.mark.usefixtures("no_encoder")
def test_a_recommender_without_content_trains_with_default_options(
    shop: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    told = "lightgcn takes no content: it is trained as with --modalities none"
    assert run(command(shop, tmp_path, "--model", "lightgcn", "--json")) == 0
    printed, err = capsys.readouterr()
    assert told in err
    assert json.loads(printed)["modalities"] == {}
    assert run(command(shop, tmp_path, "--model", "lightgcn", "--modalities", "none")) == 0
    err = capsys.readouterr().err
    assert "computed: nothing" in err
    assert told not in err
    search = ["search", "--sampler", "grid", "--trials", "2", "--set", "layers=1"]
    grid = ["--grid", "reg=0.1,0.01", "--model", "lightgcn"]
    assert run([*search, *command(shop, tmp_path)[1:], *grid]) == 0
    assert capsys.readouterr().err.count(told) == 1


@pytest.mark.usefixtures("no_encoder")
@pytest.mark.parametrize(
    "words", [["render", "--item", "i3", "--model"], ["compare", "--item", "i3", "--models"]]
)
def test_a_recommender_without_content_explains_no_picture(
    words: list[str], shop: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    options = ["--data", str(shop), "--cache", str(tmp_path / "cache"), "--quiet"]
    assert run([*words, "lightgcn", *options]) == 2
    out, err = capsys.readouterr()
    assert (out, err.count("\n")) == ("", 1)
    assert "model 'lightgcn' takes no content: there is nothing in a picture to explain" in err
    assert "expected one of bm3, lattice, mgcn, freedom, vbpr" in err
    assert not (tmp_path / "cache").exists()


def test_the_metric_that_decided_is_reported_too(shop: Path, tmp_path: Path) -> None:
    result = quick(shop, tmp_path, metric="recall@5")
    fitted = result.runs[0].fitted
    assert fitted.metrics["valid"]["recall@5"] == fitted.manifest["best"]
    for part in ("valid", "test"):
        assert f"| {part} recall@5 |" in result.to_markdown()
        assert f"{part} recall@5" in result.results_csv().splitlines()[0]
        assert result.to_dict()["summary"][part]["recall@5"]["sd"] is None
    usual = quick(shop, tmp_path)
    assert {name.partition("@")[2] for name in usual.metrics} == {"10", "20"}


def test_models_stored_without_it_stay_valid(shop: Path, tmp_path: Path) -> None:
    made = quick(shop, tmp_path, metric="recall@5").runs[0].fitted
    with stored_metrics(made) as metrics:
        for part in ("valid", "test"):
            del metrics[part]["recall@5"]
    again = quick(shop, tmp_path, metric="recall@5").runs[0].fitted
    assert again.cached
    assert again.metrics == made.metrics


def test_keys_are_those_of_models_that_lie_in_caches() -> None:
    """A key that changes makes everybody train again: it takes a reason, and a word about it."""
    key = fit_key("bm3+befa", small_split(), small_features())
    assert key == "8ad619314a01d7bdc351e58d851e1df830514989e909ee65b28cfd17a261aae4"


def test_users_that_published_toolkits_leave_out_are_counted(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    shop = shop_with_features(tmp_path / "shop", split=True)
    with (shop / "interactions.csv").open("a") as file:
        file.write("new,i1,valid\nnew,i2,test\nnewer,i1,test\n")
    arguments = command(shop, tmp_path / "cache", "--model", "bm3", "--modalities", "audio")
    note = "users without an interaction in train, 1 of valid and 2 of test, have no part in the"
    assert run([*arguments, "--mask", "train", "--json"]) == 0
    printed, err = capsys.readouterr()
    assert err.count(note) == 1
    published = json.loads(printed)
    assert any(note in line for line in published["notes"])
    assert run([*arguments, "--mask", "train", "--json"]) == 0, "from the cache"
    assert json.loads(capsys.readouterr().out)["summary"] == published["summary"]
    assert run([*arguments, "--json"]) == 0
    printed, err = capsys.readouterr()
    assert note not in err
    ours = json.loads(printed)
    assert ours["runs"][0]["best"] == published["runs"][0]["best"], "training is the same"
    assert ours["summary"]["valid"] != published["summary"]["valid"]


def test_tables_say_so_too(tmp_path: Path) -> None:
    shop = shop_with_features(tmp_path / "shop", split=True)
    with (shop / "interactions.csv").open("a") as file:
        file.write("new,i2,test\n")

    def table(mask: str) -> Finished:
        config = config_for(shop, tmp_path / "cache", modalities=("audio",), mask=mask)
        return adapters_table(config, reporter=Reporter(quiet=True))

    published, ours = table("train"), table("train+valid")
    note = "shop: users without an interaction in train, 0 of valid and 1 of test, have no part in"
    assert sum(line.startswith(note) for line in published.table.notes) == 1
    assert not any("published toolkits" in line for line in ours.table.notes)


def test_metrics_stored_with_those_users_are_made_anew(tmp_path: Path) -> None:
    shop = shop_with_features(tmp_path / "shop", split=True)
    with (shop / "interactions.csv").open("a") as file:
        file.write("new,i1,valid\nnew,i2,test\n")
    made = quick(shop, tmp_path / "cache", mask="train").runs[0].fitted
    with stored_metrics(made) as metrics:
        metrics["test"]["recall@20"] = 0.123  # as an earlier version would have it
    again = quick(shop, tmp_path / "cache", mask="train").runs[0].fitted
    assert again.cached
    assert again.metrics == made.metrics


def test_an_empty_part_of_a_given_split_is_told_as_what_it_is(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    shop = shop_with_features(tmp_path / "shop", split=True)
    path = shop / "interactions.csv"
    path.write_text(path.read_text().replace(",test", ",valid"))
    assert run(command(shop, tmp_path / "cache", "--model", "bm3", "--quiet")) == 2
    err = capsys.readouterr().err
    assert err.startswith("becam: no interaction is in test by column 'split'; expected some in")


def test_a_training_that_runs_out_of_memory_is_one_line(
    shop: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    def huge(*_: object, **__: object) -> Tensor:
        return torch.empty(1 << 50)

    monkeypatch.setattr(BM3, "loss", huge)
    more = ("--model", "bm3", "--modalities", "audio", "--quiet")
    assert run(command(shop, tmp_path, *more)) == 1
    out, err = capsys.readouterr()
    assert (out, err.count("\n")) == ("", 1)
    assert err.startswith("becam: out of memory: tried to allocate 4503599627370496 bytes; a smal")


@pytest.mark.parametrize(
    ("more", "message"),
    [
        (["render", "--item", "i3", "--temperature", "0.5"], "not to 'raw'"),
        (
            ["render", "--item", "i3", "--temperature", "2", "--weighting", "delta"],
            "not to 'delta'",
        ),
        (["compare", "--item", "i3", "--temperature", "2"], "not to 'raw'"),
        (
            ["compare", "--item", "i3", "--temperature", "2", "--weightings", "contrast,delta"],
            "not to 'contrast'",
        ),
    ],
)
def test_a_temperature_without_a_softmax_is_refused(
    more: list[str],
    message: str,
    shop: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    options = ["--data", str(shop), "--cache", str(tmp_path / "cache"), "--quiet"]
    assert run([*more, *options]) == 2
    out, err = capsys.readouterr()
    assert (out, err.count("\n")) == ("", 1)
    assert f"belongs to the weighting 'softmax', {message}" in err
    assert "expected --weighting softmax too" in err
    assert not (tmp_path / "cache").exists()


def test_a_temperature_with_a_softmax_is_taken() -> None:
    becam.ExplainConfig(item="1", weighting="softmax", temperature=0.5)
    becam.ExplainConfig(item="1", preset="scorecam-gradcam", temperature=0.5)
    becam.CompareConfig(items=("1",), weightings="raw,softmax", temperature=0.5)
