"""Draw a grid: exact inches, one colour scale, text that stays text."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from contourpy import contour_generator
from matplotlib.axes import Axes
from matplotlib.collections import LineCollection
from matplotlib.figure import Figure
from matplotlib.image import AxesImage
from numpy.typing import NDArray
from PIL import Image

from becam.figures.panels import ALARM, INK, QUIET
from becam.figures.paper.faces import Face, face_to_draw
from becam.figures.paper.grid import Cell, Grid, letter
from becam.figures.paper.layout import (
    BAR,
    Layout,
    RowLayout,
    lay_out,
    verdict_lines,
)
from becam.figures.paper.notes import notes_of
from becam.figures.paper.scale import Scale, difference_scale, map_scale
from becam.figures.paper.style import PaperStyle

HATCH = "/////"
DOT = 4.0  # points: a level line around less is left out
TRACED = {"map": 96, "mask": 224}  # samples, the longer side, from which lines are traced


@dataclass(frozen=True)
class Scales:
    """The colour scales of a grid: of all its maps, and of all its differences."""

    map: Scale | None
    difference: Scale | None

    @classmethod
    def of(
        cls,
        grid: Grid,
        style: PaperStyle,
        *,
        limit: float | None = None,
        difference: float | None = None,
    ) -> Scales:
        """Find the scales of a whole grid, however many pages it has.

        Args:
            grid: the panels.
            style: says whether it is for a grey print.
            limit: the end of the scale of maps; that which fits them by default.
            difference: likewise of differences.
        """
        grey = style.print == "grey"
        maps, differences = grid.values("map"), grid.values("difference")
        return cls(
            map_scale(maps, grey=grey, limit=limit) if maps else None,
            difference_scale(differences, grey=grey, limit=difference) if differences else None,
        )

    def __iter__(self) -> Any:
        return (scale for scale in (self.map, self.difference) if scale is not None)


def grid_figure(
    grid: Grid,
    style: PaperStyle | None = None,
    *,
    scales: Scales | None = None,
    first: int = 0,
    face: Face | None = None,
) -> Figure:
    """Draw a grid on one page, of exactly the style's width.

    Args:
        grid: the panels.
        style: width, font, colours.
        scales: the colour scales; those of ``grid`` by default, but a page of a longer grid
            has those of the whole.
        first: how many panels there are on earlier pages, for the letters.
        face: the font, where it is at hand.

    Raises:
        InputError: the style names a font file that can't be used.
    """
    style = style or PaperStyle()
    face = face or face_to_draw(style)
    scales = scales or Scales.of(grid, style)
    bars = list(scales)
    labels = [scale.label for scale in bars]
    layout = lay_out(grid, style, face, notes_of(grid, style, first), labels)
    figure = Figure(figsize=(style.inches, layout.height / 72), dpi=style.dpi)
    figure.suppressComposite = True  # each panel stays a picture of its own, to be edited
    axes = figure.add_axes((0, 0, 1, 1))
    axes.set_axis_off()
    axes.set(xlim=(0, layout.width), ylim=(layout.height, 0), autoscale_on=False)
    page = _Page(axes, layout, style, scales)
    page.headings()
    place = first
    for row, laid in zip(grid.rows, layout.rows, strict=True):
        page.label(laid)
        for column, cell in enumerate(row.cells):
            if cell is not None:
                page.panel(cell, column, laid, letter(place) if style.letters else None)
                place += 1
    for number, scale in enumerate(bars):
        page.bar(scale, number, len(bars))
    page.notes()
    return figure


@dataclass(frozen=True)
class _Page:
    """Axes that cover the figure, in points from the top left corner."""

    axes: Axes
    layout: Layout
    style: PaperStyle
    scales: Scales

    def write(self, x: float, y: float, text: str, *, small: bool = False, **style: Any) -> None:
        """Put a line of text on the page; nothing in it is interpreted."""
        texts = self.layout.texts
        size = texts.small if small else texts.size
        style = {"ha": "center", "va": "baseline", "color": INK} | style
        self.axes.figure.text(
            x / self.layout.width,
            1 - y / self.layout.height,
            texts.face.clean(text),
            fontproperties=texts.face.properties(size),
            parse_math=False,
            usetex=False,
            **style,
        )

    def headings(self) -> None:
        """Write the title and the heads of the columns."""
        layout = self.layout
        line = layout.texts.line
        for place, text in enumerate(layout.title):
            self.write(0, (place + 0.8) * line, text, ha="left")
        for lefts in layout.blocks:
            for x, head in zip(lefts, layout.heads, strict=True):
                bottom = layout.heads_bottom - 2 - 0.2 * line
                for place, text in enumerate(reversed(head)):
                    self.write(x + layout.panel / 2, bottom - place * line, text)

    def label(self, row: RowLayout) -> None:
        """Write a row's label, from bottom to top."""
        line = self.layout.texts.line
        right = row.lefts[0] - 1 - (len(row.label) - 0.5) * line
        for place, text in enumerate(row.label):
            x, y = right + place * line, row.top + row.rise / 2
            self.write(x, y, text, va="center", rotation=90)

    def panel(self, cell: Cell, column: int, row: RowLayout, named: str | None) -> None:
        """Draw a panel, its letter and what stands under it."""
        layout, texts = self.layout, self.layout.texts
        x, y = row.lefts[column], row.top
        height, width = cell.picture.shape[:2]
        share = min(layout.panel / width, row.rise / height)
        across, down = share * width, share * height
        left, top = x + (layout.panel - across) / 2, y + (row.rise - down) / 2
        box = (left, left + across, top + down, top)
        self.image(cell, box)
        if named:
            self.write(
                x + 2.5,
                y + 2.5,
                f"({named})",
                small=True,
                ha="left",
                va="top",
                bbox={"facecolor": "white", "edgecolor": "none", "pad": 1.2},
            )
        under = row.under[column]
        calm = len(under) - len(verdict_lines(cell, texts, layout.panel))
        for place, line in enumerate(under):
            baseline = y + row.rise + 1 + (place + 0.8) * texts.small_line
            if isinstance(line, tuple):
                self.figures(x, baseline, *line)
            else:
                colour = QUIET if place < calm else ALARM
                self.write(x, baseline, line, small=True, ha="left", color=colour)

    def figures(self, x: float, baseline: float, name: str, value: str) -> None:
        """Write a name on the left and its value on the right."""
        layout, face, size = self.layout, self.layout.texts.face, self.layout.texts.small
        room = layout.block - face.width(value, size) - 0.3 * size
        fitted = "".join(face.fit(name, size, room))
        self.write(x, baseline, fitted, small=True, ha="left", color=QUIET)
        self.write(x + layout.block, baseline, value, small=True, ha="right", color=QUIET)

    def image(self, cell: Cell, box: tuple[float, float, float, float]) -> None:
        """Draw a picture, or a map over it with its lines, hatching and outline."""
        dots = int(np.ceil((box[1] - box[0]) / 72 * self.style.dpi))
        picture, values = _reduced(cell, dots)
        scale = self.scales.map if cell.kind == "map" else self.scales.difference
        if values is not None and scale is not None:
            picture = scale.blend(picture, values)
        image = AxesImage(self.axes, extent=box, interpolation="antialiased", origin="upper")
        image.set_data(picture)
        self.axes.add_image(image)
        if values is not None and scale is not None and cell.values is not None:
            self.lines(cell.values, scale, box)
        if self.style.outline and cell.mask is not None and cell.outlined:
            x, y, mask = _traced(cell.mask.astype(np.float32), box, TRACED["mask"])
            outline = contour_generator(x, y, mask).lines(0.5)
            self.strokes(outline, colors="white", linewidths=1.5)
            self.strokes(outline, colors=INK, linewidths=0.6)

    def strokes(self, lines: Any, **style: Any) -> None:
        """Draw lines, each (n, 2) points."""
        if lines:
            self.axes.add_collection(LineCollection(lines, **style), autolim=False)

    def lines(
        self,
        values: NDArray[np.float32],
        scale: Scale,
        box: tuple[float, float, float, float],
    ) -> None:
        """Draw the levels, which tell hot from cold in a grey print, and hatch the unseen."""
        x, y, traced = _traced(values, box, TRACED["map"])
        unseen = np.isnan(traced)
        if scale.level is not None:
            found = contour_generator(x, y, np.ma.masked_invalid(traced))
            for level, style in ((scale.level, "solid"), (-scale.level, (0, (3, 2)))):
                lines = [line for line in found.lines(level) if not _is_dot(line)]
                self.strokes(lines, colors=INK, linewidths=0.4, linestyles=[style])
        if unseen.any():
            hatched = self.axes.contourf(
                x, y, unseen, levels=[0.5, 1.5], colors="none", hatches=[HATCH]
            )
            hatched.set_edgecolor(QUIET)  # of the hatching: without an outline
            hatched.set_linewidth(0)

    def bar(self, scale: Scale, number: int, count: int) -> None:
        """Draw a colour bar with the levels on it."""
        layout, texts = self.layout, self.layout.texts
        left = layout.edge
        share = (layout.width - left) / count
        margin = texts.small * 1.5
        start, width = left + number * share + margin, min(share, 260.0) - 2 * margin
        if count == 1:
            start += (share - min(share, 260.0)) / 2
        top = layout.bars_top + 1
        box = (start, start + width, top + BAR, top)
        colours = scale.opacity * scale.table() + (1 - scale.opacity) * 206  # on a pale ground
        image = AxesImage(self.axes, extent=box, interpolation="nearest", origin="upper")
        image.set_data(colours[None].round().astype(np.uint8))
        self.axes.add_image(image)
        for value, text in _ticks(scale):
            x = start + width * (value / scale.limit + 1) / 2
            below = top + BAR + 0.9 * texts.small_line
            self.write(x, below, text, small=True, color=QUIET)
            if value and abs(value) != scale.limit:
                dashes: Any = "solid" if value > 0 else (0, (1.4, 1))
                self.axes.plot([x, x], [top, top + BAR], color=INK, lw=0.5, ls=dashes)
        for place, line in enumerate(layout.bars[number]):
            below = top + BAR + (place + 1.9) * texts.small_line
            self.write(start + width / 2, below, line, small=True, color=QUIET)

    def notes(self) -> None:
        """Write the notes below all."""
        texts = self.layout.texts
        for place, line in enumerate(self.layout.notes):
            baseline = self.layout.notes_top + (place + 0.8) * texts.small_line
            self.write(self.layout.edge, baseline, line, small=True, ha="left", color=QUIET)


def _ticks(scale: Scale) -> list[tuple[float, str]]:
    """Values on the bar: its ends, zero, and the levels where they do not touch others."""
    values = [-scale.limit, 0.0, scale.limit]
    if scale.level is not None:
        values += [-scale.level, scale.level]
    ticks = [(value, f"{value:.2g}".replace("-", "−")) for value in sorted(values)]
    near = scale.level is not None and scale.level > 0.85 * scale.limit
    return [(value, "" if near and abs(value) == scale.limit else text) for value, text in ticks]


def _reduced(cell: Cell, dots: int) -> tuple[NDArray[np.uint8], NDArray[np.float32] | None]:
    """Bring a large picture and its map down to what the figure can show."""
    picture, values = cell.picture, cell.values
    height, width = picture.shape[:2]
    if width <= dots:
        return picture, values
    size = (dots, max(round(height * dots / width), 1))
    smaller = np.asarray(Image.fromarray(picture).resize(size, Image.Resampling.BOX))
    if values is None:
        return smaller, None
    rows = (np.arange(size[1]) + 0.5) * height / size[1]
    columns = (np.arange(size[0]) + 0.5) * width / size[0]
    return smaller, values[np.ix_(rows.astype(int), columns.astype(int))]


def _traced(
    values: NDArray[np.float32], box: tuple[float, float, float, float], samples: int
) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float32]]:
    """Sample a map for tracing lines: x and y of the samples in the box, and the samples."""
    height, width = values.shape
    step = max(1, -(-max(height, width) // samples))
    rows, columns = (np.arange(step // 2, count, step) for count in (height, width))
    left, right, bottom, top = box
    x = left + (columns + 0.5) / width * (right - left)
    y = top + (rows + 0.5) / height * (bottom - top)
    return x, y, values[np.ix_(rows, columns)]


def _is_dot(line: Any) -> bool:
    """Tell whether a line, (n, 2) points, goes around so little that it looks like dirt."""
    closed = bool((line[0] == line[-1]).all())
    return closed and float(np.ptp(line, axis=0).max()) < DOT
