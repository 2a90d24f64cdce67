"""A page of a gallery's figure: drawn by itself, so that pages can be drawn at the same time."""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from becam.figures.files import save_figure
from becam.figures.paper.draw import Scales, grid_figure
from becam.galleries.figure_files import FONT_KEY
from becam.galleries.items.figure_rows import grid_item, grid_of_items
from recsys.files import write_text

if TYPE_CHECKING:
    from becam.galleries.items.work import ItemWork

FOLDER = "figures"


@dataclass(frozen=True)
class PageTask:
    """Draw a page, in all its formats.

    Attributes:
        encoder: its name.
        rows: catalogue, index in it and label of each.
        across, widest: as in `becam.figures.paper.grid.Grid`.
        first: how many panels there are on the pages before, for the letters.
        difference: where the scale of differences ends, if there are any.
        stem: name of the files without an ending.
        tex: the LaTeX file of its figure, if there is one, relative to the gallery's folder.
        what: what it is, for messages.
        key: of everything that the files come from.
        record: the file that says that they are there, in the gallery's folder.
    """

    encoder: str
    rows: tuple[tuple[str, int, str], ...]
    across: int
    widest: float | None
    first: int
    difference: float | None
    stem: str
    tex: str
    what: str
    key: str
    record: str

    def files(self, formats: tuple[str, ...]) -> tuple[str, ...]:
        """Name the files, relative to the gallery's folder."""
        return tuple(f"{FOLDER}/{self.stem}.{ending}" for ending in formats)

    def done_by(self, work: ItemWork) -> tuple[str, ...]:
        """Draw the page and return its files."""
        options = work.spec.figure
        assert options is not None
        items = [
            grid_item(work, data, self.encoder, index, label) for data, index, label in self.rows
        ]
        grid = grid_of_items(work.spec, items)
        grid = replace(grid, across=self.across, widest=self.widest)
        limit = work.spec.looks.limit
        scales = Scales.of(grid, options, limit=limit, difference=self.difference)
        face = options.face(FONT_KEY)
        figure = grid_figure(grid, options, scales=scales, first=self.first, face=face)
        files = self.files(options.formats)
        for name in files:
            save_figure(figure, work.out / name, dpi=options.dpi)
        # Last: where there is one of the right key, nothing of the page has to be done again.
        text = json.dumps({"key": self.key, "files": files, "tex": self.tex}, sort_keys=True)
        write_text(work.out / self.record, text + "\n")
        return files

    def finished(self, out: Path) -> bool:
        """Whether it was drawn before and all its files are there."""
        drawn = read_page(out / self.record)
        return drawn.key == self.key and all((out / name).is_file() for name in drawn.files)


class Page(NamedTuple):
    """A page that was drawn before.

    Attributes:
        key: as in `PageTask`.
        files: relative to the gallery's folder.
        tex: the LaTeX file of its figure, which may not be there; likewise.
    """

    key: str
    files: tuple[str, ...]
    tex: str | None


def read_page(record: Path) -> Page:
    """Read what a page left; nothing of one that is not there, or is damaged."""
    try:
        found = json.loads(record.read_bytes())
        # Whatever stands there, it is a name in this folder.
        names = [f"{FOLDER}/{Path(name).name}" for name in (*found["files"], found.get("tex", ""))]
        return Page(str(found["key"]), tuple(names[:-1]), names[-1] if found.get("tex") else None)
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return Page("", (), None)
