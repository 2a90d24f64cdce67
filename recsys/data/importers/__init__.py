"""Importers: other people's data, written as a catalogue folder.

`import_catalogue` is the one entry point. A format is one file here: it knows its source by the
names of the files (``matches``) and reads it into a `recsys.data.importers.source.Source`
(``read``); what follows (merging repeated pairs, k-core, split, writing) is the same for all.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from recsys.data.importers.formats import FORMATS, detect_format
    from recsys.data.importers.options import ImportOptions
    from recsys.data.importers.report import ImportReport
    from recsys.data.importers.run import import_catalogue, import_mmrec

__all__ = [
    "FORMATS",
    "ImportOptions",
    "ImportReport",
    "detect_format",
    "import_catalogue",
    "import_mmrec",
]

_HOMES = {
    "FORMATS": "formats",
    "ImportOptions": "options",
    "ImportReport": "report",
    "detect_format": "formats",
    "import_catalogue": "run",
    "import_mmrec": "run",
}


def __getattr__(name: str) -> Any:
    """Import a public name from its module the first time that it is used."""
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module

    return getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)
