"""Where the parts of a grid stand, in points from the top left corner."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from becam.figures.paper.faces import Face
from becam.figures.paper.grid import Cell, Grid
from becam.figures.paper.style import PaperStyle

GAP = 3.0  # between panels
BLOCK_GAP = 10.0  # between rows that stand beside each other
WIDE = 2.0  # inches; where panels would be wider, rows stand beside each other
ROW_GAP = 5.0
LABEL_LINES = 3  # beside a row, at most
LEADING = 1.2  # line height over size
SMALL = 0.82  # size of figures, letters and notes over that of headings
LEAST = 5.5  # points; smaller text can't be read in print
TALLEST, WIDEST = 1.5, 0.4  # height over width of a panel; pictures beyond get margins
NARROW = 0.45  # inches; figures under a narrower panel are cut
BAR = 5.0  # height of a colour bar


@dataclass(frozen=True)
class Texts:
    """Sizes of text and how lines break."""

    face: Face
    size: float

    @property
    def small(self) -> float:
        """Size of figures, letters and notes."""
        return max(SMALL * self.size, min(self.size, LEAST))

    @property
    def line(self) -> float:
        """Height of a line of headings."""
        return LEADING * self.size

    @property
    def small_line(self) -> float:
        """Height of a line of figures."""
        return LEADING * self.small


@dataclass(frozen=True)
class RowLayout:
    """A row: where its panels are and what stands under them.

    Attributes:
        top: of the panels.
        rise: their height.
        label: the lines beside them.
        under: under each panel, its lines: texts, or a name with its value.
        lefts: left sides of its panels.
    """

    top: float
    rise: float
    label: tuple[str, ...]
    under: tuple[tuple[str | tuple[str, str], ...], ...]
    lefts: tuple[float, ...]


@dataclass(frozen=True)
class Layout:
    """A page of a grid.

    Attributes:
        width, height: of the figure.
        texts: sizes of text.
        title: the lines above all.
        heads: the lines above each column; they end at ``heads_bottom``.
        blocks: left sides of the columns, for each of the rows that stand beside each other.
        panel: width of a panel.
        block: width of names and values under a panel.
        rows: the rows.
        bars: the lines under each colour bar; the bars begin at ``bars_top``.
        notes: the lines below all; they begin at ``notes_top``.
        edge: where bars and notes begin.
    """

    width: float
    height: float
    texts: Texts
    title: tuple[str, ...]
    heads: tuple[tuple[str, ...], ...]
    heads_bottom: float
    blocks: tuple[tuple[float, ...], ...]
    panel: float
    block: float
    rows: tuple[RowLayout, ...]
    bars: tuple[tuple[str, ...], ...]
    bars_top: float
    notes: tuple[str, ...]
    notes_top: float
    edge: float


def fill(grid: Grid, style: PaperStyle) -> Grid:
    """Let a grid of few columns fill its pages: rows beside each other, no panel beyond `WIDE`."""
    gaps, count = GAP * (len(grid.heads) - 1), len(grid.heads)
    fitting = range(1, len(grid.rows))
    narrow = (n for n in fitting if (72 * style.inches / n - gaps) / count <= 72 * WIDE)
    return replace(grid, across=next(narrow, len(grid.rows)), widest=WIDE)


def lay_out(
    grid: Grid, style: PaperStyle, face: Face, notes: Sequence[str], bars: Sequence[str]
) -> Layout:
    """Lay out a page.

    Args:
        grid: all rows of the page.
        style: width and size of text.
        face: its font.
        notes: what stands below all.
        bars: what stands under the colour bars.
    """
    texts = Texts(face, style.points)
    width = 72 * style.inches
    count, across = len(grid.heads), grid.across
    each = (width - BLOCK_GAP * (across - 1)) / across
    for beside in range(LABEL_LINES + 1):  # as few lines of labels as will do
        left = beside * texts.line + (1 if beside else 0)
        room = (each - left - GAP * (count - 1)) / count
        panel = max(min(room, 72 * (grid.widest or style.inches)), 1.0)
        rises = _rises(grid, panel)
        labels = [
            tuple(face.fit(row.label, texts.size, rise, LABEL_LINES + 1))
            for row, rise in zip(grid.rows, rises, strict=True)
        ]
        if max(len(label) for label in labels) <= beside:
            break
    labels = [
        tuple(face.fit(row.label, texts.size, rise, max(beside, 1)))
        for row, rise in zip(grid.rows, rises, strict=True)
    ]
    title = tuple(face.fit(grid.title, texts.size, width, 2))
    heads = tuple(tuple(face.fit(head, texts.size, panel, 3)) for head in grid.heads)
    top = texts.line * (len(title) + max(len(head) for head in heads)) + 2
    heads_bottom = top
    spare = max(room - panel, 0.0) * count / 2
    starts = [place * (each + BLOCK_GAP) + left + spare for place in range(across)]
    blocks = tuple(tuple(start + n * (panel + GAP) for n in range(count)) for start in starts)
    rows: list[RowLayout] = []
    most = 0
    for place, (row, rise, label) in enumerate(zip(grid.rows, rises, labels, strict=True)):
        under = tuple(_under(cell, texts, panel) for cell in row.cells)
        most = max(most if place % across else 0, *(len(lines) for lines in under))
        rows.append(RowLayout(top, rise, label, under, blocks[place % across]))
        if place % across == across - 1 or place == len(grid.rows) - 1:
            top += rise + 1 + texts.small_line * most + ROW_GAP
    bars_top = top
    share = (width - left) / max(len(bars), 1)
    labels_under = tuple(tuple(face.fit(bar, texts.small, share, 2)) for bar in bars)
    if bars:
        longest = max(len(label) for label in labels_under)
        top += BAR + (longest + 1.3) * texts.small_line + 2
    wrapped = tuple(line for note in notes for line in face.fit(note, texts.small, width - left, 4))
    return Layout(
        width=width,
        height=top + texts.small_line * len(wrapped),
        texts=texts,
        title=title,
        heads=heads,
        heads_bottom=heads_bottom,
        blocks=blocks[: len(grid.rows)],
        panel=panel,
        block=_block(grid, texts, panel),
        rows=tuple(rows),
        bars=labels_under,
        bars_top=bars_top,
        notes=wrapped,
        notes_top=top,
        edge=left,
    )


def _rises(grid: Grid, panel: float) -> list[float]:
    """Return the heights of the rows' panels: one for those that stand beside each other."""
    found = [panel * max(_shape(cell) for cell in row.cells) for row in grid.rows]
    lines = (found[at : at + grid.across] for at in range(0, len(found), grid.across))
    return [max(line) for line in lines for _ in line]


def _shape(cell: Cell | None) -> float:
    if cell is None:
        return WIDEST
    height, width = cell.picture.shape[:2]
    return float(min(max(height / width, WIDEST), TALLEST))


def _under(cell: Cell | None, texts: Texts, panel: float) -> tuple[str | tuple[str, str], ...]:
    if cell is None:
        return ()
    words = [line for each in cell.lines for line in texts.face.fit(each, texts.small, panel, 2)]
    return (*words, *cell.figures, *verdict_lines(cell, texts, panel))


def verdict_lines(cell: Cell, texts: Texts, panel: float) -> list[str]:
    """Return the words under a map that is not to be trusted."""
    return texts.face.fit(cell.verdict, texts.small, panel, 2) if cell.alarm else []


def _block(grid: Grid, texts: Texts, panel: float) -> float:
    """Width of the widest name and value with a gap, at most that of a panel."""
    figures = {figure for cell in grid.cells() for figure in cell.figures}
    widest = [
        max((texts.face.width(figure[part], texts.small) for figure in figures), default=0.0)
        for part in (0, 1)
    ]
    return min(sum(widest) + texts.small, panel)
