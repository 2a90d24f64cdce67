"""Specs in TOML: typed values, and errors that name file, line, key and nearest key."""

from __future__ import annotations

import re
import sys
import typing
from collections.abc import Iterable, Mapping
from dataclasses import MISSING, dataclass, fields
from pathlib import Path
from types import UnionType
from typing import Any, TypeVar

from recsys.data.tables import display, file_error
from recsys.errors import InputError, nearest, shown

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

LONGEST = 200_000  # bytes; a spec is a page of text
Config = TypeVar("Config")
Value = TypeVar("Value")
_NAMES: dict[Any, str] = {
    str: "a text",
    int: "a whole number",
    float: "a number",
    bool: "true or false",
    Path: "a path",
}


@dataclass(frozen=True)
class Document:
    """A TOML file as it stands: where a key is found is looked up when an error needs it."""

    file: Path
    text: str

    def line_of(self, path: tuple[str, ...], element: int | None = None) -> int | None:
        """Return the line, from 1, on which the statement that sets a key begins.

        tomllib tells no lines, but what it makes of the first n lines shows which keys these
        set. A line that has the key's name begins its statement where the lines above are
        whole statements, and the next whole one sets the key.

        Args:
            path: the keys that lead to the value.
            element: of a list, by its place: the line on which that begins, if it is to be told.
        """
        lines = self.text.splitlines(keepends=True)
        for start, line in enumerate(lines):
            if path and path[-1] in line and _parsed(lines[:start]) is not None:
                stops = range(start + 1, len(lines) + 1)
                stop = next((each for each in stops if _parsed(lines[:each]) is not None), None)
                if stop is not None and _value(_parsed(lines[:stop]), path) is not None:
                    return start + 1 + _lines_to(lines, path, start, stop, element)
        return None

    def error(self, path: tuple[str, ...], problem: str, element: int | None = None) -> InputError:
        """Build the error for a key: it names the file, the line and the key."""
        line = self.line_of(path, element)
        where = display(self.file) + (f", line {line}" if line else "")
        key = f", key {shown('.'.join(path))}" if path else ""
        return InputError(f"{where}{key}: {problem}")


@dataclass(frozen=True)
class Section:
    """A table of a spec: keys and values, and where they stand.

    Attributes:
        document: the file.
        path: the keys that lead to the table; empty for the whole spec.
        values: as tomllib gives them.
    """

    document: Document
    path: tuple[str, ...]
    values: Mapping[str, Any]

    @property
    def stem(self) -> str:
        """The file's name without its ending."""
        return self.document.file.stem

    def error(self, key: str | None, problem: str, element: int | None = None) -> InputError:
        """Build the error for one of the keys, or for the table: names file, line and key.

        Args:
            key: the key; None for the table.
            problem: what is wrong with it.
            element: the place in a list of what is wrong.
        """
        path = self.path if key is None else (*self.path, key)
        return self.document.error(path, problem, element)

    def check_keys(self, known: Iterable[str]) -> None:
        """Raise InputError for the first key that is none of ``known``, naming the nearest."""
        choices = list(known)
        for key in self.values:
            if key not in choices:
                close = nearest(key, choices)
                hint = (
                    f"did you mean {', '.join(close)}?"
                    if close
                    else f"expected one of {', '.join(choices)}"
                )
                table = f" in [{'.'.join(self.path)}]" if self.path else ""
                raise self.error(key, f"unknown key{table}; {hint}")

    def get(self, key: str, hint: Any, default: Value | None = None) -> Any:
        """Return a value of a type, such as ``int`` or ``tuple[str, ...]``, or the default.

        Raises:
            InputError: a value of another type.
        """
        if key not in self.values:
            return default
        return self._typed(key, self.values[key], hint)

    def table(self, key: str) -> Section:
        """Return a table of this one, empty where there is none.

        Raises:
            InputError: a value that is no table.
        """
        found = self.values.get(key, {})
        if not isinstance(found, dict):
            raise self.error(key, f"expected a table, [{'.'.join((*self.path, key))}]")
        return Section(self.document, (*self.path, key), found)

    def without(self, *keys: str) -> Section:
        """Return this table less some keys, such as those that were read already."""
        left = {key: value for key, value in self.values.items() if key not in keys}
        return Section(self.document, self.path, left)

    def only(self, *keys: str) -> Section:
        """Return this table with some of its keys alone."""
        return self.without(*(key for key in self.values if key not in keys))

    def into(
        self,
        config: type[Config],
        *,
        fixed: Mapping[str, Any] | None = None,
        lists: Iterable[str] = (),
        also: Iterable[str] = (),
    ) -> Config:
        """Make an options dataclass of the table: a key is a field, a TOML value of its type.

        Kind, name and title of the spec are left out. An InputError of the dataclass itself is
        told with the line of the key that it is about.

        Args:
            config: the dataclass.
            fixed: fields that are set otherwise, as by overrides; they replace what the table
                says, which is checked all the same. Those that the table may not set at all
                need no listing: a key must be a field with a description (an option).
            lists: fields of type text that may also be a list of texts, joined by commas.
            also: keys that are known, but read elsewhere.

        Raises:
            InputError: an unknown key, a wrong type, a value that the dataclass refuses, a
                required key that is missing.
        """
        from becam.galleries.kinds import COMMON

        hints = typing.get_type_hints(config)
        entries = {entry.name: entry for entry in fields(config) if entry.init}  # type: ignore[arg-type]  # a dataclass
        skipped = {*also, *(COMMON if not self.path else ())}
        self.without(*skipped).check_keys([*entries, *(key for key in also if key not in entries)])
        given: dict[str, Any] = {}
        for key, value in self.without(*skipped).values.items():
            if key in lists and isinstance(value, list):
                given[key] = ",".join(self._typed(key, value, tuple[str, ...]))
            else:
                given[key] = self._typed(key, value, hints[key])
        replaced = dict(fixed or {})
        for name, entry in entries.items():
            required = entry.default is MISSING and entry.default_factory is MISSING
            if required and name not in given and name not in replaced:
                raise self.error(None, f"missing key {name!r}")
        try:
            made = config(**(given | replaced))
            if replaced.keys() & given.keys():  # what they hide must be right all the same
                config(**(replaced | given))
        except InputError as error:
            culprit = _culprit(config, given, replaced, str(error))
            if culprit is None and not given:
                raise
            place = _element(config, given | replaced, culprit, str(error))
            raise self.error(culprit, str(error), place) from error
        return made

    def _typed(self, key: str, value: Any, hint: Any) -> Any:
        found = _converted(value, hint)
        if found is _WRONG:
            each = value if isinstance(value, list) else []
            wrong = (n for n, one in enumerate(each) if _converted([one], hint) is _WRONG)
            problem = f"expected {_described(hint)}, not {_told(value)}"
            raise self.error(key, problem, next(wrong, None))
        return found


def read_spec(file: Path) -> Section:
    """Read a TOML file.

    Raises:
        InputError: no such file, no TOML; names file and line.
    """
    try:
        if file.is_dir():
            raise InputError(f"spec {display(file)}: expected a TOML file, found a folder")
        with file.open("rb") as stream:
            data = stream.read(LONGEST + 1)
    except FileNotFoundError as error:
        raise InputError(f"spec {display(file)} does not exist{_beside(file)}") from error
    except OSError as error:
        raise file_error(file, error) from error
    if len(data) > LONGEST:
        raise InputError(f"spec {display(file)}: more than {LONGEST} bytes; is it a spec?")
    try:
        text = data.decode("utf-8-sig").replace("\r\n", "\n")
    except UnicodeDecodeError as error:
        line = data[: error.start].count(b"\n") + 1
        raise InputError(f"{display(file)}, line {line}: not UTF-8; save it as UTF-8") from error
    try:
        values = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        found = re.search(r" \(at line (\d+), column \d+\)$", str(error))
        line = int(found[1]) if found else max(len(text.splitlines()), 1)
        raise InputError(f"{display(file)}, line {line}: not TOML: {error}") from error
    except RecursionError as error:
        raise InputError(f"{display(file)}: not TOML: nested too deeply") from error
    return Section(Document(file, text), (), values)


def _beside(file: Path) -> str:
    """Name specs beside a missing one that look like it."""
    try:
        names = [entry.name for entry in file.parent.glob("*.toml")]
    except OSError:
        return ""
    close = nearest(file.name, names)
    return f"; did you mean {', '.join(map(shown, close))}?" if close else ""


def _parsed(lines: list[str]) -> dict[str, Any] | None:
    """Return what lines say; None where they end in the middle of a statement."""
    try:
        return tomllib.loads("".join(lines))
    except tomllib.TOMLDecodeError:
        return None


def _value(values: Any, path: tuple[str, ...]) -> Any:
    """Return what a path of keys leads to; None where it leads nowhere."""
    for key in path:
        values = values.get(key) if isinstance(values, dict) else None
    return values


def _lines_to(
    lines: list[str], path: tuple[str, ...], start: int, stop: int, element: int | None
) -> int:
    """Return after how many lines of a statement an element of its list begins.

    Closed early, a list has the elements of the lines so far. Where that can't be read (the
    list stands in another list or table) the statement's first line has to do.
    """
    if element is None:
        return 0
    before = start
    for end in range(start + 1, stop + 1):
        found = _value(_parsed([*lines[:end], "]"] if end < stop else lines[:end]), path)
        if isinstance(found, list) and len(found) <= element:
            before = end  # the element begins below this line
        elif isinstance(found, list):
            return before - start
    return 0


_WRONG = object()


def _converted(value: Any, hint: Any) -> Any:
    """Return a TOML value as a type hint has it, or `_WRONG`."""
    if typing.get_origin(hint) in (typing.Union, UnionType):
        kinds = [each for each in typing.get_args(hint) if each is not type(None)]
        tried = (_converted(value, each) for each in kinds)
        return next((found for found in tried if found is not _WRONG), _WRONG)
    if typing.get_origin(hint) is typing.Literal:
        return value if value in typing.get_args(hint) else _WRONG
    if typing.get_origin(hint) is tuple:
        return _several(value, typing.get_args(hint)[0])
    if hint is Path:
        return Path(value) if isinstance(value, str) and value else _WRONG
    if hint is float and type(value) in (int, float):
        return float(value)
    return value if type(value) is hint else _WRONG


def _several(value: Any, hint: Any) -> Any:
    if not isinstance(value, list):
        one = _converted(value, hint)  # a list of one may be written without brackets
        return _WRONG if one is _WRONG else (one,)
    found = tuple(_converted(each, hint) for each in value)
    return _WRONG if any(each is _WRONG for each in found) else found


def _described(hint: Any) -> str:
    if typing.get_origin(hint) in (typing.Union, UnionType):
        kinds = [each for each in typing.get_args(hint) if each is not type(None)]
        return " or ".join(_described(each) for each in kinds)
    if typing.get_origin(hint) is typing.Literal:
        return "one of " + ", ".join(shown(each) for each in typing.get_args(hint))
    if typing.get_origin(hint) is tuple:
        one = _NAMES.get(typing.get_args(hint)[0], "a value")
        return f"a list, each {one}"
    return _NAMES.get(hint, getattr(hint, "__name__", str(hint)))


def _told(value: Any) -> str:
    if isinstance(value, dict):
        return "a table"
    if isinstance(value, list):
        return f"the list {shown(value)}" if value else "an empty list"
    return f"the text {shown(value)}" if isinstance(value, str) else shown(value).strip("'\"")


def _culprit(
    config: type[Any], given: Mapping[str, Any], fixed: Mapping[str, Any], message: str
) -> str | None:
    """Find the key that a dataclass refuses: with it alone the complaint is the same."""

    def complaint(values: Mapping[str, Any]) -> str | None:
        try:
            config(**values)
        except InputError as error:
            return str(error)
        except TypeError:  # a required field is missing
            return None
        return ""

    required = {
        entry.name: given[entry.name]
        for entry in fields(config)
        if entry.name in given and entry.default is MISSING and entry.default_factory is MISSING
    }
    base = {**fixed, **required}
    if complaint(base) == message:
        return next(iter(required), None)
    for key, value in given.items():
        if complaint({**base, key: value}) == message:
            return key
    for key in given:  # or without it there is none: two that contradict each other
        rest = {name: value for name, value in given.items() if name != key}
        if complaint({**fixed, **rest}) == "":
            return key
    return None


def _element(
    config: type[Any], values: Mapping[str, Any], key: str | None, message: str
) -> int | None:
    """Find the element of a key's list that a dataclass refuses: alone it is refused as well."""
    several = values.get(key or "")
    for place, each in enumerate(several if isinstance(several, tuple) else ()):
        try:
            config(**{**values, str(key): (each,)})
        except InputError as error:
            if str(error) == message:
                return place
    return None
