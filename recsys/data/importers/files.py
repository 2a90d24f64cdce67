"""Finding a format's files, and pictures by item id, in a source's folder."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from pathlib import Path

from recsys.data.importers.source import Placed
from recsys.data.tables import display, file_error
from recsys.errors import InputError, nearest, shown

PICTURE_ENDINGS = (".jpg", ".jpeg", ".png", ".webp", ".gif", ".bmp")
_DEPTH = 2  # folders below the source's where pictures by item id are looked for


def entries(folder: Path) -> list[str]:
    """List the names of a folder's files and folders, sorted, hidden ones left out.

    Raises InputError where it cannot be read.
    """
    try:
        names = [path.name for path in folder.iterdir()]
    except OSError as error:
        raise file_error(folder, error) from error
    return sorted(name for name in names if not name.startswith("."))


def one_file(folder: Path, endings: Collection[str], what: str) -> Path:
    """Return the one file whose name ends in one of ``endings``.

    Raises InputError where there is none, with the nearest name, or more than one.
    """
    found = optional_file(folder, endings, what)
    if found is not None:
        return found
    wanted = " or ".join(f"*{ending}" for ending in endings)
    close = nearest(next(iter(endings)), entries(folder), count=1)
    hint = f"; is {shown(close[0])} meant?" if close else ""
    raise InputError(f"{display(folder)} has no {what} ({wanted}){hint}")


def optional_file(folder: Path, endings: Collection[str], what: str) -> Path | None:
    """Return the one file whose name ends in one of ``endings``, or None.

    Raises InputError where there are more than one.
    """
    found = [name for name in entries(folder) if name.endswith(tuple(endings))]
    if len(found) > 1:
        raise InputError(
            f"{display(folder)} has {len(found)} files that may be the {what}: "
            f"{', '.join(map(shown, found[:4]))}; expected one"
        )
    return folder / found[0] if found else None


def left_out(folder: Path, used: Iterable[str]) -> list[str]:
    """Return a note that names the entries of a source's folder that were not used, if any."""
    unused = sorted(set(entries(folder)) - set(used))
    if not unused:
        return []
    more = f" and {len(unused) - 8} more" if len(unused) > 8 else ""
    return [f"not used: {', '.join(map(shown, unused[:8]))}{more}"]


def pictures_by_id(
    folder: Path, item_ids: Collection[str], notes: list[str]
) -> tuple[dict[str, Placed], str]:
    """Find the folder below ``folder`` with a picture file named by item id: ``<item>.jpg``.

    Returns the picture of each item that has one, and the name of the entry of ``folder`` that
    they are in ("" where none is). Of several such folders, the one with the most counts, and a
    note names the others. An id is compared with the names that are there: it never becomes a
    path.
    """
    best: tuple[int, Path, dict[str, str]] | None = None
    others: list[str] = []
    for candidate in _folders(folder, _DEPTH):
        named = _pictures(entries(candidate))
        count = sum(item_id in named for item_id in item_ids)
        if count and best is not None:
            others.append(best[1].name if count > best[0] else candidate.name)
        if count and (best is None or count > best[0]):
            best = count, candidate, named
    if best is None:
        return {}, ""
    if others:
        names = ", ".join(map(shown, others))
        notes.append(f"pictures are taken from {shown(best[1].name)}, not from {names}")
    _, chosen, named = best
    found = {
        item_id: Placed(chosen / named[item_id], f"images/{named[item_id]}")
        for item_id in item_ids
        if item_id in named
    }
    return found, chosen.relative_to(folder).parts[0]


def _folders(folder: Path, depth: int) -> list[Path]:
    inner = [folder / name for name in entries(folder) if (folder / name).is_dir()]
    deeper = [path for child in inner for path in _folders(child, depth - 1)] if depth > 1 else []
    return inner + deeper


def _pictures(names: list[str]) -> dict[str, str]:
    """Return the picture files by their names without the ending; the first ending counts."""
    return {
        name[: -len(ending)]: name
        for ending in reversed(PICTURE_ENDINGS)
        for name in names
        if name.lower().endswith(ending)
    }
