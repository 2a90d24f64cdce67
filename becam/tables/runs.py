"""One run of a table: a recommender trained on one data set with one seed, and its metrics.

A run is found again by its content: first its metrics, user by user, then its trained model,
then the state of its training. So a table that was killed goes on where it stopped.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from becam.store import TensorStore
from becam.tables.variants import Variant
from becam.workspace import Workspace
from recsys.configs import ModelConfig, TrainingConfig, parse_metric
from recsys.data.splits import Split
from recsys.evaluation import evaluate
from recsys.fit import fit, fit_key
from recsys.hashing import content_key
from recsys.statistics import PerUser
from recsys.training import Progress

VERSION = 1
_VOLATILE = ("seconds", "resumed")  # differ from one training of a model to the next


@dataclass(frozen=True)
class Run:
    """What is trained: a variant of a recommender, a data set by its name, a seed."""

    data: str
    variant: Variant
    seed: int

    def __str__(self) -> str:
        return f"{self.variant.label}, {self.data}, seed {self.seed}"


@dataclass(frozen=True, eq=False)
class Outcome:
    """What a run gave on the test split.

    Attributes:
        manifest: Its key and where it comes from, as JSON can hold it; the same for every
            training of the same model.
        per_user: By metric, user by user.
        cached: Whether nothing had to be trained.
    """

    manifest: dict[str, Any]
    per_user: dict[str, PerUser]
    cached: bool

    def mean(self, metric: str) -> float:
        """Return the mean over users."""
        return float(self.per_user[metric].values.mean())


@dataclass(frozen=True, eq=False)
class Inputs:
    """A data set, as a worker process can be given it.

    Attributes:
        features: By modality, float32 (items, D).
        splits: By seed.
        device: Where recommenders are trained on it.
    """

    features: Mapping[str, NDArray[np.float32]]
    splits: Mapping[int, Split]
    device: str


@dataclass(frozen=True, eq=False)
class Bench:
    """Everything that runs have in common.

    Attributes:
        inputs: By data set.
        model_configs: By variant: what is built.
        training_configs: By seed: how it is trained.
        metrics: What is measured on test items, as in ``recall@20``.
        cache: The cache folder.
    """

    inputs: Mapping[str, Inputs]
    model_configs: Mapping[Variant, ModelConfig]
    training_configs: Mapping[int, TrainingConfig]
    metrics: Sequence[str]
    cache: Path

    def stored(self, run: Run) -> Outcome | None:
        """Return what is known of ``run``; ``None`` where it is to be done.

        Raises:
            InputError: Features or options that do not fit.
        """
        store = TensorStore(Workspace(self.cache).results)
        key = self._key(run)
        found, about = store.get(key), store.about(key)
        if found is None or about is None or set(found) != {"users", *self.metrics}:
            return None
        users = found["users"].numpy()
        values = {metric: PerUser(users, found[metric].numpy()) for metric in self.metrics}
        return Outcome(about["manifest"], values, cached=True)

    def do(self, run: Run, progress: Progress | None = None) -> Outcome:
        """Train ``run`` where it is not yet, evaluate it, and keep its metrics.

        Raises:
            InputError: Training diverges, or nothing can be trained with these options.
            OSError: The cache cannot be written.
        """
        training = self.training_configs[run.seed]
        inputs = self.inputs[run.data]
        split = inputs.splits[run.seed]
        workspace = Workspace(self.cache)
        fitted = fit(
            run.variant.name,
            split,
            self._features(run),
            model_config=self.model_configs[run.variant],
            training_config=training,
            cache=workspace.models,
            device=inputs.device,
            progress=progress,
        )
        test = evaluate(
            fitted.model, split, parts=("test",), ks=self._cutoffs(), mask=training.mask
        )["test"]
        manifest = {k: v for k, v in fitted.manifest.items() if k not in _VOLATILE}
        values = {metric: PerUser(test.users, test.per_user[metric]) for metric in self.metrics}
        tensors = {metric: torch.from_numpy(of.values) for metric, of in values.items()}
        tensors["users"] = torch.from_numpy(test.users)
        TensorStore(workspace.results).put(self._key(run), tensors, {"manifest": manifest})
        return Outcome(manifest, values, fitted.cached)

    def _features(self, run: Run) -> Mapping[str, NDArray[np.float32]]:
        return self.inputs[run.data].features if run.variant.content else {}

    def _cutoffs(self) -> tuple[int, ...]:
        return tuple(sorted({parse_metric(metric)[1] for metric in self.metrics}))

    def _key(self, run: Run) -> str:
        split, mask = self.inputs[run.data].splits[run.seed], self.training_configs[run.seed].mask
        # Earlier versions counted these users: what they stored is of other users.
        left_out = mask == "train" and len(split.cold_users("test")) > 0
        return content_key(
            {
                "what": "test metrics by user",
                "version": VERSION,
                **({"users": "those in train"} if left_out else {}),
                "metrics": sorted(self.metrics),
                "model": fit_key(
                    run.variant.name,
                    split,
                    self._features(run),
                    model_config=self.model_configs[run.variant],
                    training_config=self.training_configs[run.seed],
                ),
            }
        )
