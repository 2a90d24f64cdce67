"""What controls and baselines are asked about an item of a catalogue."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

from becam.masked_features import MaskedFeatures
from becam.methods.options import MethodOptions
from becam.question import Question
from becam.target import guided_projection, item_projection, item_target
from recsys.models.names import ModelName

if TYPE_CHECKING:
    from becam.explainer import Explainer

MODALITY = "image"


def question_about(
    explainer: Explainer,
    index: int,
    model: str | ModelName,
    *,
    others: Sequence[int] = (),
    seed: int = 0,
    options: MethodOptions | None = None,
    masked: MaskedFeatures | None = None,
    scores: bool = True,
) -> Question:
    """Collect what methods need to explain an item's picture by a recommender.

    Scores of content other than the cosine are methods of their own there: the explainer's
    ``score`` is left aside.

    Args:
        explainer: opens and trains what is missing.
        index: of the item in the catalogue.
        model: its recommender.
        others: other items, by index, whose embeddings ``other-item`` takes on this picture.
        seed: of the methods that draw at random.
        options: of the baselines.
        masked: the picture's masked features, where they are at hand.
        scores: also collect what the scores of content other than the cosine need.

    Raises:
        InputError: an unknown model, a picture that can't be read.
    """
    name, items = ModelName.parse(str(model)), explainer.catalogue.items
    trained = explainer.fitted(name)
    asked = [
        (
            item_projection(trained.model, MODALITY, each),
            item_target(trained.model, each, items[each].item_id),
        )
        for each in (index, *others)
    ]
    behaviours = [
        explainer.behaviour(each, name, seed=seed) for each in ((index, *others) if scores else ())
    ]
    return Question(
        encoder=explainer.encoder,
        layer=explainer.cam.layer,
        picture=explainer.picture(index),
        projection=asked[0][0],
        target=asked[0][1],
        config=replace(explainer.config.map_options, score=None),
        masked=explainer.masked_features(index) if masked is None else masked,
        title=items[index].title,
        category=items[index].category,
        others=asked[1:],
        behaviour=next(iter(behaviours), None),
        other_behaviours=behaviours[1:],
        guide=partial(guided_projection, trained.model, MODALITY),
        seed=seed,
        options=options or MethodOptions(),
        store=explainer.cam.store,
        model=str(name),
        model_key=trained.key,
        modality=MODALITY,
        model_seed=explainer.config.seed,
    )
