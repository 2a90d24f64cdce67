"""Values of a JSON file, checked where they are taken out: the message names the place."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

from recsys.errors import InputError, shown

_NAMES = {
    dict: "an object",
    list: "a list",
    str: "a text",
    int: "a whole number",
    float: "a number",
    bool: "true or false",
}


@dataclass(frozen=True)
class Place:
    """A value of a JSON file, and where it stands there.

    Attributes:
        value: what stands there.
        path: the way to it, as ``items[3].title``; empty for the whole file.
        file: the file's name, for messages.
    """

    value: Any
    path: str
    file: str

    def error(self, expected: str) -> InputError:
        """Say what was expected here."""
        found = "null" if self.value is None else shown(self.value, 50)
        where = f" {self.path}:" if self.path else ""
        return InputError(f"{self.file}:{where} expected {expected}, got {found}")

    def _is(self, kind: type) -> Any:
        given = self.value
        # JSON's true is no number, and its 3 is one.
        wrong = isinstance(given, bool) and kind is not bool
        if wrong or not isinstance(given, (int, float) if kind is float else kind):
            raise self.error(_NAMES[kind])
        return given

    def get(self, key: str) -> Place:
        """Return the value of a key of this object; one that is missing is null.

        Raises:
            InputError: this is no object.
        """
        path = f"{self.path}.{key}" if self.path else key
        return Place(self._is(dict).get(key), path, self.file)

    def each(self, *, count: int | None = None, of: str = "values") -> list[Place]:
        """Return the values of this list.

        Raises:
            InputError: no list, or not of ``count`` values.
        """
        values = self._is(list)
        if count is not None and len(values) != count:
            message = f"expected {count} {of}, got {len(values)}"
            raise InputError(f"{self.file}: {self.path}: {message}")
        return [Place(v, f"{self.path}[{i}]", self.file) for i, v in enumerate(values)]

    def maybe_each(self) -> list[Place]:
        """Return the values of this list; none where it is null or missing."""
        return [] if self.value is None else self.each()

    def entries(self) -> dict[str, Any]:
        """Return this object as it is; empty where it is null or missing."""
        return {} if self.value is None else dict(self._is(dict))

    def text(self) -> str:
        """Return this text."""
        return str(self._is(str))

    def maybe_text(self) -> str | None:
        """Return this text, or None for null."""
        return None if self.value is None else self.text()

    def flag(self) -> bool:
        """Return this truth value."""
        return bool(self._is(bool))

    def count(self, least: int = 0) -> int:
        """Return this whole number, at least ``least``."""
        value = int(self._is(int))
        if value < least:
            raise self.error(f"a whole number from {least}")
        return value

    def number(self) -> float:
        """Return this finite number."""
        value = float(self._is(float))
        if not math.isfinite(value):
            raise self.error("a finite number")
        return value

    def maybe_number(self) -> float | None:
        """Return this finite number, or None for null."""
        return None if self.value is None else self.number()
