"""`becam train`: several seeds, results, learning curves, resuming, and bad input."""

from __future__ import annotations

import csv
import json
import statistics
from pathlib import Path

import numpy as np
import pytest
import safetensors.torch
import torch
from PIL import Image

import becam
from becam.cli.main import run
from becam.figures.learning_curves import Curve, learning_curves_figure
from becam.progress import Reporter
from recsys.fit import Fitted
from tests.shops import ITEMS, make_shop
from tests.small import SmallEncoder

QUICK = {"max_epochs": 5, "batch": 16, "dim": 8, "lr": 0.01}
FLAGS = ["--max-epochs", "5", "--batch", "16", "--dim", "8", "--lr", "0.01"]


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A catalogue with ready-made features: no encoder is needed."""
    folder = make_shop(tmp_path_factory.mktemp("data") / "shop")
    (folder / "features").mkdir()
    rng = np.random.default_rng(3)
    for name in ("audio", "words"):
        np.save(folder / "features" / f"{name}.npy", rng.normal(size=(ITEMS, 6)))
    return folder


def arguments(shop: Path, cache: Path, *more: str) -> list[str]:
    data = ["--data", str(shop), "--modalities", "audio,words", "--cache", str(cache)]
    return ["train", "--model", "bm3+befa", *data, *FLAGS, *more]


def train(shop: Path, cache: Path, **more):
    options = {"model": "bm3+befa", "modalities": "audio,words", "data": str(shop), **QUICK}
    return becam.train(cache=cache, reporter=Reporter(quiet=True), **{**options, **more})


def test_seeds_results_and_files(
    shop: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out, cache, curves = tmp_path / "out", tmp_path / "cache", tmp_path / "curves.svg"
    more = ("--seeds", "3", "--seed", "5", "--out", str(out), "--curves", str(curves))
    assert run(arguments(shop, cache, *more)) == 0
    printed, told = capsys.readouterr()
    lines = printed.splitlines()
    assert lines[0] == "| bm3+befa | seed 5 | seed 6 | seed 7 | mean (sd) |"
    assert "computed: bm3+befa, seed 5, bm3+befa, seed 6, bm3+befa, seed 7" in told

    document = json.loads((out / "results.json").read_text())
    values = [entry["metrics"]["test"]["ndcg@10"] for entry in document["runs"]]
    assert len(set(values)) > 1, "seeds differ"
    summary = document["summary"]["test"]["ndcg@10"]
    assert summary["mean"] == pytest.approx(statistics.mean(values))
    assert summary["sd"] == pytest.approx(statistics.stdev(values))
    cells = [f"{value:.4f}" for value in values]
    mean = f"{summary['mean']:.4f} ({summary['sd']:.4f})"
    assert f"| test ndcg@10 | {' | '.join(cells)} | {mean} |" in lines
    assert document["modalities"]["audio"] == "features/audio.npy"
    assert document["training_config"]["lr"] == 0.01

    rows = list(csv.DictReader((out / "results.csv").open()))
    assert [float(row["test ndcg@10"]) for row in rows] == values
    epochs = list(csv.DictReader((out / "curves.csv").open()))
    assert [(row["seed"], row["epoch"]) for row in epochs][:6] == [
        *(("5", str(epoch)) for epoch in range(1, 6)),
        ("6", "1"),
    ]
    for row, entry in zip(rows, document["runs"], strict=True):
        mine = [epoch for epoch in epochs if epoch["seed"] == row["seed"]]
        best = max(float(epoch["recall@20"]) for epoch in mine)
        (marked,) = [epoch for epoch in mine if epoch["best"] == "1"]
        assert float(marked["recall@20"]) == best == entry["best"]
        assert int(marked["epoch"]) == entry["best_epoch"]

    with Image.open(out / "curves.png") as picture:
        assert picture.width > 800
        colours = picture.convert("RGB").getcolors(1 << 24)
    assert colours is not None
    drawn = {colour for count, colour in colours if count > 50}
    assert {(0, 114, 178), (213, 94, 0), (0, 158, 115)} <= drawn, "a line a seed"
    assert "validation recall@20" in curves.read_text()

    # The same again comes from the cache; another option does not.
    assert run(arguments(shop, cache, "--seeds", "3", "--seed", "5", "--json")) == 0
    printed, told = capsys.readouterr()
    assert "computed: nothing" in told
    again = json.loads(printed)
    assert again["summary"] == document["summary"]
    assert run(arguments(shop, cache, "--seed", "5", "--set", "adapter.k=2")) == 0
    assert "computed: bm3+befa\n" in capsys.readouterr().err


def test_best_and_last_weights_are_kept(shop: Path, tmp_path: Path) -> None:
    cold, warm = (train(shop, tmp_path, metric="ndcg@5").runs[0].fitted for _ in range(2))
    folder = cold.folder
    assert folder is not None
    best = safetensors.torch.load_file(folder / "weights.safetensors")
    last = safetensors.torch.load_file(folder / "last.safetensors")
    for name, value in cold.model.state_dict().items():
        assert torch.equal(value, best[name])
    assert cold.manifest["best_epoch"] < 5
    assert any(not torch.equal(best[name], last[name]) for name in best)
    for fitted in (cold, warm):
        found = fitted.last_weights()
        assert found.keys() == last.keys()
        assert all(torch.equal(found[name], last[name]) for name in last)
    # The last weights are those of the last epoch: training to it alone has them as its best.
    short = train(shop, tmp_path / "x", metric="ndcg@5", max_epochs=cold.manifest["best_epoch"])
    final = short.runs[0].fitted.last_weights()
    assert all(torch.equal(final[name], best[name]) for name in best)


class Stopping:
    """Interrupts the second seed after its third epoch, as Ctrl-C does."""

    def __init__(self) -> None:
        self.seen: list[tuple[str, int]] = []

    def epoch(self, run: str, epoch: int, values: dict[str, float]) -> None:
        self.seen.append((run, epoch))
        assert values["loss"] > 0
        if "-seed-1-" in run and epoch == 3:
            raise KeyboardInterrupt

    def finished(self, run: str, fitted: Fitted) -> None:
        self.seen.append((run, -1))


def test_an_interrupted_run_over_seeds_goes_on(shop: Path, tmp_path: Path) -> None:
    whole = train(shop, tmp_path / "whole", seeds=3)
    first = Stopping()
    with pytest.raises(KeyboardInterrupt):
        train(shop, tmp_path / "cut", seeds=3, logger=first)

    class Watching(Stopping):
        def epoch(self, run: str, epoch: int, values: dict[str, float]) -> None:
            self.seen.append((run, epoch))

    second = Watching()
    resumed = train(shop, tmp_path / "cut", seeds=3, logger=second)
    epochs = [(run.partition("-seed-")[2][0], epoch) for run, epoch in second.seen]
    assert epochs[:4] == [("0", -1), ("1", 4), ("1", 5), ("1", -1)], "seed 0 is not trained again"
    assert [run.fitted.cached for run in resumed.runs] == [True, False, False]
    for ours, theirs in zip(resumed.runs, whole.runs, strict=True):
        assert ours.fitted.metrics == theirs.fitted.metrics
        assert ours.fitted.history == theirs.fitted.history


def test_models_are_shared_with_render(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    encoder = SmallEncoder()
    for module in ("dataset", "explainer"):
        monkeypatch.setattr(f"becam.{module}.load_encoder", lambda *_, **__: encoder)
    common = ["--data", str(make_shop(tmp_path / "shop")), "--cache", str(tmp_path / "cache")]
    render = ["render", "--item", "i3", *common, "--out", str(tmp_path / "x.png")]
    assert run(["train", "--model", "bm3", *common]) == 0
    assert run([*render, "--model", "bm3"]) == 0
    assert "computed: masked features\n" in capsys.readouterr().err
    assert run([*render, "--model", "bm3", "--modalities", "image"]) == 0
    assert "computed: bm3\n" in capsys.readouterr().err, "fewer modalities, another model"
    assert run([*render, "--modalities", "text"]) == 2
    assert "expected 'image' among them" in capsys.readouterr().err


def test_tensorboard_reads_the_curves(shop: Path, tmp_path: Path) -> None:
    pytest.importorskip("tensorboard")
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    from becam.tensorboard import TensorBoard

    def scalars(folder: Path) -> dict[str, list[tuple[int, float]]]:
        reader = EventAccumulator(str(folder))
        reader.Reload()
        return {
            tag: [(event.step, event.value) for event in reader.Scalars(tag)]
            for tag in reader.Tags()["scalars"]
        }

    live, late = tmp_path / "live", tmp_path / "late"
    result = train(shop, tmp_path / "cache", logger=TensorBoard(live))
    train(shop, tmp_path / "cache", logger=TensorBoard(late))  # all from the cache
    train(shop, tmp_path / "cache", logger=TensorBoard(live))  # adds nothing
    (one,), (other,) = live.iterdir(), late.iterdir()
    assert one.name == other.name
    assert scalars(one) == scalars(other)
    history = result.runs[0].fitted.history
    found = scalars(one)
    assert found["loss"] == [(e.epoch, pytest.approx(e.loss)) for e in history]
    assert found["valid/recall@20"] == [(e.epoch, pytest.approx(e.metric)) for e in history]
    assert len(found["test/ndcg@20"]) == 1

    # Interrupted with TensorBoard, finished without: a later run adds what is missing.
    cut = tmp_path / "cut"
    started = TensorBoard(cut)
    for epoch in history[:2]:
        started.epoch(one.name, epoch.epoch, {"loss": epoch.loss})
    train(shop, tmp_path / "cache", logger=TensorBoard(cut))
    assert scalars(cut / one.name) == found
    # Resumed after an epoch that was saved but not written.
    resumed = TensorBoard(cut)
    resumed.epoch(one.name, history[-1].epoch, {"loss": history[-1].loss})
    resumed.finished(one.name, result.runs[0].fitted)
    assert scalars(cut / one.name) == found


@pytest.mark.parametrize(
    ("more", "said"),
    [
        (["--model", "bm3+bfea"], "did you mean befa"),
        (["--set", "rge=1"], "unknown setting 'rge' of bm3; did you mean reg?"),
        (["--set", "adapter.rank=1"], "unknown setting 'adapter.rank' of befa"),
        (["--modalities", "audoi"], "unknown modality 'audoi' of catalogue 'shop'; did you mean"),
        (["--modalities", "none"], "needs at least one modality for its adapter"),
        (["--seeds", "0"], "seeds '0': expected at least 1"),
        (["--lr", "0"], "lr must be a positive number"),
        (["--mask", "tarin"], "unknown mask 'tarin'; did you mean train"),
        (["--metric", "recal@20"], "unknown metric 'recal'; did you mean recall"),
        (["--metric", "recall@020"], "a cut-off from 1 to 2147483647, as in 'recall@20'"),
        (["--metric", "recall@99999999999999999999"], "a cut-off from 1 to 2147483647"),
        (["--batch", "99999999999999999999"], "batch must be at most 2147483647"),
        (["--out", f"{__file__}/x"], "expected a folder"),
        (["--tensorboard", __file__], "expected a folder, found a file"),
        (["--curves", f"{__file__}/x.png"], "expected a folder"),
        (["--curves", "x.gif"], "expected an ending .png, .pdf or .svg"),
        (["--features", "frosen"], "did you mean frozen"),
    ],
)
def test_bad_input_is_one_line_before_any_training(
    more: list[str], said: str, shop: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(arguments(shop, tmp_path / "cache", "--quiet", *more)) == 2
    out, err = capsys.readouterr()
    assert (out, err.count("\n")) == ("", 1)
    assert said in err
    assert not (tmp_path / "cache").exists()


@pytest.mark.parametrize(
    ("rows", "said"),
    [
        (np.ones((ITEMS - 1, 3)), "17 rows, expected 18"),
        (np.full((ITEMS, 3), np.nan), "row 0 (from 0; item 'i18'), column 0 is nan"),
        (np.array([{}] * ITEMS, dtype=object), "holds Python objects"),
    ],
)
def test_bad_features_are_one_line(
    rows: np.ndarray, said: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    shop = make_shop(tmp_path / "shop")
    (shop / "features").mkdir()
    np.save(shop / "features" / "audio.npy", rows, allow_pickle=True)
    more = ("--quiet", "--modalities", "audio")
    assert run(arguments(shop, tmp_path / "cache", *more)) == 2
    out, err = capsys.readouterr()
    assert (out, err.count("\n")) == ("", 1)
    assert said in err


def test_curves_of_any_shape_can_be_drawn() -> None:
    one = Curve("only", [1], [0.5], [0.1], 1)
    sparse = Curve("$\\frac{", [1, 2, 3], [3.0, 2.0, 1.0], [None, 0.2, None], 2)
    many = [Curve(f"seed {n}", [1, 2], [2.0, 1.0], [0.1, 0.2], 2) for n in range(25)]
    for curves in ([one], [sparse], many):
        figure = learning_curves_figure(curves, metric="recall@20", title="x")
        figure.canvas.draw()
        left, right = figure.axes
        assert len(left.lines) == 2 * len(curves)  # a curve and its best epoch
        assert [text.get_text() for text in right.get_legend().get_texts()][-1] == "best epoch"
    assert list(right.lines[0].get_ydata()) == [0.1, 0.2]
