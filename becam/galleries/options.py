"""Specs whose keys are the options of one command."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import fields
from typing import Any, TypeVar

from becam.galleries.document import Section
from becam.galleries.kinds import Overrides
from recsys.errors import InputError, shown

Config = TypeVar("Config")
REFUSED = ("workers",)
"""Given when a gallery is made, since they change no result."""


def read_options(
    section: Section,
    config: type[Config],
    overrides: Overrides,
    *,
    kind: str,
    lists: Iterable[str] = (),
    also: Iterable[str] = (),
) -> Config:
    """Make an options dataclass of a spec; keys are its fields, overrides replace them.

    Args:
        section: the whole spec.
        config: the dataclass, with a ``data`` of several catalogues.
        overrides: from the command line.
        kind: of the gallery.
        lists: fields of type text that may also be a list of texts.
        also: keys that are known, but read elsewhere.

    Raises:
        InputError: what the spec says, or an override, can't be used.
    """
    for key in REFUSED:
        if key in section.values:
            raise section.error(key, f"expected on the command line, as in --{key} 2")
    known = {entry.name: entry.default for entry in fields(config)}  # type: ignore[arg-type]  # a dataclass
    needs = {"encoders": "encoder", "items": "items", "device": "device"}
    overrides.refuse(kind, *(name for name, entry in needs.items() if entry not in known))
    return section.into(config, fixed=_replaced(section, overrides, known), lists=lists, also=also)


def _replaced(section: Section, overrides: Overrides, known: dict[str, Any]) -> dict[str, Any]:
    """Return the fields that overrides replace."""
    given = overrides.given()
    encoders = given.pop("encoders", None)
    if encoders is not None:
        if len(encoders) > 1:
            raise InputError(
                f"encoders {shown(', '.join(encoders))}: this gallery is of one encoder; expected "
                "one"
            )
        given["encoder"] = encoders[0]
    if "items" in given:
        said = section.get("items", int, known["items"])
        given["items"] = given["items"] if said is None else min(given["items"], said)
    return given


def check_one_process(workers: int, what: str) -> None:
    """Raise InputError for more than one worker where one process does it all."""
    if workers > 1:
        raise InputError(
            f"workers {shown(workers)}: a gallery of kind {what!r} is made in one process"
        )
