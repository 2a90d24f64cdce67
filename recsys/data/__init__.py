"""Catalogues, interactions and their splits; the demo catalogue is in `recsys.data.demo`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

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

_HOMES = {
    "Annotation": "annotations",
    "Catalogue": "catalogue",
    "ImportReport": "importers",
    "Interactions": "interactions",
    "Item": "catalogue",
    "Split": "splits",
    "import_catalogue": "importers",
    "load_catalogue": "catalogue",
    "open_picture": "pictures",
    "split_by_time": "splits",
    "split_from_column": "splits",
    "split_random": "splits",
}


def __getattr__(name: str) -> Any:
    """Import a public name from its module the first time that it is used."""
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module

    return getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
