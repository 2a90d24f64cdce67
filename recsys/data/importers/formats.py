"""The formats, and telling which one a source is in."""

from __future__ import annotations

from importlib import import_module
from pathlib import Path
from typing import Protocol, cast

from recsys.data.importers.files import entries
from recsys.data.importers.options import FORMATS as FORMATS
from recsys.data.importers.source import Reading, Source
from recsys.data.tables import display
from recsys.errors import InputError, nearest, shown


class Format(Protocol):
    """A format's module.

    ``EXPECTED`` says what its folder has, ``PREPARED`` whether its data are filtered already
    (then no core is cut by default).
    """

    EXPECTED: str
    PREPARED: bool

    def matches(self, names: list[str]) -> bool:
        """Tell by a folder's entries whether it is in this format."""

    def read(self, folder: Path, reading: Reading) -> Source:
        """Read the folder. Raises InputError, in one line, for anything that is wrong in it."""


def load_format(name: str) -> Format:
    """Return the module of a format."""
    return cast(Format, import_module(f"recsys.data.importers.{name}"))


def detect_format(folder: Path) -> str:
    """Return the name of the format that a source's folder is in, by the names of its files.

    Raises InputError where it is in none, or may be in two.
    """
    names = entries(folder)
    found = [name for name in FORMATS if load_format(name).matches(names)]
    if len(found) == 1:
        return found[0]
    if found:
        raise InputError(
            f"{display(folder)} may be in the formats {' and '.join(found)}; choose one with "
            "--format"
        )
    raise InputError(f"{display(folder)} is in no known format{_hint(names)}; expected {_all()}")


def _hint(names: list[str]) -> str:
    wanted = ("transactions_train.csv", "articles.csv", "interactions.csv", "items.csv")
    others = [name for name in names if "." in name and name not in wanted]
    for name in wanted:
        close = nearest(name, others, count=1)
        if close and name not in names:
            return f" (is {shown(close[0])} meant to be {name}?)"
    return ""


def _all() -> str:
    return "; ".join(f"{name}: {load_format(name).EXPECTED}" for name in FORMATS)
