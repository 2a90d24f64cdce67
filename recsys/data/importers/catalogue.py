"""A catalogue folder as a source: to filter it, or to give it a split."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from recsys.data.catalogue import Catalogue, Item
from recsys.data.core import Log
from recsys.data.folder import (
    INTERACTIONS,
    ITEMS,
    LEGEND,
    find_folder,
    note_missing,
    read_items,
    read_rows,
)
from recsys.data.importers.source import Placed, Reading, Source, SourceItem
from recsys.data.interactions import Interactions, pair_keys
from recsys.data.modality_files import note_strangers
from recsys.data.tables import Layout

EXPECTED = f"{ITEMS}, {INTERACTIONS}, and images/ and features/ if it has them"
PREPARED = True


def matches(names: list[str]) -> bool:
    """Tell by a folder's entries whether it is in this format."""
    return ITEMS in names and INTERACTIONS in names


def read(folder: Path, reading: Reading) -> Source:
    """Read a catalogue folder with its pictures, masks, labels and ready-made features.

    Unknown columns are treated as in every import.

    Raises InputError as `recsys.data.load_catalogue` does, for a file that a link leads out of
    the folder, and for features whose ids are not the items' or whose manifest is another's.
    """
    layout = Layout(strangers=reading.options.strangers)
    root = find_folder(folder)
    notes: list[str] = []
    items = read_items(root, notes, layout)
    rows = read_rows(root, items, notes, layout)
    note_missing(root, items, notes)
    note_strangers(root, notes)
    catalogue = Catalogue(root.name, root, items, _without_rows(items))
    reading.scan(catalogue.root / ITEMS)
    reading.scan(catalogue.root / INTERACTIONS)
    for note in notes:
        reading.note(note)
    for name in catalogue.modality_files:
        reading.scan(catalogue.features_file(name), table=False)
    # By user and item, as a catalogue is when it is opened; a repeated pair in the file's order.
    order = np.argsort(pair_keys(rows.users, rows.items, len(items)), kind="stable")
    legend = catalogue.root / LEGEND
    return Source(
        name=catalogue.name,
        items=[_item(catalogue, item) for item in catalogue.items],
        user_ids=rows.user_ids,
        log=Log(
            rows.users[order].astype(np.int32),
            rows.items[order].astype(np.int32),
            None if rows.timestamps is None else rows.timestamps[order],
            None if rows.splits is None else rows.splits[order],
        ),
        features=catalogue.modality_files,
        extra=(Placed(legend, legend.name),) if legend.exists() else (),
    )


def _without_rows(items: tuple[Item, ...]) -> Interactions:
    """Return what a catalogue needs to look at its files; repeated pairs are merged later."""
    none = np.empty(0, dtype=np.int64)
    return Interactions((), tuple(item.item_id for item in items), none, none)


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
