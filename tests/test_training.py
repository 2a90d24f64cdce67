"""Training: early stopping, determinism, and resuming after Ctrl-C or a kill."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from contextlib import nullcontext
from pathlib import Path

import numpy as np
import pytest
import torch

from recsys.checkpoints import StateFile
from recsys.configs import TrainingConfig
from recsys.data.splits import Split
from recsys.errors import InputError
from recsys.fit import Fitted, fit
from recsys.training import Epoch, history_from_csv, history_to_csv

N_USERS, N_ITEMS = 40, 30
CONFIG = TrainingConfig(batch=64, max_epochs=12, patience=12, lr=0.01)


def small_split() -> Split:
    rng = np.random.default_rng(0)
    parts: list[list[tuple[int, int]]] = [[], [], []]
    for user in range(N_USERS):
        group = np.arange(user % 3, N_ITEMS, 3)  # users of a group like the items of the group
        chosen = rng.permutation(group)[:7]
        for place, item in enumerate(chosen):
            parts[max(0, place - 4)].append((user, int(item)))
    return Split(*(np.array(part, dtype=np.int64) for part in parts), N_USERS, N_ITEMS)


def small_features() -> dict[str, np.ndarray]:
    rng = np.random.default_rng(1)
    return {"image": rng.normal(size=(N_ITEMS, 6)), "text": rng.normal(size=(N_ITEMS, 5))}


def run(model: str = "bm3+befa", config: TrainingConfig = CONFIG, **options) -> Fitted:
    return fit(model, small_split(), small_features(), training_config=config, **options)


def same_weights(left: Fitted, right: Fitted) -> bool:
    ours, theirs = left.model.state_dict(), right.model.state_dict()
    return ours.keys() == theirs.keys() and all(torch.equal(ours[n], theirs[n]) for n in ours)


class Recorder:
    def __init__(self, stop_at: int | None = None, error: type[BaseException] = KeyboardInterrupt):
        self.stop_at, self.error = stop_at, error
        self.epochs: list[tuple[int, float, float | None, float | None, int]] = []

    def update(
        self, epoch: int, loss: float, metric: float | None, best: float | None, patience_left: int
    ) -> None:
        self.epochs.append((epoch, loss, metric, best, patience_left))
        if epoch == self.stop_at:
            raise self.error


def test_same_seed_same_weights_and_no_global_randomness() -> None:
    torch.manual_seed(5)
    before = torch.get_rng_state()
    first = run()
    torch.manual_seed(6)
    second = run()
    torch.manual_seed(5)
    assert torch.equal(torch.get_rng_state(), before)
    assert same_weights(first, second)
    assert first.metrics == second.metrics
    other = run(config=TrainingConfig(batch=64, max_epochs=12, lr=0.01, seed=1))
    assert not same_weights(first, other)


def test_training_learns() -> None:
    fitted = run("bm3", TrainingConfig(batch=64, max_epochs=150, lr=0.01))
    assert fitted.history[-1].loss < fitted.history[0].loss
    # A third of the items is liked; six are left after masking, among 25 candidates.
    assert fitted.metrics["test"]["recall@10"] > 0.6


def test_progress_and_early_stopping() -> None:
    recorder = Recorder()
    fitted = run("bm3", TrainingConfig(batch=64, patience=3, metric="ndcg@5"), progress=recorder)
    epochs = recorder.epochs
    assert [epoch for epoch, *_ in epochs] == list(range(1, len(epochs) + 1))
    assert [patience for *_, patience in epochs][-1] == 0
    metrics = [metric for _, _, metric, _, _ in epochs if metric is not None]
    assert epochs[-1][3] == max(metrics) == fitted.manifest["best"]
    best_epoch = 1 + metrics.index(max(metrics))
    assert fitted.manifest["best_epoch"] == best_epoch == len(epochs) - 3
    assert [epoch.loss for epoch in fitted.history] == [loss for _, loss, *_ in epochs]


def test_the_weights_are_those_of_the_best_epoch() -> None:
    config = TrainingConfig(batch=64, patience=3, lr=0.02)
    fitted = run("bm3", config)
    best = fitted.manifest["best_epoch"]
    stopped = run("bm3", TrainingConfig(batch=64, lr=0.02, max_epochs=best))
    assert same_weights(fitted, stopped)
    assert fitted.metrics["valid"]["recall@20"] == fitted.manifest["best"]
    assert not fitted.model.training


def test_evaluate_every_evaluates_the_last_epoch_too() -> None:
    fitted = run("bm3", TrainingConfig(max_epochs=5, evaluate_every=3))
    assert [epoch.metric is None for epoch in fitted.history] == [True, True, False, True, False]


def test_learning_rate_decays() -> None:
    fast = run("bm3", TrainingConfig(max_epochs=3))
    slow = run("bm3", TrainingConfig(max_epochs=3, lr_decay=0.5))
    assert fast.history[0] == slow.history[0]
    assert fast.history[2].loss != slow.history[2].loss


@pytest.mark.parametrize("error", [KeyboardInterrupt, RuntimeError])
@pytest.mark.parametrize("epoch", [1, 5, 11])
def test_interrupted_training_goes_on_to_the_same_weights(
    epoch: int, error: type[BaseException], tmp_path: Path
) -> None:
    whole = run()
    with pytest.raises(error):
        run(cache=tmp_path, progress=Recorder(epoch, error))
    recorder = Recorder()
    resumed = run(cache=tmp_path, progress=recorder)
    assert recorder.epochs[0][0] == epoch + 1, "it goes on where it stopped"
    assert resumed.manifest["resumed"]
    assert same_weights(whole, resumed)
    assert whole.history == resumed.history
    assert whole.metrics == resumed.metrics
    assert [path.name for path in tmp_path.iterdir()] == [resumed.folder.name]


def test_an_interrupt_in_the_middle_of_an_epoch_loses_only_that_epoch(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = run()
    from recsys.models.bm3 import BM3

    calls = 0
    loss = BM3.loss

    def interrupted(self: BM3, *arguments, **options):
        nonlocal calls
        calls += 1
        if calls == 14:  # four batches an epoch: the second batch of epoch 4
            raise KeyboardInterrupt
        return loss(self, *arguments, **options)

    monkeypatch.setattr(BM3, "loss", interrupted)
    with pytest.raises(KeyboardInterrupt):
        run(cache=tmp_path)
    recorder = Recorder()
    resumed = run(cache=tmp_path, progress=recorder)
    assert recorder.epochs[0][0] == 4
    assert same_weights(whole, resumed)


def test_a_killed_process_goes_on_to_the_same_weights(tmp_path: Path) -> None:
    script = (
        "import sys, pathlib, time, torch, recsys.training\n"
        "torch.set_num_threads(1)\n"
        "sys.path.insert(0, sys.argv[2])\n"
        "import test_training as t\n"
        "recsys.training.SAVE_EVERY_S, recsys.training.SAVE_SHARE = 0.0, float('inf')\n"
        "class Slow:\n"
        "    def update(self, epoch, *rest):\n"
        "        print(epoch, flush=True)\n"
        "        time.sleep(0.1 if epoch < 6 else 60)\n"
        "t.run(cache=pathlib.Path(sys.argv[1]), progress=Slow())\n"
    )
    here = str(Path(__file__).parent)
    process = subprocess.Popen(
        [sys.executable, "-c", script, str(tmp_path), here],
        stdout=subprocess.PIPE,
        text=True,
        cwd=Path(here).parent,
    )
    assert process.stdout is not None
    for line in process.stdout:
        if line.strip() == "5":
            break
    time.sleep(0.05)
    os.kill(process.pid, signal.SIGKILL)
    process.wait()

    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        recorder = Recorder()
        resumed = run(cache=tmp_path, progress=recorder)
        whole = run()
    finally:
        torch.set_num_threads(threads)
    assert recorder.epochs[0][0] in (6, 7)
    assert same_weights(whole, resumed)
    assert whole.history == resumed.history


@pytest.mark.parametrize("damage", ["truncate", "flip", "empty", "text", "other key"])
def test_a_damaged_state_is_not_resumed(damage: str, tmp_path: Path) -> None:
    with pytest.raises(KeyboardInterrupt):
        run(cache=tmp_path, progress=Recorder(5))
    (path,) = tmp_path.glob("*.state.safetensors")
    data = path.read_bytes()
    if damage == "other key":
        (state,) = [StateFile(path, run(cache=tmp_path / "other").key).load()]
        assert state is not None
        StateFile(path, "another").save(*state)
    else:
        path.write_bytes(
            {
                "truncate": data[:-10],
                "flip": data[:-9] + bytes([data[-9] ^ 1]) + data[-8:],
                "empty": b"",
                "text": b"hello",
            }[damage]
        )
    recorder = Recorder()
    fitted = run(cache=tmp_path, progress=recorder)
    assert recorder.epochs[0][0] == 1
    assert not fitted.manifest["resumed"]


def test_a_state_that_cannot_be_written_does_not_stop_training(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(StateFile, "save", full)
    with (
        pytest.warns(UserWarning, match="cannot be saved.*No space left"),
        pytest.raises(KeyboardInterrupt),
    ):
        run(cache=tmp_path, progress=Recorder(3))


def test_training_that_diverges_says_where(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"'bm3' failed in epoch \d+: .*lower lr than 1e\+30"):
        run("bm3", TrainingConfig(lr=1e30, batch=64), cache=tmp_path)
    assert not list(tmp_path.iterdir())


def test_history_survives_csv() -> None:
    history = (Epoch(1, 0.1 + 0.2, None), Epoch(2, 1e-30, 1 / 3))
    assert history_from_csv(history_to_csv(history)) == history
    with pytest.raises(ValueError, match="expected"):
        history_from_csv("a,b\n1,2\n")


@pytest.mark.parametrize("name", ["bm3+befa", "freedom", "vbpr"])
def test_sparse_gradients_change_nothing(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    sparse = run(name)
    for modality in sparse.model.modalities:
        assert not sparse.model.branch(modality).sparse_gradients, "only while it trains"
    monkeypatch.setattr("recsys.training._sparse_gradients", lambda _: nullcontext())
    dense = run(name)
    assert same_weights(sparse, dense)
    assert sparse.history == dense.history
