"""Tables that are larger than a page, in LaTeX: what is cut where, and that it can be printed."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from becam.tables.latex import to_latex
from becam.tables.panels import HEAD, LINES, WIDTH, cut
from becam.tables.table import Cell, Column, Row, Table
from recsys.statistics import Estimate

TITLE, COLUMN = 120.0, 100.0
MOST = int((WIDTH - TITLE) // COLUMN)  # columns that a panel holds


def table_of(groups: list[int], headings: list[str], notes: tuple[str, ...] = ()) -> Table:
    """Groups of so many rows, a column a heading, each cell another figure."""
    columns = tuple(Column(f"q{n}", heading, f"metric {n}") for n, heading in enumerate(headings))
    rows, figure = [], 0
    for place, count in enumerate(groups):
        for number in range(count):
            cells = []
            for _ in columns:
                interval = (figure - 0.25, figure + 0.25)
                cells.append(Cell(Estimate(float(figure), 0.5, 9), interval=interval))
                figure += 1
            rows.append(Row("demo", f"g{place}", f"g{place}, row {number}", tuple(cells)))
    return Table("t", "A caption.", columns, tuple(rows), notes)


def pages_of(table: Table) -> list[list[Table]]:
    return cut(table, TITLE, [COLUMN] * len(table.columns))


def figures(table: Table) -> list[tuple[str, str, float]]:
    return [
        (row.title, column.title, cell.estimate.mean)
        for row in table.rows
        for column, cell in zip(table.columns, row.cells, strict=True)
        if cell is not None
    ]


def test_a_table_that_fits_stays_as_it_is() -> None:
    table = table_of([3, 4], ["", "a", "a"])
    assert pages_of(table) == [[table]]
    assert pages_of(table_of([], [])) == [[table_of([], [])]]


@given(
    st.lists(st.integers(1, 60), max_size=6),
    st.lists(st.sampled_from(["", "a", "b"]), min_size=1, max_size=14),
)
def test_nothing_is_lost_and_all_fits(groups: list[int], headings: list[str]) -> None:
    table = table_of(groups, headings)
    pages = pages_of(table)
    panels = [panel for page in pages for panel in page]
    assert sorted(f for panel in panels for f in figures(panel)) == sorted(figures(table))
    assert all(len(panel.columns) <= MOST for panel in panels)
    assert all(sum(HEAD + len(panel.rows) for panel in page) <= LINES for page in pages)


def test_columns_of_one_heading_and_rows_of_one_group_stay_together() -> None:
    table = table_of([30, 10], ["", "", "", "a", "a", "b"])
    assert MOST == 4
    parts = [
        ([column.title[-1] for column in panel.columns], {row.group for row in panel.rows})
        for page in pages_of(table)
        for panel in page
    ]
    assert parts == [
        (list("012"), {"g0", "g1"}),
        (list("345"), {"g0", "g1"}),
    ]
    tall = pages_of(table_of([30, 20], [""]))
    assert [[{row.group for row in panel.rows} for panel in page] for page in tall] == [
        [{"g0"}],
        [{"g1"}],
    ]


def test_a_row_stands_where_it_has_figures() -> None:
    table = table_of([2], [""] * 8)
    cells = table.rows[1].cells
    partial = Row("demo", "g0", "partial", (*[None] * 4, *cells[4:]))
    empty = Row("demo", "g0", "empty", (None,) * 8)
    found = pages_of(Table("t", "", table.columns, (table.rows[0], partial, empty)))
    assert [[row.title for row in panel.rows] for panel in found[0]] == [
        ["g0, row 0", "empty"],
        ["g0, row 0", "partial"],
    ]


def test_one_caption_label_and_number() -> None:
    text = to_latex(table_of([20, 20], [""] * 9, notes=("A note.",)))
    floats = text.count(r"\begin{table*}[tp]")
    assert floats == text.count(r"\end{table*}") > 1
    assert text.count(r"\label{") == text.count("A caption.") == text.count("A note.") == 1
    assert text.count(r"\addtocounter{table}{-1}") == text.count("(continued)") == floats - 1
    assert text.startswith(r"% \usepackage{booktabs,graphicx,textcomp}")


@pytest.mark.skipif(shutil.which("pdflatex") is None, reason="no TeX here")
@pytest.mark.parametrize("kind", ["", "[twocolumn]"])
def test_a_large_table_can_be_printed(tmp_path: Path, kind: str) -> None:
    note = "A note that is about as long as those of real tables are. " * 3
    table = table_of([20, 20, 20], [""] * 9, notes=(note, note))
    document = "\n".join(
        [
            rf"\documentclass{kind}{{article}}\usepackage{{booktabs,graphicx,textcomp}}",
            r"\usepackage[T1]{fontenc}\begin{document}Text.",
            to_latex(table),
            r"\end{document}",
        ]
    )
    (tmp_path / "t.tex").write_text(document)
    command = ["pdflatex", "-interaction=nonstopmode", "-halt-on-error", "t.tex"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout[-2000:]
    assert not re.search(r"Overfull|Float too large", done.stdout), done.stdout[-2000:]
