"""The table ``[figure]`` of specs that have one figure: its width, font and files."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from becam.figures.formats import FORMATS
from becam.figures.paper.style import PaperStyle
from becam.galleries.document import Section
from becam.tables.finished import Finished
from recsys.errors import InputError, shown, unknown
from recsys.files import write_text


@dataclass(frozen=True, kw_only=True)
class FigureStyle:
    """How a figure fits a paper; see `becam.figures.paper.style.PaperStyle`.

    Attributes:
        venue, width, font, size, dpi: as there.
        formats: of the files. Beside a .pdf or .png stands the .tex that includes it.

    Raises:
        InputError: an unknown name, a number outside its range.
    """

    venue: str | None = PaperStyle.venue
    width: str = PaperStyle.width
    font: str | None = PaperStyle.font
    size: float | None = PaperStyle.size
    dpi: int = PaperStyle.dpi
    formats: tuple[str, ...] = field(default=("pdf", "svg", "png"))

    def __post_init__(self) -> None:
        _ = self.paper
        for place, name in enumerate(self.formats):
            if name not in FORMATS:
                raise unknown("format", name, FORMATS)
            if name in self.formats[:place]:
                raise InputError(f"format {shown(name)} is given twice; expected it once")
        if not self.formats:
            raise InputError(f"formats: expected at least one of {', '.join(FORMATS)}")

    @property
    def paper(self) -> PaperStyle:
        """The style by which figures are drawn."""
        return PaperStyle(
            venue=self.venue, width=self.width, font=self.font, size=self.size, dpi=self.dpi
        )

    def save(self, finished: Finished, stem: Path) -> tuple[list[Path], str | None]:
        """Draw and save a result's figure.

        Args:
            finished: the result; it can be drawn.
            stem: the files' path without an ending.

        Returns:
            The files, and a note where a font is missing.

        Raises:
            InputError: a font that can't be used.
            OSError: the folder can't be written.
        """
        from becam.figures.files import save_figure
        from becam.figures.paper.tex import INCLUDED, to_latex

        assert finished.draw is not None
        style, face = self.paper, self.paper.face()
        figure = finished.draw(width=style.inches, size=style.points, family=face.family)
        for ending in (*FORMATS, "tex"):  # of an earlier run with other formats
            stem.with_suffix(f".{ending}").unlink(missing_ok=True)
        written = [
            save_figure(figure, stem.with_suffix(f".{ending}"), dpi=style.dpi)
            for ending in self.formats
        ]
        included = [path for path in written if path.suffix[1:] in INCLUDED]
        if included:
            # A vector figure, where there is one.
            best = min(included, key=lambda path: INCLUDED.index(path.suffix[1:]))
            tex = stem.with_suffix(".tex")
            write_text(tex, to_latex([best], finished.figure_caption, style))
            written.append(tex)
        return written, face.note


def figure_style(section: Section) -> FigureStyle:
    """Read the table ``[figure]``, empty where there is none.

    Raises:
        InputError: what it says can't be used; names file, line and key.
    """
    return section.table("figure").into(FigureStyle)
