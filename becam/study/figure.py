"""What a study's figure shows: how much content is left, and which score still sees it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path

import numpy as np

from becam.figures.files import save_figure
from becam.figures.study import UNNAMED, Dots, study_figure
from becam.study.config import NONE
from becam.study.records import Record
from becam.study.summary import (
    AS_PUBLISHED,
    PUBLISHED,
    Setting,
    grouped,
    mean_of,
    model_of,
    over_seeds,
)
from recsys.statistics import Estimate

CONTROL = "content-neighbours"
FORMATS = ("svg", "png")


def write_figure(base: Sequence[Record], best: Setting, stem: Path) -> tuple[Path, ...]:
    """Draw the study's core as ``stem``.svg and ``stem``.png.

    Args:
        base: records of one data set, encoder and training.
        best: the recommended score in its setting.
        stem: the path without its ending.

    Raises:
        OSError: they can't be written.
    """
    groups = grouped(base, model_of)

    def row(of: Callable[[Record], float]) -> list[Estimate | None]:
        return [over_seeds(some, of) for some in groups.values()]

    def by(metric: str) -> dict[str, list[Estimate | None]]:
        settings = {
            f"{PUBLISHED}, {AS_PUBLISHED.weighting} (published)": AS_PUBLISHED,
            f"{best.score}, {best.weighting}": best,
            f"{CONTROL} (control)": Setting(CONTROL, best.fill, best.weighting),
        }
        return {
            name: row(partial(mean_of, setting=setting, metric=metric))
            for name, setting in settings.items()
        }

    share = row(lambda record: float(np.nanmean(record.share[~record.first])))
    figure = study_figure(
        [(recommender, "none" if adapter == NONE else adapter) for recommender, adapter in groups],
        [
            Dots("share of the content in the output", {UNNAMED: share}, log=True),
            Dots("pixel AUC", by("auc"), chance=0.5),
            Dots("own minus other AUC", by("own-minus-other-auc"), chance=0.0),
        ],
    )
    return tuple(save_figure(figure, stem.with_suffix(f".{each}")) for each in FORMATS)
