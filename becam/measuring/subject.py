"""What is measured: an item, with all that methods and metrics ask about it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from becam.content_dependence import ContentDependence
from becam.measuring.again import Repeats
from becam.measuring.drawn import DrawnConfig
from becam.metrics.grabcut import grabcut_mask
from becam.question import Question
from becam.recognition import Recognition
from recsys.data.annotations import Annotation
from recsys.data.catalogue import Catalogue, Item
from recsys.errors import InputError, shown

CATALOGUE = "catalogue"
UNKNOWN = "the product's mask is not known"


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
        recognition: how well the recommender tells contents apart, by the score that asks.
        repeats: how methods are run again on changes of the picture.
    """

    item: Item
    side: str
    question: Question
    product: Product
    annotation: Annotation | None
    content: ContentDependence | None
    recognition: Mapping[str, Recognition | None]
    repeats: Repeats

    @property
    def model(self) -> str:
        """The recommender's name."""
        return str(self.question.model)

    def mask_of(self, metric: str) -> str:
        """Return where the mask comes from that a metric, or a detail of one, was measured with.

        Details as ``drift/face`` are of the catalogue's labels, however the product was found.
        """
        return CATALOGUE if metric in self._labelled else self.product.source

    @cached_property
    def _labelled(self) -> frozenset[str]:
        if self.annotation is None:
            return frozenset()
        return frozenset(
            (
                *(f"drift/{name}" for name in self.annotation.distractors()),
                *(f"omission/{name}" for name in self.annotation.parts()),
            )
        )


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
    mask, _ = catalogue.fitted_mask(item)  # what it notes is told in one line for all items
    if mask is None:
        return Product(None, "", UNKNOWN)
    return Product(mask, CATALOGUE)


def chosen(config: DrawnConfig, catalogue: Catalogue, able: Sequence[int]) -> list[int]:
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
    count = min(config.default_items, len(drawn)) if config.items is None else config.items
    if not drawn:
        raise InputError(
            f"data {shown(config.data)}: no item has a picture and an interaction in the training "
            "split; expected some"
        )
    if count > len(drawn):
        where = f"the {config.half} half of {config.data!r}" if config.half else repr(config.data)
        raise InputError(
            f"items {shown(count)}: expected at most {len(drawn)}, the items of {where} "
            "with a picture and an interaction in the training split"
        )
    return sorted(drawn[:count])


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
