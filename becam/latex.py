"""Text from outside made to stand for itself in LaTeX."""

from __future__ import annotations

import re

from becam.tables.text import one_line

_SPECIAL = {
    **{character: f"\\{character}" for character in "&%$#_{}"},
    "\\": r"\textbackslash{}",
    "~": r"\textasciitilde{}",
    "^": r"\textasciicircum{}",
    "<": r"\textless{}",
    ">": r"\textgreater{}",
    "|": r"\textbar{}",
    '"': r"\textquotedbl{}",
    "`": r"\textasciigrave{}",
    "\N{MINUS SIGN}": "$-$",
    "\N{DAGGER}": r"\dag{}",  # in text and in mathematics
}
# Characters that pdfLaTeX has in the T1 and TS1 encodings: Latin letters and usual signs.
_KNOWN = re.compile(r"[\x20-\x7e\u00a0-\u017f\u2010-\u2026\u20ac\u2212]*")


def escape(text: str) -> str:
    """Make a text stand for itself in LaTeX: on one line, nothing interpreted."""
    escaped = "".join(_SPECIAL.get(character, character) for character in one_line(text))
    return re.sub(r"(?<=[-'])(?=[-'])", "{}", escaped)  # no ligatures: -- stays two hyphens


def needs_unicode_engine(text: str) -> bool:
    """Whether a text has characters that pdfLaTeX does not know; XeLaTeX and LuaLaTeX do."""
    return _KNOWN.fullmatch(one_line(text)) is None
