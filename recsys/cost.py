"""What a recommender costs: parameters, seconds per epoch, peak memory.

``measure`` works in this process; ``measure_apart`` in a process of its own, so that its peak
memory is that of one model alone. To compare models, measure them in turns: what else the
machine does then falls on all of them alike.
"""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import safetensors.torch
import torch
from torch import Tensor

from adapters import registry as adapter_registry
from recsys.configs import ModelConfig, TrainingConfig, parse_metric
from recsys.data.splits import Split
from recsys.evaluation import PARTS, Evaluator
from recsys.features import checked_features
from recsys.models.build import build, complete
from recsys.models.names import ModelName
from recsys.models.registry import config_class
from recsys.training import generator_for, train

_INPUTS, _ABOUT, _RESULT = "inputs.safetensors", "about.json", "result.json"
_SPLIT = ("train", "valid", "test")


@dataclass(frozen=True)
class Cost:
    """What a recommender costs.

    Attributes:
        parameters: Numbers that it holds as parameters.
        adapter_parameters: Those of its adapters.
        training_seconds: Of each epoch measured, without evaluation.
        evaluation_seconds: Of each epoch's evaluation.
        peak_bytes: Most memory that the process ever held: on a CPU all of it, the
            interpreter and the libraries included; on a GPU what was allocated there. ``None``
            where the system does not say.
        threads: That it computed with, which may be fewer than it was given
            (``recsys.threads``).
    """

    parameters: int
    adapter_parameters: int
    training_seconds: tuple[float, ...]
    evaluation_seconds: tuple[float, ...]
    peak_bytes: int | None
    threads: int

    @property
    def epoch_seconds(self) -> tuple[float, ...]:
        """Training and evaluation of each epoch measured."""
        pairs = zip(self.training_seconds, self.evaluation_seconds, strict=True)
        return tuple(training + evaluation for training, evaluation in pairs)


def measure(
    model: str | ModelName,
    split: Split,
    features: Mapping[str, np.ndarray[Any, Any] | Tensor] | None = None,
    *,
    model_config: ModelConfig | None = None,
    training_config: TrainingConfig | None = None,
    epochs: int = 3,
    warmup: int = 1,
    parts: Sequence[str] = PARTS,
    device: str = "cpu",
) -> Cost:
    """Train for a few epochs and measure each; an epoch is followed by one evaluation.

    Args:
        model: As in ``"bm3"`` or ``"bm3+befa"``.
        split: The interactions.
        features: Content features by modality, (n_items, D) each.
        model_config: What is built.
        training_config: How it is trained; patience and epochs apart.
        epochs: Epochs measured, at least 1.
        warmup: Epochs before those, at least 0.
        parts: What each evaluation ranks: ``"valid"``, ``"test"`` or both.
        device: Where.

    Raises:
        ValueError: No epoch to measure.
        InputError: As ``recsys.fit.fit``.
    """
    if epochs < 1 or warmup < 0:
        raise ValueError(f"epochs must be >= 1 and warmup >= 0, not {epochs} and {warmup}")
    name = ModelName.parse(model) if isinstance(model, str) else model
    config = replace(
        training_config or TrainingConfig(),
        max_epochs=epochs + warmup + 1,  # the clock stops the training before the last one
        evaluate_every=epochs + warmup + 1,
    )
    recommender = build(
        name,
        complete(name, model_config or ModelConfig()),
        train=split.train,
        n_users=split.n_users,
        n_items=split.n_items,
        features=checked_features(features or {}, split.n_items),
        generator=generator_for(config.seed, "weights"),
        dtype=getattr(torch, config.dtype),
    ).to(device)
    if recommender.user_embedding.is_cuda:
        torch.cuda.reset_peak_memory_stats(recommender.user_embedding.device)

    _, k = parse_metric(config.metric)
    evaluator = Evaluator(split, ks=(k,), mask=config.mask, device=device)

    @torch.no_grad()
    def evaluate() -> None:
        recommender.eval()
        users, items = recommender.embeddings()
        evaluator.evaluate(users, items, parts)

    clock = _Clock(evaluate, epochs + warmup)
    with contextlib.suppress(_EnoughError):
        train(recommender, split, config, progress=clock)
    adapters = [recommender.branch(modality).adapter for modality in recommender.modalities]
    return Cost(
        parameters=recommender.n_parameters(),
        adapter_parameters=sum(p.numel() for a in adapters if a for p in a.parameters()),
        training_seconds=tuple(clock.training[warmup:]),
        evaluation_seconds=tuple(clock.evaluation[warmup:]),
        peak_bytes=peak_memory(recommender.user_embedding.device),
        threads=clock.threads,
    )


def measure_apart(
    model: str | ModelName,
    split: Split,
    features: Mapping[str, np.ndarray[Any, Any] | Tensor] | None = None,
    *,
    model_config: ModelConfig | None = None,
    training_config: TrainingConfig | None = None,
    epochs: int = 3,
    warmup: int = 1,
    parts: Sequence[str] = PARTS,
    device: str = "cpu",
    threads: int = 1,
) -> Cost:
    """Do what ``measure`` does in a new process with ``threads`` threads.

    Raises:
        InputError: As ``measure``.
        ChildProcessError: The process failed; with the last line that it said.
    """
    name = ModelName.parse(model) if isinstance(model, str) else model
    model_config = complete(name, model_config or ModelConfig())
    content = checked_features(features or {}, split.n_items)
    about = {
        "model": str(name),
        "model_config": asdict(model_config),
        "training_config": asdict(training_config or TrainingConfig()),
        "n_users": split.n_users,
        "n_items": split.n_items,
        "modalities": list(content),  # in order: safetensors keeps none
        "options": {"epochs": epochs, "warmup": warmup, "parts": list(parts), "device": device},
        "threads": threads,
    }
    tensors = {f"feature/{place}": values for place, values in enumerate(content.values())}
    tensors |= {f"split/{part}": torch.as_tensor(getattr(split, part)) for part in _SPLIT}
    with tempfile.TemporaryDirectory(prefix="becam-cost-") as temporary:
        folder = Path(temporary)
        safetensors.torch.save_file(tensors, folder / _INPUTS)
        (folder / _ABOUT).write_text(json.dumps(about), encoding="utf-8")
        # Not -m, which looks into the current folder first: it may have a `recsys` of its own.
        program = (
            f"import sys; sys.path[:] = {sys.path!r}; from recsys.cost import _main; "
            "_main(sys.argv[1])"
        )
        done = subprocess.run(
            [sys.executable, "-c", program, temporary],
            env={**os.environ, "OMP_NUM_THREADS": str(threads), "OMP_WAIT_POLICY": "PASSIVE"},
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode != 0:
            said = done.stderr.strip().splitlines() or ["it said nothing"]
            raise ChildProcessError(
                f"measuring {name} failed with exit status {done.returncode}: {said[-1]}"
            )
        found: dict[str, Any] = json.loads((folder / _RESULT).read_text(encoding="utf-8"))
    for seconds in ("training_seconds", "evaluation_seconds"):
        found[seconds] = tuple(found[seconds])
    return Cost(**found)


def peak_memory(device: torch.device | str = "cpu") -> int | None:
    """Return the most bytes that this process ever held on ``device``; ``None`` if unknown."""
    device = torch.device(device)
    if device.type == "cuda":
        return torch.cuda.max_memory_allocated(device)
    if device.type != "cpu":
        return None
    try:
        # Not getrusage: on Linux a process starts with the peak of the one that started it.
        status = Path("/proc/self/status").read_text(encoding="ascii")
        return int(status.split("VmHWM:")[1].split()[0]) * 1024
    except (OSError, IndexError, ValueError):
        pass
    try:
        import resource
    except ImportError:  # Windows
        return None
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak if sys.platform == "darwin" else peak * 1024


class _EnoughError(Exception):
    """Ends a training that has been measured."""


class _Clock:
    """Evaluates after every epoch and notes how long both took, for ``epochs`` epochs."""

    def __init__(self, evaluate: Callable[[], None], epochs: int) -> None:
        self._evaluate = evaluate
        self._epochs = epochs
        self.training: list[float] = []
        self.evaluation: list[float] = []
        self.threads = torch.get_num_threads()
        self._mark = time.perf_counter()

    def update(
        self, epoch: int, loss: float, metric: float | None, best: float | None, patience_left: int
    ) -> None:
        trained = time.perf_counter()
        self.threads = torch.get_num_threads()
        self._evaluate()
        evaluated = time.perf_counter()
        self.training.append(trained - self._mark)
        self.evaluation.append(evaluated - trained)
        if epoch == self._epochs:
            raise _EnoughError
        self._mark = evaluated


def _main(path: str) -> None:
    """Measure what ``measure_apart`` asked for in the folder ``path``."""
    folder = Path(path)
    about = json.loads((folder / _ABOUT).read_text(encoding="utf-8"))
    torch.set_num_threads(about["threads"])
    tensors = safetensors.torch.load_file(folder / _INPUTS)
    name = ModelName.parse(about["model"])
    options = about["model_config"]
    options["recommender"] = config_class(name.recommender)(**options["recommender"])
    if name.adapter is not None:
        adapter = adapter_registry.config_class(name.adapter)
        options["adapter"] = adapter(**options["adapter"])
    train_pairs, valid, test = (tensors.pop(f"split/{part}").numpy() for part in _SPLIT)
    cost = measure(
        name,
        Split(train_pairs, valid, test, about["n_users"], about["n_items"]),
        {m: tensors.pop(f"feature/{place}") for place, m in enumerate(about["modalities"])},
        model_config=ModelConfig(**options),
        training_config=TrainingConfig(**about["training_config"]),
        **about["options"],
    )
    (folder / _RESULT).write_text(json.dumps(asdict(cost)), encoding="utf-8")
