"""What `becam.measure` returns: every value, their means, and what differs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from becam.measuring import curves as curve_tables
from becam.measuring.curves import MeanCurve, ObservedCurve
from becam.measuring.made import COLUMNS
from becam.measuring.methods import score_by
from becam.measuring.metrics import better_of
from becam.measuring.statistics import Comparison, Interval
from becam.measuring.tidy_result import ENDINGS, TidyResult
from becam.measuring.words import counted, listed
from becam.methods import METHODS
from becam.metrics import Value
from becam.tables.table import Table
from becam.tables.tidy import to_csv, write_tidy
from recsys.errors import InputError, shown

if TYPE_CHECKING:
    from matplotlib.figure import Figure

SCHEMA = 1
NAME = "metrics"
TIDY: dict[str, Any] = {
    **{"data": str, **COLUMNS, "item": str, "side": str, "model": str, "seed": int},
    **{"method": str, "kind": str, "score": str, "metric": str, "value": float, "reason": str},
    "mask": str,
}
SUMMARY: dict[str, Any] = {
    **{"data": str, **COLUMNS, "model": str, "seed": int, "method": str, "score": str},
    **{"against_model": str, "against_method": str, "metric": str, "better": str, "mask": str},
    **{"n": int, "mean": float, "sd": float, "low": float, "high": float},
    **{"p": float, "p_corrected": float},
}


@dataclass(frozen=True)
class Observed:
    """One value: of an item, on a side, by a method, in a metric.

    ``mask`` is where the mask comes from, for metrics that need one: the product's, or a labelled
    part's or distractor's for details as ``drift/face``.
    """

    item: str
    side: str
    model: str
    method: str
    kind: str
    metric: str
    value: Value
    mask: str


@dataclass(frozen=True)
class Mean:
    """A metric of a method on one side, over items; ``mask`` as in `Observed`."""

    model: str
    method: str
    metric: str
    interval: Interval
    mask: str = ""


@dataclass(frozen=True, eq=False, repr=False)
class Measurements(TidyResult):
    """Heatmaps, measured; shows itself in a notebook as its table.

    Attributes:
        about: data, encoder, models with their keys, options, and as ``made`` what tells the run's
            heatmaps from another's (`becam.measuring.made.COLUMNS`): as JSON can hold it.
        observed: every value, a row an item, side, method and metric.
        curves: those behind insertion, deletion and ROAD, where these were measured.
        mean_curves: their means over items, with pointwise bootstrap confidence intervals.
        means: over items, with bootstrap confidence intervals.
        changes: after minus before, by method and metric, one family of tests.
        against: BeCAM minus every other method, by side and metric, another family.
        table: the above, ready to be printed.
        notes: what a reader should know, a line each.
        reused: how many heatmaps' values came from the cache.
        computed: how many did not.
        seconds: by method: mean seconds a heatmap took, and ``masked features``: what an item's
            took, which BeCAM and some controls share; without what came from the cache. Of this
            run alone, so in no file.
    """

    name, tidy, summary = NAME, TIDY, SUMMARY

    about: Mapping[str, Any]
    observed: tuple[Observed, ...]
    curves: tuple[ObservedCurve, ...]
    mean_curves: tuple[MeanCurve, ...]
    means: tuple[Mean, ...]
    changes: tuple[Comparison, ...]
    against: tuple[Comparison, ...]
    table: Table
    notes: tuple[str, ...]
    reused: int
    computed: int
    seconds: Mapping[str, float]

    def rows(self) -> list[tuple[Any, ...]]:
        """Return the tidy table's rows, in the order of `TIDY`."""
        seed, same = self.about["seed"], self._same
        return [
            (
                *(*same, each.item, each.side, each.model, seed, each.method, each.kind),
                *(score_by(METHODS[each.method]), each.metric, each.value.value),
                *(each.value.reason or "", each.mask),
            )
            for each in self.observed
        ]

    def curve_rows(self) -> list[tuple[Any, ...]]:
        """Return a row an item, side, method, metric and step of its curve.

        In the order of `becam.measuring.curves.TIDY`: ``share`` is that of the pixels that are
        shown (insertion) or removed, ``value`` the cosine there.
        """
        return [*curve_tables.curve_rows(self.curves, self._same, self.about["seed"])]

    def curves_csv(self) -> str:
        """Return the curves' tidy table as CSV."""
        return to_csv(curve_tables.TIDY, self.curve_rows())

    def mean_curves_csv(self) -> str:
        """Return the mean curves as CSV, a row a model, method, metric and step."""
        rows = curve_tables.mean_rows(self.mean_curves, self._same, self.about["seed"])
        return to_csv(curve_tables.SUMMARY, [*rows])

    def curves_figure(self) -> Figure:
        """Draw the mean curves with their intervals, one line a method.

        Raises:
            InputError: no curve was measured.
        """
        if not self.mean_curves:
            raise InputError(
                f"metrics {shown(', '.join(self.about['metrics']))}: no curve was measured; "
                "expected insertion, deletion or road among them"
            )
        return curve_tables.curves_figure(
            self.mean_curves,
            data=self.about["data"],
            confidence=self.about["options"]["confidence"],
        )

    def to_dict(self) -> dict[str, Any]:
        """Return means, comparisons and where they come from as plain values."""
        return {
            "schema": SCHEMA,
            **self.about,
            "notes": list(self.notes),
            "summary": self._summaries(),
        }

    def save(self, path: str | Path) -> list[Path]:
        """Write every format into a folder, or one file by its ending.

        A folder gets ``metrics-items.csv`` and ``.parquet`` (the tidy table) and ``metrics.csv``,
        ``.md``, ``.tex`` and ``.json`` (means and comparisons); where curves were measured also
        ``metrics-curves.csv`` and ``.parquet`` (every step), ``metrics-mean-curves.csv``, and
        ``metrics-curves.pdf`` and ``.png``, the figure. A file that ends on .csv or .parquet is
        the tidy table, one on .md, .tex or .json the means and comparisons.

        Returns:
            What was written.

        Raises:
            InputError: another ending.
            OSError: it can't be written.
        """
        return self._save(path)

    def _save_more(self, folder: Path) -> list[Path]:
        if not self.curves:
            return []
        from becam.figures.files import save_figure
        from recsys.files import write_text

        tables = [folder / f"{NAME}-curves{ending}" for ending in ENDINGS[:2]]
        rows = self.curve_rows()
        for path in tables:
            write_tidy(path, curve_tables.TIDY, rows)
        means = folder / f"{NAME}-mean-curves.csv"
        write_text(means, self.mean_curves_csv())
        figure = self.curves_figure()
        drawn = [save_figure(figure, folder / f"{NAME}-curves.{each}") for each in ("pdf", "png")]
        return [*tables, means, *drawn]

    def _summary(self) -> list[tuple[Any, ...]]:
        masks = {(each.model, each.method, each.metric): each.mask for each in self.means}

        def row(
            each: Mean | Comparison, against: Sequence[str | None], of: Interval, p: Sequence[Any]
        ) -> tuple[Any, ...]:
            score = score_by(METHODS[each.method])
            mask = masks.get((each.model, each.method, each.metric), "")
            return (
                *(*self._same, each.model, self.about["seed"], each.method, score, *against),
                *(each.metric, better_of(each.metric), mask),
                *(of.estimate.n, of.estimate.mean, of.estimate.sd, of.low, of.high, *p),
            )

        means = [row(each, (None, None), each.interval, (None, None)) for each in self.means]
        compared = [
            row(
                each,
                (each.other_model, each.other_method),
                each.difference,
                (each.p, each.corrected),
            )
            for each in (*self.changes, *self.against)
        ]
        return [*means, *compared]

    def __repr__(self) -> str:
        methods = ", ".join(dict.fromkeys(each.method for each in self.observed))
        items = counted(len({each.item for each in self.observed}), "item")
        return f"Measurements({items} by {methods})"


def masks_of(observed: Sequence[Observed]) -> dict[tuple[str, str, str], str]:
    """Say where the masks of the values that there are come from: by model, method and metric."""
    found: dict[tuple[str, str, str], dict[str, None]] = {}
    for each in observed:
        if each.value.value is not None and each.mask:
            found.setdefault((each.model, each.method, each.metric), {})[each.mask] = None
    return {which: listed(list(masks)) for which, masks in found.items()}


def series(observed: Sequence[Observed]) -> dict[tuple[str, str, str], dict[str, float]]:
    """Collect the values that there are: by model, method and metric, then by item."""
    found: dict[tuple[str, str, str], dict[str, float]] = {}
    for each in observed:
        of = found.setdefault((each.model, each.method, each.metric), {})
        if each.value.value is not None:
            of[each.item] = each.value.value
    return found
