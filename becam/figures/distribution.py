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
from becam.figures.text import fit_for_figure, put

FloatArray = NDArray[np.float64]
ACROSS = 4  # panels in a row
RINGS = 3  # in a line of a panel
LEFT, RIGHT, GAP = 0.42, 0.05, 0.14  # inches: room for the axis, the edge, between panels
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
UNIFORM: tuple[str, Any] = ("#999999", "-")


@dataclass(frozen=True, eq=False)
class Panel:
    """One model's content features of one modality.

    Attributes:
        row: which data set and recommender; panels of one row stand beside each other.
        title: which modality and adapter.
        directions: by seed, the angles of the items on the circle, radians, without NaN.
        seeds: what the seeds are called.
        note: figures below the title, a line each.
        bandwidth: of the kernels, radians.
    """

    row: str
    title: str
    directions: tuple[FloatArray, ...]
    seeds: tuple[str, ...]
    note: tuple[str, ...]
    bandwidth: float


@dataclass(frozen=True, eq=False)
class _Drawn:
    """A panel with its densities; None for a seed whose points all lie in the middle."""

    panel: Panel
    rings: list[FloatArray | None]
    curves: list[FloatArray | None]


def distribution_figure(
    panels: Sequence[Panel], *, width: float = 7.0, size: float = 8.0, family: str | None = None
) -> Figure:
    """Draw for every panel a ring a seed and, below, the density over the angle, a line a seed.

    All rings share a colour scale, all curves their axes, so that panels can be compared.

    Args:
        panels: at least one, all of as many seeds.
        width: of the figure, inches.
        size: of the text, points.
        family: font, matplotlib's own by default.
    """
    with mpl.rc_context({} if family is None else {"font.family": [family]}):
        return _Page([_densities(panel) for panel in panels], width, size).figure


def _densities(panel: Panel) -> _Drawn:
    there = [each if len(each) else None for each in panel.directions]
    return _Drawn(
        panel,
        [None if each is None else plane_density(each, panel.bandwidth) for each in there],
        [None if each is None else angle_density(each, panel.bandwidth) for each in there],
    )


class _Page:
    """Places everything in inches, from the top."""

    def __init__(self, drawn: Sequence[_Drawn], width: float, size: float) -> None:
        self.width, self.size = width, size
        self.line = size * 1.25 / 72
        seeds = len(drawn[0].rings)
        self.rows: list[tuple[str, list[_Drawn]]] = []
        for title, members in groupby(drawn, key=lambda each: each.panel.row):
            found = list(members)
            across = -(-len(found) // -(-len(found) // ACROSS))  # even rows
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
        self.height = sum(map(self._tall, self.rows)) + 3.2 * self.line
        self.figure = Figure(figsize=(width, self.height))
        top = 0.0
        for row in self.rows:
            self._row(row, top)
            top += self._tall(row)
        self._legend(drawn[0].panel.seeds if seeds > 1 else (), top)

    def _tall(self, row: tuple[str, list[_Drawn]]) -> float:
        heading = 1.5 * self.line if row[0] else 0.3 * self.line
        return heading + self.line * (self.notes + 1.4) + self.rings + CURVES + self.below

    def _axes(self, left: float, top: float, width: float, height: float) -> Axes:
        bottom = self.height - top - height
        place = (left / self.width, bottom / self.height, width / self.width, height / self.height)
        return self.figure.add_axes(place)

    def _text(self, left: float, top: float, text: str, **style: Any) -> None:
        room = max(int(self.column * 72 / (0.5 * self.size)), 8)
        if style.pop("wide", False):
            room = max(int(self.width * 72 / (0.5 * self.size)), 8)
        style = {"fontsize": self.size, "color": INK, "va": "top", **style}
        fitted = fit_for_figure(text, width=room)
        put(self.figure.text(left / self.width, 1 - top / self.height, fitted, **style))

    def _row(self, row: tuple[str, list[_Drawn]], top: float) -> None:
        heading, members = row
        if heading:
            self._text(0.05, top + 0.2 * self.line, heading, weight="bold", wide=True)
        top += 1.5 * self.line if heading else 0.3 * self.line
        for place, drawn in enumerate(members):
            left = LEFT + place * (self.column + GAP)
            self._text(left + self.column / 2, top, drawn.panel.title, ha="center")
            for number, line in enumerate(drawn.panel.note):
                self._text(
                    left + self.column / 2,
                    top + self.line * (1.1 + number),
                    line,
                    ha="center",
                    color=QUIET,
                    fontsize=0.9 * self.size,
                )
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
                colour, style = LINES[number % len(LINES)]
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
        axes.tick_params(labelleft=first)
        if first:
            axes.set_ylabel("density", fontsize=small, color=INK)
        for spine in ("top", "right"):
            axes.spines[spine].set_visible(False)

    def _legend(self, names: Sequence[str], top: float) -> None:
        bar = self._axes(LEFT, top + 0.3 * self.line, 0.9, 0.09)
        mappable = ScalarMappable(self.norm, MAP)
        self.figure.colorbar(mappable, cax=bar, orientation="horizontal")
        bar.tick_params(labelsize=0.85 * self.size, width=0.5, length=2, pad=1.5, colors=QUIET)
        bar.locator_params(axis="x", nbins=3)
        self._text(LEFT + 1.0, top + 0.05 * self.line, "density in the plane", wide=True)
        left = LEFT + 2.4
        for name, (colour, style) in [("uniform", UNIFORM), *zip(names, LINES, strict=False)]:
            key = self._axes(left, top + 0.1 * self.line, 0.25, self.line)
            key.axis("off")
            key.plot([0, 1], [0.5, 0.5], color=colour, linestyle=style, linewidth=1)
            self._text(left + 0.3, top + 0.05 * self.line, name)
            left += 0.42 + 0.62 * self.size / 72 * len(name)
