"""The figure of `becam distribution`: densities on the circle, and over the angle below."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Any

import matplotlib as mpl
import numpy as np
from matplotlib.axes import Axes
from matplotlib.cm import ScalarMappable
from matplotlib.colors import LinearSegmentedColormap, Normalize
from matplotlib.figure import Figure
from numpy.typing import NDArray

from becam.distributions.density import ANGLES, EDGE, angle_density, plane_density
from becam.figures.panels import INK, QUIET
from becam.figures.paper.faces import LAST, Face
from becam.figures.paper.grid import letter
from becam.figures.text import put

FloatArray = NDArray[np.float64]
ACROSS, NARROWEST = 4, 1.3  # panels in a row at most; inches that one needs
RINGS = 3  # in a line of a panel
LEFT, RIGHT, GAP = 0.42, 0.05, 0.14  # inches: room for the axis, the edge, between panels
BAR, KEY = 0.8, 0.3  # inches: of the colour bar, of a legend's line
SCALE = "density in the plane"
CURVES = 0.75  # inches: height of the density over the angle
# The darker, the denser: also in grey. Nothing is white, as the paper is.
MAP = LinearSegmentedColormap.from_list("density", ["#ffffff", "#9ecae1", "#2171b5", "#08306b"])
# Seeds are told apart by colour and by dashes.
LINES: tuple[tuple[str, Any], ...] = (
    ("#0072b2", "-"),
    ("#d55e00", "--"),
    ("#333333", ":"),
    ("#009e73", "-."),
)
MANY: tuple[str, Any] = ("#0072b2", "-")
UNIFORM: tuple[str, Any] = ("#999999", "-")


@dataclass(frozen=True, eq=False)
class Panel:
    """One model's content features of one modality.

    Attributes:
        row: which data set and recommender; panels of one row stand beside each other.
        modality: whose content.
        adapter: which one, in words; panels of one modality stand beside each other too.
        directions: by seed, the angles of the items on the circle, radians, without NaN.
        seeds: what the seeds are called.
        note: figures below the title, a line each.
        bandwidth: of the kernels, radians.
    """

    row: str
    modality: str
    adapter: str
    directions: tuple[FloatArray, ...]
    seeds: tuple[str, ...]
    note: tuple[str, ...]
    bandwidth: float

    @property
    def title(self) -> str:
        """What stands above it."""
        return f"{self.modality}, {self.adapter}"


@dataclass(frozen=True, eq=False)
class _Drawn:
    """A panel with its title and densities; None for a seed whose points all lie in the middle."""

    panel: Panel
    title: str
    rings: list[FloatArray | None]
    curves: list[FloatArray | None]


def distribution_figure(
    panels: Sequence[Panel], *, width: float = 7.0, size: float = 8.0, family: str | None = None
) -> Figure:
    """Draw for every panel a ring a seed and, below, the density over the angle, a line a seed.

    All rings share a colour scale, all curves their axes, so that panels can be compared. Panels
    have letters where there are several.

    Args:
        panels: at least one, all of as many seeds.
        width: of the figure, inches.
        size: of the text, points.
        family: font, matplotlib's own by default.
    """
    face = Face(family or LAST)
    with mpl.rc_context({"font.family": [face.family, LAST]}):
        names = [f"({letter(place)}) " if len(panels) > 1 else "" for place in range(len(panels))]
        drawn = [_densities(*each) for each in zip(panels, names, strict=True)]
        return _Page(drawn, width, size, face).figure


def _densities(panel: Panel, named: str) -> _Drawn:
    there = [each if len(each) else None for each in panel.directions]
    return _Drawn(
        panel,
        f"{named}{panel.title}",
        [None if each is None else plane_density(each, panel.bandwidth) for each in there],
        [None if each is None else angle_density(each, panel.bandwidth) for each in there],
    )


def _across(modalities: Sequence[str], room: int) -> int:
    """Return how many panels stand in a row: whole modalities where they fit, else even rows."""
    together = len(modalities) // len(set(modalities))
    count = len(modalities)
    if together > room:
        return -(-count // -(-count // room))
    groups = count // together
    return together * -(-groups // -(-groups // (room // together)))


class _Page:
    """Places everything in inches, from the top."""

    def __init__(self, drawn: Sequence[_Drawn], width: float, size: float, face: Face) -> None:
        self.width, self.size, self.face = width, size, face
        self.line = size * 1.25 / 72
        seeds = len(drawn[0].rings)
        self.styles = LINES[:seeds] if seeds <= len(LINES) else (MANY,) * seeds
        room = min(max(int((width - LEFT - RIGHT + GAP) / (NARROWEST + GAP)), 1), ACROSS)
        self.rows: list[tuple[str, list[_Drawn]]] = []
        for title, members in groupby(drawn, key=lambda each: each.panel.row):
            found = list(members)
            across = _across([each.panel.modality for each in found], room)
            self.rows += [
                (title if not start else "", found[start : start + across])
                for start in range(0, len(found), across)
            ]
        across = max(len(members) for _, members in self.rows)
        self.column = (width - LEFT - RIGHT - GAP * (across - 1)) / across
        self.notes = max(len(each.panel.note) for each in drawn)
        self.side = self.column / min(seeds, RINGS)
        self.rings = self.side * -(-seeds // RINGS)
        self.below = 2.6 * self.line
        self.peak = max(
            (c.max() for each in drawn for c in each.curves if c is not None), default=1
        )
        most = max((r.max() for each in drawn for r in each.rings if r is not None), default=1)
        self.norm = Normalize(0, most)
        names = drawn[0].panel.seeds
        if seeds > len(LINES):
            names = (f"one of {seeds} seeds",)
        self.keys = self._keys(names if seeds > 1 else ())
        lines = 1 + max(line for line, *_ in self.keys)
        self.height = sum(map(self._tall, self.rows)) + (1.9 + 1.3 * lines) * self.line
        self.figure = Figure(figsize=(width, self.height))
        top = 0.0
        for row in self.rows:
            self._row(row, top)
            top += self._tall(row)
        self._legend(top)

    def _tall(self, row: tuple[str, list[_Drawn]]) -> float:
        heading = 1.5 * self.line if row[0] else 0.3 * self.line
        return heading + self.line * (self.notes + 1.4) + self.rings + CURVES + self.below

    def _axes(self, left: float, top: float, width: float, height: float) -> Axes:
        bottom = self.height - top - height
        place = (left / self.width, bottom / self.height, width / self.width, height / self.height)
        return self.figure.add_axes(place)

    def _text(
        self,
        left: float,
        top: float,
        text: str,
        *,
        room: float | None = None,
        share: float = 1.0,
        weight: str = "normal",
        **style: Any,
    ) -> None:
        """Write a line, cut to ``room`` inches; ``share`` is of the size of the text."""
        size = share * self.size
        fitted = self.face.fit(text, size, 72 * (self.width if room is None else room))
        font = self.face.properties(size)
        font.set_weight(weight)
        style = {"fontproperties": font, "color": INK, "va": "top", **style}
        line = "".join(fitted)
        put(self.figure.text(left / self.width, 1 - top / self.height, line, **style))

    def _row(self, row: tuple[str, list[_Drawn]], top: float) -> None:
        heading, members = row
        if heading:
            self._text(0.05, top + 0.2 * self.line, heading, weight="bold", room=0.9 * self.width)
        top += 1.5 * self.line if heading else 0.3 * self.line
        for place, drawn in enumerate(members):
            left = LEFT + place * (self.column + GAP)
            middle, room = left + self.column / 2, self.column + 0.9 * GAP
            self._text(middle, top, drawn.title, ha="center", room=room)
            for number, line in enumerate(drawn.panel.note):
                below = top + self.line * (1.1 + number)
                self._text(middle, below, line, ha="center", room=room, share=0.9, color=QUIET)
            start = top + self.line * (self.notes + 1.4)
            self._rings(drawn, left, start)
            curves = self._axes(left, start + self.rings, self.column, CURVES)
            self._curves(curves, drawn, first=place == 0)

    def _rings(self, drawn: _Drawn, left: float, top: float) -> None:
        for number, ring in enumerate(drawn.rings):
            line, place = divmod(number, RINGS)
            in_line = min(len(drawn.rings) - line * RINGS, RINGS)
            start = left + (self.column - in_line * self.side) / 2 + place * self.side
            axes = self._axes(start, top + line * self.side, self.side, self.side)
            axes.axis("off")
            if ring is None:
                style: dict[str, Any] = {"ha": "center", "va": "center"}
                style["fontsize"] = 0.8 * self.size
                axes.text(0.5, 0.5, "all alike", color=QUIET, transform=axes.transAxes, **style)
            else:
                extent = (-EDGE, EDGE, -EDGE, EDGE)
                axes.imshow(ring, cmap=MAP, norm=self.norm, origin="lower", extent=extent)

    def _curves(self, axes: Axes, drawn: _Drawn, *, first: bool) -> None:
        axes.axhline(1 / (2 * np.pi), color=UNIFORM[0], linewidth=0.6)
        for number, curve in enumerate(drawn.curves):
            if curve is not None:
                colour, style = self.styles[number]
                axes.plot(ANGLES, curve, color=colour, linestyle=style, linewidth=1)
        axes.set_xlim(-np.pi, np.pi)
        axes.set_ylim(0, 1.08 * self.peak)
        degrees = ["\N{MINUS SIGN}180\N{DEGREE SIGN}", "0\N{DEGREE SIGN}", "180\N{DEGREE SIGN}"]
        axes.set_xticks([-np.pi, 0, np.pi], degrees)
        axes.locator_params(axis="y", nbins=3)
        small = 0.85 * self.size
        axes.tick_params(labelsize=small, width=0.5, length=2, pad=1.5, colors=QUIET)
        first_label, *_, last_label = axes.get_xticklabels()
        first_label.set_horizontalalignment("left")
        last_label.set_horizontalalignment("right")
        # Ticks are made anew when the figure is drawn: they must know the font by then.
        axes.tick_params(labelleft=first, labelfontfamily=mpl.rcParams["font.family"])
        if first:
            axes.set_ylabel("density", fontproperties=self.face.properties(small), color=INK)
        for spine in ("top", "right"):
            axes.spines[spine].set_visible(False)

    def _keys(self, names: Sequence[str]) -> list[tuple[int, float, str, tuple[str, Any]]]:
        """Place the legend's lines: (line, inches from the left, name, style)."""
        found, line = [], 0
        left = LEFT + BAR + 0.3 + self._wide(SCALE)
        for name, style in [("uniform", UNIFORM), *zip(names, self.styles, strict=False)]:
            needs = KEY + self._wide(name)
            if left + needs > self.width - RIGHT and left > LEFT:
                line, left = line + 1, LEFT + BAR + 0.1
            found.append((line, left, name, style))
            left += needs + 0.15
        return found

    def _wide(self, text: str) -> float:
        return self.face.width(text, self.size) / 72

    def _legend(self, top: float) -> None:
        bar = self._axes(LEFT, top + 0.3 * self.line, BAR, 0.09)
        self.figure.colorbar(ScalarMappable(self.norm, MAP), cax=bar, orientation="horizontal")
        bar.tick_params(labelsize=0.85 * self.size, width=0.5, length=2, pad=1.5, colors=QUIET)
        bar.tick_params(labelfontfamily=mpl.rcParams["font.family"])
        bar.locator_params(axis="x", nbins=3)
        self._text(LEFT + BAR + 0.1, top + 0.05 * self.line, SCALE)
        for line, left, name, (colour, style) in self.keys:
            height = top + (0.05 + 1.3 * line) * self.line
            key = self._axes(left, height, KEY - 0.05, self.line)
            key.axis("off")
            key.plot([0, 1], [0.5, 0.5], color=colour, linestyle=style, linewidth=1)
            self._text(left + KEY, height, name)
