"""What every format is read into, and what it is given to read with."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

from recsys.data.blocks import FileFacts, scan
from recsys.data.core import Log
from recsys.data.importers.options import ImportOptions
from recsys.data.importers.report import Drops

Progress = Callable[[str, int, int], None]  # what is done now, how far, of how much (0: unknown)


class Placed(NamedTuple):
    """A file of the source and the path, with ``/``, that it gets inside the catalogue folder."""

    file: Path
    path: str


@dataclass(frozen=True)
class SourceItem:
    """One item of a source; ``beside`` are further files that belong to its picture."""

    item_id: str
    title: str = ""
    category: str = ""
    image: Placed | None = None
    mask: Placed | None = None
    beside: tuple[Placed, ...] = ()


@dataclass(frozen=True, eq=False, kw_only=True)
class Source:
    """A source as read: items in their final order, users and rows by index into them.

    ``features`` have a row for each of ``items``. ``extra`` files are copied as they are.
    ``split_column`` is what the source calls the column that its split is from.
    """

    name: str
    items: Sequence[SourceItem]
    user_ids: Sequence[str]
    log: Log
    features: Mapping[str, Path] = field(default_factory=dict)
    extra: tuple[Placed, ...] = ()
    split_column: str = "split"


@dataclass(frozen=True, eq=False)
class Reading:
    """What a format reads with: the options, and where it tells what happened.

    ``file`` is the one of several files of interactions that was named, None where a folder was.
    """

    options: ImportOptions
    progress: Progress
    file: Path | None = None
    drops: Drops = field(default_factory=Drops)
    notes: list[str] = field(default_factory=list)
    files: list[FileFacts] = field(default_factory=list)

    def scan(self, path: Path, *, table: bool = True) -> FileFacts:
        """Hash a file of the source and remember it for the report."""
        self.progress(f"checking {path.name}", 0, 0)
        facts = scan(path, table=table)
        self.files.append(facts)
        return facts

    def note(self, line: str) -> None:
        """Add a note, once."""
        if line not in self.notes:
            self.notes.append(line)
