"""How a gallery's figure for a paper looks, the table ``[figure]`` of a spec. Needs no torch."""

from __future__ import annotations

from dataclasses import dataclass

from becam.figures.paper.style import PaperStyle
from recsys.errors import InputError, shown, unknown
from recsys.models.names import ModelName

FORMATS = ("pdf", "png", "svg")
PANELS = ("picture", "before", "after", "difference")
FIGURES = ("drift", "omission", "AUC", "centre", "spread", "distance", "content")


@dataclass(frozen=True, kw_only=True)
class FigureOptions(PaperStyle):
    """A grid: a row an item, a column a recommender.

    Attributes:
        formats: ``pdf``, ``png``, ``svg``.
        tex: whether a LaTeX file with environment and caption is written beside it.
        panels: kinds of columns.
        numbers: figures that stand under the maps.
        models: some of the gallery's recommenders; all without.
        items: the first so many items; all without.

    Raises:
        InputError: an unknown name, a number outside its range.
    """

    width: str = "text"
    formats: tuple[str, ...] = ("pdf", "png")
    tex: bool = True
    panels: tuple[str, ...] = ("picture", "before", "after")
    numbers: tuple[str, ...] = ("drift", "omission", "AUC", "spread", "content")
    models: tuple[str, ...] = ()
    items: int | None = None

    def __post_init__(self) -> None:
        super().__post_init__()
        if not self.formats:
            raise InputError(f"formats: expected some of {', '.join(FORMATS)}")
        lists = (
            ("format", self.formats, FORMATS),
            ("panel", self.panels, PANELS),
            ("number", self.numbers, FIGURES),
        )
        for kind, names, known in lists:
            for name in names:
                if name not in known:
                    raise unknown(kind, name, known)
        if not set(self.panels) - {"picture"}:
            raise InputError(f"panels {shown(', '.join(self.panels))}: expected a kind of map too")
        for model in self.models:
            ModelName.parse(model)
        if self.items is not None and self.items < 1:
            raise InputError(f"items {shown(self.items)}: expected at least 1")
        if self.tex and not set(self.formats) & {"pdf", "png"}:
            raise InputError("tex = true needs a format that LaTeX includes: pdf or png")
