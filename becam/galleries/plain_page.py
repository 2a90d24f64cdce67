"""A page for a gallery that is one figure or table: self-contained, no script."""

from __future__ import annotations

import base64
from collections.abc import Mapping, Sequence
from html import escape
from typing import TYPE_CHECKING, Any

from becam.figures.files import figure_bytes
from becam.tables.finished import Finished
from becam.tables.table import Cell, Column, Row, Table
from becam.tables.text import change, figure, marks, p_value

if TYPE_CHECKING:
    from matplotlib.figure import Figure

STYLE = """
:root { color-scheme: light dark; }
body { font: 16px/1.5 system-ui, sans-serif; max-width: 110rem; margin: 0 auto; padding: 1rem;
  color: #1a1a1a; background: #fff; }
p, ul { max-width: 75rem; }
figure { margin: 1rem 0; }
/* As wide as on paper at least, so that its text can be read: a phone scrolls. */
figure img { display: block; width: 100%; height: auto; background: #fff; }
figcaption { font-size: .9rem; margin-top: .5rem; }
.wide { overflow-x: auto; }
table { border-collapse: collapse; font-size: .9rem; font-variant-numeric: tabular-nums; }
th, td { padding: .25rem .6rem; text-align: right; border-bottom: 1px solid #ccc;
  white-space: nowrap; }
th:first-child { text-align: left; }
th[scope=row] { font-weight: 400; }
th[scope=col] { white-space: normal; vertical-align: bottom; }
.second { text-decoration: underline; }
.failed { color: #a00000; }
a { color: #0a4f9c; }
:focus-visible { outline: 2px solid #0a4f9c; outline-offset: 2px; }
@media (prefers-color-scheme: dark) {
  body { color: #eee; background: #161616; }
  th, td { border-color: #444; }
  a { color: #8ab8ff; }
  .failed { color: #ff9c9c; }
  :focus-visible { outline-color: #8ab8ff; }
}
"""
TEST = " (p {})"
DPI = 170
ALONE = ("svg", "pdf", "png")  # the figure in a file of its own, best first


def plain_page(
    finished: Finished, *, title: str, files: Sequence[str], options: Mapping[str, Any]
) -> str:
    """Return the page; all texts from outside are escaped.

    Args:
        finished: the table, and the figure if there is one.
        title: of the page.
        files: paths to link to, relative to the page.
        options: what was asked for.
    """
    table = finished.table
    parts = [f"<h1>{escape(title)}</h1>"]
    if finished.figure is not None:
        parts.append(_figure(finished.figure, table.name, files))
    parts.append(_table(table))
    if table.notes:
        parts.append(f"<h2>Notes</h2><ul>{''.join(_item(note) for note in table.notes)}</ul>")
    if finished.failures:
        lines = "".join(_item(f"{run}: {why}") for run, why in finished.failures.items())
        parts.append(f'<h2>Failed</h2><ul class="failed">{lines}</ul>')
    links = "".join(f'<li><a href="{escape(path)}">{escape(path)}</a></li>' for path in files)
    parts.append(f"<h2>Files</h2><ul>{links}</ul>")
    chosen = "".join(
        f'<tr><th scope="row">{escape(str(key))}</th><td>{escape(_shown(value))}</td></tr>'
        for key, value in options.items()
    )
    parts.append(f"<h2>Options</h2><div class=wide tabindex=0><table>{chosen}</table></div>")
    return (
        '<!doctype html>\n<html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>{escape(title)}</title><style>{STYLE}</style></head>\n"
        f"<body><main>{chr(10).join(parts)}</main></body></html>\n"
    )


def _figure(figure: Figure, name: str, files: Sequence[str]) -> str:
    """Show a figure in a box that scrolls sideways, with a link to it in a file of its own."""
    data = base64.b64encode(figure_bytes(figure, "png", dpi=DPI)).decode()
    inches = figure.get_figwidth()
    alt = f"Figure of the table {name}, whose figures stand below"
    image = (
        f'<img src="data:image/png;base64,{data}" alt="{escape(alt)}" '
        f'style="min-width:{inches:g}in;max-width:{inches * DPI:.0f}px">'
    )
    by_ending = {path.rsplit(".", 1)[-1]: path for path in files if path.startswith("figures/")}
    link = next((by_ending[ending] for ending in ALONE if ending in by_ending), None)
    words = ""
    if link is not None:
        where = escape(link)
        words = f'<figcaption><a href="{where}">The figure alone</a>, to be enlarged</figcaption>'
    return (
        f'<figure><div class="wide" tabindex="0" role="region" aria-label="Figure {escape(name)}">'
        f"{image}</div>{words}</figure>"
    )


def _item(text: str) -> str:
    return f"<li>{escape(text)}</li>"


def _shown(value: Any) -> str:
    if isinstance(value, list | tuple):
        return ", ".join(map(str, value)) or "none"
    return "default" if value is None else str(value)


def _table(table: Table) -> str:
    heads = [table.heading, *(f"{c.group} {c.title}".strip() for c in table.columns)]
    head = "".join(f'<th scope="col">{escape(text)}</th>' for text in heads)
    bodies, last = [], None
    for row in table.rows:
        if row.data != last:
            span = len(heads)
            bodies.append(f'<tr><th scope="rowgroup" colspan="{span}">{escape(row.data)}</th></tr>')
            last = row.data
        bodies.append(_row(row, table.columns))
    return (
        f'<p id="caption">{escape(table.caption)}</p>'
        f'<div class="wide" tabindex="0" role="region" aria-label="Table {escape(table.name)}">'
        f'<table aria-describedby="caption"><thead><tr>{head}</tr></thead>'
        f"<tbody>{''.join(bodies)}</tbody></table></div>"
    )


def _row(row: Row, columns: Sequence[Column]) -> str:
    title = row.title + (" (control)" if row.control else "")
    cells = zip(row.cells, columns, strict=True)
    return (
        f'<tr><th scope="row">{escape(title)}</th>'
        f"{''.join(f'<td>{_cell(cell, column)}</td>' for cell, column in cells)}</tr>"
    )


def _cell(cell: Cell | None, column: Column) -> str:
    if cell is None:
        return "\N{EN DASH}"
    if cell.percent is not None:
        tests = [p_value(test.corrected) for test in (cell.users, cell.seeds) if test]
        tested = TEST.format(" / ".join(tests)) if tests else ""
        return escape(f"{change(cell.percent)}{marks(cell)}{tested}")
    mean = figure(cell.estimate.mean, column)
    if cell.best:
        mean = f"<b>{mean}</b>"
    elif cell.second:
        mean = f'<span class="second">{mean}</span>'
    sd = cell.estimate.sd
    return mean if sd is None or not column.spread else f"{mean} ({figure(sd, column)})"
