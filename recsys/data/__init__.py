"""Catalogues, interactions and their splits; the demo catalogue is in `recsys.data.demo`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from recsys.lazy import lazy

if TYPE_CHECKING:
    from recsys.data.annotations import Annotation
    from recsys.data.catalogue import Catalogue, Item, load_catalogue
    from recsys.data.importers import ImportReport, import_catalogue
    from recsys.data.interactions import Interactions
    from recsys.data.pictures import open_picture
    from recsys.data.splits import Split, split_by_time, split_from_column, split_random

__all__ = [
    "Annotation",
    "Catalogue",
    "ImportReport",
    "Interactions",
    "Item",
    "Split",
    "import_catalogue",
    "load_catalogue",
    "open_picture",
    "split_by_time",
    "split_from_column",
    "split_random",
]

__getattr__, __dir__ = lazy(
    __name__,
    {
        "Annotation": "recsys.data.annotations",
        "Catalogue": "recsys.data.catalogue",
        "ImportReport": "recsys.data.importers",
        "Interactions": "recsys.data.interactions",
        "Item": "recsys.data.catalogue",
        "Split": "recsys.data.splits",
        "import_catalogue": "recsys.data.importers",
        "load_catalogue": "recsys.data.catalogue",
        "open_picture": "recsys.data.pictures",
        "split_by_time": "recsys.data.splits",
        "split_from_column": "recsys.data.splits",
        "split_random": "recsys.data.splits",
    },
)
