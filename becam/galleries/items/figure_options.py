"""How a gallery's figure for a paper looks, the table ``[figure]`` of a spec. Needs no torch."""

from __future__ import annotations

from dataclasses import dataclass

from becam.figures.paper.names import EVERY_FIGURE, PANELS
from becam.figures.paper.style import PaperStyle
from becam.galleries.figure_files import FigureFiles
from recsys.errors import InputError, shown, unknown
from recsys.models.names import ModelName


@dataclass(frozen=True, kw_only=True)
class FigureOptions(PaperStyle, FigureFiles):
    """A grid: a row an item, a column a recommender.

    Attributes:
        panels: kinds of columns.
        numbers: figures that stand under the maps.
        models: some of the gallery's recommenders; all without.
        items: the first so many items of each catalogue; all without. 0, with ``each``: none.
        each: whether every item of the gallery has a figure of its own, too.

    Raises:
        InputError: an unknown name, a number outside its range.
    """

    panels: tuple[str, ...] = ("picture", "before", "after")
    numbers: tuple[str, ...] = ("drift", "omission", "AUC", "spread", "content")
    models: tuple[str, ...] = ()
    items: int | None = None
    each: bool = False

    def __post_init__(self) -> None:
        PaperStyle.__post_init__(self)
        FigureFiles.__post_init__(self)
        for kind, names, known in (
            ("panel", self.panels, PANELS),
            ("number", self.numbers, EVERY_FIGURE),
        ):
            for name in names:
                if name not in known:
                    raise unknown(kind, name, known)
        if not set(self.panels) - {"picture"}:
            raise InputError(f"panels {shown(', '.join(self.panels))}: expected a kind of map too")
        for model in self.models:
            ModelName.parse(model)
        least = 0 if self.each else 1
        if self.items is not None and self.items < least:
            also = "" if self.each else ", or each = true with it"
            raise InputError(f"items {shown(self.items)}: expected at least {least}{also}")
