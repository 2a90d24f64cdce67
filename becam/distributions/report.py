"""Distributions as a table and as panels of a figure."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Any

from becam.distributions.config import DistributionConfig
from becam.distributions.side import QUANTITIES, Side
from becam.figures.distribution import Panel
from becam.tables.compare import figure, paired
from becam.tables.opened import simulated_notes
from becam.tables.table import Cell, Column, Row, Table, corrected
from recsys.models.names import ModelName
from recsys.statistics import estimate

DIGITS = 3
CALLED = {"tsne": "t-SNE", "pca": "principal components", "umap": "UMAP"}
MINUS = "\N{MINUS SIGN}"


def distribution_table(
    sides: Sequence[Side], config: DistributionConfig, about: Sequence[dict[str, Any]]
) -> Table:
    """Build the table: rows by data set and modality, a model before and after each."""
    columns = tuple(Column(quantity, "", quantity, DIGITS) for quantity in QUANTITIES)
    rows: list[Row] = []
    for data, modality in dict.fromkeys((side.data, side.modality) for side in sides):
        for names in _by_recommender(config.names):
            of = {
                name: [_over_seeds(sides, data, name, modality, each) for each in QUANTITIES]
                for name in names
            }
            where = f"{data}, {modality}"
            rows += [
                Row(
                    where,
                    name.recommender,
                    str(name),
                    tuple(figure(values) for values in of[name]),
                    control=name.adapter == "identity-gate",
                )
                for name in names
            ]
            rows += [
                Row(
                    where,
                    name.recommender,
                    str(name),
                    tuple(map(_change(config), of[name], of[names[0]])),
                    against=str(names[0]),
                )
                for name in names[1:]
            ]
    return corrected(Table("distribution", _caption(config), columns, tuple(rows), _notes(about)))


def distribution_panels(sides: Sequence[Side], config: DistributionConfig) -> list[Panel]:
    """Return what is drawn: a panel a data set, recommender, modality and model."""
    panels = []
    for data in dict.fromkeys(side.data for side in sides):
        for names in _by_recommender(config.names):
            for modality in dict.fromkeys(side.modality for side in sides if side.data == data):
                for name in names:
                    found = _of(sides, data, name, modality)
                    panels.append(
                        Panel(
                            row=f"{data}, {name.recommender}",
                            modality=modality,
                            adapter=name.adapter or "no adapter",
                            directions=tuple(side.directions for side in found),
                            seeds=tuple(f"seed {side.seed}" for side in found),
                            note=_figures(found),
                            bandwidth=math.radians(config.bandwidth),
                        )
                    )
    return panels


def figure_caption(config: DistributionConfig, about: Sequence[dict[str, Any]]) -> str:
    """Say what the figure shows: data, encoder, models, projection, densities, seeds."""
    data = "; ".join(
        f"{each['name']}{' (simulated behaviour)' if each['simulated'] else ''}" for each in about
    )
    trained = "" if config.train_seed is None else f" (all trained with seed {config.train_seed})"
    seeds = f"seed {config.seed}" + (
        f" to {config.seed + config.seeds - 1}" if config.seeds > 1 else ""
    )
    method = CALLED[config.projection]
    if config.perplexity_used is not None:
        method += f" (perplexity {config.perplexity_used:g})"
    if config.neighbours_used is not None:
        method += f" ({config.neighbours_used} neighbours)"
    return (
        f"Content features of {config.items_said} of {data} in the behavioural space of "
        f"{', '.join(map(str, config.names))}. Encoder {config.encoder}, {config.features} "
        f"features. Above: {method} in two dimensions, on the unit circle, Gaussian kernel density "
        f"in the plane, a ring a seed; below: the density over the angle, both with a standard "
        f"deviation of {config.bandwidth:g} degrees; {seeds}{trained}. Where on the circle a peak "
        "lies means nothing. Uniformity and alignment (mean"
        f"{', standard deviation over seeds' if config.seeds > 1 else ''}) are those of the "
        f"{config.dim}-dimensional unit vectors; shuffled: with other items' content."
    )


def _by_recommender(names: Iterable[ModelName]) -> list[list[ModelName]]:
    """Group models; in each group the one without an adapter is the first."""
    groups: dict[str, list[ModelName]] = {}
    for name in names:
        groups.setdefault(name.recommender, []).append(name)
    return list(groups.values())


def _of(sides: Sequence[Side], data: str, name: ModelName, modality: str) -> list[Side]:
    wanted = (data, name, modality)
    return [side for side in sides if (side.data, side.model, side.modality) == wanted]


def _over_seeds(
    sides: Sequence[Side], data: str, name: ModelName, modality: str, quantity: str
) -> list[float]:
    """Return a figure of every seed; nothing where it is undefined in any."""
    found = [side.figures[quantity] for side in _of(sides, data, name, modality)]
    return [] if any(math.isnan(value) for value in found) else found


def _change(config: DistributionConfig) -> Any:
    """Return how two models are compared; tested where each seed is a training of its own."""

    def compare(after: list[float], before: list[float]) -> Cell | None:
        if not (after and before):
            return None
        cell = paired(after, before)
        tested = len(after) > 1 and config.train_seed is None
        return cell if tested else replace(cell, seeds=None)

    return compare


def _figures(found: Sequence[Side]) -> tuple[str, ...]:
    """Write the figures that stand beside a panel, a line each."""

    def mean(quantity: str) -> str:
        values = [side.figures[quantity] for side in found]
        if any(math.isnan(value) for value in values):
            return "not defined"
        of = estimate(values)
        spread = "" if of.sd is None else f" ({of.sd:.{DIGITS}f})"
        return f"{of.mean:.{DIGITS}f}{spread}".replace("-", MINUS)

    return (
        f"uniformity {mean('uniformity')}",
        f"alignment {mean('alignment')}",
        f"shuffled {mean('alignment, shuffled')}",
    )


def _caption(config: DistributionConfig) -> str:
    seeds = "1 seed" if config.seeds == 1 else f"{config.seeds} seeds"
    spread = " (standard deviation)" if config.seeds > 1 else ""
    whose = "" if config.train_seed is None else f", all trained with seed {config.train_seed}"
    return (
        "Content features in the behavioural space, before and after the adapter, as unit vectors "
        f"in {config.dim} dimensions: mean{spread} over {seeds}{whose}, {config.items_said} each. "
        "Uniformity is log E exp(-2 |x - y|^2) over pairs of items (lower is more even), alignment "
        "E |x - y|^2 between an item's content and its behavioural embedding (lower is closer; "
        "Wang and Isola, 2020, Section 4.1). Rows with 'vs.': change of the mean in percent of "
        f"its size. The figure shows {CALLED[config.projection]} in two dimensions, "
        "on the unit circle."
    )


def _notes(about: Sequence[dict[str, Any]]) -> tuple[str, ...]:
    notes = [
        "Items are drawn from those with an interaction in the training split; others have a "
        "behavioural embedding that says nothing about behaviour.",
        "'alignment, shuffled' (control): every item with another item's content. Where it is as "
        "low as the alignment, any content would be aligned.",
        "'alignment of co-interacted': E |x - y|^2 between the contents of two items that one user "
        "interacted with, each pair once a user; to be read against 'alignment of any two'. Both "
        "fall where everything moves together.",
        "'uniformity of behaviour': of the behavioural embeddings themselves. An adapter that "
        "returns them alone (identity-gate) has the same uniformity and the alignment 0.",
        "'circle covered': exp(entropy) / 2 pi of the density over the angle of the projection, "
        "which no turn of the circle changes; 1 is uniform. It and the figure are about the "
        "projection; the other columns are not.",
    ]
    return (*notes, *simulated_notes(about))
