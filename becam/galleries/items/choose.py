"""Choosing the items of a gallery: by name, by query, at random, by what their maps show."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import zip_longest
from typing import Any

import numpy as np

from becam.explainer import Explainer
from becam.galleries.document import Section
from becam.galleries.items.query import compile_query
from becam.galleries.items.record import METRICS, Record
from becam.galleries.items.rows import columns_of
from becam.galleries.items.selection import PICKS, Selection
from recsys.errors import InputError, nearest, shown
from recsys.models.names import ModelName

Measure = Callable[[Sequence[int]], Mapping[int, Record]]
MEANING = {
    "all": "as listed",
    "random": "drawn at random",
    "popular": "most interactions in the training split",
    "drift": "largest drift before (mean over the recommenders without adapter)",
    "omission": "largest omission before (mean over the recommenders without adapter)",
    "improvement": "largest fall of drift + omission by the adapter (mean over the adapters)",
    "disagreement": "least correlated maps of different recommenders",
    "typical": "nearest to the pool's medians of all figures, in median absolute deviations",
}


MASKED = ("drift", "omission", "improvement")  # picks by figures that need product masks


@dataclass(frozen=True)
class Choice:
    """The items of one catalogue.

    Attributes:
        indices: in the gallery's order.
        ways: for each, the way that it was chosen.
        about: how, as JSON can hold it.
        notes: lines for a reader.
    """

    indices: tuple[int, ...]
    ways: tuple[str, ...]
    about: dict[str, Any]
    notes: tuple[str, ...] = field(default=())


def choose(
    selection: Selection,
    section: Section,
    explainer: Explainer,
    models: Sequence[str],
    *,
    cut: int | None,
    measure: Measure,
) -> Choice:
    """Choose the items of a catalogue.

    Args:
        selection: how.
        section: where that stands, for errors.
        explainer: the catalogue, opened.
        models: the gallery's recommenders.
        cut: at most so many items.
        measure: makes the heatmaps of items and returns what they show, as far as it could.

    Raises:
        InputError: as `candidates`; nothing that can be picked.
    """
    found = candidates(selection, section, explainer)
    order = np.random.default_rng([selection.seed, 5]).permutation(len(explainer.catalogue.items))
    possible = set(found)
    drawn = [index for index in order.tolist() if index in possible]
    counts = training_counts(explainer)
    pool: Mapping[int, Record] = {}
    asked = 0
    if set(selection.ways) & set(PICKS):
        asked = min(selection.pool, len(drawn))
        pool = measure(sorted(drawn[:asked]))
    chosen: dict[int, str] = {}
    notes = []
    for way in selection.ways:
        if way in PICKS:
            scores = scored(way, pool, models)
            if not scores:
                raise section.error("pick", _nothing(way, pool, models, explainer))
            ranked = sorted(scores, key=lambda index: (-scores[index], index))
        elif way == "popular":
            ranked = sorted(found, key=lambda index: (-counts[index], index))
        else:
            ranked = found if way == "all" else drawn
        left = [index for index in ranked if index not in chosen]
        taken = left if selection.most is None else left[: selection.most]
        if selection.most is not None and len(taken) < selection.most:
            notes.append(
                f"{explainer.catalogue.name}: {len(taken)} items instead of {selection.most} for "
                f"{way!r}: there are no more"
            )
        chosen |= dict.fromkeys(taken, way)
    about = {
        "ways": {way: MEANING[way] for way in selection.ways},
        "count": selection.most,
        "candidates": len(found),
        "query": selection.query,
        "seed": selection.seed,
        "pool": [explainer.catalogue.items[index].item_id for index in sorted(pool)],
        "drawn": asked < len(found),  # whether the pool is a part of them
    }
    if asked:
        draw = f", drawn with seed {selection.seed} from {len(found)}" if about["drawn"] else ""
        notes.append(
            f"{explainer.catalogue.name}: picked among {len(pool)} items{draw}: figures of "
            "picked items are no estimate of anything"
        )
    indices = _in_turns(chosen, selection.ways)[:cut]
    return Choice(indices, tuple(chosen[index] for index in indices), about, tuple(notes))


def _in_turns(chosen: Mapping[int, str], ways: Sequence[str]) -> tuple[int, ...]:
    """Take the first item of each way, then the second: the start of a gallery has of all."""
    by_way = [[index for index, way in chosen.items() if way == each] for each in ways]
    turns = zip_longest(*by_way)
    return tuple(index for turn in turns for index in turn if index is not None)


def training_counts(explainer: Explainer) -> Any:
    """Count each item's interactions in the training split; (items,) int64."""
    return np.bincount(explainer.split.train[:, 1], minlength=len(explainer.catalogue.items))


def candidates(selection: Selection, section: Section, explainer: Explainer) -> list[int]:
    """Return the items to choose among, by index: the listed ones, or all with a map to be had.

    It needs no recommender: what is wrong is told before any is trained.

    Raises:
        InputError: unknown ids or columns, nothing that matches, picks without product masks.
    """
    listed = selection.listed()
    key = "ids" if selection.ids else "file"
    try:
        found = [explainer.catalogue.index_of(name) for name in listed]
    except InputError as error:
        raise section.error(key, str(error)) from error
    found = found or list(explainer.eligible)
    if selection.query is not None:
        columns = columns_of(explainer.catalogue, training_counts(explainer))
        try:
            test = compile_query(selection.query, tuple(columns))
        except InputError as error:
            raise section.error("query", str(error)) from error
        found = [
            index
            for index in found
            if test({name: values[index] for name, values in columns.items()})
        ]
        if not found:
            hint = _example(selection.query, columns)
            problem = f"no item of {explainer.catalogue.name!r} matches {shown(selection.query)}"
            raise section.error("query", problem + hint)
    if not found:
        raise InputError(
            f"catalogue {explainer.catalogue.name!r} has no item with a picture and an "
            "interaction in the training split"
        )
    for place, way in enumerate(selection.pick):
        if way in MASKED and all(explainer.catalogue.items[index].mask is None for index in found):
            raise section.error("pick", _without_masks(way, explainer), place)
    return found


def _example(query: str, columns: Mapping[str, Sequence[Any]]) -> str:
    """Name values near to a text of the query that no item has."""
    texts = [part for part in query.replace("'", '"').split('"')[1::2] if part]
    for name, values in columns.items():
        if name in query and name not in ("item_id", "title"):
            known = {str(value) for value in values if value is not None}
            for text in texts:
                if text not in known and (close := nearest(text, known)):
                    return f"; is {name} {' or '.join(map(shown, close))} meant?"
    return ""


def scored(way: str, pool: Mapping[int, Record], models: Sequence[str]) -> dict[int, float]:
    """Return how much items show of what a pick looks for; without those that can't tell."""
    if way == "typical":
        return _typical(pool, len(models))
    scores = {index: _score(way, record, models) for index, record in pool.items()}
    return {index: score for index, score in scores.items() if not math.isnan(score)}


def _score(way: str, record: Record, models: Sequence[str]) -> float:
    def value(model: int, metric: str) -> float:
        found = record.value(model, metric)
        return math.nan if found is None else found

    if way == "disagreement":
        return math.nan if record.disagreement is None else record.disagreement
    names = [ModelName.parse(model) for model in models]
    if way == "improvement":
        falls = [
            value(models.index(name.recommender), metric) - value(place, metric)
            for place, name in enumerate(names)
            if name.adapter is not None
            for metric in ("drift", "omission")
        ]
        # Two figures an adapter: their sum, averaged over the adapters.
        return 2 * _mean(falls)
    return _mean([value(place, way) for place, name in enumerate(names) if name.adapter is None])


def _mean(values: Sequence[float]) -> float:
    return sum(values) / len(values) if values else math.nan


def _typical(pool: Mapping[int, Record], models: int) -> dict[int, float]:
    """Return minus the mean distance from the medians, each in median absolute deviations."""
    rows = [
        [
            math.nan if (value := record.value(model, metric["key"])) is None else value
            for model in range(models)
            for metric in METRICS
        ]
        for record in pool.values()
    ]
    if not rows:
        return {}
    values = np.array(rows)
    values = values[:, ~np.isnan(values).all(axis=0)]
    away = np.abs(values - np.nanmedian(values, axis=0))
    scale = np.nanmedian(away, axis=0)
    varies = scale > 0
    if not varies.any():
        return dict.fromkeys(pool, 0.0)
    far = away[:, varies] / scale[varies]
    return {
        index: -float(np.nanmean(row))
        for index, row in zip(pool, far, strict=True)
        if not np.isnan(row).all()
    }


def _nothing(
    way: str, pool: Mapping[int, Record], models: Sequence[str], explainer: Explainer
) -> str:
    """Say why no item can be picked."""
    if not pool:
        return f"pick {way!r}: no item of the pool could be measured"
    if way == "disagreement":
        return f"pick {way!r}: the maps of {', '.join(models)} can't be compared in the pool"
    return _without_masks(way, explainer)


def _without_masks(way: str, explainer: Explainer) -> str:
    return (
        f"pick {way!r} needs product masks, which no item of the pool has (column 'mask' in "
        f"items.csv of {explainer.catalogue.name!r}); expected another pick, such as "
        "'disagreement' or 'typical'"
    )
