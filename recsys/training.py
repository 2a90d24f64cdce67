"""Training with early stopping, which can be stopped and resumed at any epoch.

A resumed run ends with the same weights, bit for bit, as one that was never stopped (on one
device and number of threads).
"""

from __future__ import annotations

import math
import time
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, Protocol

import numpy as np
import torch
from torch import Tensor

from adapters.layers import products_in
from recsys.adam import Adam
from recsys.checkpoints import StateFile
from recsys.configs import TrainingConfig, parse_metric
from recsys.data.splits import Split
from recsys.errors import InputError, shown
from recsys.evaluation import Evaluator
from recsys.models.base import Recommender
from recsys.models.registry import complete_training
from recsys.threads import suited_threads

DECAY_EPOCHS = 50
SAVE_EVERY_S = 5.0
SAVE_SHARE = 0.05  # of the time, at most, goes into saving the state


class Progress(Protocol):
    """Is told how training goes, after every epoch."""

    def update(
        self, epoch: int, loss: float, metric: float | None, best: float | None, patience_left: int
    ) -> None:
        """Take note of an epoch.

        Args:
            epoch: Epochs trained, from 1.
            loss: The epoch's mean loss.
            metric: The validation metric; ``None`` where the epoch was not evaluated.
            best: The best metric so far.
            patience_left: Evaluations without a better metric that are left before the stop.
        """


@dataclass(frozen=True)
class Epoch:
    """One epoch of a learning curve.

    Attributes:
        epoch: Its number, from 1.
        loss: Its mean loss over batches.
        metric: The validation metric after it; ``None`` where it was not evaluated.
    """

    epoch: int
    loss: float
    metric: float | None


@dataclass(frozen=True, eq=False)
class Trained:
    """What training gives.

    Attributes:
        weights: The weights of the best epoch, by name, on the model's device.
        history: All epochs.
        best: The best validation metric.
        best_epoch: Its epoch, from 1.
        seconds: Time spent, over all runs if it was resumed.
        resumed: Whether the run went on from a stored state.
    """

    weights: dict[str, Tensor]
    history: tuple[Epoch, ...]
    best: float
    best_epoch: int
    seconds: float
    resumed: bool


def generator_for(seed: int, stream: str, device: torch.device | str = "cpu") -> torch.Generator:
    """Return a generator that is independent of those for other seeds and streams."""
    words = np.random.SeedSequence([seed, *stream.encode()]).generate_state(1, np.uint64)
    return torch.Generator(device).manual_seed(int(words[0]) >> 1)  # 63 bits: it takes an int64


def train(
    model: Recommender,
    split: Split,
    config: TrainingConfig,
    *,
    progress: Progress | None = None,
    state_file: StateFile | None = None,
) -> Trained:
    """Train ``model`` until its validation metric stops improving.

    Args:
        model: With its initial weights; left with the weights of the last epoch.
        split: Training and validation interactions; test is not looked at.
        config: How.
        progress: Told about every epoch.
        state_file: Where the state of the run is kept, every few seconds and when training is
            interrupted; a state that is there is resumed. ``None`` keeps none.

    Raises:
        InputError: The loss or an embedding is no longer finite.
    """
    config = complete_training(model.name, config)
    _keep_freed_memory()
    run = _Run(model, split, config)
    saver = None if state_file is None else _Saver(run, state_file)
    resumed = saver is not None and saver.resume()
    try:
        with torch.enable_grad(), suited_threads(model), _sparse_gradients(model):
            while not run.finished:
                run.epoch()
                if saver is not None:
                    saver.after_epoch()
                if progress is not None:
                    last = run.history[-1]
                    left = config.patience - run.stale
                    progress.update(last.epoch, last.loss, last.metric, run.best, left)
    except InputError:
        raise
    except BaseException:  # Ctrl-C above all: keep what is done, then let it through
        if saver is not None:
            saver.on_interrupt()
        raise
    assert run.best is not None
    return Trained(
        run.best_weights, tuple(run.history), run.best, run.best_epoch, run.seconds, resumed
    )


def _keep_freed_memory() -> None:
    """Have what a step frees kept for the next step, and not handed back to the system.

    glibc hands back blocks above a size that grows, up to 32 MiB, with the largest block that
    was ever freed. Without this, a fifth of an epoch goes into getting the same pages again.
    """
    torch.empty(31 << 20, dtype=torch.uint8)  # freed at once, and never touched


@contextmanager
def _sparse_gradients(model: Recommender) -> Iterator[None]:
    """Give content features sparse gradients while the block runs, where the device has them."""
    able = model.user_embedding.device.type in ("cpu", "cuda")
    branches = [model.branch(modality) for modality in model.modalities] if able else []
    for branch in branches:
        branch.sparse_gradients = True
    try:
        yield
    finally:
        for branch in branches:
            branch.sparse_gradients = False


@dataclass
class _Run:
    """A run of training: everything that changes from epoch to epoch."""

    model: Recommender
    split: Split
    config: TrainingConfig
    history: list[Epoch] = field(default_factory=list)
    best: float | None = None
    best_epoch: int = 0
    best_weights: dict[str, Tensor] = field(default_factory=dict)
    stale: int = 0
    seconds: float = 0.0

    def __post_init__(self) -> None:
        device = self.model.user_embedding.device
        self.device = device
        precision = self.config.precision
        self.products = None if precision == "full" else getattr(torch, precision)
        self.optimizer = Adam(self.model.named_parameters())
        self.shuffle = generator_for(self.config.seed, "shuffle")
        self.noise = generator_for(self.config.seed, "noise", device)
        pairs = torch.as_tensor(self.split.train, device=device)
        self.users, self.items = pairs[:, 0].contiguous(), pairs[:, 1].contiguous()
        _, k = parse_metric(self.config.metric)
        self.evaluator = Evaluator(self.split, ks=(k,), device=device)

    @property
    def finished(self) -> bool:
        return self.stale >= self.config.patience or len(self.history) >= self.config.max_epochs

    def epoch(self) -> None:
        """Train for one epoch, evaluate, and take note of both."""
        start = time.perf_counter()
        done = len(self.history)
        assert self.config.lr_decay is not None  # `train` fills it in
        lr = self.config.lr * self.config.lr_decay ** (done / DECAY_EPOCHS)
        self.model.train()
        self.model.start_epoch(self.noise)
        losses = [self._step(users, items, lr) for users, items in self._batches()]
        loss = float(torch.stack(losses).mean())
        if not math.isfinite(loss):
            raise self._diverged(f"the loss is {loss}")
        done += 1
        metric = None
        if done % self.config.evaluate_every == 0 or done == self.config.max_epochs:
            metric = self._evaluate()
        self.seconds += time.perf_counter() - start
        self._note(Epoch(done, loss, metric))

    def _batches(self) -> Iterator[tuple[Tensor, Tensor]]:
        order = torch.randperm(len(self.users), generator=self.shuffle).to(self.device)
        for batch in order.split(self.config.batch):
            yield self.users[batch], self.items[batch]

    def _step(self, users: Tensor, items: Tensor, lr: float) -> Tensor:
        self.optimizer.zero_grad()
        with products_in(self.model, self.products):
            loss = self.model.loss(users, items, generator=self.noise)
        loss.backward()
        self.optimizer.step(lr)
        return loss.detach()

    @torch.no_grad()
    def _evaluate(self) -> float:
        self.model.eval()
        users, items = self.model.embeddings()
        try:
            found = self.evaluator.evaluate(users, items, ("valid",))
        except FloatingPointError:
            raise self._diverged("an embedding is not finite") from None
        return found["valid"].metrics[self.config.metric]

    def _note(self, epoch: Epoch) -> None:
        self.history.append(epoch)
        if epoch.metric is None:
            return
        if self.best is None or epoch.metric > self.best:
            self.best, self.best_epoch, self.stale = epoch.metric, epoch.epoch, 0
            state = self.model.state_dict()
            self.best_weights = {name: value.detach().clone() for name, value in state.items()}
        else:
            self.stale += 1

    def _diverged(self, what: str) -> InputError:
        return InputError(
            f"training of {shown(self.model.name)} failed in epoch {len(self.history) + 1}: "
            f"{what}; expected finite numbers (a lower lr than {self.config.lr:g} may help)"
        )

    def tensors(self) -> dict[str, Tensor]:
        """Return all tensors that a resumed run needs, by name; not copied."""
        found = {f"model/{name}": value for name, value in self.model.state_dict().items()}
        found |= {f"best/{name}": value for name, value in self.best_weights.items()}
        found |= {f"adam/{name}": value for name, value in self.optimizer.tensors().items()}
        found["generator/shuffle"] = self.shuffle.get_state()
        found["generator/noise"] = self.noise.get_state()
        return found

    def about(self) -> dict[str, Any]:
        """Return everything else that a resumed run needs, as JSON can hold it."""
        return {
            "history": [[epoch.epoch, epoch.loss, epoch.metric] for epoch in self.history],
            "best": self.best,
            "best_epoch": self.best_epoch,
            "stale": self.stale,
            "seconds": self.seconds,
        }

    def restore(self, tensors: dict[str, Tensor], about: dict[str, Any]) -> None:
        """Go on from what ``tensors`` and ``about`` returned."""

        def group(prefix: str) -> dict[str, Tensor]:
            return {
                name.removeprefix(prefix): value
                for name, value in tensors.items()
                if name.startswith(prefix)
            }

        self.model.load_state_dict(group("model/"))
        self.best_weights = {k: v.to(self.device) for k, v in group("best/").items()}
        self.optimizer.restore(group("adam/"))
        self.shuffle.set_state(tensors["generator/shuffle"])
        self.noise.set_state(tensors["generator/noise"])
        self.history = [Epoch(*epoch) for epoch in about["history"]]
        self.best, self.best_epoch = about["best"], about["best_epoch"]
        self.stale, self.seconds = about["stale"], about["seconds"]


class _Saver:
    """Keeps the state of a run as it was after its last whole epoch, in memory and on disk."""

    def __init__(self, run: _Run, file: StateFile) -> None:
        self._run = run
        self._file = file
        self._due = time.monotonic() + SAVE_EVERY_S
        self._tensors: dict[str, Tensor] = {}
        self._about: dict[str, Any] = {}
        self._copying = False
        self._failed = False

    def resume(self) -> bool:
        """Restore a stored state; ``False`` where there is none that fits."""
        state = self._file.load()
        if state is None:
            return False
        self._run.restore(*state)
        return True

    def after_epoch(self) -> None:
        """Copy the state, and save the copy if it is time."""
        self._copy()
        if time.monotonic() >= self._due:
            self._save()

    def on_interrupt(self) -> None:
        """Save the last whole epoch; a Ctrl-C may have come in the middle of the next one."""
        if self._copying:
            self._copy()  # the run itself stands at the end of an epoch then
        if self._about:
            self._save()

    def _copy(self) -> None:
        self._copying = True
        about = self._run.about()
        for name, tensor in self._run.tensors().items():
            if name.startswith("best/") and tensor.device.type == "cpu":
                self._tensors[name] = tensor  # a copy already, which nothing changes
            elif name in self._tensors:
                self._tensors[name].copy_(tensor)
            else:
                self._tensors[name] = tensor.detach().cpu().clone()
        self._about = about
        self._copying = False

    def _save(self) -> None:
        start = time.monotonic()
        try:
            self._file.save(self._tensors, self._about)
        except OSError as error:
            if not self._failed:
                self._failed = True
                warnings.warn(
                    f"the state of training cannot be saved ({error}); "
                    "an interrupted run will start again",
                    stacklevel=4,
                )
        took = time.monotonic() - start
        self._due = time.monotonic() + max(SAVE_EVERY_S, took / SAVE_SHARE)


_HEADER = "epoch,loss,metric"


def history_to_csv(history: tuple[Epoch, ...]) -> str:
    """Write a learning curve as CSV: ``epoch,loss,metric``, the last empty where not evaluated."""
    lines = [_HEADER]
    for epoch in history:
        metric = "" if epoch.metric is None else repr(epoch.metric)
        lines.append(f"{epoch.epoch},{epoch.loss!r},{metric}")
    return "\n".join(lines) + "\n"


def history_from_csv(text: str) -> tuple[Epoch, ...]:
    """Read what ``history_to_csv`` wrote; ``ValueError`` where it is something else."""
    header, *lines = text.splitlines()
    if header != _HEADER:
        raise ValueError(f"expected {_HEADER!r}, not {header!r}")
    rows = [line.split(",") for line in lines]
    return tuple(
        Epoch(int(epoch), float(loss), float(metric) if metric else None)
        for epoch, loss, metric in rows
    )
