"""Deviation per data set, modality, model and adapter: a table, its items, a figure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from becam.before_after_items import measure_each, name_beside, write_items
from becam.config import DataConfig
from becam.content_dependence import item_dependence, mean_dependence
from becam.contents import behavioural_content, behavioural_embeddings, exchanged
from becam.dataset import Dataset, open_dataset
from becam.deviations.config import DeviationConfig
from becam.deviations.report import deviation_histograms, deviation_table
from becam.deviations.side import Side
from becam.deviations.values import deviations
from becam.progress import Reporter
from becam.tables.finished import Finished
from becam.tables.opened import about_data, options_of
from becam.training import fit_model
from becam.workspace import open_workspace
from recsys.fit import Fitted
from recsys.models.names import ModelName

DEPENDENCE_ITEMS = 200  # over which content dependence is averaged: it changes little with more


@dataclass(frozen=True, eq=False, repr=False)
class DeviationResult(Finished):
    """The table of deviations with every item behind it; shows itself in a notebook.

    Attributes:
        sides: by data set, model, modality and seed.
    """

    sides: tuple[Side, ...] = ()

    def save_items(self, path: str | Path) -> Path:
        """Write a row an item, model, modality and seed as .csv or .parquet.

        Raises:
            InputError: another ending.
            OSError: it can't be written.
        """
        return write_items(
            path,
            self.sides,
            {
                "theta": lambda side: side.values.theta,
                "effective_length": lambda side: side.values.effective,
                "deviation": lambda side: side.values.deviation,
            },
        )


def deviation(
    config: DeviationConfig | None = None, /, *, reporter: Reporter | None = None, **options: Any
) -> DeviationResult:
    """Measure how far content deviates from behaviour (BeFA, eq. 4-7), before and after adapters.

    Recommenders that were trained before come from the cache.

    Args:
        config: all options in one object; or give them by keyword, as in
            ``deviation(model="bm3+befa", data=("demo",))``.
        reporter: where progress is shown; standard error by default.
        options: fields of `DeviationConfig`; they replace those of ``config``.

    Raises:
        InputError: an unknown name, data that can't be used, training that diverges.
        OSError: the cache can't be written.
    """
    config = replace(config, **options) if config else DeviationConfig(**options)
    reporter = reporter or Reporter()
    sides, about = measure_each(
        config.data_configs(), lambda data, taken: _measure(data, config, reporter, taken)
    )
    return DeviationResult(
        table=deviation_table(sides, config, about),
        options=options_of(config),
        data=about,
        runs=[
            {
                **{"data": side.data, "model": str(side.model), "modality": side.modality},
                **{"seed": side.seed, "key": side.key, "items": len(side.items)},
                "undefined": len(side.items) - side.values.n,
            }
            for side in sides
        ],
        figure=deviation_histograms(sides),
        sides=tuple(sides),
    )


def _measure(
    data: DataConfig, config: DeviationConfig, reporter: Reporter, taken: Sequence[str]
) -> tuple[list[Side], dict[str, Any]]:
    """Measure every model on one data set; tell what the data set is."""
    workspace = open_workspace(data.cache)
    dataset = open_dataset(data, workspace=workspace, reporter=reporter)
    name = name_beside(dataset, data.data, taken)
    sides = []
    for seed in config.seed_list():
        split = dataset.split(seed)
        known = split.trained_items
        for model in config.names:
            fitted = fit_model(
                model,
                split,
                dataset.features,
                config.model_config(model),
                config.training_config(seed),
                device=dataset.device,
                workspace=workspace,
                reporter=reporter,
                label=f"{model}, seed {seed}" if config.seeds > 1 else str(model),
            )
            for modality in dataset.features:
                side = _side(name, dataset, model, fitted, modality, seed, known, config.exponent)
                sides.append(side)
    return sides, about_data(dataset, name)


def _side(
    data: str,
    dataset: Dataset,
    model: ModelName,
    fitted: Fitted,
    modality: str,
    seed: int,
    known: np.ndarray[Any, Any],
    exponent: float,
) -> Side:
    recommender = fitted.model
    behavioural = behavioural_embeddings(recommender, known)
    order = np.random.default_rng([seed, 4]).permutation(len(known))
    own, foreign = (
        behavioural_content(recommender, modality, of, known)
        for of in (known, known[exchanged(order)])
    )
    content = recommender.branch(modality).features.detach()
    sample = np.sort(order[:DEPENDENCE_ITEMS])
    dependence = mean_dependence(
        item_dependence(recommender, modality, content, index, candidates=known.tolist(), seed=seed)
        for index in known[sample].tolist()
    )
    return Side(
        data=data,
        model=model,
        modality=modality,
        seed=seed,
        items=tuple(dataset.catalogue.items[index].item_id for index in known.tolist()),
        values=deviations(own, behavioural, exponent=exponent),
        shuffled=deviations(foreign, behavioural, exponent=exponent),
        content_dependence=dependence,
        key=fitted.key,
    )
