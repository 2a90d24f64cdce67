"""What a gallery's figures are: pages with their rows, captions. Nothing is drawn yet."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any, TypeVar

from becam import __version__
from becam.figures.paper.caption import caption_of, named
from becam.figures.paper.draw import Scales
from becam.figures.paper.faces import Face
from becam.figures.paper.grid import Grid
from becam.figures.paper.layout import fill
from becam.figures.paper.save import described, pages
from becam.figures.paper.tex import to_latex
from becam.file_names import safe_name
from becam.galleries.items.chosen import how_chosen
from becam.galleries.items.figure_options import FigureOptions
from becam.galleries.items.figure_page import FOLDER, PageTask
from becam.galleries.items.figure_rows import Sketch
from becam.galleries.items.manifest import Planned
from becam.galleries.kinds.items import ItemsSpec
from recsys.data.demo.names import is_demo
from recsys.hashing import content_key

# Raised with every change after which the same rows would give other files, however they are drawn.
# The package's version, which the keys hold too, does it for releases.
VERSION = 2


Value = TypeVar("Value")


@dataclass(frozen=True)
class Row:
    """An item that a figure shows.

    Attributes:
        item: as planned.
        key: of its sketch.
        sketch: its row without maps.
    """

    item: Planned
    key: str
    sketch: Sketch


@dataclass(frozen=True)
class Figure:
    """One figure, of one page or several.

    Attributes:
        pages: in order.
        tex: the LaTeX that includes it, relative to the gallery's folder; None for none.
        latex: what stands in it.
        place: the number of the item that it is of; None for that of many.
    """

    pages: tuple[PageTask, ...]
    tex: str | None
    latex: str
    place: int | None


@dataclass(frozen=True)
class Planner:
    """Plans the figures of a gallery.

    Attributes:
        spec: with a figure.
        face: the font.
        names: of the catalogues, by what they are called in the spec.
        choices: how their items were chosen, by the same; see `becam.galleries.items.choose`.
    """

    spec: ItemsSpec
    face: Face
    names: Mapping[str, str]
    choices: Mapping[str, Mapping[str, Any]]

    def figures(self, encoder: str, rows: Sequence[Row]) -> list[Figure]:
        """Plan the figures of an encoder: that of many items, and one an item where asked for.

        Args:
            encoder: its name.
            rows: the items that there are maps of, in order.
        """
        options, spec = self._options, self.spec
        column = spec.encoders.index(encoder)
        stem = spec.name if len(spec.encoders) == 1 else f"{spec.name}-{column + 1}"
        joint = first_of_each(rows, options.items, lambda row: row.item)
        found = []
        if joint:
            found.append(self._figure(encoder, joint, stem, f"figure-{column}"))
        taken: set[str] = set()
        for row in rows if options.each else ():
            item = row.item
            several = len(spec.data) > 1
            whose = f"{self.names[item.data]}-{item.item.item_id}" if several else item.item.item_id
            name = f"{stem}-item-{safe_name(whose)}"
            if name.casefold() in taken:  # one file where upper and lower case are the same
                name = f"{name}-{item.place}"
            taken.add(name.casefold())
            record = f"figure-{column}-item-{item.place}"
            found.append(replace(self._figure(encoder, [row], name, record), place=item.place))
        return found

    @property
    def _options(self) -> FigureOptions:
        assert self.spec.figure is not None
        return self.spec.figure

    def _figure(self, encoder: str, rows: Sequence[Row], stem: str, record: str) -> Figure:
        options = self._options
        labels = [self._label(row) for row in rows]
        sketched = zip(rows, labels, strict=True)
        drawn = tuple(row.sketch.row(label) for row, label in sketched)
        grid = fill(Grid(heads=rows[0].sketch.heads, rows=drawn), options)
        difference = max((each for row in rows if (each := row.sketch.most)), default=None)
        split = pages(grid, options, self.face)
        tasks: list[PageTask] = []
        start = first = 0
        for number, page in enumerate(split):
            stop = start + len(page.rows)
            shown = list(zip(rows[start:stop], labels[start:stop], strict=True))
            several = len(split) > 1
            task = PageTask(
                encoder=encoder,
                rows=tuple((row.item.data, row.item.index, label) for row, label in shown),
                across=grid.across,
                widest=grid.widest,
                first=first,
                difference=difference,
                stem=f"{stem}-{number + 1}" if several else stem,
                tex=f"{FOLDER}/{stem}.tex",
                what=f"figure {stem}" + (f", page {number + 1}" if several else ""),
                key="",
                record=f"contents/{record}-{number}.json",
            )
            key = self._key(task, [row.key for row, _ in shown])
            tasks.append(replace(task, key=key))
            start, first = stop, first + sum(1 for _ in page.cells())
        tex = None if options.included is None else f"{FOLDER}/{stem}.tex"
        latex = self._latex(grid, rows, tasks, stem, difference)
        return Figure(tuple(tasks), tex, latex, place=None)

    def _key(self, task: PageTask, rows: Sequence[str]) -> str:
        """Hash everything that a page's files come from."""
        options = asdict(self._options)
        for name in ("items", "each", "tex", "models", "panels", "numbers"):
            del options[name]  # the rows' own keys have the last ones
        return content_key(
            {
                "what": "page of a figure",
                "version": [VERSION, __version__],
                "rows": list(rows),
                "task": {**asdict(task), "rows": [label for *_, label in task.rows]},
                "options": options,
                "limit": self.spec.looks.limit,
                "face": [self.face.family, self.face.digest()],
            }
        )

    def _label(self, row: Row) -> str:
        item = row.item
        front = f"{self.names[item.data]}: " if len(self.spec.data) > 1 else ""
        why = f" ({item.way})" if len(self.spec.selection.ways) > 1 else ""
        return f"{front}item {item.item.item_id}{why}"

    def _latex(
        self,
        grid: Grid,
        rows: Sequence[Row],
        tasks: Sequence[PageTask],
        stem: str,
        difference: float | None,
    ) -> str:
        """Write the LaTeX of a figure."""
        options = self._options
        if options.included is None:
            return ""
        by_data = [
            (
                named(self.names[data], simulated=is_demo(data)),
                [facts for row in rows if row.item.data == data for facts in row.sketch.facts],
            )
            for data in dict.fromkeys(row.item.data for row in rows)
        ]
        scales = Scales.of(grid, options, limit=self.spec.looks.limit, difference=difference)
        caption = caption_of(
            grid,
            [facts for _, each in by_data for facts in each],
            data="",
            simulated=False,
            by_data=by_data,
            style=options,
            scales=scales,
        )
        shown = [(row.item.data, row.item.way) for row in rows]
        text = f"{caption} {how_chosen(shown, self.choices, self.names)}".rstrip()
        files = [Path(name) for task in tasks for name in task.files((options.included,))]
        return to_latex(files, text, options, described=described(grid), name=stem)


def first_of_each(
    values: Sequence[Value], most: int | None, item: Callable[[Value], Planned]
) -> list[Value]:
    """Return the first so many values of each catalogue; all without a number.

    Args:
        values: of items, in their order.
        most: how many.
        item: returns a value's item.
    """
    counts: Counter[str] = Counter()
    found = []
    for value in values:
        data = item(value).data
        counts[data] += 1
        if most is None or counts[data] <= most:
            found.append(value)
    return found
