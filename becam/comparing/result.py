"""What `becam.compare` returns."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from becam.comparing.config import AXES, CompareConfig
from becam.explanation import Side

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from becam.figures.paper.grid import Grid
    from becam.figures.paper.style import PaperStyle
    from becam.notebook.bundles import Bundle


@dataclass(frozen=True, eq=False)
class Entry:
    """A heatmap of a comparison.

    Attributes:
        item_id: as in the catalogue.
        title: likewise.
        mask: the product's mask on the picture, (H, W) bool, where it is known.
        side: the heatmap, whose provenance says how it was made, with its figures.
    """

    item_id: str
    title: str
    mask: NDArray[np.bool_] | None
    side: Side

    def value(self, axis: str) -> str:
        """Return where it stands on an axis of `becam.comparing.config.COLUMNS`."""
        if axis == "models":
            return self.side.model
        facts = self.side.attribution.provenance
        return str(getattr(facts, AXES[axis]))


@dataclass(frozen=True, eq=False, repr=False)
class Comparison:
    """Heatmaps side by side; shows itself in a notebook.

    Attributes:
        config: what was asked for.
        data: the data set's name.
        simulated: whether its behaviour is simulated.
        entries: item by item, setting by setting, model by model.
        notes: what else a reader should know about the items.
        reused: which parts came from the cache.
        computed: which parts were computed.
    """

    config: CompareConfig
    data: str
    simulated: bool
    entries: tuple[Entry, ...]
    notes: tuple[str, ...]
    reused: tuple[str, ...]
    computed: tuple[str, ...]

    @property
    def warnings(self) -> tuple[str, ...]:
        """What speaks against trusting a map, a line each."""
        every = list(dict.fromkeys(self._setting(entry) for entry in self.entries))
        found: dict[tuple[str, str, str], list[str]] = {}
        for entry in self.entries:
            if warning := entry.side.attribution.warning:
                which = found.setdefault((entry.item_id, entry.side.model, warning), [])
                which.append(self._setting(entry))
        told = []
        for (item, model, warning), which in found.items():
            where = "" if which == every else f" ({'; '.join(which)})"
            told.append(f"item {item}, {model}{where}: {warning}")
        return (*self.notes, *told)

    def _setting(self, entry: Entry) -> str:
        """Where a map stands on the axes with more than one value."""
        return ", ".join(map(entry.value, self.config.varied))

    def grid(self) -> Grid:
        """Return the panels, as they are drawn."""
        from becam.comparing.panels import grid_of_comparison

        return grid_of_comparison(self)

    def caption(self, style: PaperStyle | None = None) -> str:
        """Write a caption that names data, models and how the maps were made, as plain text."""
        from becam.figures.paper import PaperStyle, caption_of

        facts = [entry.side.attribution.provenance for entry in self.entries]
        return caption_of(
            self.grid(),
            facts,
            data=self.data,
            simulated=self.simulated,
            style=style or PaperStyle(),
        )

    def figures(self, style: PaperStyle | None = None) -> tuple[Figure, ...]:
        """Draw the comparison, a figure a page."""
        from becam.figures.paper import grid_figures

        return grid_figures(self.grid(), style)

    def save_figure(
        self, path: str | Path, style: PaperStyle | None = None, *, tex: bool = False
    ) -> list[Path]:
        """Save the figure as PNG, PDF or SVG, by the ending; return the files written.

        A comparison that is too long for a page becomes ``NAME-1``, ``NAME-2``, ...

        Args:
            path: where to.
            style: width, font, colours, dots an inch.
            tex: whether LaTeX that includes it, with a caption, is written beside it.

        Raises:
            InputError: another ending; with ``tex``, a name that LaTeX can't include.
            OSError: the folder can't be written.
        """
        from becam.figures.paper import save_grid

        return save_grid(self.grid(), path, style, caption=self.caption(style) if tex else None)

    def to_dict(self) -> dict[str, Any]:
        """Return the figures and the provenance as plain values (no arrays)."""
        from becam.result_files import plain

        values = {
            "data": self.data,
            "simulated": self.simulated,
            "maps": [
                {
                    "item_id": entry.item_id,
                    "title": entry.title,
                    "role": entry.side.role,
                    **entry.side.attribution.to_dict(),
                    "metrics": asdict(entry.side.metrics) if entry.side.metrics else None,
                }
                for entry in self.entries
            ],
            "notes": list(self.notes),
            "reused": list(self.reused),
            "computed": list(self.computed),
        }
        result: dict[str, Any] = plain(values)
        return result

    def to_markdown(self) -> str:
        """Return a table of the figures, a row a map."""
        from becam.figures.paper.names import FIGURES
        from becam.figures.paper.sides import figures_of
        from becam.tables.markdown import escape

        varied = self.config.varied
        names = (*FIGURES[:-1], "distance", FIGURES[-1])
        heads = ["item", *(AXES[axis] for axis in varied), "model", *names]
        text = len(heads) - len(names)
        lines = [
            f"| {' | '.join(heads)} |",
            "|" + "---|" * text + "---:|" * len(names),
        ]
        for entry in self.entries:
            found = dict(figures_of(entry.side, names))
            words = [entry.item_id, *map(entry.value, varied), entry.side.model]
            numbers = [found.get(name, "–") for name in names]
            lines.append(f"| {' | '.join([*map(escape, words), *numbers])} |")
        return "\n".join(lines)

    def __repr__(self) -> str:
        items = len({entry.item_id for entry in self.entries})
        return f"Comparison({len(self.entries)} heatmaps of {items} items)"

    def _repr_mimebundle_(self, include: object = None, exclude: object = None) -> Bundle:
        from becam.figures.paper import PaperStyle, grid_figure
        from becam.notebook.bundles import figure_bundle

        # On a screen all is one page.
        return figure_bundle(grid_figure(self.grid(), PaperStyle(width="9in")), self.caption())
