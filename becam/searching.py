"""Search over a recommender's options, on validation data alone."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields, replace
from pathlib import Path
from typing import Any

from becam.catalogues import open_catalogue
from becam.config import SearchConfig, TrainConfig
from becam.dataset import Dataset, make_split, open_dataset
from becam.encoders.registry import check_encoder_name
from becam.progress import Reporter
from becam.proposals import Proposer, combinations
from becam.store import tensor_hash
from becam.training import mask_notes, train_on, with_content_used
from becam.training_result import TrainResult
from becam.trials import Trial, TrialFile
from becam.workspace import Workspace, open_workspace
from recsys import checkpoints
from recsys.errors import InputError
from recsys.files import write_text
from recsys.hashing import content_key
from recsys.search_spaces import LR, Space, Value

SCHEMA = 1


@dataclass(frozen=True, eq=False, repr=False)
class SearchResult:
    """All trials of a search, and what the best of them gives.

    Attributes:
        config: of the search.
        space: what was searched.
        trials: in order.
        best: the trial with the best validation metric; the first of equals.
        chosen: its options, as `becam.train` takes them.
        result: its models, with validation and test metrics.
        record: the file where the trials are kept.
        reused: what came from the cache.
        computed: what was computed now.
    """

    config: SearchConfig
    space: Space
    trials: tuple[Trial, ...]
    best: Trial
    chosen: TrainConfig
    result: TrainResult
    record: Path
    reused: tuple[str, ...] = ()
    computed: tuple[str, ...] = ()

    @property
    def command(self) -> str:
        """The `becam train` options that give the chosen model again."""
        parts = [f"--model {self.chosen.model}"]
        parts += [] if self.chosen.lr is None else [f"--lr {self.chosen.lr!r}"]
        parts += [f"--set {setting}" for setting in self.chosen.settings]
        return " ".join(parts)

    def to_markdown(self) -> str:
        """Return the trials, best first, and the chosen model's metrics."""
        heads = ["trial", *self.space, f"valid {self.config.metric}", "epochs"]
        lines = [f"| {' | '.join(heads)} |", "|" + "---:|" * len(heads)]
        for trial in sorted(self.trials, key=_place):
            value = "failed" if trial.value is None else f"{trial.value:.4f}"
            mark = " (chosen)" if trial is self.best else ""
            options = [option_text(trial.options[key]) for key in self.space]
            cells = [str(trial.number), *options, value + mark, str(trial.epochs)]
            lines.append(f"| {' | '.join(cells)} |")
        return "\n".join([*lines, "", f"Chosen: {self.command}", "", self.result.to_markdown()])

    def to_dict(self) -> dict[str, Any]:
        """Return everything but weights and curves, as JSON can hold it."""
        return {
            "schema": SCHEMA,
            "model": self.config.model,
            "sampler": self.config.sampler,
            "seed": self.config.seed,
            "metric": self.config.metric,
            "space": {key: list(values) for key, values in self.space.items()},
            "trials": [asdict(trial) for trial in self.trials],
            "best": self.best.number,
            "chosen": self.command,
            "result": self.result.to_dict(),
        }

    def trials_csv(self) -> str:
        """Return a row a trial."""
        buffer = io.StringIO()
        writer = csv.writer(buffer, lineterminator="\n")
        facts = ("epochs", "seconds", "failure")
        writer.writerow(["trial", *self.space, f"valid {self.config.metric}", *facts])
        for trial in self.trials:
            options = [option_text(trial.options[key]) for key in self.space]
            value = "" if trial.value is None else repr(trial.value)
            writer.writerow(
                [trial.number, *options, value, trial.epochs, trial.seconds, trial.failure]
            )
        return buffer.getvalue()

    def save(self, folder: str | Path) -> list[Path]:
        """Write ``search.json``, ``trials.csv`` and, of the chosen model, `TrainResult.save`.

        Raises:
            OSError: the folder can't be written.
        """
        document = json.dumps(self.to_dict(), indent=2, ensure_ascii=False, allow_nan=False)
        texts = {"search.json": document + "\n", "trials.csv": self.trials_csv()}
        folder = Path(folder)
        for name, text in texts.items():
            write_text(folder / name, text)
        return [*(folder / name for name in texts), *self.result.save(folder / "chosen")]

    def __repr__(self) -> str:
        return f"SearchResult({self.config.model}, {len(self.trials)} trials)"

    def _repr_markdown_(self) -> str:
        return self.to_markdown()


def search(
    config: SearchConfig | None = None, /, *, reporter: Reporter | None = None, **options: Any
) -> SearchResult:
    """Search the options of a recommender for the best validation metric.

    A trial is one combination of options, trained with every seed; its value is the mean of
    their best validation metrics. Test metrics decide nothing, and are given for the chosen
    combination alone, once the search is over. Every finished trial is recorded in the cache at
    once: an interrupted search goes on where it stopped, and proposes what it would have proposed.

    Args:
        config: all options in one object; or give them by keyword, as in
            ``search(model="freedom+befa", trials=20)``.
        reporter: where progress is shown; standard error by default.
        options: fields of `SearchConfig`; they replace those of ``config``.

    Raises:
        InputError: an unknown name, an unreadable file, optuna missing, no trial that works.
        OSError: the cache can't be written.
    """
    config = replace(config, **options) if config else SearchConfig(**options)
    reporter = reporter or Reporter()
    check_encoder_name(config.encoder)
    space = config.space()
    proposer = Proposer(space, sampler=config.sampler, seed=config.seed)
    workspace = open_workspace(config.cache)
    catalogue = open_catalogue(config.data, workspace, reporter)
    make_split(catalogue, config.seed)  # too small to train: told before anything is encoded
    config = with_content_used(config, reporter)
    dataset = open_dataset(config, workspace=workspace, reporter=reporter, catalogue=catalogue)
    for note in mask_notes(dataset.split(config.seed), config.mask):
        reporter.note(f"{config.data}: {note}")

    about = _identity(config, space, dataset)
    key = content_key(about)
    record = TrialFile(workspace.searches / f"{config.model}-{key[:16]}.json", about)
    trials = record.load()
    if trials:
        reporter.done(f"{len(trials)} trials", cached=True)
    with reporter.bar(f"search of {config.model}", config.trials, "trial") as step:
        step(len(trials), "")
        while len(trials) < config.trials:
            proposed = proposer.propose(trials)
            if proposed is None:
                reporter.note(f"all {combinations(space)} combinations are tried: search is over")
                break
            trials.append(_try(len(trials), proposed, config, dataset, workspace, reporter))
            record.save(trials)
            step(len(trials), _remark(trials, config.metric))
    trials = trials[: config.trials]

    worked = [trial for trial in trials if trial.value is not None]
    if not worked:
        raise InputError(
            f"none of {len(trials)} trials of {config.model} worked; the first: {trials[0].failure}"
        )
    best = max(worked, key=lambda trial: (trial.value or 0.0, -trial.number))
    chosen = trial_config(config, best.options)
    result = train_on(dataset, chosen, workspace=workspace, reporter=reporter, label="the chosen")
    return SearchResult(
        config=config,
        space=space,
        trials=tuple(trials),
        best=best,
        chosen=chosen,
        result=result,
        record=record.path,
        reused=tuple(reporter.reused),
        computed=tuple(reporter.computed),
    )


def trial_config(config: SearchConfig, options: Mapping[str, Value]) -> TrainConfig:
    """Return the options of a trial as `becam.train` takes them."""
    plain = {entry.name: getattr(config, entry.name) for entry in fields(TrainConfig)}
    tried = [f"{key}={option_text(value)}" for key, value in options.items() if key != LR]
    plain["settings"] = (*config.settings, *tried)
    if LR in options:
        plain["lr"] = options[LR]
    return TrainConfig(**plain)


def option_text(value: Value) -> str:
    """Write a value as `recsys.settings` reads it."""
    if value is None or isinstance(value, bool):
        return str(value).lower()
    return str(value)


def _identity(config: SearchConfig, space: Space, dataset: Dataset) -> dict[str, Any]:
    """Return everything that determines the trials, beside their number."""
    training = asdict(config.training_config(config.seed))
    return {
        "schema": SCHEMA,
        "code": checkpoints.SCHEMA,
        "model": config.model,
        "settings": list(config.settings),
        "space": {key: list(values) for key, values in space.items()},
        "sampler": config.sampler,
        "dim": config.dim,
        "features_option": config.features,
        "training": training,
        "seeds": list(config.seed_list()),
        "splits": [dataset.split(seed).fingerprint() for seed in config.seed_list()],
        "features": {name: tensor_hash(rows) for name, rows in dataset.features.items()},
    }


def _try(
    number: int,
    options: dict[str, Value],
    config: SearchConfig,
    dataset: Dataset,
    workspace: Workspace,
    reporter: Reporter,
) -> Trial:
    """Train one combination with every seed; look at validation alone."""
    try:
        result = train_on(
            dataset,
            trial_config(config, options),
            workspace=workspace,
            reporter=reporter,
            label=f"trial {number}",
        )
    except InputError as error:  # options that don't go together, training that diverges
        return Trial(number, options, None, failure=str(error))
    manifests = [run.fitted.manifest for run in result.runs]
    values = tuple(float(manifest["best"]) for manifest in manifests)
    return Trial(
        number,
        options,
        sum(values) / len(values),
        seeds=values,
        epochs=sum(manifest["epochs"] for manifest in manifests),
        seconds=round(sum(manifest["seconds"] for manifest in manifests), 3),
        models=tuple(run.fitted.key for run in result.runs),
    )


def _place(trial: Trial) -> tuple[bool, float]:
    """Sort the best first and those that failed last; a metric of 0 is no failure."""
    return trial.value is None, -(trial.value or 0.0)


def _remark(trials: list[Trial], metric: str) -> str:
    best = max((trial.value for trial in trials if trial.value is not None), default=None)
    return "every trial failed so far" if best is None else f"best {metric} {best:.4f}"
