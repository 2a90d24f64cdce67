"""Errors that a user can cause, told in one line."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable
from pathlib import PurePath

# Line breaks, and what stands around them. Spaces in a line stay: they may be an id's own.
_BREAKS = re.compile(r"\s*[\n\r\v\f\x1c-\x1e\x85\u2028\u2029]\s*")


class InputError(ValueError):
    """Bad input from outside: a name, a value, a file.

    The message is one line that names the value, what was expected and the nearest
    valid choice. The command line prints it without a traceback and exits with 2.
    """

    def __init__(self, message: str) -> None:
        super().__init__(_BREAKS.sub(" ", message.strip()))


def shown(value: object, limit: int = 80) -> str:
    """Quote a value from outside for a message: one line, escaped, at most ``limit`` characters.

    What is longer is cut in the middle: the end of a path is what tells it. A `Path` stays whole.
    """
    text = repr(str(value))
    if len(text) <= limit or isinstance(value, PurePath):
        return text
    start = (limit - 3) // 2
    return f"{text[:start]}...{text[start + 3 - limit :]}"


def encodable(text: str) -> str:
    """Return a name that any file of UTF-8 can hold: bytes that are none are escaped."""
    return text.encode("utf-8", "backslashreplace").decode("utf-8")


def _listed(choices: Iterable[str]) -> str:
    """List choices for a message: escaped and cut like `shown`, quoted where spaces matter."""
    return ", ".join(
        shown(choice, 60) if " ".join(choice.split()) != choice else shown(choice, 60)[1:-1]
        for choice in choices
    )


def nearest(name: str, choices: Iterable[str], count: int = 3, cutoff: float = 0.5) -> list[str]:
    """Return up to ``count`` of ``choices`` that look most like ``name``, best first.

    ``cutoff`` says how alike they must be, from 0 to 1 (but for capitals, the same).
    """
    by_folded = {choice.casefold(): choice for choice in choices}
    found = difflib.get_close_matches(name.casefold(), by_folded, n=count, cutoff=cutoff)
    return [by_folded[key] for key in found]


def unknown(kind: str, name: str, choices: Iterable[str], listed: int = 12) -> InputError:
    """Build the error for a name that is none of ``choices``.

    Names the nearest choices, or lists the first ``listed`` where nothing is near.
    """
    known = list(choices)
    close = nearest(name, known)
    if close:
        hint = f"did you mean {_listed(close)}?"
    else:
        more = f", ... ({len(known)} in all)" if len(known) > listed else ""
        hint = f"available: {_listed(known[:listed])}{more}"
    return InputError(f"unknown {kind} {shown(name)}; {hint}")
