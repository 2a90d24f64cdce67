"""From records to figures: settings chosen on one half of the items, means over the other's."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from becam.presets import GATES, GATES_ONLY
from becam.study.config import CONTROLS, Cell
from becam.study.records import Record
from recsys.errors import InputError
from recsys.statistics import Estimate, estimate

CRITERION: Final = "own-minus-other-auc"
"""What settings and the recommended score are chosen by: what the map owes to this item's
behaviour. The pixel AUC alone would choose maps that find the product whosever behaviour it is."""
CHANCE: Final = {"auc": 0.5, CRITERION: 0.0, "shuffled-auc": 0.5, "recognition": 0.5}
"""What a map that is not defined (all weights the same) counts as."""
PUBLISHED: Final = "cosine"
NEUTRAL: Final = ("identity-gate",)  # adapters without content: nothing to choose by

Group = tuple[str, ...]


@dataclass(frozen=True)
class Setting:
    """How a map is made."""

    score: str
    fill: str
    weighting: str

    def __str__(self) -> str:
        return f"{self.score}, fill {self.fill}, weighting {self.weighting}"


AS_PUBLISHED: Final = Setting(PUBLISHED, "mean", "raw")


def items_of(
    record: Record, setting: Setting, metric: str, *, first: bool = False
) -> NDArray[np.float64]:
    """Return a metric's values of one half's items, (items,); NaN where there is none."""
    found = record.of(setting.fill, setting.score, setting.weighting, metric)
    count = int((record.first == first).sum())
    if found is None:
        return np.full(count, np.nan)
    values: NDArray[np.float64] = found[record.first == first].astype(np.float64)
    return values


def mean_of(record: Record, setting: Setting, metric: str, *, first: bool = False) -> float:
    """Return the mean over one half's items.

    A map that is not defined counts as chance where a metric has a chance level, and not at
    all elsewhere; NaN where nothing is left, or the cell was not measured by this setting.
    """
    values = items_of(record, setting, metric, first=first)
    if metric in CHANCE and measured_by(record, setting):
        values = np.where(np.isnan(values), CHANCE[metric], values)
    known = values[~np.isnan(values)]
    return float(known.mean()) if len(known) else math.nan


def measured_by(record: Record, setting: Setting) -> bool:
    """Tell whether a cell was measured by a setting, and its score is defined for the adapter."""
    return (
        setting.fill in record.cell.fills
        and setting.score in record.scores
        and setting.weighting in record.weightings
        and (setting.score not in GATES_ONLY or record.cell.model.adapter in GATES)
    )


def undefined_share(record: Record, setting: Setting, *, first: bool = False) -> float:
    """Return the share of one half's items without a map by this setting."""
    return float(np.isnan(items_of(record, setting, "auc", first=first)).mean())


def over_seeds(records: Iterable[Record], of: Callable[[Record], float]) -> Estimate | None:
    """Return mean and standard deviation over seeds; None without any value."""
    values = [of(record) for record in records]
    known = [value for value in values if not math.isnan(value)]
    return estimate(known) if known else None


def grouped(records: Iterable[Record], by: Callable[[Cell], Group]) -> dict[Group, list[Record]]:
    """Group records of different seeds, in their order."""
    found: dict[Group, list[Record]] = defaultdict(list)
    for record in records:
        found[by(record.cell)].append(record)
    return dict(found)


def base_of(records: Sequence[Record]) -> list[Record]:
    """Return the records of the data, encoder and training that most cells have.

    The first of several: those are the study's core.
    """
    groups = grouped(records, place_of)
    return max(groups.values(), key=len)


def place_of(cell: Cell) -> Group:
    """Return what cells that are compared have in common: data, encoder, training."""
    return (cell.data, cell.encoder, f"{cell.lr:g}", str(cell.patience))


def model_of(cell: Cell) -> Group:
    """Return recommender and adapter."""
    return (cell.recommender, cell.adapter)


def interactions_of(cell: Cell) -> str:
    """Return how many interactions a user of the catalogue has: a number, or a range."""
    least, most = cell.catalogue.interactions
    return str(least) if least == most else f"{least}-{most}"


def differing(cell: Cell, home: Cell) -> list[str]:
    """Return in which respects two cells differ, recommender, adapter and seed apart."""
    respects = {
        "interactions": cell.catalogue.interactions != home.catalogue.interactions,
        "correlation": cell.catalogue.correlation != home.catalogue.correlation,
        "encoder": cell.encoder != home.encoder,
        "training": (cell.lr, cell.patience) != (home.lr, home.patience),
    }
    return [name for name, differs in respects.items() if differs]


def choose_setting(records: Sequence[Record], score: str, fill: str | None = None) -> Setting:
    """Choose fill and weighting of a score on the first half's items, by `CRITERION`.

    Recommenders and adapters count alike, whatever the number of their seeds; adapters without
    content do not. Of equals the first, in the order fill, weighting.

    Args:
        records: of one place.
        score: whose.
        fill: choose the weighting under this one; without, choose the fill too, over the
            records that have all fills.
    """
    able = [record for record in records if record.cell.adapter not in NEUTRAL] or list(records)
    most = max(len(record.cell.fills) for record in able)
    full = [record for record in able if fill is not None or len(record.cell.fills) == most]
    options = [
        Setting(score, each, weighting)
        for each in ([fill] if fill else full[0].cell.fills)
        for weighting in full[0].weightings
    ]
    return max(options, key=lambda setting: np.nan_to_num(criterion(full, setting), nan=-2))


def chosen(
    records: Sequence[Record],
) -> tuple[list[Record], dict[str, Setting], list[tuple[str, float]]]:
    """Return the study's core, every score in its setting, and the scores ranked, best first."""
    base = base_of(records)
    fill = common_fill(records)
    settings = {score: choose_setting(base, score, fill) for score in base[0].scores}
    return base, settings, rank(base, settings)


def common_fill(records: Sequence[Record]) -> str:
    """Return a fill that all records have, ``mean`` where they do.

    Raises:
        InputError: there is none.
    """
    shared = set.intersection(*(set(record.cell.fills) for record in records))
    if not shared:
        raise InputError("the study's cells have no fill in common; expected one, such as 'mean'")
    return "mean" if "mean" in shared else sorted(shared)[0]


def rank(records: Sequence[Record], settings: Mapping[str, Setting]) -> list[tuple[str, float]]:
    """Rank scores on the first half's items, best first, by `CRITERION`; controls come last."""
    able = [record for record in records if record.cell.adapter not in NEUTRAL] or list(records)
    ranked = [(score, criterion(able, setting)) for score, setting in settings.items()]
    return sorted(ranked, key=lambda each: (each[0] in CONTROLS, -np.nan_to_num(each[1], nan=-2)))


def criterion(records: Sequence[Record], setting: Setting) -> float:
    """Return the mean of `CRITERION` over recommenders and adapters, on the first half's items.

    Over those for whose adapter the score is defined; NaN where there is none.
    """
    able = [record for record in records if measured_by(record, setting)]
    means = [
        np.mean([mean_of(record, setting, CRITERION, first=True) for record in group])
        for group in grouped(able, model_of).values()
    ]
    return float(np.mean(means)) if means else math.nan


@dataclass(frozen=True)
class Difference:
    """What an adapter changes in one metric, paired by item.

    Attributes:
        mean: over items, each averaged over the seeds that both sides have.
        low, high: bootstrap confidence interval over items.
        p: paired t-test over items; NaN where nothing can be tested.
        items, seeds: how many.
    """

    mean: float
    low: float
    high: float
    p: float
    items: int
    seeds: int


def difference(
    before: Sequence[Record], after: Sequence[Record], setting: Setting, metric: str
) -> Difference | None:
    """Compare an adapter with none on the second half's items; None where nothing is paired.

    Items are the same for all seeds, up to those without interactions in a seed's split: they
    are paired by id.
    """
    from becam.measuring.statistics import compare

    by_seed = {record.cell.seed: record for record in before}
    pairs = [(by_seed[each.cell.seed], each) for each in after if each.cell.seed in by_seed]
    values: dict[str, tuple[list[float], list[float]]] = defaultdict(lambda: ([], []))
    for pair in pairs:
        sides = [_by_item(record, setting, metric) for record in pair]
        for item in sides[0].keys() & sides[1].keys():
            for place, side in enumerate(sides):
                values[item][place].append(side[item])
    one, other = (
        {item: float(np.mean(values[item][place])) for item in sorted(values)} for place in (1, 0)
    )
    found = compare(one, other, test="t", resamples=2000, confidence=0.95, seed=0)
    if found is None:
        return None
    interval, p = found
    mean = interval.estimate.mean
    low, high = (mean if each is None else each for each in (interval.low, interval.high))
    return Difference(mean, low, high, p, interval.estimate.n, len(pairs))


def _by_item(record: Record, setting: Setting, metric: str) -> dict[str, float]:
    names = np.asarray(record.about["items"])[~record.first]
    values: Any = items_of(record, setting, metric)
    if metric in CHANCE and measured_by(record, setting):
        values = np.where(np.isnan(values), CHANCE[metric], values)
    return {
        str(name): float(value)
        for name, value in zip(names, values, strict=True)
        if not np.isnan(value)
    }
