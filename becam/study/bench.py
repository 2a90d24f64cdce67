"""Doing one cell of the study: training a recommender, and measuring its maps."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from becam.asking import MODALITY
from becam.config import ExplainerConfig
from becam.content_dependence import item_dependence
from becam.explainer import Explainer
from becam.masked_features import MaskedFeatures
from becam.metrics.masks import centre_prior, pixel_auc
from becam.progress import Reporter
from becam.recognition import recognised
from becam.scores import SCORES, Behaviour, behaviour_of
from becam.study.config import BASELINES, CONTROLS, Cell, Options
from becam.study.controls import Seen, control, tells_contents_apart
from becam.study.maps import ALIKE, METRICS, FloatArray, Grid, measured
from becam.study.records import FIGURES, Record, store, stored
from becam.weights import weights
from becam.workers import Stopped
from recsys.configs import TrainingConfig
from recsys.errors import InputError, shown
from recsys.fit import Fitted
from recsys.models.base import Recommender


@dataclass(frozen=True, eq=False)
class StudyBench:
    """Everything that cells have in common, as a worker process can be given it.

    Attributes:
        options: of the study.
        folder: where records are kept.
    """

    options: Options
    folder: Path
    _kept: dict[tuple[str, str, int, float, int], _Opened] = field(default_factory=dict)

    def stored(self, run: Cell) -> Record | None:
        """Return what is known of a cell; None where it is to be done."""
        return stored(self.folder, run, self.options)

    def do(self, run: Cell, stopped: Stopped) -> Record:
        """Train and measure a cell, and keep what it gave.

        Args:
            run: the cell.
            stopped: tells whether all work is to end; asked after every item.

        Raises:
            KeyboardInterrupt: it is to end.
            InputError: training diverges, or there are too few items.
            OSError: the cache or the folder can't be written.
        """
        record = measure_cell(run, self.options, self._opened(run), stopped)
        store(self.folder, record, self.options)
        return record

    def _opened(self, cell: Cell) -> _Opened:
        key = (cell.data, cell.encoder, cell.seed, cell.lr, cell.patience)
        if key not in self._kept:
            self._kept.clear()  # the next cells are of the same data
            self._kept[key] = _Opened(cell, self.options)
        return self._kept[key]

    def __getstate__(self) -> dict[str, object]:
        return {"options": self.options, "folder": self.folder, "_kept": {}}

    def __setstate__(self, state: dict[str, object]) -> None:
        for name, value in state.items():
            object.__setattr__(self, name, value)


class _Opened:
    """One data set with one encoder, split by one seed."""

    def __init__(self, cell: Cell, options: Options) -> None:
        self.cell, self.options = cell, options
        self.quiet = Reporter(quiet=True)
        self.by_fill = {fill: self._explainer(cell, fill) for fill in cell.fills}

    def _explainer(self, cell: Cell, fill: str) -> Explainer:
        return Explainer(
            ExplainerConfig(
                data=cell.data,
                encoder=cell.encoder,
                fill=fill,
                features=self.options.features,
                seed=cell.seed,
                device=self.options.device,
                cache=self.options.cache,
            ),
            reporter=self.quiet,
            training=TrainingConfig(lr=cell.lr, patience=cell.patience),
        )

    @cached_property
    def explainer(self) -> Explainer:
        """One of them, for what does not depend on the fill."""
        return next(iter(self.by_fill.values()))

    def masked(self, index: int, fill: str) -> MaskedFeatures:
        """Return a picture's masked features under a fill."""
        if fill not in self.by_fill:
            self.by_fill[fill] = self._explainer(self.cell, fill)
        found = self.by_fill[fill].masked_features(index)
        assert found is not None  # no channels by gradient here
        return found

    @cached_property
    def items(self) -> tuple[list[int], NDArray[np.bool_]]:
        """The items that are measured, and which of them are of the first half.

        The halves and the order of the draw are the same for every data set of this size.
        """
        count, catalogue = self.options.items, self.explainer.catalogue
        order = np.random.default_rng([self.options.item_seed, 5]).permutation(len(catalogue.items))
        half = -(-len(order) // 2)
        able = set(self.explainer.eligible)
        chosen: list[int] = []
        for part in (order[:half], order[half:]):
            drawn = [index for index in part.tolist() if index in able][:count]
            if len(drawn) < count:
                raise InputError(
                    f"items {shown(count)}: expected at most {len(drawn)}, the items of a half "
                    "with a picture and an interaction in the training split"
                )
            chosen += drawn
        return chosen, np.arange(2 * count) < count


def measure_cell(
    cell: Cell, options: Options, opened: _Opened, stopped: Stopped = lambda: False
) -> Record:
    """Train a cell's recommender, or take it from the cache, and measure its maps.

    Scores are computed in float64: what is left of the content may be small.
    """
    explainer = opened.explainer
    fitted = explainer.fitted(cell.model)
    # What was trained is float32; in float64 no small difference is lost to rounding.
    model = fitted.model.double()
    contents = explainer.dataset.features[MODALITY].double()
    items, first = opened.items
    names = (*options.scores, *CONTROLS)
    shape = (len(cell.fills), len(names), len(options.weightings), len(METRICS), len(items))
    values = np.full(shape, np.nan, np.float32)
    recognition = np.full((shape[0], shape[1], shape[-1]), np.nan, np.float32)
    baselines = np.full((len(BASELINES), len(items)), np.nan, np.float32)
    dependence = np.full(len(items), np.nan, np.float32)
    share = np.full(len(items), np.nan, np.float32)
    for place, index in enumerate(items):
        if stopped():
            raise KeyboardInterrupt
        item = explainer.catalogue.items[index]
        product = explainer.catalogue.mask(item)
        if product is None:
            raise InputError(f"item {shown(item.item_id)} has no product mask; expected one")
        own = _behaviour(opened, model, contents, index)
        seen = Seen.of(explainer.encoder, item.category or "", (options.item_seed, 9, index))
        found = item_dependence(
            *(model, MODALITY, contents, index), candidates=explainer.eligible, seed=cell.seed
        )
        dependence[place] = np.nan if found is None else found.ratio
        share[place] = content_share(own.foreign)
        other = _behaviour(opened, model, contents, int(own.others[0]))
        for row, fill in enumerate(cell.fills):
            masked = opened.masked(index, fill)
            activations = masked.activations.numpy().astype(np.float64)
            geometry = explainer.encoder.geometry(explainer.picture(index).size)
            grid = Grid.of(
                geometry, (activations.shape[1], activations.shape[2]), product, options.stride
            )
            if row == 0:
                plain = grid.lay(activations.mean(0, keepdims=True))[0]
                centre = centre_prior(grid.product.shape)
                baselines[:, place] = [pixel_auc(each, grid.product) for each in (plain, centre)]
            rng = np.random.default_rng([options.item_seed, 8, index])
            order = rng.permutation(len(activations))
            mine, theirs = (
                scored(each, masked.rows.double(), names, cell, seen) for each in (own, other)
            )
            weighed = [_weighed(each, options.weightings) for each in (mine, theirs)]
            flat = [each.reshape(-1, each.shape[-1]) for each in weighed]
            maps = measured(flat[0], flat[1], order, activations, grid)
            values[row, :, :, :, place] = maps.reshape(len(names), len(options.weightings), -1)
            recognition[row, :, place] = _recognition(own, mine[:, -1], names, seen)
    return Record(
        cell=cell,
        about={
            "scores": list(names),
            "weightings": list(options.weightings),
            "metrics": list(METRICS),
            "model": fitted.key,
            "items": [explainer.catalogue.items[index].item_id for index in items],
        },
        figures=_figures(fitted),
        values=values,
        recognition=recognition,
        dependence=dependence,
        share=share,
        baselines=baselines,
        first=first,
    )


def _behaviour(opened: _Opened, model: Recommender, contents: Tensor, index: int) -> Behaviour:
    explainer = opened.explainer
    return behaviour_of(
        model,
        explainer.split,
        contents,
        index,
        candidates=explainer.eligible,
        seed=opened.options.item_seed,
    )


def scored(
    item: Behaviour, rows: Tensor, names: tuple[str, ...], cell: Cell, seen: Seen
) -> FloatArray:
    """Score content by every name, (names, n) float64; NaN where a score is not defined.

    Args:
        item: whose behaviour.
        rows: content features, (n, D); for controls the last is the whole picture's.
        names: of scores and controls.
        cell: whose adapter decides what is defined.
        seen: what controls know of the picture.
    """
    found = []
    for name in names:
        if name in CONTROLS:
            scores = control(name, item, rows, seen)
        elif SCORES[name].defined_for(cell.model.adapter):
            scores = SCORES[name].of(item, rows)
        else:
            scores = torch.full((len(rows),), torch.nan, dtype=torch.float64)
        found.append(scores.double().numpy())
    return np.stack(found)


def _weighed(scores: FloatArray, weightings: tuple[str, ...]) -> FloatArray:
    """Turn scores (names, N + 2), the fill's and the whole's last, into weights.

    Returns:
        (names, weightings, N); NaN where all weights would be the same up to rounding and the
        weighting leaves nothing of them.
    """
    found = np.full((len(scores), len(weightings), scores.shape[1] - 2), np.nan)
    for row, line in enumerate(scores):
        if not np.isfinite(line).all():
            continue
        given = torch.from_numpy(line[:-2].copy())
        constant = float(np.ptp(line[:-2])) <= ALIKE * float(np.abs(line).max())
        for column, weighting in enumerate(weightings):
            if constant and weighting in ("contrast", "delta"):
                continue
            weighed = weights(given, weighting, fill_similarity=float(line[-2]))
            found[row, column] = weighed.numpy()
    return found


def content_share(adapted: Tensor) -> float:
    """Return which share of adapted contents (m, d) changes with the content, in [0, 1]."""
    apart = (adapted - adapted.mean(dim=0)).square().sum(dim=1).mean()
    whole = adapted.square().sum(dim=1).mean()
    return float((apart / whole).sqrt()) if whole > 0 else 0.0


def _recognition(
    item: Behaviour, own: FloatArray, names: tuple[str, ...], seen: Seen
) -> FloatArray:
    """How often a score of the item's own whole picture is above that of another item's."""
    found = np.full(len(names), np.nan)
    for place, name in enumerate(names):
        others = item.contents[item.others]
        if not np.isfinite(own[place]):
            continue
        if name not in CONTROLS:
            scores = SCORES[name].of(item, others)
        elif tells_contents_apart(name):
            scores = control(name, item, others, seen)
        else:
            continue
        found[place] = recognised(float(own[place]), scores.double().numpy(), ALIKE)
    return found


def _figures(fitted: Fitted) -> dict[str, float]:
    numbers = (
        fitted.metrics["test"]["recall@20"],
        fitted.metrics["test"]["ndcg@20"],
        fitted.metrics["valid"]["recall@20"],
        float(fitted.manifest["best_epoch"]),
        float(len(fitted.history)),
    )
    return dict(zip(FIGURES, numbers, strict=True))
