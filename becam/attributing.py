"""One item's heatmap by one recommender, with the figures that say how far to trust it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING

from torch import Tensor

from becam.asking import MODALITY
from becam.attribution import Attribution
from becam.content_dependence import item_dependence
from becam.looked import Looked
from becam.presets import COSINE
from becam.scores import score_of
from becam.target import item_projection, item_target
from recsys.models.names import ModelName

if TYPE_CHECKING:
    from becam.explainer import Explainer


def attribution_by(explainer: Explainer, looked: Looked, name: ModelName) -> Attribution:
    """Make an item's heatmap by a recommender.

    Args:
        explainer: opens and trains what is missing.
        looked: the item's picture.
        name: the recommender.

    Raises:
        InputError: as `Explainer.fitted`, values that are not finite.
    """
    trained, index = explainer.fitted(name), looked.index
    projection = item_projection(trained.model, MODALITY, index)
    target = item_target(trained.model, index, looked.item.item_id)
    masked = looked.masked
    if masked is None:
        masked = explainer.cam.masked_features(looked.picture, projection, target)
        explainer.reporter.done(f"masked features for {name}", cached=masked.cached)
    attribution = explainer.cam.attribute(
        looked.picture,
        projection,
        target,
        masked=masked,
        model=str(name),
        model_key=trained.key,
        modality=MODALITY,
        seed=explainer.config.seed,
        score=_score(explainer, index, name),
    )
    dependence = item_dependence(
        *(trained.model, MODALITY, explainer.dataset.features[MODALITY], index),
        candidates=explainer.pictured,
        seed=explainer.config.seed,
    )
    recognised = explainer.recognition(name)
    health = replace(attribution.health, content=dependence, recognition=recognised)
    return replace(attribution, health=health)


def _score(explainer: Explainer, index: int, name: ModelName) -> Callable[[Tensor], Tensor] | None:
    score = explainer.cam.recipe.score
    if score == COSINE:
        return None
    return score_of(score).bound_to(explainer.behaviour(index, name, seed=explainer.config.seed))
