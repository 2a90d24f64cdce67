"""Importers: other people's data, written as a catalogue folder.

`import_catalogue` is the one entry point. A format is one file here: it knows its source by the
names of the files (``matches``) and reads it into a `recsys.data.importers.source.Source`
(``read``); what follows (merging repeated pairs, k-core, split, writing) is the same for all.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from recsys.lazy import lazy

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

__getattr__, __dir__ = lazy(
    __name__,
    {
        "FORMATS": "recsys.data.importers.formats",
        "ImportOptions": "recsys.data.importers.options",
        "ImportReport": "recsys.data.importers.report",
        "detect_format": "recsys.data.importers.formats",
        "import_catalogue": "recsys.data.importers.run",
        "import_mmrec": "recsys.data.importers.run",
    },
)
