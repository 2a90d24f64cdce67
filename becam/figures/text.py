"""Text from the data, made fit for a figure: it is shown, never interpreted."""

from __future__ import annotations

import textwrap
import unicodedata
from functools import lru_cache
from pathlib import Path

from matplotlib import font_manager
from matplotlib.ft2font import FT2Font
from matplotlib.text import Text


@lru_cache(maxsize=1)
def _drawable() -> frozenset[int]:
    path = font_manager.findfont(font_manager.FontProperties(family=["sans-serif"]))
    return frozenset(FT2Font(path).get_charmap()) if Path(path).is_file() else frozenset()


def drawable(text: str, known: frozenset[int]) -> str:
    """Make a text from the data drawable on one line.

    Control and joining characters go; characters that are not ``known`` become a box.
    """
    spaced = "".join(
        " " if character.isspace() else character
        for character in unicodedata.normalize("NFC", text)
        if character.isspace() or not unicodedata.category(character).startswith(("C", "M"))
    )
    return "".join(c if ord(c) in known else "\N{WHITE SQUARE}" for c in spaced)


def fit_for_figure(text: str, *, width: int = 72, lines: int = 1) -> str:
    """Make a title or an id drawable: one to ``lines`` lines, known glyphs only.

    What does not fit is cut with an ellipsis.
    """
    drawn = drawable(text, _drawable())
    wrapped = textwrap.wrap(drawn, width, max_lines=lines, placeholder=" …", break_long_words=True)
    return "\n".join(wrapped)


def put(text: Text) -> Text:
    """Turn TeX parsing off: ``$`` in a title is a dollar sign."""
    text.set_parse_math(False)
    return text
