"""What is known of an item's heatmaps by one encoder: the unit of work of a gallery, when done.

A record is written last, after the picture files that it stands for: where there is one of the
right key, nothing of it has to be done again.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from itertools import combinations
from pathlib import Path
from typing import Any

import numpy as np

from becam.attribution import Attribution
from becam.explanation import Side
from recsys.files import write_text

SCHEMA = 2
METRICS: tuple[Mapping[str, Any], ...] = (
    {"key": "drift", "label": "drift", "better": "lower"},
    {"key": "omission", "label": "omission", "better": "lower"},
    {"key": "auc", "label": "pixel AUC", "better": "higher"},
    {"key": "spread", "label": "spread of the weights", "better": None},
    {"key": "channels", "label": "effective channels", "better": None},
    {"key": "distance", "label": "distance from the unweighted map", "better": None},
    {"key": "content", "label": "content dependence", "better": None},
)
PLACES = {metric["key"]: place for place, metric in enumerate(METRICS)}


@dataclass(frozen=True)
class Record:
    """One item by one encoder.

    Attributes:
        key: of everything that these values and files come from.
        values: for each model the figures of `METRICS`; None where one is not defined.
        warnings: for each model what is wrong with its map, if anything.
        disagreement: 1 - the mean correlation of the maps of different recommenders; None for
            one recommender.
        size: of the picture's file, (width, height).
        outline: whether the product is known.
        notes: what a reader of the figures should know of its mask.
    """

    key: str
    values: tuple[tuple[float | None, ...], ...]
    warnings: tuple[str | None, ...]
    disagreement: float | None
    size: tuple[int, int]
    outline: bool
    notes: tuple[str, ...]

    def value(self, model: int, metric: str) -> float | None:
        """Return a figure of one model."""
        return self.values[model][PLACES[metric]]


def values_of(side: Side) -> tuple[float | None, ...]:
    """Return the figures of a heatmap, in the order of `METRICS`."""
    health, metrics = side.attribution.health, side.metrics
    found = (
        metrics.drift if metrics else None,
        metrics.omission if metrics else None,
        metrics.auc if metrics else None,
        health.spread,
        health.effective_channels,
        health.distance,
        health.content.ratio if health.content else None,
    )
    return tuple(None if value is None or math.isnan(value) else rounded(value) for value in found)


def rounded(value: float, digits: int = 6) -> float:
    """Keep the leading digits; what is beyond is noise."""
    return float(f"{value:.{digits}g}")


def disagreement(attributions: list[Attribution]) -> float | None:
    """Return 1 - the mean Pearson correlation between maps; None for fewer than two."""
    maps = [each.heatmap.astype(np.float64).ravel() for each in attributions]
    centred = [values - values.mean() for values in maps]
    lengths = [float(np.sqrt(values @ values)) for values in centred]
    found = [
        1 - float(centred[one] @ centred[other]) / (lengths[one] * lengths[other])
        for one, other in combinations(range(len(maps)), 2)
        if lengths[one] and lengths[other]
    ]
    return rounded(float(np.mean(found))) if found else None


def write_record(path: Path, record: Record) -> None:
    """Write a record.

    Raises:
        OSError: it can't be written.
    """
    write_text(path, json.dumps({"schema": SCHEMA, **asdict(record)}, sort_keys=True) + "\n")


def read_record(path: Path, key: str) -> Record | None:
    """Read a record; None where there is none, it is damaged or of another key."""
    try:
        found: dict[str, Any] = json.loads(path.read_bytes())
        if found.pop("schema") != SCHEMA or found["key"] != key:
            return None
        return Record(
            key=found["key"],
            values=tuple(map(tuple, found["values"])),
            warnings=tuple(found["warnings"]),
            disagreement=found["disagreement"],
            size=(found["size"][0], found["size"][1]),
            outline=found["outline"],
            notes=tuple(found["notes"]),
        )
    except (OSError, ValueError, KeyError, TypeError, AttributeError, IndexError):
        return None
