"""What `becam.check_sanity` returns: every value, their means, and what they say."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from becam.checking.checks import CHECKS, MPRT
from becam.checking.config import SanityConfig
from becam.checking.reading import Reading
from becam.checking.report import NAME
from becam.measuring.made import COLUMNS
from becam.measuring.statistics import Interval, interval
from becam.measuring.tidy_result import TidyResult
from becam.measuring.words import counted
from becam.methods import METHODS
from becam.metrics import Value
from becam.tables.table import Table
from recsys.errors import InputError, shown

if TYPE_CHECKING:
    from matplotlib.figure import Figure

SCHEMA = 1
TIDY: Mapping[str, Any] = {
    **{"data": str, **COLUMNS, "item": str, "side": str, "model": str, "seed": int},
    **{"method": str, "kind": str, "check": str, "step": int, "stage": str, "similarity": str},
    **{"value": float, "reason": str},
}
SUMMARY: Mapping[str, Any] = {
    **{"data": str, **COLUMNS, "model": str, "seed": int, "method": str, "check": str},
    **{"step": int, "stage": str, "similarity": str, "n": int, "mean": float, "sd": float},
    **{"low": float, "high": float},
}


@dataclass(frozen=True)
class Checked:
    """How alike a map is to the original one: of an item, by a method, at a step of a check.

    ``step`` counts from 1; ``stage`` is the stage of the encoder down to which weights are random,
    for ``mprt``. ``similarity`` is a name of `becam.checking.similarity.SIMILARITIES`.
    """

    item: str
    side: str
    model: str
    method: str
    kind: str
    check: str
    step: int
    stage: str
    similarity: str
    value: Value


@dataclass(frozen=True)
class Mean:
    """The same over items."""

    model: str
    method: str
    check: str
    step: int
    stage: str
    similarity: str
    interval: Interval


def means_of(checked: Sequence[Checked], config: SanityConfig) -> tuple[Mean, ...]:
    """Average over items what has a value; in the order of models, methods, checks and steps."""
    found: dict[tuple[str, str, str, int, str, str], list[float]] = {}
    for each in checked:
        which = (each.model, each.method, each.check, each.step, each.stage, each.similarity)
        values = found.setdefault(which, [])
        if each.value.value is not None:
            values.append(each.value.value)
    settings: dict[str, Any] = {
        **{"resamples": config.resamples, "confidence": config.confidence},
        "seed": config.item_seed,
    }
    return tuple(Mean(*which, interval(of, **settings)) for which, of in found.items() if of)


@dataclass(frozen=True, eq=False, repr=False)
class SanityChecks(TidyResult):
    """Heatmaps, checked; shows itself in a notebook as its table.

    Attributes:
        about: data, models with their keys, methods, checks, options, and as ``made`` what the
            maps were made with, as JSON can hold it.
        checked: every value, a row an item, side, method, check, step and similarity.
        means: over items, with bootstrap confidence intervals, of every step.
        readings: what each check says of each method that asks the recommender.
        table: means where all of it is random, ready to be printed.
        notes: the readings, and what else a reader should know, a line each.
        reused: how many checks of one heatmap came from the cache; of this run alone, so in no
            file.
        computed: how many did not; likewise.
    """

    name, tidy, summary = NAME, TIDY, SUMMARY

    about: Mapping[str, Any]
    checked: tuple[Checked, ...]
    means: tuple[Mean, ...]
    readings: tuple[Reading, ...]
    table: Table
    notes: tuple[str, ...]
    reused: int
    computed: int

    def rows(self) -> list[tuple[Any, ...]]:
        """Return the tidy table's rows, in the order of `TIDY`."""
        seed, same = self.about["seed"], self._same
        return [
            (
                *(*same, each.item, each.side, each.model, seed, each.method, each.kind),
                *(each.check, each.step, each.stage, each.similarity),
                *(each.value.value, each.value.reason or ""),
            )
            for each in self.checked
        ]

    def to_dict(self) -> dict[str, Any]:
        """Return means, readings and where they come from as plain values."""
        return {
            "schema": SCHEMA,
            **self.about,
            "notes": list(self.notes),
            "readings": [each.to_dict() for each in self.readings],
            "summary": self._summaries(),
        }

    def mprt_figure(self) -> Figure:
        """Draw the mean similarity over the stages of mprt with its interval, a line a method.

        Raises:
            InputError: mprt was not among the checks, or no map has a value of it.
        """
        from becam.checking.figure import mprt_figure

        means = [each for each in self.means if each.check == MPRT]
        if not means:
            raise InputError(
                f"checks {shown(', '.join(self.about['checks']))}: no map has a value of "
                f"{CHECKS[MPRT].label}; expected {MPRT} among them"
            )
        confidence = self.about["options"]["confidence"]
        return mprt_figure(means, data=self.about["data"], confidence=confidence)

    def save(self, path: str | Path) -> list[Path]:
        """Write every format into a folder, or one file by its ending.

        A folder gets ``sanity-items.csv`` and ``.parquet`` (the tidy table), ``sanity.csv`` (the
        means of every step), ``sanity.md``, ``.tex`` and ``.json``, and with mprt its curve as
        ``sanity-mprt.pdf`` and ``.png``. A file that ends on .csv or .parquet is the tidy table,
        one on .md, .tex or .json means and readings.

        Returns:
            What was written.

        Raises:
            InputError: another ending.
            OSError: it can't be written.
        """
        return self._save(path)

    def _save_more(self, folder: Path) -> list[Path]:
        if not any(each.check == MPRT for each in self.means):
            return []
        from becam.figures.files import save_figure

        figure = self.mprt_figure()
        return [save_figure(figure, folder / f"{NAME}-{MPRT}.{each}") for each in ("pdf", "png")]

    def _summary(self) -> list[tuple[Any, ...]]:
        seed, same = self.about["seed"], self._same
        return [
            (
                *(*same, each.model, seed, each.method, each.check, each.step, each.stage),
                *(each.similarity, each.interval.estimate.n, each.interval.estimate.mean),
                *(each.interval.estimate.sd, each.interval.low, each.interval.high),
            )
            for each in self.means
        ]

    def __repr__(self) -> str:
        methods = ", ".join(METHODS[name].label for name in self.about["methods"])
        return f"SanityChecks({counted(len(self.about['items']), 'item')} by {methods})"
