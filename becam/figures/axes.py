"""Axes that stay behind what is drawn on them."""

from __future__ import annotations

from matplotlib.axes import Axes

from becam.figures.panels import QUIET


def quiet_axes(axes: Axes) -> None:
    """Give axes small grey ticks, a pale grid behind all, and no frame but left and below."""
    axes.tick_params(labelsize=7, width=0.5, length=2.5, colors=QUIET)
    axes.grid(True, linewidth=0.4, color="#dddddd")
    axes.set_axisbelow(True)
    for side in ("top", "right"):
        axes.spines[side].set_visible(False)
    for side in ("left", "bottom"):
        axes.spines[side].set_color(QUIET)
        axes.spines[side].set_linewidth(0.5)
