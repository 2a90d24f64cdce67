"""What is measured: an item, with all that methods and metrics ask about it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from becam.content_dependence import ContentDependence
from becam.measuring.config import MeasureConfig
from becam.metrics.grabcut import grabcut_mask
from becam.question import Question
from recsys.data.annotations import Annotation
from recsys.data.catalogue import Catalogue, Item
from recsys.errors import InputError, shown


@dataclass(frozen=True, eq=False, kw_only=True)
class Subject:
    """One item as one recommender sees it.

    Attributes:
        item: the item.
        side: ``before`` or ``after``.
        question: what every method is asked about it.
        product: its product's mask, or why there is none.
        annotation: exact labels of its parts and distractors, where they are known.
        content: how much the recommender depends on the content.
    """

    item: Item
    side: str
    question: Question
    product: Product
    annotation: Annotation | None
    content: ContentDependence | None

    @property
    def model(self) -> str:
        """The recommender's name."""
        return str(self.question.model)


@dataclass(frozen=True, eq=False)
class Product:
    """Where the product is on a picture.

    Attributes:
        mask: (height, width) bool of the picture's size; None where it is not known.
        source: ``catalogue``, or how it was estimated; empty without a mask.
        reason: without a mask: why.
    """

    mask: NDArray[np.bool_] | None
    source: str
    reason: str = ""


def product_of(catalogue: Catalogue, item: Item, picture: Image.Image, how: str) -> Product:
    """Return an item's product mask: the catalogue's own, or an estimate from the picture.

    Args:
        catalogue, item, picture: whose.
        how: one of `becam.measuring.config.MASKS`.

    Raises:
        InputError: a mask file that can't be read.
    """
    if how == "grabcut":
        found = grabcut_mask(picture)
        return Product(
            found.mask, found.label if found.mask is not None else "", found.reason or ""
        )
    mask = catalogue.mask(item)
    if mask is None:
        return Product(None, "", "the product's mask is not known")
    return Product(mask, "catalogue")


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


def others_of(index: int, able: Sequence[int], item_seed: int, count: int) -> list[int]:
    """Draw other items than ``index``.

    Raises:
        InputError: there are not so many.
    """
    pool = [each for each in able if each != index]
    if len(pool) < count:
        raise InputError(
            f"others {shown(count)}: expected at most {len(pool)}, the other items that can be "
            "measured"
        )
    rng = np.random.default_rng([item_seed, 6, index])
    return [pool[place] for place in rng.choice(len(pool), count, replace=False).tolist()]
