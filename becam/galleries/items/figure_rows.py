"""A row of a gallery's figure: what is known of it before it is drawn.

How rows fill pages, where the scale of differences ends and what the caption says depend on all
rows. So each leaves a sketch, without its maps: they never are in memory all at once.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from becam import __version__
from becam.explanation import Side
from becam.figures.paper.grid import Cell, Grid, GridRow, Kind
from becam.figures.paper.scale import symmetric_limit
from becam.figures.paper.sides import GridItem, grid_of
from becam.galleries.items.record import Record
from becam.provenance import Provenance
from recsys.files import write_text
from recsys.hashing import content_key

if TYPE_CHECKING:
    from becam.galleries.items.work import ItemWork, Job
    from becam.galleries.kinds.items import ItemsSpec

# Raised with every change after which the same maps would give another sketch.
VERSION = 1


@dataclass(frozen=True, kw_only=True)
class Panel:
    """What a panel's place on a page depends on; see `becam.figures.paper.grid.Cell`.

    Attributes:
        kind, lines, figures, alarm, verdict, unseen, outlined: as there.
        most: how far the scale of its values has to reach.
    """

    kind: Kind
    lines: tuple[str, ...]
    figures: tuple[tuple[str, str], ...]
    alarm: str | None
    verdict: str
    unseen: bool
    outlined: bool
    most: float | None

    @classmethod
    def of(cls, cell: Cell) -> Panel:
        """Take down what a page needs to know of a panel."""
        # That of all maps is the gallery's own.
        most = None
        if cell.kind == "difference" and cell.values is not None:
            most = symmetric_limit([cell.values])
        return cls(
            kind=cell.kind,
            lines=cell.lines,
            figures=cell.figures,
            alarm=cell.alarm,
            verdict=cell.verdict,
            unseen=cell.unseen,
            outlined=cell.outlined,
            most=most,
        )

    def cell(self, size: tuple[int, int]) -> Cell:
        """Return a panel that takes the same place on a page, and next to no memory."""
        value = np.float32(np.nan if self.unseen else 0)
        mask = np.broadcast_to(np.arange(size[1]) == 0, size)
        return Cell(
            kind=self.kind,
            picture=np.broadcast_to(np.uint8(0), (*size, 3)),
            values=None if self.kind == "picture" else np.broadcast_to(value, size),
            mask=mask if self.outlined else None,
            lines=self.lines,
            figures=self.figures,
            alarm=self.alarm,
            verdict=self.verdict,
        )


@dataclass(frozen=True, kw_only=True)
class Sketch:
    """A row without its maps.

    Attributes:
        heads: what stands above its panels.
        size: of its picture, (rows, columns).
        panels: in the order of the heads; None where there is none.
        facts: where its maps come from, one each.
    """

    heads: tuple[str, ...]
    size: tuple[int, int]
    panels: tuple[Panel | None, ...]
    facts: tuple[Provenance, ...]

    @property
    def most(self) -> float | None:
        """How far the scale of its differences has to reach; None without any."""
        found = [each.most for each in self.panels if each is not None and each.most is not None]
        return max(found, default=None)

    def row(self, label: str) -> GridRow:
        """Return the row as a page needs it, without its maps."""
        cells = (None if each is None else each.cell(self.size) for each in self.panels)
        return GridRow(label, tuple(cells))


@dataclass(frozen=True)
class RowTask:
    """Sketch the row of an item by one encoder.

    Attributes:
        data, encoder, index: as in `becam.galleries.items.work.Job`.
        item_id: of the item.
        key: of everything that the sketch comes from.
        record: where it is written, in the gallery's folder.
    """

    data: str
    encoder: str
    index: int
    item_id: str
    key: str
    record: str

    def done_by(self, work: ItemWork) -> Sketch:
        """Make the maps and sketch them."""
        item = grid_item(work, self.data, self.encoder, self.index, "")
        return self.keep(work, item.sides, item.mask)

    def keep(self, work: ItemWork, sides: Sequence[Side], mask: NDArray[np.bool_] | None) -> Sketch:
        """Sketch the row from an item's maps, and write it down.

        Args:
            work: the gallery.
            sides: the maps; those that the figure leaves out may be among them.
            mask: of the product.
        """
        shown = figure_models(work.spec)
        sides = [side for side in sides if side.model in shown]
        picture = sides[0].attribution.picture
        grid = grid_of_items(work.spec, [GridItem("", picture, mask, sides)])
        sketch = Sketch(
            heads=grid.heads,
            size=(picture.shape[0], picture.shape[1]),
            panels=tuple(None if cell is None else Panel.of(cell) for cell in grid.rows[0].cells),
            facts=tuple(side.attribution.provenance for side in sides),
        )
        text = json.dumps({"key": self.key, **asdict(sketch)}, sort_keys=True)
        write_text(work.out / self.record, text + "\n")
        return sketch


def row_task(spec: ItemsSpec, job: Job, record: Record) -> RowTask:
    """Name the task that sketches the row of an item that is done.

    Args:
        spec: with a figure.
        job: the item's.
        record: what came of it.
    """
    options = spec.figure
    assert options is not None
    about = {
        "what": "row of a figure",
        "version": [VERSION, __version__],
        "item": record.key,
        "models": list(figure_models(spec)),
        "panels": list(options.panels),
        "numbers": list(options.numbers),
    }
    path = f"contents/row-{spec.encoders.index(job.encoder)}-{job.place}.json"
    return RowTask(job.data, job.encoder, job.index, job.item_id, content_key(about), path)


def read_sketch(path: Path, key: str) -> Sketch | None:
    """Read a sketch; None where there is none, it is damaged or of another key."""
    try:
        found: dict[str, Any] = json.loads(path.read_bytes())
        if found["key"] != key:
            return None
        return Sketch(
            heads=tuple(found["heads"]),
            size=(found["size"][0], found["size"][1]),
            panels=tuple(each and _panel(each) for each in found["panels"]),
            facts=tuple(map(Provenance.from_dict, found["facts"])),
        )
    except (OSError, ValueError, KeyError, TypeError, AttributeError, IndexError):
        return None


def _panel(found: dict[str, Any]) -> Panel:
    pairs = tuple((name, value) for name, value in found.pop("figures"))
    return Panel(lines=tuple(found.pop("lines")), figures=pairs, **found)


def figure_models(spec: ItemsSpec) -> tuple[str, ...]:
    """Return the recommenders that the figure shows."""
    assert spec.figure is not None
    chosen = spec.figure.models
    return tuple(model for model in spec.models if not chosen or model in chosen)


def grid_item(work: ItemWork, data: str, encoder: str, index: int, label: str) -> GridItem:
    """Make the maps of a row; what is costly about them comes from the cache."""
    explainer = work.explainer(data, encoder)
    sides = explainer.sides(index, figure_models(work.spec))
    mask = explainer.catalogue.mask(explainer.catalogue.items[index])
    return GridItem(label, sides[0].attribution.picture, mask, sides)


def grid_of_items(spec: ItemsSpec, items: Sequence[GridItem]) -> Grid:
    """Lay rows out as the spec's figure has them."""
    assert spec.figure is not None
    return grid_of(items, spec.figure.panels, figures=spec.figure.numbers)
