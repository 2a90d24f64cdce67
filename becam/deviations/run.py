"""Deviation per data set, modality, model and adapter: a table, its items, a figure."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import torch

from becam.config import DataConfig
from becam.content_dependence import item_dependence, mean_dependence
from becam.dataset import Dataset, open_dataset
from becam.deviations.config import DeviationConfig
from becam.deviations.values import Deviations, deviations
from becam.progress import Reporter
from becam.tables.compare import figure, paired
from becam.tables.finished import Finished
from becam.tables.opened import options_of
from becam.tables.table import Cell, Column, Row, Table, corrected
from becam.training import fit_model
from becam.workspace import open_workspace
from recsys.fit import Fitted
from recsys.models.base import Recommender
from recsys.models.names import ModelName

if TYPE_CHECKING:
    from matplotlib.figure import Figure

DEPENDENCE_ITEMS = 200  # over which content dependence is averaged: it changes little with more
QUANTITIES = ("angle", "effective length", "Delta", "Delta, shuffled", "content")
DIGITS = (2, 4, 4, 4, 4)


@dataclass(frozen=True, eq=False)
class Side:
    """One trained recommender and one of its modalities.

    Attributes:
        data: the data set.
        model: recommender and adapter.
        modality: whose content.
        seed: the recommender was trained with.
        items: ids of the items measured: those with an interaction in the training split.
        values: their deviations.
        shuffled: the same with the content of another of them, each guided by its own b.
        content_dependence: see `becam.content_dependence`, mean over items.
        key: content key of the trained recommender.
    """

    data: str
    model: ModelName
    modality: str
    seed: int
    items: tuple[str, ...]
    values: Deviations
    shuffled: Deviations
    content_dependence: float
    key: str

    def figures(self) -> tuple[float, ...]:
        """Return the side's figures in the order of `QUANTITIES`; the angle in degrees."""
        return (
            math.degrees(self.values.mean_theta),
            self.values.mean_effective,
            self.values.delta,
            self.shuffled.delta,
            self.content_dependence,
        )


@dataclass(frozen=True, eq=False)
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
        from becam.tables.tidy import write_tidy

        columns: dict[str, Any] = {
            **{"data": str, "recommender": str, "adapter": str, "modality": str, "seed": int},
            **{"item": str, "theta": float, "effective_length": float, "deviation": float},
        }
        rows = [
            (
                *(side.data, side.model.recommender, side.model.adapter or "", side.modality),
                *(side.seed, item, float(theta), float(effective), float(deviation)),
            )
            for side in self.sides
            for item, theta, effective, deviation in zip(
                side.items,
                side.values.theta,
                side.values.effective,
                side.values.deviation,
                strict=True,
            )
        ]
        return write_tidy(Path(path), columns, rows)


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
    sides: list[Side] = []
    about: list[dict[str, Any]] = []
    for each in config.data_configs():
        found, of_data = _measure(each, config, reporter, [of["name"] for of in about])
        sides += found
        about.append(of_data)
    return DeviationResult(
        table=_table(sides, config, about),
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
        figure=_figure(sides),
        sides=tuple(sides),
    )


def _measure(
    data: DataConfig, config: DeviationConfig, reporter: Reporter, taken: Sequence[str]
) -> tuple[list[Side], dict[str, Any]]:
    """Measure every model on one data set; tell what the data set is."""
    workspace = open_workspace(data.cache)
    dataset = open_dataset(data, workspace=workspace, reporter=reporter)
    name = data.data if dataset.name in taken else dataset.name
    sides = []
    for seed in config.seed_list():
        split = dataset.split(seed)
        known = np.unique(split.train[:, 1])
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
    n_items = len(dataset.catalogue.items)
    return sides, {
        "name": name,
        "items": n_items,
        "sources": dataset.sources,
        "notes": list(dataset.notes),
        "simulated": dataset.name == "demo",
    }


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
    # As the recommender itself takes it: features that were trained along, where they were.
    content = recommender.branch(modality).features.detach()
    behavioural = recommender.behavioural_embeddings().detach()
    rows = torch.from_numpy(known).to(behavioural.device)
    # A rotation of a random order leaves no item its own content.
    order = np.random.default_rng([seed, 4]).permutation(len(known))
    partner = np.empty_like(order)
    partner[order] = np.roll(order, 1)
    strangers = rows[torch.from_numpy(partner).to(rows.device)]
    with torch.inference_mode():
        own, foreign = (
            _adapted(recommender, modality, content[of], behavioural[rows])
            for of in (rows, strangers)
        )
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
        values=deviations(own, behavioural[rows], exponent=exponent),
        shuffled=deviations(foreign, behavioural[rows], exponent=exponent),
        content_dependence=dependence,
        key=fitted.key,
    )


def _adapted(
    model: Recommender, modality: str, content: torch.Tensor, behavioural: torch.Tensor
) -> torch.Tensor:
    return model.to_behavioural_space(modality, content.to(behavioural), behavioural)


def _table(sides: Sequence[Side], config: DeviationConfig, about: list[dict[str, Any]]) -> Table:
    modalities = list(dict.fromkeys(side.modality for side in sides))
    columns = tuple(
        Column(f"{modality} {quantity}", modality, quantity, digits)
        for modality in modalities
        for quantity, digits in zip(QUANTITIES, DIGITS, strict=True)
    )
    rows: list[Row] = []
    for data in dict.fromkeys(side.data for side in sides):
        for recommender in dict.fromkeys(name.recommender for name in config.names):
            names = [name for name in config.names if name.recommender == recommender]
            values = {
                name: [
                    _over_seeds(sides, data, name, modality, place)
                    for modality in modalities
                    for place in range(len(QUANTITIES))
                ]
                for name in names
            }
            rows += [
                Row(
                    data,
                    recommender,
                    str(name),
                    tuple(figure(each) if each else None for each in values[name]),
                    control=name.adapter == "identity-gate",
                )
                for name in names
            ]
            rows += [
                Row(
                    data,
                    recommender,
                    str(name),
                    tuple(map(_change, values[name], values[names[0]])),
                    against=str(names[0]),
                )
                for name in names[1:]
            ]
    caption = (
        "Deviation of content features from behavioural embeddings (BeFA, eq. 4-7), mean"
        f"{' (standard deviation)' if config.seeds > 1 else ''} over {_seeds(config.seeds)}: the "
        "angle theta in degrees, the effective length p, and Delta, the mean of "
        f"f = (1 - cos theta)^{config.exponent:g}. Rows with 'vs.': change of the mean in percent."
    )
    return corrected(Table("deviation", caption, columns, tuple(rows), _notes(about)))


def _seeds(count: int) -> str:
    return "1 seed" if count == 1 else f"{count} seeds"


def _over_seeds(
    sides: Sequence[Side], data: str, name: ModelName, modality: str, place: int
) -> list[float]:
    """Return a figure of every seed; nothing where it is undefined in any."""
    found = [
        side.figures()[place]
        for side in sides
        if (side.data, side.model, side.modality) == (data, name, modality)
    ]
    return [] if any(math.isnan(value) for value in found) else found


def _change(after: list[float], before: list[float]) -> Cell | None:
    if not (after and before):
        return None
    cell = paired(after, before)
    return cell if len(after) > 1 else replace(cell, seeds=None)  # nothing to test


def _notes(about: Sequence[dict[str, Any]]) -> tuple[str, ...]:
    notes = [
        "Items without an interaction in the training split are left out: their behavioural "
        "embedding says nothing about behaviour.",
        "Eq. 6's exponent is garbled in the copy of the paper that becam was written from; it is "
        "an option.",
        "'Delta, shuffled' (control): every item with another item's content. Where it is as small "
        "as Delta, the deviation is small for any content, not because this content agrees.",
        "'content': how much the output depends on the content, 1 without an adapter, 0 for one "
        "that ignores it. An adapter that returns the behavioural embedding alone (identity-gate) "
        "has the angle 0 and Delta 0.",
    ]
    notes += [
        f"{each['name']}: the behaviour is simulated; figures on it are about the method, not "
        "about people."
        for each in about
        if each["simulated"]
    ]
    return tuple(notes)


def _figure(sides: Sequence[Side]) -> Figure:
    from becam.figures.deviation import Panel, deviation_figure

    def pooled(of: Sequence[Deviations]) -> np.ndarray[Any, np.dtype[np.float64]]:
        return np.concatenate([each.theta[np.isfinite(each.theta)] for each in of])

    groups: dict[tuple[str, str, ModelName], list[Side]] = {}
    for side in sides:
        groups.setdefault((side.data, side.modality, side.model), []).append(side)
    adapted = {
        (data, modality, name.recommender) for data, modality, name in groups if name.adapter
    }
    panels = []
    for (data, modality, name), found in groups.items():
        if name.adapter is None and (data, modality, name.recommender) in adapted:
            continue  # drawn as the "before" of the others
        plain = groups[data, modality, name.without_adapter()]
        dependence = float(np.mean([side.content_dependence for side in found]))
        after = None if name.adapter is None else pooled([side.values for side in found])
        panels.append(
            Panel(
                title=f"{name}, {modality}, {data}",
                before=pooled([side.values for side in plain]),
                after=after,
                shuffled=None if after is None else pooled([side.shuffled for side in found]),
                note="" if after is None else f"content dependence {dependence:.2g}",
            )
        )
    return deviation_figure(panels)
