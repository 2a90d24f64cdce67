"""What a study gave as a tidy table."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from becam.study.config import BASELINES
from becam.study.maps import METRICS
from becam.study.records import FIGURES, Record
from becam.study.summary import Setting, mean_of, undefined_share

CSV_COLUMNS = {
    **{"data": str, "encoder": str, "recommender": str, "adapter": str, "seed": int},
    **{"lr": float, "patience": int, "score": str, "fill": str, "weighting": str},
    **{"half": str, "metric": str, "mean": float, "items": int},
    "undefined": float,
}


def csv_rows(records: Sequence[Record]) -> list[tuple[object, ...]]:
    """A row a cell, score, fill, weighting, half and metric; figures of the cell first.

    ``undefined`` is the share of items without a map, all weights being the same: they count as
    chance in ``mean`` where the metric has a chance level, and not at all elsewhere.
    """
    rows: list[tuple[object, ...]] = []
    for record in records:
        cell = record.cell
        model = (cell.recommender, cell.adapter, cell.seed)
        head = (cell.data, cell.encoder, *model, cell.lr, cell.patience)
        for name in FIGURES:
            rows.append((*head, None, None, None, None, name, record.figures[name], None, None))
        for first, half in ((True, "first"), (False, "second")):
            items = int((record.first == first).sum())
            for name, values in (
                ("content-dependence", record.dependence),
                ("content-share", record.share),
            ):
                mean = float(np.nanmean(values[record.first == first]))
                rows.append((*head, None, None, None, half, name, mean, items, None))
            for name, values in zip(BASELINES, record.baselines, strict=True):
                auc = float(np.nanmean(values[record.first == first]))
                rows.append((*head, name, "", "", half, "auc", auc, items, None))
            for score in record.scores:
                for fill in cell.fills:
                    for weighting in record.weightings:
                        setting = Setting(score, fill, weighting)
                        gone = undefined_share(record, setting, first=first)
                        for metric in (*METRICS, "recognition"):
                            mean = mean_of(record, setting, metric, first=first)
                            told = (score, fill, weighting, half, metric, mean, items)
                            rows.append((*head, *told, gone))
    return rows
