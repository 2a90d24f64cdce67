"""What an import read, kept and dropped, and why."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from recsys.data.blocks import FileFacts
from recsys.data.folder import MANIFEST
from recsys.data.interactions import SPLIT_NAMES

SCHEMA = 1


@dataclass(frozen=True)
class Counts:
    """Numbers of users, items and interactions."""

    users: int
    items: int
    interactions: int

    def __str__(self) -> str:
        return f"{self.users:,} users, {self.items:,} items, {self.interactions:,} interactions"


@dataclass(frozen=True)
class Dropped:
    """``count`` users, items, interactions or pictures that are not in the result.

    ``first`` is an example: the first one in the source's order.
    """

    what: str
    count: int
    reason: str
    first: str

    def __str__(self) -> str:
        return f"dropped {self.count:,} {self.what}: {self.reason} (first: {self.first})"


class Drops:
    """Collects what is dropped, by kind and reason, in the order of their first occurrence."""

    def __init__(self) -> None:
        self._found: dict[tuple[str, str], tuple[int, str]] = {}

    def add(self, what: str, reason: str, count: int, first: str) -> None:
        """Add ``count``; of all calls with the same reason, the first example stays."""
        if count:
            before, example = self._found.get((what, reason), (0, first))
            self._found[what, reason] = (before + count, example)

    def count(self, what: str) -> int:
        """Return how many of a kind were dropped."""
        return sum(number for (kind, _), (number, _) in self._found.items() if kind == what)

    def listed(self) -> tuple[Dropped, ...]:
        """Return them all."""
        return tuple(
            Dropped(what, count, reason, first)
            for (what, reason), (count, first) in self._found.items()
        )


@dataclass(frozen=True, kw_only=True)
class ImportReport:
    """What `recsys.data.import_catalogue` did.

    ``parts`` are the interactions in train, valid and test, None without a ``split`` column;
    ``modalities`` the ready-made features by name, with their dimensions; ``files`` the
    source's tables and features as they were.
    """

    name: str
    format: str
    folder: Path
    options: Mapping[str, Any]
    read: Counts
    kept: Counts
    parts: tuple[int, int, int] | None
    pictures: int
    texts: int
    modalities: Mapping[str, int] = field(default_factory=dict)
    dropped: tuple[Dropped, ...] = ()
    notes: tuple[str, ...] = ()
    files: tuple[FileFacts, ...] = ()

    def to_dict(self) -> dict[str, Any]:
        """Return the report for ``import.json``: nothing in it depends on where the files lay."""
        return {
            "schema": SCHEMA,
            "name": self.name,
            "format": self.format,
            "options": dict(self.options),
            "read": asdict(self.read),
            "kept": asdict(self.kept),
            "split": (
                None if self.parts is None else dict(zip(SPLIT_NAMES, self.parts, strict=True))
            ),
            "items_with_picture": self.pictures,
            "items_with_text": self.texts,
            "modalities": dict(self.modalities),
            "dropped": [asdict(dropped) for dropped in self.dropped],
            "notes": list(self.notes),
            "files": [facts.to_dict() for facts in self.files],
        }

    def lines(self) -> list[str]:
        """Return the report to print."""
        have = [f"{self.pictures:,} pictures", f"{self.texts:,} texts"]
        have += [f"{name} ({dim})" for name, dim in self.modalities.items()]
        lines = [
            f"format: {self.format}",
            f"read: {self.read}",
            *map(str, self.dropped),
            *(f"note: {note}" for note in self.notes),
            f"kept: {self.kept}; {', '.join(have)}",
        ]
        if self.parts is not None:
            sizes = zip(SPLIT_NAMES, self.parts, strict=True)
            lines.append("split: " + ", ".join(f"{name} {size:,}" for name, size in sizes))
        return lines


def read_losses(folder: Path) -> list[str]:
    """Return what an earlier import dropped and noted, a line each; none where nobody knows."""
    try:
        found = json.loads((folder / MANIFEST).read_text(encoding="utf-8"))
        return [*(str(Dropped(**each)) for each in found["dropped"]), *map(str, found["notes"])]
    except (OSError, ValueError, KeyError, TypeError):
        return []
