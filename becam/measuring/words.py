"""Counts, lists and sentences in words."""

from __future__ import annotations

from collections.abc import Sequence


def counted(number: int, what: str) -> str:
    """Say how many there are of something whose plural ends on an s."""
    return f"{number} {what}" if number == 1 else f"{number} {what}s"


def share(part: int, whole: int) -> str:
    """Say how many of the items."""
    if part == whole:
        return {1: "the item", 2: "both items"}.get(whole, f"all {whole} items")
    return f"{part} of {whole} items"


def listed(names: Sequence[str]) -> str:
    """Put names into a row, with an and before the last."""
    return " and ".join(part for part in (", ".join(names[:-1]), *names[-1:]) if part)


def sentence(note: str) -> str:
    """Make a note a sentence; what it begins with stays as it is where that is a name."""
    first = note.partition(" ")[0]
    begun = note[:1].upper() + note[1:] if first.isalpha() else note
    return f"{begun.rstrip('.')}."
