"""From a trained recommender and a draw of items to figures and a projection."""

from __future__ import annotations

import math

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from becam.angles import unit
from becam.contents import behavioural_content, behavioural_embeddings, exchanged
from becam.distributions.config import DistributionConfig
from becam.distributions.density import angle_density, covered
from becam.distributions.projections import on_circle, project
from becam.distributions.side import QUANTITIES, Side
from becam.distributions.values import (
    alignment,
    alignment_of_any,
    alignment_within,
    together,
    uniformity,
)
from recsys.data.splits import Split
from recsys.fit import Fitted
from recsys.models.names import ModelName

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]


def draw_items(known: IntArray, count: int, seed: int) -> IntArray:
    """Draw different items, in ascending order.

    Args:
        known: indices to draw from, at least ``count``.
        count: how many.
        seed: of the draw.
    """
    generator = np.random.default_rng([seed, 5])
    return np.sort(generator.choice(known, count, replace=False))


def measure_side(
    fitted: Fitted,
    model: ModelName,
    modality: str,
    items: IntArray,
    split: Split,
    config: DistributionConfig,
    *,
    data: str,
    ids: tuple[str, ...],
    seed: int,
) -> Side:
    """Measure and lay out the content of some items, as a recommender takes it.

    Args:
        fitted: the trained recommender.
        model: its name.
        modality: one of its modalities.
        items: which items, by index, ascending, at least 2.
        split: its training interactions say which items belong together.
        config: the projection and the bandwidth.
        data: name of the data set.
        ids: ids of all items of the catalogue.
        seed: of the control and of the projection.
    """
    recommender = fitted.model
    content, defined = _unit(behavioural_content(recommender, modality, items, items))
    behaviour, guided = _unit(behavioural_embeddings(recommender, items))
    partner = exchanged(np.random.default_rng([seed, 4]).permutation(len(items)))
    foreign, other = _unit(behavioural_content(recommender, modality, items[partner], items))
    kept = defined & guided
    rows = content[kept]
    groups = together(split.train, items[kept], split.n_users)
    points = project(rows, config, seed=seed)
    angles = on_circle(points)
    directions = angles[np.isfinite(angles)]
    share = math.nan
    if len(directions):
        share = covered(angle_density(directions, math.radians(config.bandwidth)))
    values = (
        uniformity(rows),
        alignment(rows, behaviour[kept]),
        alignment(foreign[kept & other], behaviour[kept & other]),
        alignment_within(rows, groups),
        alignment_of_any(rows),
        uniformity(behaviour[kept]),
        share,
    )
    return Side(
        data=data,
        model=model,
        modality=modality,
        seed=seed,
        training_seed=config.training_seed(seed),
        items=tuple(ids[index] for index in items[kept].tolist()),
        drawn=len(items),
        points=points,
        angles=angles,
        figures=dict(zip(QUANTITIES, values, strict=True)),
        key=fitted.key,
    )


def _unit(vectors: Tensor) -> tuple[FloatArray, NDArray[np.bool_]]:
    """Return vectors at length 1, (n, d), and which of them have a direction, (n,)."""
    scaled: FloatArray = unit(vectors.detach().to("cpu", torch.float64)).numpy()
    return scaled, np.asarray(scaled.any(axis=1))
