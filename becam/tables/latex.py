"""Tables as LaTeX, with booktabs."""

from __future__ import annotations

import re
from itertools import groupby

from becam.latex import escape
from becam.tables.table import Cell, Column, Row, Table
from becam.tables.text import change, difference, fixed, marks


def to_latex(table: Table) -> str:
    """Write a table as a LaTeX float; it needs the packages booktabs and textcomp."""
    width = 1 + len(table.columns)
    lines = [
        r"% \usepackage{booktabs,textcomp}  \usepackage[T1]{fontenc}",
        r"\begin{table*}[t]",
        r"\centering",
        rf"\caption{{{escape(table.caption)}}}",
        rf"\label{{{_label(table)}}}",
        r"\smallskip",  # classes that have captions below leave no room under them
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
    lines += [r"\bottomrule", r"\end{tabular}"]
    if table.notes:
        notes = r" \\ ".join(escape(note) for note in table.notes)
        lines += [
            r"\par\smallskip",
            rf"\begin{{minipage}}{{\linewidth}}\footnotesize {notes}\end{{minipage}}",
        ]
    lines.append(r"\end{table*}")
    return "\n".join(lines) + "\n"


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


def _line(row: Row, columns: tuple[Column, ...]) -> str:
    title = escape(row.title) + (" (control)" if row.control else "")
    compared = row.against is not None
    pairs = zip(row.cells, columns, strict=True)
    cells = [_cell(cell, column, compared) for cell, column in pairs]
    return rf"{' & '.join([title, *cells])} \\"


def _cell(cell: Cell | None, column: Column, compared: bool) -> str:
    if cell is None:
        return "--"
    if cell.interval is not None:
        write = difference if compared else fixed
        low, high = (_minus(write(limit, column.digits)) for limit in cell.interval)
        raised = f"$^{{{escape(marks(cell))}}}$" if marks(cell) else ""
        mean = _minus(write(cell.estimate.mean, column.digits))
        return rf"{mean}{raised} {{\scriptsize [{low}, {high}]}}"
    if cell.percent is not None:
        raised = f"$^{{{escape(marks(cell))}}}$" if marks(cell) else ""
        return escape(change(cell.percent)).replace("-", "$-$") + raised
    mean = fixed(cell.estimate.mean, column.digits)
    if cell.best:
        mean = rf"\textbf{{{mean}}}"
    elif cell.second:
        mean = rf"\underline{{{mean}}}"
    sd = cell.estimate.sd
    if sd is None or not column.spread:
        return mean
    return rf"{mean} {{\scriptsize({fixed(sd, column.digits)})}}"


def _minus(number: str) -> str:
    return number.replace("-", "$-$")
