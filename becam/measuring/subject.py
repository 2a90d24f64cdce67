"""What is measured: an item, with all that methods and metrics ask about it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from becam.attribution import BeCAM
from becam.content_dependence import ContentDependence
from becam.masked_features import MaskedFeatures
from becam.measuring.config import MeasureConfig
from becam.target import Projection, Target
from recsys.data.annotations import Annotation
from recsys.data.catalogue import Catalogue, Item
from recsys.data.splits import Split
from recsys.errors import InputError, shown


@dataclass(frozen=True, eq=False, kw_only=True)
class Subject:
    """One item as one recommender sees it.

    Attributes:
        item: the item.
        picture: RGB.
        mask: its product's mask, (height, width) bool; None where it is not known.
        annotation: exact labels of its parts and distractors, where they are known.
        cam: BeCAM, with the encoder and the map's options.
        masked: the picture's masked features; None where each side needs its own.
        side: ``before`` or ``after``.
        model, model_key, seed: the recommender.
        projection, target: g and b of the item.
        other: g and b of another item, for what asks about it.
        content: how much the recommender depends on the content.
        item_seed: of what is drawn at random.
    """

    item: Item
    picture: Image.Image
    mask: NDArray[np.bool_] | None
    annotation: Annotation | None
    cam: BeCAM
    masked: MaskedFeatures | None
    side: str
    model: str
    model_key: str
    seed: int
    projection: Projection
    target: Target
    other: tuple[Projection, Target]
    content: ContentDependence | None
    item_seed: int


def eligible(catalogue: Catalogue, split: Split) -> list[int]:
    """Return the items that have a picture and behaviour: an interaction in the training split."""
    known = set(np.unique(split.train[:, 1]).tolist())
    items = enumerate(catalogue.items)
    return [index for index, item in items if item.image is not None and index in known]


def chosen(config: MeasureConfig, catalogue: Catalogue, able: Sequence[int]) -> list[int]:
    """Return the items to measure, in the catalogue's order.

    The draw and the halves depend on the catalogue's size and ``item_seed`` alone, so that
    models of all seeds are measured on halves that do not mix.

    Raises:
        InputError: more items than there are, unknown ids, ids that can't be measured.
    """
    if config.ids:
        found = [catalogue.index_of(name) for name in config.ids]
        for index in found:
            if index not in able:
                item = catalogue.items[index]
                why = "picture" if item.image is None else "interaction in the training split"
                raise InputError(
                    f"item {shown(item.item_id)} has no {why}; expected an item that has one"
                )
        return sorted(found)
    order = np.random.default_rng([config.item_seed, 5]).permutation(len(catalogue.items))
    half = -(-len(order) // 2)
    if config.half is not None:
        order = order[:half] if config.half == "first" else order[half:]
    possible = set(able)
    drawn = [index for index in order.tolist() if index in possible]
    if config.items > len(drawn):
        where = f"the {config.half} half of {config.data!r}" if config.half else repr(config.data)
        raise InputError(
            f"items {shown(config.items)}: expected at most {len(drawn)}, the items of {where} "
            "with a picture and an interaction in the training split"
        )
    return sorted(drawn[: config.items])


def another(index: int, able: Sequence[int], item_seed: int) -> int:
    """Draw another item than ``index``.

    Raises:
        InputError: there is none.
    """
    pool = [each for each in able if each != index]
    if not pool:
        raise InputError("the catalogue has one item that can be measured; expected at least 2")
    return pool[int(np.random.default_rng([item_seed, 6, index]).integers(len(pool)))]
