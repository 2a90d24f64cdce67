"""What `becam.explain` returns: an item's heatmaps before and after the adapter."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from becam.attribution import Attribution
from becam.metrics import MaskMetrics
from recsys.data.demo.names import is_demo
from recsys.errors import shown

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from becam.figures.paper.grid import Grid
    from becam.figures.paper.style import PaperStyle
    from becam.notebook.bundles import Bundle
    from becam.view import View

WIDTH = 420  # pixels of a view's picture
UNDEFINED = "drift, omission and pixel AUC are not defined"


@dataclass(frozen=True, eq=False)
class Side:
    """One side of a comparison.

    Attributes:
        role: ``before`` (the recommender without the adapter) or ``after`` (with it).
        model: the model's name, e.g. ``bm3+befa``.
        attribution: its heatmap and figures.
        metrics: drift, omission, pixel AUC, where the product's mask is known.
    """

    role: str
    model: str
    attribution: Attribution
    metrics: MaskMetrics | None

    def _repr_mimebundle_(self, include: object = None, exclude: object = None) -> Bundle:
        return self.attribution._repr_mimebundle_()


def why_undefined(sides: Sequence[Side]) -> tuple[str, ...]:
    """Say why figures against the product's mask are not defined, where they are not, a line each.

    One line alone where it is the mask's fault, and so that of all sides.
    """
    faults = {side.model: side.metrics.undefined for side in sides if side.metrics is not None}
    common = next(iter(faults.values()), None)
    if common is not None and all(fault == common for fault in faults.values()):
        return (f"{UNDEFINED}: {common}",)
    return tuple(f"{model}: {UNDEFINED}: {fault}" for model, fault in faults.items() if fault)


@dataclass(frozen=True, eq=False, repr=False)
class Explanation:
    """An item's picture as its recommender sees it; shows itself in a notebook.

    Attributes:
        item_id: as in the catalogue.
        title: likewise.
        sides: before and after; one side alone for a model without an adapter.
        mask: the product's mask on the picture, (H, W) bool, where it is known.
        notes: what else a reader should know: of the item, its mask, figures that are not defined.
        reused: which parts came from the cache.
        computed: which parts were computed.
        data: the data set's name; empty where it is not known.
    """

    item_id: str
    title: str
    sides: tuple[Side, ...]
    mask: NDArray[np.bool_] | None
    notes: tuple[str, ...]
    reused: tuple[str, ...]
    computed: tuple[str, ...]
    data: str = ""

    @property
    def before(self) -> Attribution:
        """The recommender without the adapter."""
        return self.sides[0].attribution

    @property
    def after(self) -> Attribution:
        """The recommender with the adapter.

        Raises:
            AttributeError: the model has no adapter.
        """
        if len(self.sides) < 2:
            raise AttributeError(f"model {self.sides[0].model} has no adapter, so no 'after'")
        return self.sides[1].attribution

    @property
    def warnings(self) -> tuple[str, ...]:
        """What speaks against trusting a map, a line each."""
        return self.notes + tuple(
            f"{side.model}: {side.attribution.warning}"
            for side in self.sides
            if side.attribution.warning
        )

    def grid(self) -> Grid:
        """Return the panels, as they are drawn."""
        from becam.figures.before_after import explanation_grid

        return explanation_grid(self)

    def figure(self, style: PaperStyle | None = None) -> Figure:
        """Draw the picture, the heatmaps and their signed difference."""
        from becam.figures.paper import grid_figure

        return grid_figure(self.grid(), style)

    def caption(self, style: PaperStyle | None = None) -> str:
        """Write a caption that names data, models and how the maps were made, as plain text."""
        from becam.figures.paper import PaperStyle, caption_of

        return caption_of(
            self.grid(),
            [side.attribution.provenance for side in self.sides],
            data=self.data,
            simulated=is_demo(self.data),
            style=style or PaperStyle(),
        )

    def save_figure(
        self,
        path: str | Path,
        style: PaperStyle | None = None,
        *,
        dpi: int | None = None,
        tex: bool = False,
    ) -> Path:
        """Save the figure as PNG, PDF or SVG, by the ending.

        Args:
            path: where to.
            style: width, font, colours, dots an inch.
            dpi: dots an inch, in place of the style's.
            tex: whether LaTeX that includes it, with a caption, is written beside it.

        Raises:
            InputError: another ending; with ``tex``, a name that LaTeX can't include.
            OSError: the folder can't be written.
        """
        from becam.figures.paper import PaperStyle, save_grid

        style = style or PaperStyle()
        style = style if dpi is None else replace(style, dpi=dpi)
        return save_grid(self.grid(), path, style, caption=self.caption(style) if tex else None)[0]

    def save(self, path: str | Path) -> Path:
        """Save maps as ``path``.safetensors and the rest as ``path``.json; return the JSON's path.

        Raises:
            OSError: the folder can't be written.
        """
        from becam.result_files import save_explanation

        return save_explanation(self, Path(path))

    @classmethod
    def load(cls, path: str | Path) -> Explanation:
        """Load what `save` wrote.

        Raises:
            InputError: missing, truncated or foreign files.
        """
        from becam.result_files import load_explanation

        return load_explanation(Path(path))

    def to_dict(self) -> dict[str, Any]:
        """Return the figures and the provenance as plain values (no arrays)."""
        return {
            "item_id": self.item_id,
            "title": self.title,
            "data": self.data,
            "sides": [
                {
                    "role": side.role,
                    **side.attribution.to_dict(),
                    "metrics": asdict(side.metrics) if side.metrics else None,
                }
                for side in self.sides
            ],
            "notes": list(self.notes),
            "reused": list(self.reused),
            "computed": list(self.computed),
        }

    def view(self, *, width: int = WIDTH) -> View:
        """Return an interactive view: drag between before and after, fade the map, outline.

        It shows itself in a notebook without an extension, and can be saved as a page.

        Args:
            width: of the picture on the screen at most, in CSS pixels.

        Raises:
            InputError: a width below 100.
        """
        from becam.view import view_of

        return view_of(self, width=width)

    def __repr__(self) -> str:
        models = " and ".join(side.model for side in self.sides)
        return f"Explanation(item {shown(self.item_id)}, {models})"

    def _repr_mimebundle_(self, include: object = None, exclude: object = None) -> Bundle:
        from becam.notebook.bundles import figure_bundle

        words = f"BeCAM heatmaps of item {self.item_id}: {self.title}"
        return figure_bundle(self.figure(), words, dpi=150)
