"""Tables as LaTeX, with booktabs."""

from __future__ import annotations

import re
from itertools import groupby

from becam.latex import escape
from becam.tables.panels import cut
from becam.tables.table import Cell, Column, Row, Table
from becam.tables.text import change, difference, figure, marks

BETWEEN = 12.0  # points between two columns
CHARACTER, SMALL = 4.5, 3.3  # points that a character takes on average, and one of an interval
SHRUNK = r"\resizebox{\ifdim\width>\linewidth\linewidth\else\width\fi}{!}{%"


def to_latex(table: Table) -> str:
    """Write a table as a LaTeX float; it needs the packages booktabs and textcomp.

    A table that is too large for a page becomes several panels, and these several floats of one
    number; it is scaled down where the page is narrower still, and needs graphicx too.
    """
    titles = [_text_width(_title(row)) for row in table.rows]
    pages = cut(table, max(titles, default=0.0), _column_widths(table))
    small = len(pages) == 1 and len(pages[0]) == 1
    packages = "booktabs,textcomp" if small else "booktabs,graphicx,textcomp"
    lines = [rf"% \usepackage{{{packages}}}  \usepackage[T1]{{fontenc}}"]
    for place, page in enumerate(pages):
        lines.append(r"\begin{table*}[t]" if small else r"\begin{table*}[tp]")
        if place:
            lines.append(r"\addtocounter{table}{-1}")
        lines.append(r"\centering" if small else r"\centering\small")
        if place:
            lines.append(r"\caption{(continued)}")
        else:
            lines += [rf"\caption{{{escape(table.caption)}}}", rf"\label{{{_label(table)}}}"]
        lines.append(r"\smallskip")  # classes that have captions below leave no room under them
        for number, panel in enumerate(page):
            if number:
                lines.append(r"\par\medskip")
            lines += _tabular(panel) if small else [SHRUNK, *_tabular(panel), "}"]
        if table.notes and place == len(pages) - 1:
            notes = r" \\ ".join(escape(note) for note in table.notes)
            lines += [
                r"\par\smallskip",
                rf"\begin{{minipage}}{{\linewidth}}\footnotesize {notes}\end{{minipage}}",
            ]
        lines.append(r"\end{table*}")
    return "\n".join(lines) + "\n"


def _tabular(table: Table) -> list[str]:
    width = 1 + len(table.columns)
    lines = [
        rf"\begin{{tabular}}{{@{{}}l{'r' * len(table.columns)}@{{}}}}",
        r"\toprule",
        *_headings(table.columns),
    ]
    for data, rows in groupby(table.rows, key=lambda row: row.data):
        heading = rf"\multicolumn{{{width}}}{{@{{}}l}}{{\textit{{{escape(data)}}}}} \\"
        lines += [r"\midrule", heading]
        for _, group in groupby(rows, key=lambda row: row.group):
            lines.append(r"\addlinespace")
            lines += [_line(row, table.columns) for row in group]
    return [*lines, r"\bottomrule", r"\end{tabular}"]


def _column_widths(table: Table) -> list[float]:
    """Return about how wide the columns are in print, in points, with the room between them."""
    found = []
    for place, column in enumerate(table.columns):
        cells = [_cell(row.cells[place], column, row.against is not None) for row in table.rows]
        found.append(BETWEEN + max(_text_width(text) for text in (escape(column.title), *cells)))
    return found


def _text_width(text: str) -> float:
    """Return about how wide some LaTeX is in print, in points."""
    small = "".join(re.findall(r"\\scriptsize *([^}]*)", text))
    shown = re.sub(r"\\[a-z]+\{?|[{}$^]", "", text)
    return CHARACTER * len(shown) - (CHARACTER - SMALL) * len(small.replace("$", ""))


def _label(table: Table) -> str:
    """Name the table by what it is of, so that tables of other data can stand beside it."""
    data = dict.fromkeys(row.data for row in table.rows)
    return "-".join(["tab:becam", table.name, *(re.sub("[^A-Za-z0-9]+", "-", d) for d in data)])


def _headings(columns: tuple[Column, ...]) -> list[str]:
    """Return the line of titles and, where columns share a heading, that line and its rules."""
    above, rules, place = [""], [], 2
    for group, members in groupby(columns, key=lambda column: column.group):
        count = len(list(members))
        if group:
            above.append(rf"\multicolumn{{{count}}}{{c}}{{{escape(group)}}}")
            rules.append(rf"\cmidrule(lr){{{place}-{place + count - 1}}}")
        else:
            above += [""] * count
        place += count
    titles = " & ".join(["", *(escape(column.title) for column in columns)])
    if not rules:
        return [rf"{titles} \\"]
    return [rf"{' & '.join(above)} \\", " ".join(rules), rf"{titles} \\"]


def _title(row: Row) -> str:
    return escape(row.title) + (" (control)" if row.control else "")


def _line(row: Row, columns: tuple[Column, ...]) -> str:
    compared = row.against is not None
    pairs = zip(row.cells, columns, strict=True)
    cells = [_cell(cell, column, compared) for cell, column in pairs]
    return rf"{' & '.join([_title(row), *cells])} \\"


def _cell(cell: Cell | None, column: Column, compared: bool) -> str:
    if cell is None:
        return "--"
    if cell.interval is not None:
        write = difference if compared else figure
        low, high = (_minus(write(limit, column)) for limit in cell.interval)
        raised = f"$^{{{escape(marks(cell))}}}$" if marks(cell) else ""
        mean = _minus(write(cell.estimate.mean, column))
        return rf"{mean}{raised} {{\scriptsize [{low}, {high}]}}"
    if cell.percent is not None:
        raised = f"$^{{{escape(marks(cell))}}}$" if marks(cell) else ""
        return escape(change(cell.percent)).replace("-", "$-$") + raised
    mean = figure(cell.estimate.mean, column)
    if cell.best:
        mean = rf"\textbf{{{mean}}}"
    elif cell.second:
        mean = rf"\underline{{{mean}}}"
    sd = cell.estimate.sd
    if sd is None or not column.spread:
        return mean
    return rf"{mean} {{\scriptsize({figure(sd, column)})}}"


def _minus(number: str) -> str:
    return number.replace("-", "$-$")
