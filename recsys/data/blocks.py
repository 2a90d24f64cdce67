"""Reading large tables: columns in blocks, each as codes into the block's distinct values.

Millions of rows repeat few values, so what has to be done per value (find an id, parse a date)
is done once a block, and the rest is arithmetic on arrays.
"""

from __future__ import annotations

import codecs
import hashlib
import importlib.util
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from recsys.data.tables import CsvTable, Head, check_regular, display, file_error
from recsys.errors import InputError

FAST_BYTES = 16 << 20  # a smaller file is read before pyarrow would be imported

_ROWS = 1 << 16
_CHUNK = 8 << 20
_EMPTY = np.zeros(256, dtype=np.bool_)  # bytes that a row without content may begin with:
_EMPTY[list(b"\n\r,;|\t\x01 \v\f\x1c\x1d\x1e\x1f")] = True  # line ends, delimiters, white space
_EMPTY[[0xC2, 0xE1, 0xE2, 0xE3]] = True  # in UTF-8, white space beyond ASCII begins with these

_NONE: Mapping[str, float] = {}

Progress = Callable[[int], None]  # the number of rows read so far


@dataclass(frozen=True, eq=False)
class Column:
    """One column of a block: row i has ``values[codes[i]]``; ``codes`` are (n,) int32."""

    codes: npt.NDArray[np.int32]
    values: list[str]

    def gather(self, of_value: npt.NDArray[Any]) -> npt.NDArray[Any]:
        """Return (n,) what ``of_value`` has for each row's value."""
        return of_value[self.codes]


@dataclass(frozen=True, eq=False)
class Block:
    """Some rows of a table: its columns in the table's order, None for one that is not there.

    ``lines`` are the lines that the rows start on, from 1.
    """

    columns: tuple[Column | None, ...]
    lines: npt.NDArray[np.int64] | range

    def line_of(self, column: Column, value: int) -> int:
        """Return the line of the first row with the ``value``-th value of a column."""
        return int(self.lines[int((column.codes == value).argmax())])


@dataclass(frozen=True)
class FileFacts:
    """What one pass over a file's bytes tells.

    ``plain`` says that lines and fields can be found without parsing: UTF-8, no quotes, no
    NUL, no lone carriage return, no row that may be empty.
    """

    name: str
    size: int
    sha256: str
    plain: bool

    def to_dict(self) -> dict[str, Any]:
        """Return name, size and hash, for a manifest."""
        return {"name": self.name, "bytes": self.size, "sha256": self.sha256}


def scan(path: Path, *, table: bool = True) -> FileFacts:
    """Hash a file and, of a table, find out whether it is plain.

    Raises InputError where it is not a readable regular file.
    """
    size = check_regular(path, "a file")
    sha = hashlib.sha256()
    decoder = codecs.getincrementaldecoder("utf-8")()
    plain, last = table, b"\n"
    try:
        with path.open("rb") as file:
            while chunk := file.read(_CHUNK):
                sha.update(chunk)
                if plain:
                    plain = _is_plain(chunk, last, decoder)
                    last = chunk[-1:]
    except OSError as error:
        raise file_error(path, error) from error
    plain = plain and not decoder.getstate()[0] and last != b"\r"
    return FileFacts(path.name, size, sha.hexdigest(), plain)


def _is_plain(chunk: bytes, last: bytes, decoder: codecs.IncrementalDecoder) -> bool:
    if b'"' in chunk or b"\0" in chunk:
        return False
    if not chunk.isascii() or decoder.getstate()[0]:
        try:
            decoder.decode(chunk)
        except UnicodeDecodeError:
            return False
    # A pair of \r and \n may be cut by the chunk's start or end.
    if last == b"\r" and not chunk.startswith(b"\n"):
        return False
    if b"\r" in chunk and chunk.count(b"\r") - chunk.count(b"\r\n") > chunk.endswith(b"\r"):
        return False
    data = np.frombuffer(chunk, dtype=np.uint8)
    begins = np.flatnonzero(data[:-1] == ord("\n")) + 1
    begins_row = last == b"\n" and _EMPTY[data[0]]
    return not (begins_row or _EMPTY[data[begins]].any())


def read_blocks(
    table: CsvTable, facts: FileFacts, progress: Progress = lambda _: None
) -> Iterator[Block]:
    """Read an open table in blocks; large plain files are parsed by pyarrow if it is there.

    Either way gives the same rows and refuses the same files.

    Raises InputError as `CsvTable` does.
    """
    fast = facts.plain and facts.size >= FAST_BYTES and table.layout.delimiter is not None
    blocks = _fast(table) if fast and has_pyarrow() else _strict(table)
    done = 0
    for block in blocks:
        yield block
        done += len(block.lines)
        progress(done)


def per_value(
    table: CsvTable,
    block: Block,
    place: int,
    convert: Callable[[str], float],
    dtype: npt.DTypeLike,
    known: Mapping[str, float] = _NONE,
) -> npt.NDArray[Any] | None:
    """Convert a column, (n,) of ``dtype``: each distinct value once; None where it is not there.

    What ``known`` has is taken from there, which is quicker for many ids.

    Raises InputError with file, row and column where ``convert`` raises ValueError: its message,
    and the first row with the value.
    """
    column = block.columns[place]
    if column is None:
        return None
    found: list[float | None] = list(map(known.get, column.values))
    for value in [value for value, number in enumerate(found) if number is None]:
        try:
            found[value] = convert(column.values[value])
        except ValueError as error:
            line = block.line_of(column, value)
            raise table.error(line, table.columns[place], str(error)) from error
    return column.gather(np.array(found, dtype=dtype))


def has_pyarrow() -> bool:
    """Whether large tables are read by pyarrow."""
    return importlib.util.find_spec("pyarrow") is not None


def _strict(table: CsvTable) -> Iterator[Block]:
    rows: list[tuple[str | None, ...]] = []
    lines: list[int] = []
    for line, fields in table:
        rows.append(fields)
        lines.append(line)
        if len(rows) == _ROWS:
            yield _block(rows, lines)
            rows, lines = [], []
    if rows:
        yield _block(rows, lines)


def _block(rows: list[tuple[str | None, ...]], lines: list[int]) -> Block:
    columns = []
    for values in zip(*rows, strict=True):
        code_of: dict[str | None, int] = {}
        codes = [code_of.setdefault(value, len(code_of)) for value in values]
        # A column that the file does not have is None in every row.
        names = [value for value in code_of if value is not None]
        columns.append(Column(np.array(codes, dtype=np.int32), names) if names else None)
    return Block(tuple(columns), np.array(lines, dtype=np.int64))


def _fast(table: CsvTable) -> Iterator[Block]:
    head = table.head()
    try:
        yield from _parsed(table, head)
    except _arrow_error() as error:
        # pyarrow knows neither our rows nor our words: the strict reader finds the same fault.
        for _ in table:
            pass
        raise InputError(f"{display(table.path)}: {error}") from error


def _arrow_error() -> type[Exception]:
    import pyarrow

    error: type[Exception] = pyarrow.ArrowInvalid
    return error


def _parsed(table: CsvTable, head: Head) -> Iterator[Block]:
    import pyarrow as pa
    from pyarrow import csv

    names = [f"c{place}" for place in range(head.width)]
    wanted = sorted({place for place in head.places if place >= 0})
    skipped = head.row if head.is_header else head.row - 1
    with csv.open_csv(
        table.path,
        csv.ReadOptions(column_names=names, skip_rows=skipped, block_size=_CHUNK),
        csv.ParseOptions(
            delimiter=table.layout.delimiter, quote_char=False, ignore_empty_lines=False
        ),
        csv.ConvertOptions(
            include_columns=[names[place] for place in wanted],
            column_types={names[place]: pa.dictionary(pa.int32(), pa.string()) for place in wanted},
            null_values=[],
            strings_can_be_null=False,
        ),
    ) as reader:
        line = skipped + 1
        for batch in reader:
            if not batch.num_rows:
                continue
            yield Block(
                tuple(
                    None if place < 0 else _column(batch.column(wanted.index(place)))
                    for place in head.places
                ),
                range(line, line + batch.num_rows),
            )
            line += batch.num_rows


def _column(array: Any) -> Column:
    return Column(array.indices.to_numpy(), array.dictionary.to_pylist())
