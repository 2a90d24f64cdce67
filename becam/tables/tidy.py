"""Tidy tables, one row an observation, as CSV or Parquet: the same rows give the same bytes."""

from __future__ import annotations

import csv
import io
import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from recsys.errors import InputError, shown
from recsys.files import write_bytes

ENDINGS = (".csv", ".parquet")
Columns = Mapping[str, type[str] | type[int] | type[float]]
"""By name: what a column holds. Any value may also be None: there is none."""


def check_ending(path: Path) -> None:
    """Raise InputError unless ``path`` ends on .csv or .parquet."""
    if path.suffix.lower() not in ENDINGS:
        raise InputError(f"output {shown(path)}: expected an ending {' or '.join(ENDINGS)}")


def write_tidy(path: Path, columns: Columns, rows: Sequence[Sequence[Any]]) -> Path:
    """Write rows as CSV or Parquet, by the ending.

    Args:
        path: the file.
        columns: names and types, in order.
        rows: values in that order.

    Raises:
        InputError: another ending.
        OSError: it can't be written.
        ValueError: a row of another length.
    """
    check_ending(path)
    data = to_csv(columns, rows).encode() if path.suffix == ".csv" else to_parquet(columns, rows)
    write_bytes(path, data)
    return path


def to_csv(columns: Columns, rows: Sequence[Sequence[Any]]) -> str:
    """Write rows as CSV in full precision; None and NaN are empty fields."""
    buffer = io.StringIO()
    writer = csv.writer(buffer, lineterminator="\n")
    writer.writerow(columns)
    for row in rows:
        _check(columns, row)
        writer.writerow([_text(value) for value in row])
    return buffer.getvalue()


def to_parquet(columns: Columns, rows: Sequence[Sequence[Any]]) -> bytes:
    """Write rows as Parquet (zstd); None and NaN are null."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    kinds = {str: pa.string(), int: pa.int64(), float: pa.float64()}
    arrays = []
    for place, kind in enumerate(columns.values()):
        values = []
        for row in rows:
            _check(columns, row)
            values.append(None if _missing(row[place]) else row[place])
        arrays.append(pa.array(values, type=kinds[kind]))
    sink = pa.BufferOutputStream()
    pq.write_table(pa.Table.from_arrays(arrays, list(columns)), sink, compression="zstd")
    data: bytes = sink.getvalue().to_pybytes()
    return data


def _check(columns: Columns, row: Sequence[Any]) -> None:
    if len(row) != len(columns):
        raise ValueError(f"a row of {len(row)} values for {len(columns)} columns")


def _missing(value: Any) -> bool:
    return value is None or (isinstance(value, float) and math.isnan(value))


def _text(value: Any) -> str:
    if _missing(value):
        return ""
    return repr(value) if isinstance(value, float) else str(value)
