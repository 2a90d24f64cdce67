"""Ready-made content features beside a catalogue: ``features/NAME.npy`` and its ids.

A file holds (n_items, D) real numbers, row i for the i-th item of ``items.csv``. Nothing in it
says which item a row is for; so an optional ``features/NAME.ids.txt`` (an id a line) or
``features/NAME.ids.csv`` (a column ``item_id``) gives the ids in row order, and they must be
those of ``items.csv``, in the same order.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from types import MappingProxyType

from recsys.data.tables import COMMAS, LINES, CsvTable, display, file_error
from recsys.errors import InputError, shown
from recsys.hashing import file_hash

FEATURES = "features"
IDS = (".ids.txt", ".ids.csv")

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}")
_RESERVED = ("none",)  # "no modality" on the command line


def check_modality(name: str, path: Path) -> str:
    """Return ``name`` if a modality can have it. Raises InputError, which names the file."""
    if not _NAME.fullmatch(name) or name.casefold() in _RESERVED:
        raise InputError(
            f"{display(path)}: {shown(name)} cannot name a modality; expected letters, digits, "
            "'.', '_' and '-', and not 'none'"
        )
    return name


def find_modalities(root: Path) -> Mapping[str, Path]:
    """Find the ``features/NAME.npy`` of a catalogue's folder, by name, sorted.

    Raises InputError for a name that no modality can have, and where the folder is unreadable.
    """
    found = {
        check_modality(path.name[: -len(".npy")], path): path
        for path in _entries(root)
        if path.name.endswith(".npy")
    }
    return MappingProxyType(found)


def note_strangers(root: Path, notes: list[str]) -> None:
    """Note the files in ``features/`` that nothing reads."""
    entries = _entries(root)
    known = {path.name[: -len(".npy")] for path in entries if path.name.endswith(".npy")}
    read = {name + ending for name in known for ending in (".npy", ".json", *IDS)}
    strangers = [
        path.name for path in entries if path.name not in read and not path.name.startswith(".")
    ]
    if strangers:
        named = ", ".join(map(shown, strangers[:8]))
        more = f" and {len(strangers) - 8} more" if len(strangers) > 8 else ""
        notes.append(
            f"{FEATURES}/: left out {named}{more} (expected NAME.npy, and beside it "
            "NAME.ids.txt or .csv and NAME.json)"
        )


def _entries(root: Path) -> list[Path]:
    folder = root / FEATURES
    try:
        return sorted(folder.iterdir(), key=lambda path: path.name) if folder.is_dir() else []
    except OSError as error:
        raise file_error(folder, error) from error


def ids_beside(features: Path) -> Path | None:
    """Return the file with the ids of a features file's rows, if there is one.

    Raises InputError where there are two.
    """
    stem = features.name[: -len(".npy")]
    found = [
        path
        for ending in IDS
        if (path := features.with_name(stem + ending)).is_symlink() or path.exists()
    ]
    if len(found) > 1:
        raise InputError(f"{display(found[0])} and {found[1].name}: expected one of them")
    return found[0] if found else None


def check_ids(path: Path, item_ids: Sequence[str]) -> None:
    """Check that the ids in ``path`` are the items', in their order.

    Raises InputError, which names the file and the first row that differs.
    """
    count = 0
    for row, item_id in _read_ids(path):
        if count == len(item_ids):
            raise InputError(
                f"{display(path)}, row {row}: {shown(item_id)} is one id too many, expected "
                f"{len(item_ids):,}, one per item"
            )
        if item_id != item_ids[count]:
            hint = "; the same items in another order" if _same(path, item_ids) else ""
            raise InputError(
                f"{display(path)}, row {row}: {shown(item_id)}, but item {count} (from 0) of the "
                f"catalogue is {shown(item_ids[count])}{hint}; the rows must be in the order of "
                "items.csv"
            )
        count += 1
    if count < len(item_ids):
        raise InputError(
            f"{display(path)}: {count:,} ids, expected {len(item_ids):,}, one per item"
        )


def _same(path: Path, item_ids: Iterable[str]) -> bool:
    return sorted(item_id for _, item_id in _read_ids(path)) == sorted(item_ids)


def _read_ids(path: Path) -> Iterator[tuple[int, str]]:
    layout = COMMAS if path.name.endswith(".csv") else LINES
    with CsvTable(path, ("item_id",), layout=layout) as table:
        for row, (item_id,) in table:
            yield row, item_id or ""


def check_manifest(path: Path) -> None:
    """Check ``NAME.npy`` against the ``NAME.json`` beside it, where there is one of ours.

    Raises:
        InputError: the manifest can't be read, or is that of another array.
    """
    manifest = path.with_suffix(".json")
    if not manifest.exists():
        return
    try:
        document = json.loads(manifest.read_text(encoding="utf-8"))
        digest = file_hash(path)
    except (OSError, ValueError) as error:
        raise InputError(f"features {shown(path)}: {manifest.name}: {error}") from None
    sums = document.get("sha256") if isinstance(document, dict) else None
    if isinstance(sums, dict) and sums.get(path.name, digest) != digest:
        raise InputError(
            f"features {shown(path)} are not the ones that {manifest.name} describes; "
            "write both again, or remove the manifest"
        )
