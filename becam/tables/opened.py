"""The data sets of a table, opened, under names that differ."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from becam.config import DataConfig
from becam.dataset import Dataset, open_dataset
from becam.progress import Reporter
from becam.tables.runs import Inputs
from becam.workspace import Workspace
from recsys.data.demo.names import is_simulated
from recsys.data.splits import Split


@dataclass(frozen=True, eq=False)
class Opened:
    """A data set of a table.

    Attributes:
        name: What rows and runs call it.
        inputs: What recommenders are trained on.
        about: What it is, as JSON can hold it.
    """

    name: str
    inputs: Inputs
    about: dict[str, Any]


def open_all(
    configs: Sequence[DataConfig], seeds: Sequence[int], workspace: Workspace, reporter: Reporter
) -> list[Opened]:
    """Open every data set and split it for every seed.

    Raises:
        InputError: A catalogue, modality or encoder that can't be used.
        OSError: The cache can't be written.
    """
    opened = [open_dataset(each, workspace=workspace, reporter=reporter) for each in configs]
    names = [dataset.name for dataset in opened]
    return [
        _opened(config.data if names.count(dataset.name) > 1 else dataset.name, dataset, seeds)
        for config, dataset in zip(configs, opened, strict=True)
    ]


def _opened(name: str, dataset: Dataset, seeds: Sequence[int]) -> Opened:
    splits: dict[int, Split] = {}
    same: dict[str, Split] = {}  # the catalogue's own split is one for all seeds
    for seed in seeds:
        split = dataset.split(seed)
        splits[seed] = same.setdefault(split.fingerprint(), split)
    about = about_data(dataset, name)
    about["split"] = "one for every seed" if len(same) == 1 else "another for each seed"
    features = {modality: values.numpy() for modality, values in dataset.features.items()}
    return Opened(name, Inputs(features, splits, dataset.device), about)


def about_data(dataset: Dataset, name: str) -> dict[str, Any]:
    """Return what a data set is, under the name that rows call it, as JSON can hold it."""
    interactions = dataset.catalogue.interactions
    return {
        "name": name,
        "users": interactions.n_users,
        "items": interactions.n_items,
        "interactions": interactions.n,
        "sources": dataset.sources,
        "notes": list(dataset.notes),
        "simulated": is_simulated(dataset.catalogue),
    }


def options_of(config: Any) -> dict[str, Any]:
    """Return what was asked for, as JSON can hold it; without what changes no figure."""
    from dataclasses import asdict

    without = {"cache", "workers"}
    return {key: value for key, value in asdict(config).items() if key not in without}


def simulated_notes(about: Iterable[Mapping[str, Any]]) -> list[str]:
    """Return what a reader of figures should know of data sets, each as `about_data` has it."""
    return [
        f"{each['name']}: the behaviour is simulated; figures on it are about the method, not "
        "about people."
        for each in about
        if each["simulated"]
    ]
