"""Distributions per data set, modality, model and adapter: a table, its items, a figure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

from becam.before_after_items import measure_each, name_beside, write_items
from becam.catalogues import open_catalogue
from becam.config import DataConfig
from becam.dataset import make_split, open_dataset
from becam.distributions.config import DEFAULT_ITEMS, DistributionConfig
from becam.distributions.measuring import draw_items, measure_side
from becam.distributions.report import distribution_panels, distribution_table, figure_caption
from becam.distributions.side import Side
from becam.figures.distribution import distribution_figure
from becam.progress import Reporter
from becam.tables.finished import Finished
from becam.tables.opened import about_data, options_of
from becam.training import fit_model
from becam.workspace import open_workspace
from recsys.data.catalogue import Catalogue
from recsys.data.splits import Split
from recsys.errors import InputError, shown
from recsys.fit import Fitted
from recsys.models.names import ModelName


@dataclass(frozen=True, eq=False, repr=False)
class DistributionResult(Finished):
    """The table of a distribution with every point behind it; shows itself in a notebook.

    Attributes:
        sides: by data set, seed, model and modality.
    """

    sides: tuple[Side, ...] = ()

    def save_items(self, path: str | Path) -> Path:
        """Write a row an item, model, modality and seed as .csv or .parquet.

        Columns: data, recommender, adapter, modality, seed, item, x, y (of the projection), angle
        (radians; empty for a point in the middle).

        Raises:
            InputError: another ending.
            OSError: it can't be written.
        """
        return write_items(
            path,
            self.sides,
            {
                "x": lambda side: side.points[:, 0],
                "y": lambda side: side.points[:, 1],
                "angle": lambda side: side.angles,
            },
        )


def distribution(
    config: DistributionConfig | None = None,
    /,
    *,
    reporter: Reporter | None = None,
    **options: Any,
) -> DistributionResult:
    """Show how content features lie on the sphere, before and after adapters (Fig. 9 of BeFA).

    Recommenders that were trained before come from the cache.

    Args:
        config: all options in one object; or give them by keyword, as in
            ``distribution(model="bm3+befa", data=("demo",))``.
        reporter: where progress is shown; standard error by default.
        options: fields of `DistributionConfig`; they replace those of ``config``.

    Raises:
        InputError: an unknown name, data that can't be used, more items than there are, training
            that diverges.
        OSError: the cache can't be written.
    """
    config = replace(config, **options) if config else DistributionConfig(**options)
    reporter = reporter or Reporter()
    sides, about = measure_each(
        config.data_configs(), lambda data, taken: _measure(data, config, reporter, taken)
    )
    draw = partial(distribution_figure, distribution_panels(sides, config))
    return DistributionResult(
        table=distribution_table(sides, config, about),
        options=options_of(config),
        data=about,
        runs=[side.about() for side in sides],
        figure=draw(),
        draw=draw,
        figure_caption=figure_caption(config, about),
        sides=tuple(sides),
    )


def _measure(
    data: DataConfig, config: DistributionConfig, reporter: Reporter, taken: Sequence[str]
) -> tuple[list[Side], dict[str, Any]]:
    """Measure every model on one data set; tell what the data set is."""
    workspace = open_workspace(data.cache)
    catalogue = open_catalogue(data.data, workspace, reporter)
    splits = _splits(catalogue, config)
    # Too few items: told before anything is encoded.
    count = _count(catalogue, splits, config)
    config = replace(config, items=count)  # a perplexity may be too large for so few
    dataset = open_dataset(data, workspace=workspace, reporter=reporter, catalogue=catalogue)
    name = name_beside(dataset, data.data, taken)
    ids = tuple(item.item_id for item in catalogue.items)
    sides: list[Side] = []
    fits: dict[tuple[ModelName, int], Fitted] = {}
    total = config.seeds * len(config.names) * len(dataset.features)
    for seed in config.seed_list():
        trained = config.training_seed(seed)
        fits = {key: fit for key, fit in fits.items() if key[1] == trained}
        for model in config.names:
            if (model, trained) not in fits:
                fits[model, trained] = fit_model(
                    model,
                    splits[trained],
                    dataset.features,
                    config.model_config(model),
                    config.training_config(trained),
                    device=dataset.device,
                    workspace=workspace,
                    reporter=reporter,
                    label=f"{model}, seed {trained}" if len(splits) > 1 else str(model),
                )
        items = draw_items(splits[trained].trained_items, count, seed)
        with reporter.bar(f"laying out seed {seed}", total, "panel") as step:
            for model in config.names:
                for modality in dataset.features:
                    step(len(sides), f"{model}, {modality}")
                    found = measure_side(
                        *(fits[model, trained], model, modality, items, splits[trained], config),
                        data=name,
                        ids=ids,
                        seed=seed,
                    )
                    sides.append(found)
    return sides, about_data(dataset, name)


def _splits(catalogue: Catalogue, config: DistributionConfig) -> dict[int, Split]:
    """Split for every seed of training."""
    seeds = dict.fromkeys(map(config.training_seed, config.seed_list()))
    return {seed: make_split(catalogue, seed) for seed in seeds}


def _count(catalogue: Catalogue, splits: Mapping[int, Split], config: DistributionConfig) -> int:
    """Return how many items are drawn.

    Raises:
        InputError: fewer items with a training interaction than are to be drawn.
    """
    known = {seed: len(split.trained_items) for seed, split in splits.items()}
    seed = min(known, key=lambda each: known[each])
    if config.items is None:
        return min(DEFAULT_ITEMS, known[seed])
    if config.items > known[seed]:
        raise InputError(
            f"items {shown(config.items)}: {shown(catalogue.name)} has {known[seed]} with a "
            f"training interaction (seed {seed}); expected at most {known[seed]}"
        )
    return config.items
