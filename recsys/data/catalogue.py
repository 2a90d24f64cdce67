"""A catalogue: items with pictures and titles, and who interacted with them."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

import numpy as np
import numpy.typing as npt
from PIL import Image

from recsys.data.annotations import Annotation, read_annotation, read_legend
from recsys.data.catalogue_masks import fitted_mask
from recsys.data.folder import (
    LEGEND,
    Item,
    find_folder,
    note_missing,
    read_interactions,
    read_items,
)
from recsys.data.interactions import Interactions
from recsys.data.modality_files import (
    check_ids,
    check_manifest,
    find_modalities,
    ids_beside,
    note_strangers,
)
from recsys.data.npy import read_features
from recsys.data.pictures import decode_mask, decode_picture, read_bytes
from recsys.data.tables import display
from recsys.errors import InputError, encodable, shown, unknown

__all__ = ["Catalogue", "Item", "load_catalogue"]


@dataclass(frozen=True, eq=False)
class Catalogue:
    """Items, in the order of ``items.csv``, and interactions, by index into them.

    Pictures are read when asked for. Reading one raises InputError, which names the item
    and the file, where the file is missing, is no picture, or lies outside the folder
    through a link (``images`` itself may be a link to a folder elsewhere).
    """

    name: str
    root: Path
    items: tuple[Item, ...]
    interactions: Interactions
    load_notes: tuple[str, ...] = ()
    _late_notes: dict[str, None] = field(default_factory=dict, init=False, repr=False)

    def __post_init__(self) -> None:
        if tuple(item.item_id for item in self.items) != self.interactions.item_ids:
            raise ValueError("items and interactions.item_ids differ")

    @property
    def notes(self) -> tuple[str, ...]:
        """What was left out, skipped or resized, one line each: at loading, then since."""
        return (*self.load_notes, *self._late_notes)

    @cached_property
    def _index(self) -> dict[str, int]:
        return {item.item_id: index for index, item in enumerate(self.items)}

    def index_of(self, item_id: str) -> int:
        """Return an item's index. Raises InputError with the nearest ids for an unknown one."""
        index = self._index.get(item_id)
        if index is None:
            raise unknown("item", item_id, self._index)
        return index

    def item(self, item_id: str) -> Item:
        """Return the item with this id. Raises InputError as `index_of` does."""
        return self.items[self.index_of(item_id)]

    @cached_property
    def has_pictures(self) -> bool:
        """Whether any item has a picture."""
        return any(item.image is not None for item in self.items)

    @cached_property
    def has_texts(self) -> bool:
        """Whether any item has a text."""
        return any(item.has_text for item in self.items)

    def picture_bytes(self, item: Item) -> bytes:
        """Return the item's picture file as it is, to hash or to decode.

        Raises InputError for an item without one.
        """
        return self._read(item, self._image_of(item))

    def picture(self, item: Item) -> Image.Image:
        """Return the item's picture as RGB; see `recsys.data.pictures.decode_picture`."""
        path = self._image_of(item)
        return decode_picture(self._read(item, path), self._label(item, path))

    def _image_of(self, item: Item) -> Path:
        if item.image is None:
            raise InputError(f"item {shown(item.item_id)}: it has no picture in items.csv")
        return item.image

    @cached_property
    def modality_files(self) -> Mapping[str, Path]:
        """The ready-made content features, ``features/NAME.npy``, by name, sorted.

        Raises InputError for a name that no modality can have.
        """
        return find_modalities(self.root)

    def stored_features(self, name: str) -> npt.NDArray[np.float32]:
        """Return ready-made content features: (n_items, D) float32, a row an item, in order.

        Checked against the ids in ``features/NAME.ids.txt`` or ``.ids.csv`` where there is one,
        and against the checksum in ``features/NAME.json``. See `recsys.data.modality_files`.

        Raises InputError, which names the file and the first bad row, for an unknown name, a
        file that is damaged or holds objects, rows that do not fit the items, and values that
        are not finite.
        """
        return read_features(self.features_file(name), self.interactions.item_ids)

    def features_file(self, name: str) -> Path:
        """Return the file of ready-made content features, its ids and its manifest checked.

        Raises InputError as `stored_features` does, but for what only its rows tell.
        """
        path = self.modality_files.get(name)
        if path is None:
            raise unknown("features file", name, self.modality_files)
        self._check_linked(f"features {shown(name)}: {display(path)}", path)
        given = ids_beside(path)
        if given is not None:
            self._check_linked(f"features {shown(name)}: {display(given)}", given)
            check_ids(given, self.interactions.item_ids)
        check_manifest(path)
        return path

    def mask(self, item: Item) -> npt.NDArray[np.bool_] | None:
        """Return the item's product mask, (H, W) bool of the picture's size, or None.

        See `fitted_mask`; what it notes is among the catalogue's notes afterwards.
        """
        mask, note = self.fitted_mask(item)
        if note is not None:
            self._late_notes[note] = None
        return mask

    def fitted_mask(self, item: Item) -> tuple[npt.NDArray[np.bool_] | None, str | None]:
        """Return the item's product mask, (H, W) bool of the picture's size, or None, and a note.

        A mask of another size is resized by nearest neighbour, which the note says; it is None
        where there is nothing to say. A mask may be empty or full.
        """
        if item.mask is None:
            return None, None
        read = decode_mask(self._read(item, item.mask), self._label(item, item.mask))
        mask, note = fitted_mask(read, self.picture(item).size)
        if note is None:
            return mask, None
        inside = display(item.mask.relative_to(self.root))
        return mask, f"item {shown(item.item_id)}: {inside}: {note}"

    def annotation(self, item: Item) -> Annotation | None:
        """Return the item's exact labels, or None where the catalogue has none for it.

        They are ``labels.json`` and ``labels/<the picture's name>.png``. Raises InputError
        for labels that are damaged or do not fit the picture.
        """
        path = self.labels_of(item)
        if path is None or self._legend is None or not path.exists():
            return None
        self.check_inside(item, path)
        return read_annotation(path, self._legend, self.picture(item).size)

    def labels_of(self, item: Item) -> Path | None:
        """Return where an item's label map would be; None for an item without a picture."""
        return None if item.image is None else self.root / "labels" / f"{item.image.stem}.png"

    @cached_property
    def _legend(self) -> dict[int, str] | None:
        path = self.root / LEGEND
        return read_legend(path) if path.exists() else None

    @cached_property
    def _fingerprint(self) -> str:
        rows = [
            (
                item.item_id,
                item.title,
                item.image.relative_to(self.root).as_posix() if item.image else "",
            )
            for item in self.items
        ]
        sha = hashlib.sha256(b"becam catalogue 1\n")
        sha.update(json.dumps(rows).encode())
        sha.update(self.interactions.fingerprint().encode())
        return sha.hexdigest()

    def fingerprint(self) -> str:
        """Return the sha256 (hex) of ids, titles, picture names and interactions.

        Not of the pictures' contents: whoever uses a picture hashes its bytes.
        """
        return self._fingerprint

    def _label(self, item: Item, path: Path) -> str:
        return f"item {shown(item.item_id)}: {display(path)}"

    def _read(self, item: Item, path: Path) -> bytes:
        self.check_inside(item, path)
        try:
            return read_bytes(path)
        except InputError as error:
            raise InputError(f"item {shown(item.item_id)}: {error}") from error

    def check_inside(self, item: Item, path: Path) -> None:
        """Raise InputError where a link leads an item's file out of the catalogue's folder."""
        self._check_linked(self._label(item, path), path)

    def _check_linked(self, label: str, path: Path) -> None:
        """Refuse a file that a link leads out of the folder, except through its top folder."""
        top = self.root / path.relative_to(self.root).parts[0]
        try:
            real, homes = path.resolve(), [self.root.resolve()]
            if top != path:
                homes.append(top.resolve())
        except (OSError, RuntimeError) as error:  # a loop of links
            raise InputError(f"{label}: {error}") from error
        if not any(real.is_relative_to(home) for home in homes):
            raise InputError(f"{label}: leads out of the catalogue's folder")


def load_catalogue(path: Path | str, *, name: str | None = None) -> Catalogue:
    """Load a catalogue folder; ``name`` is the folder's own unless given.

    ``items.csv`` has the columns ``item_id``, ``image`` (a path inside the folder, with
    ``/``) and ``title``, and may have ``category`` and ``mask``; an empty ``image`` or
    ``title`` means that the item has no picture or no text. ``interactions.csv`` has
    ``user_id`` and ``item_id``, and may have ``timestamp`` (a number) and ``split``
    (train, valid or test). Both are read as `recsys.data.tables.CsvTable` says; ids are
    text, compared letter by letter. Users are sorted by id, interactions by user and item,
    so the order of the rows of ``interactions.csv`` does not matter.

    Left out with a note: a (user, item) pair that occurs again (its first row counts),
    unknown columns, empty rows. Notes also count the items without picture or text and the
    picture files that are missing.

    Raises InputError in one line, with file, row and column, for anything else: missing
    columns, an empty or repeated item id, an interaction with an unknown item, a bad
    number, a path out of the folder.
    """
    root = find_folder(Path(path))
    notes: list[str] = []
    items = read_items(root, notes)
    interactions = read_interactions(root, items, notes)
    note_missing(root, items, notes)
    note_strangers(root, notes)
    return Catalogue(encodable(name or root.name), root, items, interactions, tuple(notes))
