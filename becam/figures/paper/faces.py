"""Fonts: the one that is wanted, a named one in its place where it is missing, its measures."""

from __future__ import annotations

import hashlib
import re
import warnings
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

from matplotlib import font_manager
from matplotlib.font_manager import FontProperties, fontManager
from matplotlib.ft2font import FT2Font
from matplotlib.textpath import text_to_path

from becam.figures.paper.font_files import family_of, font_file, is_truetype
from becam.figures.paper.venues import STAND_INS
from becam.figures.text import drawable
from recsys.errors import InputError, nearest, shown

if TYPE_CHECKING:
    from becam.figures.paper.style import PaperStyle

HINTED = 1.02  # text on a screen is up to so much wider than in a PDF
LAST = "DejaVu Sans"  # comes with matplotlib; its glyphs stand in for those that a font lack
# Where a line may break, best first: at words and before adapters, else in a name.
BREAKS = (re.compile(r"\s+|(?=\+)|(?<=[/·])"), re.compile(r"(?<=[-_.])"))


@dataclass(frozen=True)
class Face:
    """A font that text is drawn and measured with.

    Attributes:
        family: its name, as matplotlib knows it.
        note: which font is missing and which stands in for it, or None.
    """

    family: str
    note: str | None = None

    def digest(self) -> str:
        """Hash the file that text is drawn from: another version of a font draws otherwise."""
        path = Path(font_manager.findfont(FontProperties(family=[self.family])))
        return hashlib.sha256(path.read_bytes()).hexdigest() if path.is_file() else ""

    def properties(self, size: float) -> FontProperties:
        """Return the font at a size in points."""
        return FontProperties(family=list(dict.fromkeys((self.family, LAST))), size=size)

    def width(self, text: str, size: float) -> float:
        """Width of a line of text in points."""
        return _width(self, text, size) if text else 0.0

    def clean(self, text: str) -> str:
        """Make a text from the data drawable on one line."""
        return drawable(text, _glyphs(self.family)).strip()

    def fit(self, text: str, size: float, width: float, lines: int = 1) -> list[str]:
        """Break a text into at most ``lines`` lines of ``width`` points; what is left is cut."""
        left, width = self.clean(text), width / HINTED
        fitted: list[str] = []
        while left and len(fitted) < lines:
            line, rest = self._line(left, size, width)
            if rest and len(fitted) == lines - 1:
                line, rest = self._cut(left, size, width), ""
            fitted.append(line)
            left = rest
        return fitted

    def _line(self, text: str, size: float, width: float) -> tuple[str, str]:
        """Split off what fits on a line, at a break if there is one."""
        if self.width(text, size) <= width:
            return text, ""
        longest = max(self._longest(text, size, width), 1)
        best = longest
        for breaks in BREAKS:
            ends = [found.start() for found in breaks.finditer(text, 0, longest + 1)]
            fitting = [end for end in ends if 0 < end <= longest]
            if fitting:
                best = fitting[-1]
                break
        return text[:best].rstrip(), text[best:].lstrip()

    def _cut(self, text: str, size: float, width: float) -> str:
        """Cut a text to a line, with an ellipsis."""
        kept = self._longest(text, size, width - self.width("…", size))
        return text[:kept].rstrip() + "…"

    def _longest(self, text: str, size: float, width: float) -> int:
        low, high = 0, len(text)
        while low < high:
            middle = (low + high + 1) // 2
            if self.width(text[:middle], size) <= width:
                low = middle
            else:
                high = middle - 1
        return low


@lru_cache(maxsize=4096)
def _width(face: Face, text: str, size: float) -> float:
    cleaned = face.clean(text)
    found = text_to_path.get_text_width_height_descent(cleaned, face.properties(size), False)
    return float(found[0])


OPTION = "--font"
_TOLD: set[str] = set()  # notes that somebody has seen or has been given to pass on


def face_of(style: PaperStyle, option: str = OPTION) -> Face:
    """Find a style's font as `find_face`, for someone who passes its note on."""
    _TOLD.add(find_face(style).note or "")
    return find_face(style, option)


def face_to_draw(style: PaperStyle) -> Face:
    """Find a style's font as `find_face`; warn, once, of one that nobody has been told to miss."""
    face = find_face(style)
    if face.note and face.note not in _TOLD:
        _TOLD.add(face.note)
        warnings.warn(face.note, stacklevel=3)
    return face


def find_face(style: PaperStyle, option: str = OPTION) -> Face:
    """Find a style's font; where it is missing, the next best, with a note that names both.

    Args:
        style: names the font.
        option: what the note calls the option that names another one.

    Raises:
        InputError: the style names a file that is no font with TrueType outlines.
    """
    if (path := font_file(style.font)) is not None:
        return Face(_made_known(path))
    if style.font is None:
        wanted, called = style.facts.fonts, style.facts.font
        whose = f"font {called!r} of {style.facts.title}"
    else:
        wanted, called = (style.font,), style.font
        whose = f"font {shown(called)}"
    if not _installed(wanted):
        _look_for_new_fonts()
    if found := _installed(wanted):
        return Face(found)
    stand_in = _installed(STAND_INS) or LAST
    what = "is not installed"
    if any(family in _families().postscript for family in wanted):
        what = "is installed without TrueType outlines (.ttf), which text in a PDF needs"
    elif style.font is not None and (alike := nearest(called, _families().truetype)):
        what += f" (did you mean {alike[0]}?)"
    return Face(
        stand_in,
        f"{whose} {what}; {stand_in!r} is used in its place. Install it as .ttf, or name another "
        f"by {option}",
    )


@dataclass(frozen=True)
class _Families:
    """Installed families by the kind of their regular font's outlines."""

    truetype: frozenset[str]
    postscript: frozenset[str]


def _installed(families: tuple[str, ...]) -> str | None:
    """Return the first family that can be used."""
    return next((family for family in families if family in _families().truetype), None)


def _families() -> _Families:
    """List the families that matplotlib knows."""
    return _sorted_out(len(fontManager.ttflist))


@lru_cache(maxsize=4)
def _sorted_out(_count: int) -> _Families:
    regular = [
        entry for entry in fontManager.ttflist if (entry.style, entry.variant) == ("normal",) * 2
    ]
    truetype = frozenset(entry.name for entry in regular if is_truetype(Path(entry.fname)))
    return _Families(truetype, frozenset(entry.name for entry in regular) - truetype)


@lru_cache(maxsize=1)
def _look_for_new_fonts() -> None:
    """Make fonts known that are newer than matplotlib's list, which it keeps in a file.

    A font that a user installs because a note named it would stay unknown.
    """
    known = {entry.fname for entry in fontManager.ttflist}
    for path in sorted(set(font_manager.findSystemFonts()) - known):
        try:
            fontManager.addfont(path)
        except (OSError, RuntimeError, ValueError):
            continue  # a damaged font, or one of another kind


def _made_known(path: Path) -> str:
    """Make the font of a file known; return its family."""
    family = family_of(path)
    if str(path) not in (entry.fname for entry in fontManager.ttflist):
        try:
            fontManager.addfont(str(path))
        except (OSError, RuntimeError, ValueError) as error:
            raise InputError(f"font {shown(path)}: not a font ({error})") from error
    return family


@lru_cache(maxsize=8)
def _glyphs(family: str) -> frozenset[int]:
    """Characters that a font, or the one that fills its gaps, has."""
    found: set[int] = set()
    for name in (family, LAST):
        path = font_manager.findfont(FontProperties(family=[name]))
        if Path(path).is_file():
            found |= set(FT2Font(path).get_charmap())
    return frozenset(found)
