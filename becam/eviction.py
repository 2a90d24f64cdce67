"""A size limit on what can be computed again: what was used longest ago goes first."""

from __future__ import annotations

import contextlib
import os
import shutil
import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from recsys.files import beside

ENDING = ".safetensors"
# An entry used this recently may be about to be read by another process: it stays.
GRACE = 600.0
# Evicted down to this share of the limit, so that not every write has to evict.
TARGET = 0.9


@dataclass(frozen=True)
class Entry:
    """An entry on disk: its file or folder, bytes, last use (seconds since 1970)."""

    path: Path
    size: int
    used: float


def stored_entries(folders: Iterable[Path]) -> Iterator[Entry]:
    """Yield the entries that lie in store folders now; one deleted meanwhile is left out."""
    for folder in folders:
        for shard in _listed(folder):
            for file in _listed(Path(shard.path)) if shard.is_dir() else ():
                if file.name.endswith(ENDING) and not file.name.startswith("."):
                    with contextlib.suppress(OSError):
                        found = file.stat()
                        yield Entry(Path(file.path), found.st_size, found.st_mtime)


def _listed(folder: Path) -> list[os.DirEntry[str]]:
    try:
        with os.scandir(folder) as entries:
            return sorted(entries, key=lambda entry: entry.name)
    except OSError:
        return []


def touch(path: Path) -> None:
    """Mark an entry as used now; a cache that can't be written to is left as it is."""
    with contextlib.suppress(OSError):
        os.utime(path)


def evict(
    entries: Iterable[Entry], *, to: int, grace: float = GRACE, dry_run: bool = False
) -> list[Entry]:
    """Delete the entries used longest ago until the rest takes at most ``to`` bytes.

    Safe beside other processes: entries are read whole, so that one which is being read stays
    readable; one that was used within ``grace`` seconds, or since it was listed, stays; two
    processes that evict at once pick the same entries.

    Args:
        entries: all that count.
        to: bytes.
        grace: seconds.
        dry_run: delete nothing.

    Returns:
        What was (or would be) deleted.
    """
    ordered = sorted(entries, key=lambda entry: (entry.used, entry.path.name))
    total, gone = sum(entry.size for entry in ordered), []
    now = time.time()
    for entry in ordered:
        if total <= to or now - entry.used < grace:
            break
        if dry_run or delete(entry):
            gone.append(entry)
            total -= entry.size
    return gone


def delete(entry: Entry) -> bool:
    """Delete an entry unless it was used since it was listed; tell whether it is gone."""
    try:
        if last_used(entry.path) > entry.used:
            return False
        if entry.path.is_dir():
            # Gone in one step for whoever looks now; its files follow.
            away = beside(entry.path)
            entry.path.rename(away)
            shutil.rmtree(away, ignore_errors=True)
        else:
            entry.path.unlink()
    except FileNotFoundError:
        return True
    except OSError:  # in use, on systems that forbid it; or not ours
        return False
    return True


def last_used(path: Path) -> float:
    """Return when an entry was last used (a stored file) or written (a folder).

    Raises:
        OSError: it is not there.
    """
    return path.stat().st_mtime


class SizeLimit:
    """Keeps the entries of some store folders together under a number of bytes."""

    def __init__(self, folders: tuple[Path, ...], limit: int, *, grace: float = GRACE) -> None:
        """Prepare; nothing is listed yet.

        Args:
            folders: what counts.
            limit: bytes.
            grace: seconds for which an entry stays after its last use, whatever the limit.
        """
        self.folders, self.limit, self.grace = folders, limit, grace
        self._room = 0  # bytes that may be added before the folders are listed again

    def added(self, size: int) -> None:
        """Take note of a write; evict where the limit is passed.

        The folders are listed on the first write and then whenever this process may have passed
        the limit, or has added a twentieth of it: other processes write too.
        """
        self._room -= size
        if self._room >= 0:
            return
        entries = list(stored_entries(self.folders))
        total = sum(entry.size for entry in entries)
        if total > self.limit:
            gone = evict(entries, to=int(self.limit * TARGET), grace=self.grace)
            total -= sum(entry.size for entry in gone)
        step, room = self.limit // 20, self.limit - total
        self._room = room if 0 < room < step else step
