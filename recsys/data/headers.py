"""Telling a header with other names from a first row of data, where a header may be missing."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from recsys.errors import nearest, shown

SAMPLE = 200  # rows that a first row is compared with
_ALIKE = 0.7  # how alike a name and a column's are where one is taken for the other


def header_problem(
    first: Sequence[str],
    rows: Sequence[Sequence[str]],
    columns: Sequence[str],
    names: Mapping[str, str],
    *,
    ends_in_text: bool = False,
) -> str | None:
    """Say why a first row seems to name columns in other words; None where it is data.

    It does where a field is a column's name, or nearly, and what is below it is not; or where it
    is a word above nothing but numbers. (A first row with a number in it names nothing, but may
    still be a mixture of both.)

    Args:
        first: the fields of the first row.
        rows: those of the rows that follow, some of them.
        columns: the columns that are read, in their order.
        names: other names that a header may have for them.
        ends_in_text: whether the last column holds any text, where numbers say nothing.
    """
    known = {name.casefold() for name in (*columns, *names)}
    wordy = not any(map(_is_number, first))
    suspects = []
    for place, field in enumerate(first[: len(columns)]):
        below = [row[place] for row in rows if place < len(row) and row[place] != field]
        named = (
            wordy and _is_name(field, known) and not any(_is_name(each, known) for each in below)
        )
        text = ends_in_text and place == len(columns) - 1
        wordlike = not (text or _is_number(field) or field[:1].isdigit())
        alone = wordlike and bool(below) and all(map(_is_number, below))
        if named or alone:
            suspects.append(place)
    if not suspects:
        return None
    # Of a header that is known in part, the name to tell is one that is not.
    strange = [at for at, each in enumerate(first) if each.casefold() not in known]
    place = next((at for at in suspects if at in strange), (strange or suspects)[0])
    close = nearest(first[place].strip(), (*columns, *names), count=1)
    meant = names.get(close[0], close[0]) if close else columns[min(place, len(columns) - 1)]
    return (
        f"{shown(first[place])} looks like the name of a column, not like a value; is "
        f"{shown(meant)} meant? expected a header with {', '.join(columns)}, or rows without "
        "a header"
    )


def _is_name(field: str, known: set[str]) -> bool:
    """Whether a field is one of the names or looks like one; numbered names are ids."""
    name = field.strip().casefold()
    if any(character.isdigit() for character in name):
        return False
    return name in known or bool(nearest(name, known, count=1, cutoff=_ALIKE))


def _is_number(field: str) -> bool:
    try:
        float(field)
    except ValueError:
        return False
    return True
