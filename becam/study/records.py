"""What a cell gave, stored so that a study that was killed goes on where it stopped."""

from __future__ import annotations

from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from becam import __version__
from becam.store import TensorStore
from becam.study.config import CONTROLS, Cell, Options
from becam.study.maps import METRICS
from recsys.data.demo.config import GENERATOR
from recsys.hashing import content_key

VERSION = 2  # raised whenever the same cell would give other values
FIGURES = ("recall@20", "ndcg@20", "valid recall@20", "best epoch", "epochs")
"""Of a cell as a whole."""


@dataclass(frozen=True, eq=False)
class Record:
    """What one cell gave.

    Attributes:
        cell: which.
        about: weightings, scores, key of the trained model, ids of the items.
        figures: of the recommender, by the names of `FIGURES`.
        values: (fills, scores and controls, weightings, METRICS, items) float32; NaN where
            nothing is defined.
        recognition: chance that a score of the item's own whole picture is above that of
            another item's, (fills, scores and controls, items) float32.
        dependence: content dependence, (items,) float32.
        share: of the adapted content's length, what changes with the content: standard deviation
            around the mean over other items' contents, in units of the root mean square length,
            (items,) float32. Unlike the dependence it counts lengths as well as directions, and
            is not relative to what goes in.
        baselines: pixel AUC of the unweighted map and of the centre prior, (2, items) float32.
        first: whether an item is of the first half, on which settings are chosen, (items,) bool.
    """

    cell: Cell
    about: dict[str, Any]
    figures: dict[str, float]
    values: NDArray[np.float32]
    recognition: NDArray[np.float32]
    dependence: NDArray[np.float32]
    share: NDArray[np.float32]
    baselines: NDArray[np.float32]
    first: NDArray[np.bool_]

    @property
    def scores(self) -> tuple[str, ...]:
        """Names along the second axis of ``values``."""
        return tuple(self.about["scores"])

    @property
    def weightings(self) -> tuple[str, ...]:
        """Names along the third axis of ``values``."""
        return tuple(self.about["weightings"])

    def of(self, fill: str, score: str, weighting: str, metric: str) -> NDArray[np.float32] | None:
        """Return the items' values, (items,); None where the cell does not have them."""
        if fill not in self.cell.fills or score not in self.scores:
            return None
        place = (self.cell.fills.index(fill), self.scores.index(score))
        if metric == "recognition":
            recognised: NDArray[np.float32] = self.recognition[place]
            return recognised
        if weighting not in self.weightings:
            return None
        row = (*place, self.weightings.index(weighting), METRICS.index(metric))
        found: NDArray[np.float32] = self.values[row]
        return found


def cell_key(cell: Cell, options: Options) -> str:
    """Return the key of a cell's values: everything that decides them, encoders by their name."""
    return content_key(
        {"what": "cell of the study", "cell": asdict(cell), "measured": _measured(options)}
    )


def _measured(options: Options) -> dict[str, Any]:
    """Return what all cells of one study have in common, as it stands in their records."""
    return {
        "version": [VERSION, __version__, GENERATOR],
        "items": [options.items, options.item_seed],
        "scores": [*options.scores, *CONTROLS],
        "weightings": list(options.weightings),
        "features": options.features,
        "stride": options.stride,
    }


def stored(folder: Path, cell: Cell, options: Options) -> Record | None:
    """Return a cell's record from an output folder's contents; None where it is not there."""
    return _record(TensorStore(folder), cell_key(cell, options))


def load(folder: Path) -> list[Record]:
    """Return the records of an output folder's contents; those that are damaged are left out.

    What is there may be of several versions of becam or of a spec: the records are those that
    were measured as the newest was. Of a cell that was measured under several sets of fills, as
    a spec grew, the largest.
    """
    paths = sorted(folder.glob("*/*.safetensors"), key=lambda path: path.stat().st_mtime_ns)
    found: dict[Cell, Record] = {}
    measured: object = None
    for path in reversed(paths):
        record = _record(TensorStore(folder), path.stem)
        if record is None:
            continue
        measured = measured or record.about.get("measured")
        if record.about.get("measured") != measured:
            continue
        bare = replace(record.cell, fills=())
        if bare not in found or len(found[bare].cell.fills) < len(record.cell.fills):
            found[bare] = record
    return list(found.values())


def _record(store: TensorStore, key: str) -> Record | None:
    tensors, about = store.get(key), store.about(key)
    if tensors is None or about is None:
        return None
    given = dict(about["cell"])
    cell = Cell(**{**given, "fills": tuple(given["fills"])})
    return Record(
        cell=cell,
        about=about,
        figures=dict(zip(FIGURES, tensors["figures"].tolist(), strict=True)),
        values=tensors["values"].numpy(),
        recognition=tensors["recognition"].numpy(),
        dependence=tensors["dependence"].numpy(),
        share=tensors["share"].numpy(),
        baselines=tensors["baselines"].numpy(),
        first=tensors["first"].numpy(),
    )


def store(folder: Path, record: Record, options: Options) -> None:
    """Write a record.

    Raises:
        OSError: it can't be written.
    """
    tensors = {
        "figures": torch.tensor([record.figures[name] for name in FIGURES], dtype=torch.float64),
        "values": torch.from_numpy(record.values),
        "recognition": torch.from_numpy(record.recognition),
        "dependence": torch.from_numpy(record.dependence),
        "share": torch.from_numpy(record.share),
        "baselines": torch.from_numpy(record.baselines),
        "first": torch.from_numpy(record.first),
    }
    about = {**record.about, "cell": asdict(record.cell), "measured": _measured(options)}
    TensorStore(folder).put(cell_key(record.cell, options), tensors, about)
