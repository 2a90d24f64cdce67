"""Large tables: the reader by pyarrow and the strict one give the same rows and refusals."""

from __future__ import annotations

import hashlib
from pathlib import Path

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from recsys.data import blocks
from recsys.data.blocks import read_blocks, scan
from recsys.data.tables import CsvTable, Layout
from recsys.errors import InputError

Row = tuple[int, tuple[str | None, ...]]


def rows_of(path: Path, layout: Layout, *, fast: bool) -> list[Row] | str:
    """All rows with their lines, or what the refusal says."""
    found: list[Row] = []
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(blocks, "FAST_BYTES", 0 if fast else 1 << 60)
        try:
            with CsvTable(path, ("a", "b"), ("c",), layout) as table:
                for block in read_blocks(table, scan(path)):
                    columns = [
                        [None] * len(block.lines)
                        if column is None
                        else [column.values[code] for code in column.codes]
                        for column in block.columns
                    ]
                    found += list(
                        zip(map(int, block.lines), zip(*columns, strict=True), strict=True)
                    )
        except InputError as error:
            return str(error)
    return found


def used_pyarrow(path: Path, layout: Layout) -> bool:
    called = []
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(blocks, "FAST_BYTES", 0)
        parsed = blocks._parsed
        patch.setattr(blocks, "_parsed", lambda *given_: called.append(1) or parsed(*given_))
        with CsvTable(path, ("a", "b"), ("c",), layout) as table:
            list(read_blocks(table, scan(path)))
    return bool(called)


LAYOUTS = [
    Layout(),
    Layout(header="maybe"),
    Layout(delimiter="\t", quotes=False),
    Layout(delimiter="\x01", quotes=False, header="maybe"),
]
HEADERS = ["a,b\n", "b,x,a\n", "a,b,c\r\n", "\ufeffa,b\n", "\n a,b\n", "\na,b\n", ""]


@settings(max_examples=300, deadline=None)
@given(
    st.sampled_from(HEADERS),
    st.text(alphabet='ab1,\n\r "é\0\u2028', max_size=40)
    | st.lists(st.tuples(*[st.sampled_from(["1", "é", "x y", ""])] * 2), max_size=8).map(
        lambda rows: "".join(",".join(row) + "\n" for row in rows)
    ),
    st.sampled_from(LAYOUTS),
)
@example("a,b\n", "1,2\n3\n", LAYOUTS[0])
@example("a,b\n", "1,2\n3,4", LAYOUTS[0])
@example("a,b\n", "1,2\r\n3,4\r", LAYOUTS[0])
@example("a,b\n", "1,2\n\n3,4\n", LAYOUTS[0])
@example("", "1,2\n3,4\n", LAYOUTS[1])
@example("a,b\n", "\u2028", LAYOUTS[0])
@example("a,b\n", "\xa0,\u3000\n1,2\n", LAYOUTS[0])
def test_both_readers_agree(
    tmp_path_factory: pytest.TempPathFactory, header: str, body: str, layout: Layout
) -> None:
    path = tmp_path_factory.getbasetemp() / "table.csv"
    text = (header + body).replace(",", layout.delimiter or ",")
    path.write_bytes(text.encode())
    assert rows_of(path, layout, fast=True) == rows_of(path, layout, fast=False)


@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_large_plain_files_are_read_by_pyarrow(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, end: str
) -> None:
    pytest.importorskip("pyarrow")
    monkeypatch.setattr(blocks, "_CHUNK", 1 << 12)  # many batches
    path = tmp_path / "big.csv"
    lines = [f"{row % 37},é{row},{row % 5}" for row in range(3000)]
    path.write_bytes(end.join(["c,a,b", *lines, ""]).encode())
    assert used_pyarrow(path, Layout())
    fast, strict = (rows_of(path, Layout(), fast=fast) for fast in (True, False))
    assert fast == strict
    assert fast[1500] == (1502, ("é1500", "0", str(1500 % 37)))
    lines[2000] = '1,"x",2'
    path.write_bytes(end.join(["c,a,b", *lines, ""]).encode())
    assert not used_pyarrow(path, Layout())
    lines[2000] = "1,2"
    path.write_bytes(end.join(["c,a,b", *lines, ""]).encode())
    fast, strict = (rows_of(path, Layout(), fast=fast) for fast in (True, False))
    assert fast == strict
    assert "row 2002, column 'b': missing; the row has 2 fields, expected 3" in fast


def test_without_pyarrow(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(blocks, "has_pyarrow", lambda: False)
    path = tmp_path / "x.csv"
    path.write_text("a,b\n1,2\n")
    assert not used_pyarrow(path, Layout())
    assert rows_of(path, Layout(), fast=True) == [(2, ("1", "2", None))]


@settings(max_examples=100, deadline=None)
@given(st.binary(max_size=60), st.integers(1, 7))
def test_plain_does_not_depend_on_the_chunks(
    tmp_path_factory: pytest.TempPathFactory, data: bytes, chunk: int
) -> None:
    path = tmp_path_factory.getbasetemp() / "bytes"
    data = data.translate(bytes([b'ab,\n\r"\xc3\xa9'[value % 8] for value in range(256)]))
    path.write_bytes(data)
    whole = scan(path)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(blocks, "_CHUNK", chunk)
        assert scan(path) == whole
    assert whole.sha256 == hashlib.sha256(data).hexdigest()
    assert whole.size == len(data)
    lone = b"\r" in data.replace(b"\r\n", b"")
    try:
        text = data.decode()
    except UnicodeDecodeError:
        assert not whole.plain
        return
    starts = any(line[:1] in ("", ",", "\r") for line in text.split("\n")[:-1])
    starts |= text.split("\n")[-1][:1] in (",", "\r")
    assert whole.plain == ('"' not in text and not lone and not starts)


def test_codes(tmp_path: Path) -> None:
    path = tmp_path / "x.csv"
    path.write_text("a,b\n1,x\n2,x\n1,y\n")
    with CsvTable(path, ("a", "b")) as table:
        (block,) = read_blocks(table, scan(path))
    column = block.columns[0]
    assert column is not None
    assert column.values == ["1", "2"]
    assert column.codes.dtype == np.int32
    assert block.line_of(column, 1) == 3
    assert column.gather(np.array([10, 20])).tolist() == [10, 20, 10]
