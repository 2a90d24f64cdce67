"""How a figure fits a paper, as options that Python and the command line share."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from becam.figures.paper.font_files import family_of, font_file
from becam.figures.paper.venues import PLAIN, TEX_POINT, VENUES, Venue
from becam.map_config import option
from recsys.errors import InputError, shown, unknown

if TYPE_CHECKING:
    from becam.figures.paper.faces import Face

WIDTHS = ("column", "text")
PRINTS = ("colour", "grey")
UNITS = {"": 1.0, "in": 1.0, "cm": 1 / 2.54, "mm": 1 / 25.4, "pt": TEX_POINT}
NARROWEST, WIDEST = 1.0, 40.0  # inches
CAPTION = 1100 * 4.8 * 12  # TeX points squared, of a long caption's 1,100 letters of 10 points
SMALLEST, LARGEST = 4.0, 24.0  # points


@dataclass(frozen=True, kw_only=True)
class PaperStyle:
    """How a figure fits a paper.

    Attributes:
        letters: whether panels have letters.
        outline: whether the product is outlined where its mask is known.

    Raises:
        InputError: an unknown name, a number outside its range, a font file that can't be used.
    """

    venue: str | None = field(
        default=None,
        metadata=option(
            f"Fit the figure to a class's columns and font: {', '.join(VENUES)}.", metavar="NAME"
        ),
    )
    width: str = field(
        default="text",
        metadata=option(
            "Width of the figure: column, text (both columns), or a length as in 3.2in, 8cm, "
            "240pt (72.27 an inch).",
            metavar="WIDTH",
        ),
    )
    font: str | None = field(
        default=None,
        metadata=option(
            "Font family, or the path of a .ttf file [default: the venue's].", metavar="NAME"
        ),
    )
    size: float | None = field(
        default=None,
        metadata=option("Size of the text in points [default: the venue's].", metavar="POINTS"),
    )
    print: str = field(
        default="colour",
        metadata=option(
            "Colours of the maps: colour (red and blue, with lines that tell them apart in grey "
            "as well) or grey (the hotter, the lighter).",
            metavar="NAME",
        ),
    )
    dpi: int = field(
        default=300,
        metadata=option("Dots an inch of PNG, and of pictures in PDF and SVG.", metavar="NUMBER"),
    )
    letters: bool = True
    outline: bool = True

    def __post_init__(self) -> None:
        if self.venue is not None and self.venue not in VENUES:
            raise unknown("venue", self.venue, tuple(VENUES))
        if self.print not in PRINTS:
            raise unknown("print", self.print, PRINTS)
        if not 20 <= self.dpi <= 2400:
            raise InputError(f"dpi {shown(self.dpi)}: expected 20 to 2400")
        if self.size is not None and not SMALLEST <= self.size <= LARGEST:
            raise InputError(
                f"size {shown(self.size)}: expected {SMALLEST:g} to {LARGEST:g} points"
            )
        if self.font == "":
            raise InputError("font '': expected a font family or the path of a .ttf file")
        if (path := font_file(self.font)) is not None:
            family_of(path)
        _ = self.inches

    @property
    def facts(self) -> Venue:
        """What the venue's class asks for."""
        return PLAIN if self.venue is None else VENUES[self.venue]

    @property
    def inches(self) -> float:
        """Width of the figure.

        Raises:
            InputError: not a width.
        """
        if self.width in WIDTHS:
            facts = self.facts
            return (facts.column if self.width == "column" else facts.text) * TEX_POINT
        found = re.fullmatch(r"(\d+(?:\.\d*)?|\.\d+)\s*(in|cm|mm|pt)?", self.width.strip())
        if not found:
            if self.width.isalpha():
                raise unknown("width", self.width, WIDTHS)
            raise InputError(
                f"width {shown(self.width)}: expected {', '.join(WIDTHS)} or a length as in 3.2in"
            )
        inches = float(found[1]) * UNITS[found[2] or ""]
        if not (math.isfinite(inches) and NARROWEST <= inches <= WIDEST):
            raise InputError(
                f"width {shown(self.width)}: expected {NARROWEST:g} to {WIDEST:g} inches"
            )
        return inches

    @property
    def tallest(self) -> float:
        """Height in inches up to which a figure and its caption fit on a page."""
        height, width = self.facts.height, self.inches / TEX_POINT
        return max(height - CAPTION / width, 0.4 * height) * TEX_POINT

    @property
    def points(self) -> float:
        """Size of the text in PDF points (72 an inch)."""
        return (self.size or self.facts.size) * 72 * TEX_POINT

    def face(self, option: str = "--font") -> Face:
        """Find the font; its note, to be passed on, names one that another stands in for.

        Args:
            option: what the note calls the option that names another font.

        Raises:
            InputError: ``font`` is a file that can't be used.
        """
        from becam.figures.paper.faces import face_of

        return face_of(self, option)
