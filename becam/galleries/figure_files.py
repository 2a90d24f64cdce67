"""The files of a gallery's figure: formats, and the LaTeX beside them. Needs no torch."""

from __future__ import annotations

from dataclasses import dataclass

from becam.figures.formats import check_formats, included

FONT_KEY = "font in [figure]"  # what notes about a missing font call the key that names another


@dataclass(frozen=True, kw_only=True)
class FigureFiles:
    """In which files a figure is written; the part that all tables ``[figure]`` share.

    Attributes:
        formats: ``pdf``, ``png``, ``svg``.
        tex: whether a LaTeX file with environment and caption stands beside it; by default
            where there is a format that LaTeX includes.

    Raises:
        InputError: an unknown format, one twice, none that LaTeX includes where it must.
    """

    formats: tuple[str, ...] = ("pdf", "png")
    tex: bool | None = None

    def __post_init__(self) -> None:
        check_formats(self.formats, tex=self.tex)

    @property
    def included(self) -> str | None:
        """The format that LaTeX includes; None where no LaTeX is to be written."""
        return None if self.tex is False else included(self.formats)
