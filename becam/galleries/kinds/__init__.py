"""The kinds of galleries: every module of this package is one, by its name.

``kind = "table"`` in a spec is made by ``becam/galleries/kinds/table.py``; adding a kind is adding
a file. Such a module imports nothing heavy at its top (`becam gallery --help` and the check of a
spec need no torch) and has one function::

    def parse(section: Section, overrides: Overrides) -> Spec

It reads what the kind knows from ``section`` (`Section.into` makes an options dataclass of it
and tells unknown keys, wrong types and refused values with file, line and nearest key), lets
``overrides`` from the command line replace that, and refuses overrides that the kind has no use
for (`Overrides.refuse`). What it returns has ``name``, ``identity()`` and ``run()``: see `Spec`.
"""

from __future__ import annotations

import pkgutil
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from recsys.errors import InputError

if TYPE_CHECKING:
    from becam.galleries.document import Section
    from becam.progress import Reporter

COMMON = ("kind", "name", "title")
"""Keys of every spec; `Section.into` leaves them out."""


@dataclass(frozen=True, kw_only=True)
class Overrides:
    """What the command line, or a caller, puts in place of the spec's values; None: nothing.

    Attributes:
        data: catalogues, instead of the spec's ``data``; empty for the spec's own.
        encoders: instead of the spec's ``encoder`` or ``encoders``; empty for the spec's own.
        items: at most so many items.
        device, cache: as in `becam.config.DataConfig`.
    """

    data: tuple[str, ...] = ()
    encoders: tuple[str, ...] = ()
    items: int | None = None
    device: str | None = None
    cache: Path | None = None

    def refuse(self, kind: str, *names: str) -> None:
        """Raise InputError where one of ``names`` is given, which ``kind`` has no use for."""
        for name in names:
            if getattr(self, name) not in (None, ()):
                flag = {"encoders": "encoder"}.get(name, name)
                raise InputError(f"--{flag}: a gallery of kind {kind!r} has no such option")

    def given(self) -> dict[str, Any]:
        """Return those that are given, by name."""
        values = {entry.name: getattr(self, entry.name) for entry in fields(self)}
        return {name: value for name, value in values.items() if value not in (None, ())}


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """What a run of a gallery gave.

    Attributes:
        written: files, those to look at first at the front.
        failures: by item or run: why it gave nothing, one line each. Any makes exit code 1.
        summary: lines for standard output, as in a table's Markdown; may be empty.
    """

    written: tuple[Path, ...]
    failures: Mapping[str, str] = field(default_factory=dict)
    summary: str = ""


class Spec(Protocol):
    """A checked spec, ready to run; a frozen dataclass in every kind.

    It writes ``index.html``, ``gallery.json`` and the folders ``pictures``, ``maps``,
    ``outlines``, ``figures``, ``tables`` and ``contents``, and no other names: these are what
    ``--force`` removes where another gallery takes the folder over.
    """

    @property
    def kind(self) -> str:
        """The module's name."""

    @property
    def name(self) -> str:
        """The gallery's name: the spec's ``name``, else that of its file."""

    def identity(self) -> dict[str, Any]:
        """Return what decides the results, as JSON can hold it: by it an output folder is told
        from another gallery's. Without what only changes the looks, the cache and workers.
        """

    def check(self) -> None:
        """Check what only opening an encoder can tell; `becam gallery --check` does it too.

        Raises:
            InputError: what the spec says can't be used; names file, line and key.
        """

    def check_workers(self, workers: int) -> None:
        """Check how many processes it is to be made in, before anything is written.

        Raises:
            InputError: more than its kind can use.
        """

    def run(self, out: Path, *, workers: int, reporter: Reporter) -> Outcome:
        """Make the gallery in ``out``; go on where an earlier run of it stopped.

        ``out`` exists and is this gallery's: `becam.galleries.run` has seen to it. Whatever fails
        for one item or run goes into `Outcome.failures`; InputError is for what stops all.
        The same spec gives the same bytes, with any number of workers.
        """


def kinds() -> tuple[str, ...]:
    """Return the names of all kinds, sorted."""
    return tuple(sorted(module.name for module in pkgutil.iter_modules(__path__)))


def parse(kind: str, section: Section, overrides: Overrides) -> Spec:
    """Read a spec of a kind that `kinds` names.

    Raises:
        InputError: what the spec says can't be used; names file, line and key.
    """
    spec: Spec = import_module(f"{__name__}.{kind}").parse(section, overrides)
    return spec
