"""Recommenders over several seeds: trained, or taken from where they were trained before."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Protocol, TypeVar

from torch import Tensor

from becam.catalogues import open_catalogue
from becam.config import TrainConfig, check_explainable
from becam.dataset import Dataset, make_split, open_dataset
from becam.encoders.registry import check_encoder_name
from becam.progress import Reporter, Step
from becam.training_result import PARTS, SeedResult, TrainResult
from becam.workspace import Workspace, open_workspace
from recsys.configs import ModelConfig, TrainingConfig
from recsys.data.splits import Split
from recsys.fit import Fitted, fit, fit_key
from recsys.models.names import ModelName
from recsys.models.registry import uses_content


class Logger(Protocol):
    """Is told about every epoch of a run as it comes, and about the whole run after it.

    A run's name is its own: model, seed, and the start of its key.
    """

    def epoch(self, run: str, epoch: int, values: Mapping[str, float]) -> None:
        """Take note of an epoch of the run of this name."""

    def finished(self, run: str, fitted: Fitted) -> None:
        """Take note of a finished run, also of one that came from the cache."""


def train(
    config: TrainConfig | None = None,
    /,
    *,
    reporter: Reporter | None = None,
    logger: Logger | None = None,
    **options: Any,
) -> TrainResult:
    """Train a recommender with several seeds and evaluate it.

    Each seed's model is kept in the cache. A run that was interrupted goes on where it stopped:
    finished seeds come from the cache, the unfinished one from its last state, and the results
    are the same as without the interruption.

    Args:
        config: all options in one object; or give them by keyword, as in
            ``train(model="lattice+befa", seeds=5)``.
        reporter: where progress is shown; standard error by default.
        logger: told about every epoch, such as `becam.tensorboard.TensorBoard`.
        options: fields of `TrainConfig`; they replace those of ``config``.

    Raises:
        InputError: an unknown name, an unreadable file, a catalogue too small to train,
            training that diverges.
        OSError: the cache can't be written.
    """
    config = replace(config, **options) if config else TrainConfig(**options)
    reporter = reporter or Reporter()
    workspace = open_workspace(config.cache)
    check_encoder_name(config.encoder)
    catalogue = open_catalogue(config.data, workspace, reporter)
    make_split(catalogue, config.seed)  # too small to train: told before anything is encoded
    config = with_content_used(config, reporter)
    dataset = open_dataset(config, workspace=workspace, reporter=reporter, catalogue=catalogue)
    for note in mask_notes(dataset.split(config.seed), config.mask):
        reporter.note(f"{config.data}: {note}")
    return train_on(dataset, config, workspace=workspace, reporter=reporter, logger=logger)


Config = TypeVar("Config", bound=TrainConfig)


def with_content_used(config: Config, reporter: Reporter) -> Config:
    """Return the options without modalities where the recommender takes none, and say so."""
    name = ModelName.parse(config.model)
    if uses_content(name.recommender) or not config.modality_names:
        return config
    reporter.note(
        f"{name} takes no content: it is trained as with --modalities none, and nothing is encoded"
    )
    return replace(config, modalities="none")


def train_on(
    dataset: Dataset,
    config: TrainConfig,
    *,
    workspace: Workspace,
    reporter: Reporter,
    logger: Logger | None = None,
    label: str = "",
) -> TrainResult:
    """Train as `train` does, on a dataset that is open already.

    Args:
        dataset: the data and its features.
        config: model, seeds and options; its data options are not looked at.
        workspace: the cache.
        reporter: told about progress, and what came from the cache.
        logger: told about every epoch.
        label: what the reporter calls a model, its name by default.

    Raises:
        InputError: a split with an empty part, training that diverges.
        OSError: the cache can't be written.
    """
    name = ModelName.parse(config.model)
    label = label or str(name)
    features = dataset.features if uses_content(name.recommender) else {}
    runs = []
    for seed in config.seed_list():
        fitted = fit_model(
            name,
            dataset.split(seed),
            features,
            config.model_config(name),
            config.training_config(seed),
            device=dataset.device,
            workspace=workspace,
            reporter=reporter,
            label=f"{label}, seed {seed}" if config.seeds > 1 else label,
            logger=logger,
        )
        runs.append(SeedResult(seed, fitted))
    return TrainResult(
        model=str(name),
        metric=config.metric,
        runs=tuple(runs),
        about=_about(config, dataset, features),
        reused=tuple(reporter.reused),
        computed=tuple(reporter.computed),
    )


def mask_notes(split: Split, mask: str) -> list[str]:
    """Say how many users are left out of the metrics, as in published toolkits, if any."""
    if mask != "train":
        return []
    counts = {part: len(split.cold_users(part)) for part in PARTS}
    if not any(counts.values()):
        return []
    named = " and ".join(f"{count:,} of {part}" for part, count in counts.items())
    return [
        f"users without an interaction in train, {named}, have no part in the metrics, as in "
        "published toolkits (mask 'train'); they do in early stopping"
    ]


def _about(config: TrainConfig, dataset: Dataset, features: Mapping[str, Tensor]) -> dict[str, Any]:
    """Say what was trained on what, as JSON can hold it."""
    interactions = dataset.catalogue.interactions
    return {
        "data": dataset.name,
        "catalogue": dataset.catalogue.fingerprint(),
        "users": interactions.n_users,
        "items": interactions.n_items,
        "interactions": interactions.n,
        "split": "given" if interactions.splits is not None else "random 8:1:1 per user and seed",
        "modalities": {name: dataset.sources[name] for name in features},
        "mask": config.mask,
        "notes": [*dataset.notes, *mask_notes(dataset.split(config.seed), config.mask)],
    }


def fit_model(
    name: ModelName,
    split: Split,
    features: Mapping[str, Tensor],
    model_config: ModelConfig,
    training_config: TrainingConfig,
    *,
    device: str,
    workspace: Workspace,
    reporter: Reporter,
    label: str = "",
    logger: Logger | None = None,
) -> Fitted:
    """Train one recommender, or take it from the cache; see `recsys.fit.fit`.

    Args:
        name: recommender and adapter.
        split: what it is trained, validated and tested on.
        features: content features by modality, (items, D) each.
        model_config: what is built.
        training_config: how it is trained.
        device: where.
        workspace: its cache.
        reporter: told about progress, and whether the model came from the cache.
        label: what the reporter calls it, the model's name by default.
        logger: told about every epoch.

    Raises:
        InputError: content features for a recommender that takes none, and as `recsys.fit.fit`.
    """
    if features:
        check_explainable(name)
    label = label or str(name)
    run = ""
    if logger is not None:
        key = fit_key(
            name, split, features, model_config=model_config, training_config=training_config
        )
        run = f"{name}-seed-{training_config.seed}-{key[:8]}"
    with reporter.bar(f"training {label}", None, "epoch") as step:
        fitted = fit(
            name,
            split,
            features,
            model_config=model_config,
            training_config=training_config,
            cache=workspace.models,
            device=device,
            progress=_Epochs(step, training_config.metric, run, logger),
        )
    reporter.done(label, cached=fitted.cached)
    if logger is not None:
        logger.finished(run, fitted)
    return fitted


@dataclass(frozen=True)
class _Epochs:
    """Tells a progress bar and a logger about every epoch."""

    step: Step
    metric: str
    run: str
    logger: Logger | None

    def update(
        self, epoch: int, loss: float, metric: float | None, best: float | None, patience_left: int
    ) -> None:
        now = f", {self.metric} {metric:.4f}" if metric is not None else ""
        top = f" (best {best:.4f})" if best is not None else ""
        self.step(epoch, f"loss {loss:.3f}{now}{top}, patience {patience_left}")
        if self.logger is not None:
            values = {"loss": loss} | ({} if metric is None else {self.metric: metric})
            self.logger.epoch(self.run, epoch, values)
