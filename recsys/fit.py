"""Train a recommender, or load it where it was trained before."""

from __future__ import annotations

import hashlib
import platform
import warnings
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from recsys import checkpoints
from recsys.checkpoints import StateFile
from recsys.configs import ModelConfig, TrainingConfig, parse_metric
from recsys.data.splits import Split
from recsys.errors import InputError, shown
from recsys.evaluation import KS, PARTS, evaluate, held_out
from recsys.features import checked_features
from recsys.files import beside
from recsys.hashing import content_key
from recsys.models.base import Recommender
from recsys.models.build import build, complete
from recsys.models.names import ModelName
from recsys.models.registry import complete_training, recommender_class
from recsys.training import (
    Epoch,
    Progress,
    Trained,
    generator_for,
    history_from_csv,
    history_to_csv,
    train,
)


@dataclass(frozen=True, eq=False)
class Fitted:
    """A trained recommender.

    Attributes:
        model: With the weights of the best epoch, in evaluation mode, without gradients.
        manifest: What it is and where it comes from, as JSON can hold it.
        metrics: By part (``valid``, ``test``) and metric, as in ``recall@20``; at the usual
            cut-offs and that of the metric that decided.
        history: The learning curve.
        cached: Whether it was loaded instead of trained.
        key: The sha256 (hex) of everything that determines it.
        folder: Where it is stored; ``None`` where it is not.
        last: The weights of the last epoch, on the CPU, by name; empty where they are in
            ``folder``. See ``last_weights``.
    """

    model: Recommender
    manifest: dict[str, Any]
    metrics: dict[str, dict[str, float]]
    history: tuple[Epoch, ...]
    cached: bool
    key: str
    folder: Path | None
    last: Mapping[str, Tensor] = field(default_factory=dict, repr=False)

    def last_weights(self) -> dict[str, Tensor]:
        """Return the weights of the last epoch, on the CPU; ``model`` has those of the best.

        Raises:
            OSError: They cannot be read back.
        """
        if self.folder is None:
            return dict(self.last)
        return checkpoints.load_last(self.folder)


def fit(
    model: str | ModelName,
    split: Split,
    features: Mapping[str, np.ndarray[Any, Any] | Tensor] | None = None,
    *,
    model_config: ModelConfig | None = None,
    training_config: TrainingConfig | None = None,
    cache: Path | None = None,
    device: str = "cpu",
    progress: Progress | None = None,
) -> Fitted:
    """Train ``model`` on ``split``, or load it from ``cache`` where it was trained before.

    Everything random comes from the seed in ``training_config``; torch's global generators are
    neither read nor changed. With a cache, a run that is interrupted goes on when ``fit`` is
    called again, and ends with the same weights.

    Args:
        model: As in ``"bm3"`` or ``"bm3+befa"``.
        split: Training, validation and test interactions.
        features: Content features by modality, (n_items, D) each, in the order of the items;
            none for a recommender on behaviour alone.
        model_config: What is built.
        training_config: How it is trained.
        cache: Folder for finished models and states of runs; ``None`` keeps everything in
            memory.
        device: ``"cpu"``, ``"cuda"``, ``"cuda:1"``, ``"mps"``. The device is recorded but is no
            part of the key: a model trained on one serves on all.
        progress: Told about every epoch of training.

    Raises:
        InputError: An unknown name or device, a part of the split that is empty or cannot be
            evaluated with this mask, features that do not fit, a cache that cannot be written,
            training that diverges.
    """
    name = ModelName.parse(model) if isinstance(model, str) else model
    training_config = complete_training(name.recommender, training_config or TrainingConfig())
    model_config = complete(name, model_config or ModelConfig())
    target = checked_device(device, training_config.dtype)
    for part in ("train", "valid", "test"):
        if not len(getattr(split, part)):
            raise InputError(f"the split has no {part} interactions; expected at least one")
    for part in PARTS:  # told now, not after hours of training
        held_out(split, part, training_config.mask)
    content = checked_features(features or {}, split.n_items)
    if name.adapter is not None and not content:
        raise InputError(
            f"model {shown(name)} needs at least one modality for its adapter; "
            f"expected features, or the model {shown(name.without_adapter())}"
        )

    identity = _identity(name, model_config, training_config, split, content)
    key = content_key(identity)
    folder = None if cache is None else cache / f"{name}-{key[:16]}"

    recommender = build(
        name,
        model_config,
        train=split.train,
        n_users=split.n_users,
        n_items=split.n_items,
        features=content,
        generator=generator_for(training_config.seed, "weights"),
        dtype=getattr(torch, training_config.dtype),
    ).to(target)

    state_file: StateFile | None = None
    if folder is not None:
        found = _loaded(recommender, folder, key)
        if found is not None:
            return _up_to_date(found, split, training_config)
        state_file = StateFile(folder.with_name(f"{folder.name}.state.safetensors"), key)
        _check_writable(folder.parent)

    try:
        trained = train(
            recommender, split, training_config, progress=progress, state_file=state_file
        )
    except InputError:
        if state_file is not None:
            state_file.discard()  # the same numbers would come again
        raise
    state = recommender.state_dict()
    last = {weight: value.detach().cpu().clone() for weight, value in state.items()}
    recommender.load_state_dict(trained.weights)
    metrics = _metrics(recommender, split, training_config)
    manifest = _manifest(identity, key, recommender, trained, metrics)
    if folder is not None and state_file is not None:
        if _store(folder, recommender, last, manifest, trained.history):
            state_file.discard()
        else:
            folder = None
    return Fitted(
        _ready(recommender),
        manifest,
        metrics,
        trained.history,
        False,
        key,
        folder,
        {} if folder else last,
    )


def fit_key(
    model: str | ModelName,
    split: Split,
    features: Mapping[str, np.ndarray[Any, Any] | Tensor] | None = None,
    *,
    model_config: ModelConfig | None = None,
    training_config: TrainingConfig | None = None,
) -> str:
    """Return the key that ``fit`` gives a model, without building or training it.

    Raises:
        InputError: An unknown name, features or options that do not fit.
    """
    name = ModelName.parse(model) if isinstance(model, str) else model
    identity = _identity(
        name,
        complete(name, model_config or ModelConfig()),
        complete_training(name.recommender, training_config or TrainingConfig()),
        split,
        checked_features(features or {}, split.n_items),
    )
    return content_key(identity)


def checked_device(name: str, dtype: str = "float32") -> torch.device:
    """Return the device ``name``, or raise ``InputError`` where it is not there."""
    there = ["cpu"]
    if torch.cuda.is_available():
        there += ["cuda", *(f"cuda:{index}" for index in range(torch.cuda.device_count()))]
    if torch.backends.mps.is_available():
        there.append("mps")
    if name not in there:
        raise InputError(f"device {shown(name)} is not available; available: {', '.join(there)}")
    if name == "mps" and dtype == "float64":
        raise InputError("device 'mps' has no float64; expected dtype 'float32'")
    return torch.device(name)


def _identity(
    name: ModelName,
    model_config: ModelConfig,
    training_config: TrainingConfig,
    split: Split,
    content: Mapping[str, Tensor],
) -> dict[str, Any]:
    """Return everything that determines the result of a fit, as JSON can hold it."""
    return {
        "code": checkpoints.SCHEMA,
        "model": str(name),
        "start": recommender_class(name.recommender).start,
        "model_config": asdict(model_config),
        "training_config": asdict(training_config),
        "split": split.fingerprint(),
        # A list: the order of the modalities decides which draws its initial weights first.
        "features": [
            {
                "modality": modality,
                "shape": list(values.shape),
                "sha256": hashlib.sha256(values.numpy().tobytes()).hexdigest(),
            }
            for modality, values in content.items()
        ],
    }


def _manifest(
    identity: Mapping[str, Any],
    key: str,
    model: Recommender,
    trained: Trained,
    metrics: Mapping[str, Mapping[str, float]],
) -> dict[str, Any]:
    return {
        **identity,
        "key": key,
        "users": model.n_users,
        "items": model.n_items,
        "parameters": model.n_parameters(),
        "epochs": len(trained.history),
        "best_epoch": trained.best_epoch,
        "best": trained.best,
        "metrics": {part: dict(values) for part, values in metrics.items()},
        "seconds": round(trained.seconds, 3),
        "resumed": trained.resumed,
        "device": str(model.user_embedding.device),
        "threads": torch.get_num_threads(),
        "versions": {"python": platform.python_version(), "torch": torch.__version__},
    }


def _metrics(
    model: Recommender, split: Split, config: TrainingConfig
) -> dict[str, dict[str, float]]:
    """Evaluate a trained model, at the usual cut-offs and that of the metric that decided."""
    cutoffs = sorted({*KS, parse_metric(config.metric)[1]})
    found = evaluate(model, split, ks=cutoffs, mask=config.mask)
    return {part: evaluation.metrics for part, evaluation in found.items()}


def _up_to_date(found: Fitted, split: Split, config: TrainingConfig) -> Fitted:
    """Return a stored model with the metrics that it would get today.

    Stored by an earlier version, it may lack the metric that decided, or count users that its
    mask leaves out.
    """
    complete = all(config.metric in values for values in found.metrics.values())
    cold = config.mask == "train" and any(len(split.cold_users(part)) for part in PARTS)
    if complete and not cold:
        return found
    return replace(found, metrics=_metrics(found.model, split, config))


def _ready(model: Recommender) -> Recommender:
    return model.eval().requires_grad_(False)


def _loaded(model: Recommender, folder: Path, key: str) -> Fitted | None:
    """Return the model stored in ``folder``; ``None`` where there is none that can be trusted."""
    stored = checkpoints.load_model(folder, key)
    if stored is None:
        return None
    try:
        model.load_state_dict(stored.weights)
        history = history_from_csv(stored.history)
        metrics: dict[str, dict[str, float]] = stored.manifest["metrics"]
    except (RuntimeError, ValueError, KeyError):
        return None
    return Fitted(_ready(model), stored.manifest, metrics, history, True, key, folder)


def _check_writable(cache: Path) -> None:
    """Raise ``OSError`` now rather than after minutes of training."""
    try:
        cache.mkdir(parents=True, exist_ok=True)
        probe = beside(cache / "probe")
        probe.touch()
        probe.unlink()
    except OSError as error:
        # No fault of the options: a search must not take it for a combination that fails.
        raise OSError(
            f"cannot write to cache folder {shown(cache)}: {error.strerror or error}; "
            "expected a folder with write permission and free space"
        ) from None


def _store(
    folder: Path,
    model: Recommender,
    last: Mapping[str, Tensor],
    manifest: Mapping[str, Any],
    history: tuple[Epoch, ...],
) -> bool:
    """Store a finished model; where that fails, warn, since the model itself is there."""
    try:
        curve = history_to_csv(history)
        checkpoints.save_model(folder, model.state_dict(), last, manifest, curve)
    except OSError as error:
        warnings.warn(
            f"the trained model cannot be stored in {folder} ({error}); "
            "it will be trained again next time",
            stacklevel=3,
        )
        return False
    return True
