"""An item's columns, as queries see them."""

from __future__ import annotations

import csv
from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from recsys.data.catalogue import Catalogue
from recsys.data.folder import ITEMS

OWN = ("item_id", "title", "category", "interactions", "has_mask")
"""Columns of every catalogue: texts, a count, true or false."""


def columns_of(catalogue: Catalogue, counts: NDArray[np.int64]) -> dict[str, list[Any]]:
    """Return what queries can ask for: by column, a value an item.

    These are `OWN`, and every other column of ``items.csv`` whose name is a word; its values are
    texts.

    Args:
        catalogue: the items.
        counts: of their interactions in the training split, (items,).
    """
    items = catalogue.items
    own: dict[str, list[Any]] = {
        "item_id": [item.item_id for item in items],
        "title": [item.title for item in items],
        "category": [item.category for item in items],
        "interactions": counts.tolist(),
        "has_mask": [item.mask is not None for item in items],
    }
    return {**_others(catalogue), **own}


def _others(catalogue: Catalogue) -> Mapping[str, list[Any]]:
    """Read the columns of ``items.csv`` that the catalogue itself leaves out."""
    # The catalogue has read and checked this file already.
    with (catalogue.root / ITEMS).open(encoding="utf-8-sig", newline="") as file:
        table = csv.DictReader(file)
        by_id = {row.get("item_id"): row for row in table}
        names = [name for name in table.fieldnames or () if name.isidentifier()]
    known = {"item_id", "title", "category", "image", "mask"}
    return {
        name: [(by_id.get(item.item_id) or {}).get(name) for item in catalogue.items]
        for name in names
        if name not in known
    }
