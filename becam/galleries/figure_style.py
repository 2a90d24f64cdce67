"""The table ``[figure]`` of specs that have one figure: its width, font and files."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from becam.figures.formats import FORMATS
from becam.figures.paper.style import PaperStyle
from becam.galleries.document import Section
from becam.galleries.figure_files import FONT_KEY, FigureFiles
from becam.tables.finished import Finished
from recsys.files import write_text


@dataclass(frozen=True, kw_only=True)
class FigureStyle(FigureFiles):
    """How a figure fits a paper; see `becam.figures.paper.style.PaperStyle`.

    Attributes:
        venue, width, font, size, dpi: as there.

    Raises:
        InputError: an unknown name, a number outside its range.
    """

    venue: str | None = PaperStyle.venue
    width: str = PaperStyle.width
    font: str | None = PaperStyle.font
    size: float | None = PaperStyle.size
    dpi: int = PaperStyle.dpi
    formats: tuple[str, ...] = ("pdf", "svg", "png")

    def __post_init__(self) -> None:
        super().__post_init__()
        _ = self.paper

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
        from becam.figures.paper.tex import to_latex

        assert finished.draw is not None
        style, face = self.paper, self.paper.face(FONT_KEY)
        figure = finished.draw(width=style.inches, size=style.points, family=face.family)
        for ending in (*FORMATS, "tex"):  # of an earlier run with other formats
            stem.with_suffix(f".{ending}").unlink(missing_ok=True)
        written = [
            save_figure(figure, stem.with_suffix(f".{ending}"), dpi=style.dpi)
            for ending in self.formats
        ]
        if self.included:
            file, tex = stem.with_suffix(f".{self.included}"), stem.with_suffix(".tex")
            write_text(tex, to_latex([file], finished.figure_caption, style))
            written.append(tex)
        return written, face.note


def figure_style(section: Section) -> FigureStyle:
    """Read the table ``[figure]``, empty where there is none.

    Raises:
        InputError: what it says can't be used; names file, line and key.
    """
    return section.table("figure").into(FigureStyle)
