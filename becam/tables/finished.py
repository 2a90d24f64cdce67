"""A finished table with everything that is known about it."""

from __future__ import annotations

import base64
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from becam.tables.table import Table

if TYPE_CHECKING:
    from matplotlib.figure import Figure


@dataclass(frozen=True, eq=False, repr=False)
class Finished:
    """A table, its provenance, and what went wrong on the way; shows itself in a notebook.

    Attributes:
        table: The table.
        options: What was asked for, as JSON can hold it.
        data: The data sets, as JSON can hold them.
        runs: Every run with its key and where it comes from, as JSON can hold it.
        failures: By run: why it gave nothing, one line each.
        figure: What is drawn from it, if anything.
        draw: Draws the figure again, with ``width`` in inches, ``size`` of the text in points
            and ``family``, a font or None.
        figure_caption: What the figure shows, and of what; plain text.
    """

    table: Table
    options: Mapping[str, Any]
    data: list[dict[str, Any]]
    runs: list[dict[str, Any]]
    failures: Mapping[str, str] = field(default_factory=dict)
    figure: Figure | None = None
    draw: Callable[..., Figure] | None = None
    figure_caption: str = ""

    def save(self, path: str | Path) -> list[Path]:
        """Write the table: every format into a folder, or one file by its ending.

        A folder gets NAME.csv, NAME.md, NAME.tex and NAME.json, and the figure as NAME.pdf and
        NAME.png where there is one; a file ends on one of these, or on .svg for the figure.

        Returns:
            What was written.

        Raises:
            InputError: an unknown ending.
            OSError: it can't be written.
        """
        from becam.tables.output import write

        return write(self, Path(path))

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.table.name}, {len(self.runs)} runs)"

    def _repr_markdown_(self) -> str:
        from becam.tables.markdown import to_markdown

        text = to_markdown(self.table)
        if self.figure is None:
            return text
        from becam.figures.files import figure_jpeg

        picture = base64.b64encode(figure_jpeg(self.figure)).decode()
        return f"{text}\n![{self.table.name}](data:image/jpeg;base64,{picture})\n"
