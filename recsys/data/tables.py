"""Strict reading of text tables: what is wrong is told with file, row and column."""

from __future__ import annotations

import codecs
import contextlib
import csv
import stat
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import chain, islice
from pathlib import Path
from types import TracebackType
from typing import BinaryIO, Literal

from recsys.data.headers import SAMPLE, header_problem
from recsys.errors import InputError, nearest, shown

MAX_LINE = 1 << 20  # bytes; a "line" longer than this is no table
TYPO = 0.7  # how alike an unknown column and an absent one are where a typo is likely

_MARKS = {",": "commas", "\t": "tabs", ";": "semicolons", "|": "bars", "\x01": "\\x01 characters"}


@dataclass(frozen=True, kw_only=True)
class Layout:
    """How a table is written, and which columns it may have beside those that are read.

    Attributes:
        delimiter: What separates the fields; None where a whole line is one field.
        quotes: Whether ``"`` quotes a field; else it is a character as any other.
        header: Whether the first row names the columns: ``always``, ``never`` (the columns
            that are read are all there are, in their order), or ``maybe``: it does where all of
            its fields are names of columns, and is refused where they seem to be other names.
        names: Other names that a column may have in the header, and the name that it is read by.
        known: Columns that may be there and are not read.
        strangers: Whether any other column is left out with a note (``note``) or refused
            (``refuse``); with ``near``, refused only where it is nearly the name of a column
            that is not there.
        rest: Whether the last column takes the delimiters that are left over.
    """

    delimiter: str | None = ","
    quotes: bool = True
    header: str = "always"
    names: Mapping[str, str] = field(default_factory=dict)
    known: Sequence[str] = ()
    strangers: str = "note"
    rest: bool = False


COMMAS = Layout()
OWN = Layout(strangers="near")  # becam's own tables, which may have more columns but no typos
LINES = Layout(delimiter=None, quotes=False, header="never")


def display(path: Path) -> str:
    """Return a path as messages show it: escaped, so that it stays one line."""
    return shown(path, limit=300)[1:-1]


def file_error(path: Path, error: OSError) -> InputError:
    """Tell in one line why a file cannot be read."""
    reasons: dict[type[OSError], str] = {
        FileNotFoundError: "no such file",
        IsADirectoryError: "is a folder, expected a file",
        NotADirectoryError: "no such file (a part of its path is not a folder)",
        PermissionError: "permission denied",
    }
    reason = reasons.get(type(error), error.strerror or type(error).__name__)
    return InputError(f"{display(path)}: {reason}")


def check_regular(path: Path, expected: str) -> int:
    """Return a file's size in bytes. Raises InputError where it is no readable regular file.

    Opening a pipe or a device would wait, or never end.
    """
    try:
        info = path.stat()
    except OSError as error:
        raise file_error(path, error) from error
    except ValueError as error:  # a NUL in the path
        raise InputError(f"{display(path)}: not a file name") from error
    if stat.S_ISDIR(info.st_mode):
        raise InputError(f"{display(path)}: is a folder, expected {expected}")
    if not stat.S_ISREG(info.st_mode):
        raise InputError(f"{display(path)}: not a regular file, expected {expected}")
    return info.st_size


@dataclass(frozen=True)
class Head:
    """Where a table's columns are.

    ``row`` is the line of the first row with content (0: none), ``is_header`` whether it is a
    header, ``names`` the columns that every row has, ``places`` where each column that is read
    is among them (-1: not there).
    """

    row: int
    is_header: bool
    names: tuple[str, ...]
    places: tuple[int, ...]

    @property
    def width(self) -> int:
        """Number of fields in a row."""
        return len(self.names)


class CsvTable:
    """A comma-separated table, or another by its ``layout``, read row by row in bounded memory.

    UTF-8 with or without a byte order mark, LF or CRLF, fields quoted with ``"`` where
    they contain commas, quotes or line breaks. The first row names the columns, in any
    order, letter by letter. Other columns are left out and named in ``notes``; empty rows
    are skipped and counted there, those at the end not.

    Use it as a context manager, and iterate: each step gives the row's number (the line
    that it starts on, from 1) and the fields of ``columns`` in their order, None for an
    optional column that the file does not have. Raises InputError for everything else.
    """

    def __init__(
        self,
        path: Path,
        required: Sequence[str],
        optional: Sequence[str] = (),
        layout: Layout = COMMAS,
    ) -> None:
        self.path = path
        self.layout = layout
        self.columns = (*required, *optional)
        self.notes: list[str] = []
        self._required = tuple(required)
        self._line = 0
        self._cut = False  # whether the line that was read last has no end
        self._file: BinaryIO | None = None

    def __enter__(self) -> CsvTable:
        check_regular(self.path, "a table")
        try:
            self._file = self.path.open("rb")
        except OSError as error:
            raise file_error(self.path, error) from error
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._file is not None:
            self._file.close()
            self._file = None

    def error(self, row: int, column: str, problem: str) -> InputError:
        """Build the error for a value: it names file, row and column."""
        return InputError(f"{display(self.path)}, row {row}, column '{column}': {problem}")

    def _row_error(self, row: int, problem: str) -> InputError:
        return InputError(f"{display(self.path)}, row {row}: {problem}")

    def __iter__(self) -> Iterator[tuple[int, tuple[str | None, ...]]]:
        if self._file is None:
            raise RuntimeError("CsvTable: open it with `with` before reading")
        head = self.head()
        rows = self._restarted(self._file)
        first = next((found for found in rows if found[0] == head.row), None)
        if first is not None and not head.is_header:
            rows = chain([first], rows)
        width, places = head.width, head.places
        rest = self.layout.delimiter if self.layout.rest else None
        empty: list[int] = []  # rows seen since the last one with content
        skipped = 0
        first_skipped = 0
        for row, fields in rows:
            if (not fields or not fields[0].strip()) and not any(map(str.strip, fields)):
                empty.append(row)
                continue
            if rest and len(fields) > width:
                fields[width - 1 :] = [rest.join(fields[width - 1 :])]
            if len(fields) != width:
                raise self._width_error(row, head.names, fields)
            if empty:
                first_skipped = first_skipped or empty[0]
                skipped += len(empty)
                empty.clear()
            yield row, tuple([None if at < 0 else fields[at] for at in places])
        if skipped:
            rows_are = "1 empty row" if skipped == 1 else f"{skipped} empty rows"
            self.notes.append(f"{self.path.name}: skipped {rows_are} (first: row {first_skipped})")

    def head(self) -> Head:
        """Read as far as the header. Raises InputError where it does not have the columns."""
        if self._file is None:
            raise RuntimeError("CsvTable: open it with `with` before reading")
        rows = self._restarted(self._file)
        first = next((found for found in rows if any(map(str.strip, found[1]))), None)
        return self._head(first, rows)

    def _restarted(self, file: BinaryIO) -> Iterator[tuple[int, list[str]]]:
        file.seek(0)
        self._line = 0
        return self._rows(file)

    def _head(
        self, first: tuple[int, list[str]] | None, rows: Iterator[tuple[int, list[str]]]
    ) -> Head:
        """Find the columns by the first row with content; ``rows`` are those after it."""
        mode = self.layout.header
        if first is None:
            if mode == "never":
                return Head(0, False, self.columns, tuple(range(len(self.columns))))
            raise InputError(
                f"{display(self.path)}: empty file, expected "
                f"{'a header with' if mode == 'always' else 'columns'} {self._wanted()}"
            )
        row, fields = first
        names = [self.layout.names.get(name, name) for name in fields]
        if mode == "always" or (mode == "maybe" and self._is_header(names)):
            return Head(row, True, tuple(names), tuple(self._places(row, names)))
        if mode == "maybe":
            self._check_no_header(row, fields, rows)
        count = max(len(self._required), min(len(fields), len(self.columns)))
        places = [place if place < count else -1 for place in range(len(self.columns))]
        return Head(row, False, self.columns[:count], tuple(places))

    def _is_header(self, names: list[str]) -> bool:
        """Whether a first row names columns: all of its fields, or those that must be there."""
        known = {*self.columns, *self.layout.known}
        return all(name in known for name in names) or set(self._required) <= set(names)

    def _check_no_header(
        self, row: int, fields: list[str], rows: Iterator[tuple[int, list[str]]]
    ) -> None:
        """Raise InputError where the first row is no data but a header in other words."""
        below: list[list[str]] = []
        with contextlib.suppress(InputError):  # a damaged row is told when it is read
            below.extend(found for _, found in islice(rows, SAMPLE))
        layout = self.layout
        problem = header_problem(
            *(fields, below, self.columns, layout.names), ends_in_text=layout.rest
        )
        if problem is not None:
            raise self._row_error(row, problem)

    def _rows(self, file: BinaryIO) -> Iterator[tuple[int, list[str]]]:
        """Parse the records, each with the line that it starts on."""
        lines = self._lines(file)
        if self.layout.delimiter is None:
            for line in lines:
                yield self._line, [line.rstrip("\r\n")]
            return
        quoting: Literal[0, 3] = csv.QUOTE_MINIMAL if self.layout.quotes else csv.QUOTE_NONE
        delimiter = self.layout.delimiter
        reader = csv.reader(lines, strict=True, delimiter=delimiter, quoting=quoting)
        while True:
            start = self._line + 1
            try:
                fields = next(reader)
            except StopIteration:
                return
            except csv.Error as error:
                raise self._row_error(start, self._csv_problem(str(error))) from error
            yield start, fields

    @staticmethod
    def _csv_problem(message: str) -> str:
        if "unexpected end of data" in message:
            return 'a quote (") that is opened here is never closed'
        if "field larger" in message:
            return 'a field is too long; is a quote (") opened here that is never closed?'
        if "new-line character" in message:
            return "a lone carriage return; save the file with LF or CRLF line ends"
        if "expected after" in message:
            return 'text after a closing quote; write a quote inside a field as ""'
        return message

    def _lines(self, file: BinaryIO) -> Iterator[str]:
        """Decode line by line, so that a bad byte is told with its row."""
        while True:
            try:
                raw = file.readline(MAX_LINE + 1)
            except OSError as error:
                raise file_error(self.path, error) from error
            if not raw:
                return
            self._line += 1
            self._cut = not raw.endswith(b"\n")
            if self._line == 1:
                if raw.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
                    raise self._row_error(1, "the file is UTF-16; save it as UTF-8")
                raw = raw.removeprefix(codecs.BOM_UTF8)
            if len(raw) > MAX_LINE:
                raise self._row_error(self._line, f"a line of more than {MAX_LINE} bytes")
            if b"\0" in raw:
                raise self._row_error(self._line, "a NUL byte; is this a text file?")
            try:
                yield raw.decode("utf-8")
            except UnicodeDecodeError as error:
                problem = f"byte {error.start + 1} (0x{raw[error.start]:02x}) is not UTF-8"
                raise self._row_error(self._line, f"{problem}; save the file as UTF-8") from error

    def _wanted(self) -> str:
        return ", ".join(self._required)

    def _places(self, row: int, header: list[str]) -> list[int]:
        """Find each of ``columns`` in the header; -1 for an optional one that is not there."""
        for name in self.columns:
            if header.count(name) > 1:
                raise self.error(row, name, "occurs twice in the header")
        expected = {*self.columns, *self.layout.known}
        others = [name for name in header if name not in expected]
        missing = [name for name in self._required if name not in header]
        if missing:
            raise self.error(row, missing[0], self._missing_problem(missing[0], header, others))
        refused = others if self.layout.strangers == "refuse" else []
        if self.layout.strangers == "near":
            absent = [name for name in self.columns if name not in header]
            refused = [name for name, _ in _near(others, absent, TYPO)]
        if refused:
            raise self._stranger(row, header, refused[0])
        if others:
            note = f"{self.path.name}: left out {self._left_out(header, others)}"
            if note not in self.notes:
                self.notes.append(note)
        return [header.index(name) if name in header else -1 for name in self.columns]

    def _missing_problem(self, name: str, header: list[str], others: list[str]) -> str:
        separated = self._separated(header)
        if separated:
            return f"missing; {separated}"
        close = nearest(name, others, count=1)
        hint = f"; is {shown(close[0])} meant?" if close else ""
        found = shown(", ".join(header), limit=200)
        return f"missing{hint} (the header has {found}; expected {self._wanted()})"

    def _separated(self, fields: Sequence[str]) -> str:
        """Say what a row that is one field seems to be separated by, or nothing."""
        wanted = _MARKS.get(self.layout.delimiter or "", "one field a line")
        for mark, what in _MARKS.items():
            if len(fields) == 1 and mark in fields[0]:
                return f"the fields seem to be separated by {what}, expected {wanted}"
        return ""

    def _stranger(self, row: int, header: list[str], name: str) -> InputError:
        absent = [column for column in self.columns if column not in header]
        close = nearest(name.strip(), absent, count=1)
        hint = f"is {shown(close[0])} meant? " if close else ""
        choices = ", ".join((*self.columns, *self.layout.known))
        strict = self.layout.strangers == "refuse"
        skip = " (an import with --skip-columns leaves others out)" if strict else ""
        return self._row_error(
            row, f"unknown column {shown(name)}; {hint}expected {shown(choices, 700)[1:-1]}{skip}"
        )

    def _left_out(self, header: list[str], others: list[str]) -> str:
        named = ", ".join(shown(name) for name in others[:8])
        more = f" and {len(others) - 8} more" if len(others) > 8 else ""
        absent = [name for name in self.columns if name not in header]
        hints = [f"{shown(name)} for '{close}'" for name, close in _near(others, absent)]
        question = f" (is {', '.join(hints)} meant?)" if hints else ""
        return f"{'column' if len(others) == 1 else 'columns'} {named}{more}{question}"

    def _width_error(self, row: int, header: Sequence[str], fields: list[str]) -> InputError:
        if len(fields) < len(header):
            count = "1 field" if len(fields) == 1 else f"{len(fields)} fields"
            problem = f"missing; the row has {count}, expected {len(header)}"
            separated = self._separated(fields)
            if separated:
                problem += f" ({separated})"
            elif self._cut and row == self._line:
                problem += " (the last line has no end: is the file cut off?)"
            return self.error(row, shown(header[len(fields)])[1:-1], problem)
        hint = " (quote a field that contains a comma)" if self.layout.delimiter == "," else ""
        return self._row_error(
            row,
            f"{len(fields)} fields, expected {len(header)}; the first too many is "
            f"{shown(fields[len(header)])}{hint}",
        )


def _near(others: list[str], absent: list[str], cutoff: float = 0.5) -> list[tuple[str, str]]:
    """Pair the unknown columns with the absent optional ones that they resemble."""
    pairs = []
    for name in others[:100]:
        close = nearest(name.strip(), absent, count=1, cutoff=cutoff)
        if close:
            pairs.append((name, close[0]))
    return pairs
