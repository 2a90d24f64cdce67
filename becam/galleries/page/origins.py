"""Where a gallery's items come from, by names instead of paths, and why each was picked."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from becam.galleries.page.checks import Place


@dataclass(frozen=True)
class Origins:
    """The catalogues of a gallery, and what its picks mean.

    Attributes:
        names: by catalogue as the spec has it: its name on the page.
        meanings: by pick, in words; those that the gallery says nothing about are missing.
    """

    names: Mapping[str, str]
    meanings: Mapping[str, str]

    @property
    def several(self) -> bool:
        """Whether an id alone does not tell an item."""
        return len(self.names) > 1

    def own_id(self, data: str, text: str) -> str:
        """Return an item's id in its catalogue: among several, a gallery puts that before it."""
        return text.removeprefix(f"{data}: ") if self.several else text

    def told(self, text: str) -> str:
        """Return the id of an item that failed with its catalogue's name for its path."""
        for data, name in self.names.items():
            if self.several and text.startswith(f"{data}: "):
                return f"{name}: {self.own_id(data, text)}"
        return text

    def about(self, given: Mapping[str, Any]) -> dict[str, Any]:
        """Return a gallery's settings with names for paths."""
        found = dict(given)
        if found.get("data") == ", ".join(self.names):
            found["data"] = ", ".join(self.names.values())
        if isinstance(by_data := found.get("catalogues"), dict):
            found["catalogues"] = {
                self.names.get(data, data): value for data, value in by_data.items()
            }
        if isinstance(sources := found.get("sources"), list):
            found["sources"] = [self._source(each) for each in sources]
        return found

    def _source(self, given: Any) -> Any:
        if not isinstance(given, dict) or given.get("data") not in self.names:
            return given
        return {**given, "data": self.names[given["data"]]}


def read_origins(root: Place) -> Origins:
    """Read what ``gallery.json`` says of catalogues and picks.

    Raises:
        InputError: a value that is not as it should be.
    """
    about = root.get("about")
    catalogues = about.get("catalogues") if about.entries() else Place(None, "", root.file)
    listed = [*catalogues.entries()]
    listed += [item.get("data").maybe_text() or "" for item in root.get("items").maybe_each()]
    meanings: dict[str, str] = {}
    for data in catalogues.entries():
        ways = catalogues.get(data).get("ways")
        meanings |= {way: ways.get(way).text() for way in ways.entries()}
    return Origins(short_names(each for each in listed if each), meanings)


def short_names(catalogues: Iterable[str]) -> dict[str, str]:
    """Name catalogues by the ends of their paths, as long as it takes to tell them apart.

    >>> short_names(["/data/a/shop", "/data/b/shop", "demo"])
    {'/data/a/shop': 'a/shop', '/data/b/shop': 'b/shop', 'demo': 'demo'}
    """
    parts = {each: [p for p in re.split(r"[\\/]", each) if p] or [each] for each in catalogues}
    lengths = dict.fromkeys(parts, 1)
    while True:
        names = {each: "/".join(own[-lengths[each] :]) for each, own in parts.items()}
        alike = {name for name in names.values() if [*names.values()].count(name) > 1}
        longer = {
            each: lengths[each] + 1
            for each, name in names.items()
            if name in alike and lengths[each] < len(parts[each])
        }
        if not longer:
            break
        lengths |= longer
    return {each: each if name in alike else name for each, name in names.items()}
