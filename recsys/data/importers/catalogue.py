"""A catalogue folder as a source: to filter it, or to give it a split."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from recsys.data.catalogue import Catalogue, Item
from recsys.data.core import Log
from recsys.data.folder import (
    INTERACTIONS,
    ITEMS,
    find_folder,
    note_missing,
    read_interactions,
    read_items,
)
from recsys.data.importers.source import Placed, Reading, Source, SourceItem
from recsys.data.modality_files import check_ids, ids_beside, note_strangers
from recsys.data.tables import Layout

EXPECTED = f"{ITEMS}, {INTERACTIONS}, and images/ and features/ if it has them"
PREPARED = True


def matches(names: list[str]) -> bool:
    """Tell by a folder's entries whether it is in this format."""
    return ITEMS in names and INTERACTIONS in names


def read(folder: Path, reading: Reading) -> Source:
    """Read a catalogue folder with its pictures, masks, labels and ready-made features.

    Repeated pairs are merged as `recsys.data.load_catalogue` does: the first row counts. Unknown
    columns are treated as in every import.

    Raises InputError as that does, for a file that a link leads out of the folder, and for
    features whose ids are not the items'.
    """
    catalogue = _load(folder, Layout(strangers=reading.options.strangers))
    reading.scan(catalogue.root / ITEMS)
    reading.scan(catalogue.root / INTERACTIONS)
    for note in catalogue.load_notes:
        reading.note(note)
    for path in catalogue.modality_files.values():
        reading.scan(path, table=False)
        given = ids_beside(path)
        if given is not None:
            check_ids(given, catalogue.interactions.item_ids)
    rows = catalogue.interactions
    legend = catalogue.root / "labels.json"
    return Source(
        name=catalogue.name,
        items=[_item(catalogue, item) for item in catalogue.items],
        user_ids=rows.user_ids,
        log=Log(
            rows.users.astype(np.int32), rows.items.astype(np.int32), rows.timestamps, rows.splits
        ),
        features=catalogue.modality_files,
        extra=(Placed(legend, legend.name),) if legend.exists() else (),
    )


def _load(folder: Path, layout: Layout) -> Catalogue:
    root = find_folder(folder)
    notes: list[str] = []
    items = read_items(root, notes, layout)
    interactions = read_interactions(root, items, notes, layout)
    note_missing(root, items, notes)
    note_strangers(root, notes)
    return Catalogue(root.name, root, items, interactions, tuple(notes))


def _item(catalogue: Catalogue, item: Item) -> SourceItem:
    def placed(path: Path | None) -> Placed | None:
        if path is None:
            return None
        catalogue.check_inside(item, path)
        return Placed(path, path.relative_to(catalogue.root).as_posix())

    labels = catalogue.labels_of(item)
    beside = placed(labels) if labels is not None and labels.exists() else None
    return SourceItem(
        item.item_id,
        item.title,
        item.category or "",
        placed(item.image),
        placed(item.mask),
        (beside,) if beside else (),
    )
