"""Strict reading of CSV tables: what is wrong is told with file, row and column."""

from __future__ import annotations

import codecs
import csv
import stat
from collections.abc import Iterator, Sequence
from pathlib import Path
from types import TracebackType
from typing import BinaryIO

from recsys.errors import InputError, nearest, shown

MAX_LINE = 1 << 20  # bytes; a "line" longer than this is no table


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


class CsvTable:
    """A comma-separated table, read once, row by row, in bounded memory.

    UTF-8 with or without a byte order mark, LF or CRLF, fields quoted with ``"`` where
    they contain commas, quotes or line breaks. The first row names the columns, in any
    order, letter by letter. Other columns are left out and named in ``notes``; empty rows
    are skipped and counted there, those at the end not.

    Use it as a context manager, and iterate: each step gives the row's number (the line
    that it starts on, from 1) and the fields of ``columns`` in their order, None for an
    optional column that the file does not have. Raises InputError for everything else.
    """

    def __init__(self, path: Path, required: Sequence[str], optional: Sequence[str] = ()) -> None:
        self.path = path
        self.columns = (*required, *optional)
        self.notes: list[str] = []
        self._required = tuple(required)
        self._line = 0
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
        self._line = 0
        rows = self._rows(self._file)
        header_row, header = next(
            (found for found in rows if any(map(str.strip, found[1]))), (1, [])
        )
        if not header:
            raise InputError(
                f"{display(self.path)}: empty file, expected a header with {self._wanted()}"
            )
        places = self._places(header_row, header)
        width = len(header)
        empty: list[int] = []  # rows seen since the last one with content
        skipped = 0
        first_skipped = 0
        for row, fields in rows:
            if (not fields or not fields[0].strip()) and not any(map(str.strip, fields)):
                empty.append(row)
                continue
            if len(fields) != width:
                raise self._width_error(row, header, fields)
            if empty:
                first_skipped = first_skipped or empty[0]
                skipped += len(empty)
                empty.clear()
            yield row, tuple([None if at < 0 else fields[at] for at in places])
        if skipped:
            rows_are = "1 empty row" if skipped == 1 else f"{skipped} empty rows"
            self.notes.append(f"{self.path.name}: skipped {rows_are} (first: row {first_skipped})")

    def _rows(self, file: BinaryIO) -> Iterator[tuple[int, list[str]]]:
        """Parse the records, each with the line that it starts on."""
        reader = csv.reader(self._lines(file), strict=True)
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
        others = [name for name in header if name not in self.columns]
        missing = [name for name in self._required if name not in header]
        if missing:
            raise self.error(row, missing[0], self._missing_problem(missing[0], header, others))
        if others:
            self.notes.append(f"{self.path.name}: left out {self._left_out(header, others)}")
        return [header.index(name) if name in header else -1 for name in self.columns]

    def _missing_problem(self, name: str, header: list[str], others: list[str]) -> str:
        for mark, what in ((";", "semicolons"), ("\t", "tabs"), ("|", "bars")):
            if len(header) == 1 and mark in header[0]:
                return f"missing; the fields seem to be separated by {what}, expected commas"
        close = nearest(name, others, count=1)
        hint = f"; is {shown(close[0])} meant?" if close else ""
        found = shown(", ".join(header), limit=200)
        return f"missing{hint} (the header has {found}; expected {self._wanted()})"

    def _left_out(self, header: list[str], others: list[str]) -> str:
        named = ", ".join(shown(name) for name in others[:8])
        more = f" and {len(others) - 8} more" if len(others) > 8 else ""
        absent = [name for name in self.columns if name not in header]
        hints = [f"{shown(name)} for '{close}'" for name, close in _near(others, absent)]
        question = f" (is {', '.join(hints)} meant?)" if hints else ""
        return f"{'column' if len(others) == 1 else 'columns'} {named}{more}{question}"

    def _width_error(self, row: int, header: list[str], fields: list[str]) -> InputError:
        if len(fields) < len(header):
            problem = f"missing; the row has {len(fields)} fields, expected {len(header)}"
            return self.error(row, shown(header[len(fields)])[1:-1], problem)
        return self._row_error(
            row,
            f"{len(fields)} fields, expected {len(header)}; the first too many is "
            f"{shown(fields[len(header)])} (quote a field that contains a comma)",
        )


def _near(others: list[str], absent: list[str]) -> list[tuple[str, str]]:
    """Pair the unknown columns with the absent optional ones that they resemble."""
    pairs = []
    for name in others[:100]:
        close = nearest(name.strip(), absent, count=1)
        if close:
            pairs.append((name, close[0]))
    return pairs
