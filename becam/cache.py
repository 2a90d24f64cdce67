"""Looking at the cache, and cleaning it up."""

from __future__ import annotations

import contextlib
import json
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from becam.eviction import GRACE, Entry, delete, evict, stored_entries
from becam.workspace import Workspace
from recsys.errors import unknown

# Kinds, and the folder of the workspace that each lies in.
KINDS = {
    "masked-features": "masked_features",
    "features": "features",
    "models": "models",
    "results": "results",
    "searches": "searches",
    "catalogues": "catalogues",
}
STORED = ("masked-features", "features", "results")
# What is many and large and can be computed again one by one: pruned unless others are named.
PRUNED = ("masked-features", "features")
# What a killed process may leave behind; older than this, nobody is writing it any more.
LEFTOVER = ".part"
LEFTOVER_AGE = 86400.0


@dataclass(frozen=True)
class KindSummary:
    """What the cache holds of one kind.

    Attributes:
        kind: one of `KINDS`.
        entries: how many.
        size: bytes.
        oldest, newest: seconds since 1970 of the least and most recent use; None without entries.
    """

    kind: str
    entries: int
    size: int
    oldest: float | None
    newest: float | None


def check_kinds(kinds: Sequence[str]) -> None:
    """Raise InputError for a kind that there is not."""
    for kind in kinds:
        if kind not in KINDS:
            raise unknown("kind", kind, KINDS)


def folder_of(workspace: Workspace, kind: str) -> Path:
    """Return where a kind's entries lie."""
    folder: Path = getattr(workspace, KINDS[kind])
    return folder


def entries_of(workspace: Workspace, kind: str) -> list[Entry]:
    """Return a kind's entries: stored files, or whatever lies in its folder, subfolders whole."""
    folder = folder_of(workspace, kind)
    if kind in STORED:
        return list(stored_entries((folder,)))
    found = []
    for path in sorted(folder.iterdir()) if folder.is_dir() else ():
        if not path.name.startswith("."):
            with contextlib.suppress(OSError):
                found.append(Entry(path, _size(path), path.stat().st_mtime))
    return found


def _size(path: Path) -> int:
    if not path.is_dir():
        return path.stat().st_size
    total = 0
    for file in path.rglob("*"):
        with contextlib.suppress(OSError):
            total += file.stat().st_size if file.is_file() else 0
    return total


def summarise_cache(workspace: Workspace) -> list[KindSummary]:
    """Count the entries of every kind."""
    found = []
    for kind in KINDS:
        entries = entries_of(workspace, kind)
        used = [entry.used for entry in entries]
        size = sum(entry.size for entry in entries)
        found.append(
            KindSummary(kind, len(entries), size, min(used, default=None), max(used, default=None))
        )
    return found


def leftovers(workspace: Workspace) -> list[Entry]:
    """Return temporary files and folders that killed processes left, a day old or more."""
    found = []
    for kind in KINDS:
        folder = folder_of(workspace, kind)
        for path in sorted(folder.rglob(f".*{LEFTOVER}")) if folder.is_dir() else ():
            with contextlib.suppress(OSError):
                entry = Entry(path, _size(path), path.stat().st_mtime)
                if time.time() - entry.used > LEFTOVER_AGE:
                    found.append(entry)
    return found


def prune(
    workspace: Workspace,
    kinds: Sequence[str] = PRUNED,
    *,
    to: int | None = None,
    older_than: float | None = None,
    dry_run: bool = False,
    grace: float = GRACE,
) -> list[Entry]:
    """Delete entries of some kinds, and what killed processes left.

    Args:
        workspace: the cache.
        kinds: of `KINDS`.
        to: delete what was used longest ago until these kinds take at most that many bytes.
        older_than: delete what was not used for that many seconds.
        dry_run: delete nothing.
        grace: what was used within that many seconds stays.

    Returns:
        What was (or would be) deleted.

    Raises:
        InputError: no such kind.
    """
    check_kinds(kinds)
    entries = [entry for kind in kinds for entry in entries_of(workspace, kind)]
    gone = [entry for entry in leftovers(workspace) if dry_run or delete(entry)]
    if older_than is not None:
        before = time.time() - max(older_than, grace)
        old = [entry for entry in entries if entry.used < before]
        deleted = [entry for entry in old if dry_run or delete(entry)]
        gone += deleted
        entries = [entry for entry in entries if entry not in deleted]
    if to is not None:
        gone += evict(entries, to=to, grace=grace, dry_run=dry_run)
    return gone


def damaged(workspace: Workspace, kinds: Sequence[str] = tuple(KINDS)) -> Iterator[Entry | None]:
    """Read every entry of some kinds and compare its checksums.

    Catalogues carry no checksums and are not looked at.

    Yields:
        The entry where it is damaged, None where it is whole.

    Raises:
        InputError: no such kind.
    """
    check_kinds(kinds)
    from becam.store import read_entry

    for kind in kinds:
        for entry in entries_of(workspace, kind):
            if kind in STORED:
                whole = read_entry(entry.path) is not None
            elif kind == "models":
                whole = _whole_model(entry.path)
            elif kind == "searches":
                whole = _is_json(entry.path)
            else:
                continue
            # One that another process replaced or deleted meanwhile is not damaged.
            yield None if whole or not entry.path.exists() else entry


def _whole_model(folder: Path) -> bool:
    """Tell whether a finished model is whole; the state of a run is not looked at."""
    from recsys.checkpoints import MANIFEST, load_model

    try:
        manifest = json.loads((folder / MANIFEST).read_text(encoding="utf-8"))
        return load_model(folder, manifest["key"]) is not None
    except NotADirectoryError:
        return True
    except (OSError, ValueError, KeyError, TypeError):
        return False


def _is_json(path: Path) -> bool:
    try:
        json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return False
    return True
