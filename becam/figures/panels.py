"""Panels: a picture, a heatmap over a picture, the colour bar they share."""

from __future__ import annotations

import math
import textwrap
from typing import TYPE_CHECKING, Any

import matplotlib as mpl
import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import Normalize
from matplotlib.figure import Figure
from matplotlib.transforms import ScaledTranslation, blended_transform_factory
from numpy.typing import NDArray

from becam.figures.text import fit_for_figure, put

if TYPE_CHECKING:
    from becam.attribution import Attribution

COLOURS = "RdBu_r"  # diverging, safe for the colour-blind
OPACITY = 0.62
INK, QUIET, ALARM = "#1a1a1a", "#555555", "#a1281f"
SCALE_LABEL = "standard deviations from the map's mean"
UNSEEN_LABEL = "hatched: not seen by the encoder"
HATCH = "////"
CHARACTERS = 19  # of 7-point text, an inch
TALLEST, WIDEST = 2.5, 0.2  # height over width of a panel; pictures beyond get margins


def symmetric_limit(maps: list[NDArray[np.float32]]) -> float:
    """Limit of the colour scale that all maps share: the largest of their 99.5 % quantiles."""
    quantiles = [float(np.nanquantile(np.abs(values), 0.995)) for values in maps]
    return max([*quantiles, 1e-12])


def grey(picture: NDArray[np.uint8]) -> NDArray[np.float64]:
    """Luminance of a picture, lightened so that colours on it stay true; (H, W, 3) in [0, 1]."""
    luminance = picture.astype(np.float64) @ np.array([0.299, 0.587, 0.114]) / 255
    return np.repeat((0.25 + 0.75 * luminance)[..., None], 3, axis=2)


def overlaid(
    picture: NDArray[np.uint8], values: NDArray[np.float32], limit: float
) -> NDArray[np.float64]:
    """Blend a signed map over the grey picture; unseen parts stay grey and are hatched later."""
    ground = grey(picture)
    colours = mpl.colormaps[COLOURS](Normalize(-limit, limit)(np.nan_to_num(values)))[..., :3]
    blended = (1 - OPACITY) * ground + OPACITY * colours
    return np.where(np.isnan(values)[..., None], ground, blended)


def show_picture(axes: Axes, picture: NDArray[Any]) -> None:
    """Put a picture on axes without ticks."""
    axes.imshow(picture, interpolation="antialiased")
    axes.set_xticks([])
    axes.set_yticks([])
    for spine in axes.spines.values():
        spine.set_visible(False)


def show_map(
    axes: Axes,
    picture: NDArray[np.uint8],
    values: NDArray[np.float32],
    limit: float,
    mask: NDArray[np.bool_] | None = None,
) -> None:
    """Put a heatmap over its picture on axes; outline the product where a mask is known."""
    show_picture(axes, overlaid(picture, values, limit))
    unseen = np.isnan(values)
    if unseen.any():
        hatched = axes.contourf(unseen, levels=[0.5, 1.5], colors="none", hatches=[HATCH])
        hatched.set_edgecolor(QUIET)  # of the hatching: without an outline
        hatched.set_linewidth(0)
    if mask is not None and mask.any() and not mask.all():
        axes.contour(mask, levels=[0.5], colors="white", linewidths=1.8)
        axes.contour(mask, levels=[0.5], colors=INK, linewidths=0.7)


def add_colour_bar(axes: Axes, limit: float, *, rise: float) -> None:
    """Draw the shared colour scale to the right of a panel, as pale as it is on the maps.

    Its width is in inches: beside a very tall picture a share of the panel would be a hairline.

    Args:
        axes: the panel.
        limit: of the scale.
        rise: the panel's height in inches, by which the label is wrapped.
    """
    mappable = mpl.cm.ScalarMappable(Normalize(-limit, limit), COLOURS)
    corner: Any = axes.transAxes
    inches = axes.figure.dpi_scale_trans + ScaledTranslation(1, 0, corner)
    across = blended_transform_factory(inches, axes.transAxes)
    place = axes.inset_axes((0.1, 0.0, 0.12, 1.0), transform=across)
    bar = place.figure.colorbar(mappable, cax=place, alpha=OPACITY + 0.2)
    bar.outline.set_linewidth(0.5)
    bar.ax.tick_params(labelsize=7, width=0.5, length=2.5, colors=QUIET)
    label = textwrap.fill(SCALE_LABEL, max(int(rise * CHARACTERS), 15))
    bar.set_label(label, fontsize=7, color=QUIET)


def attribution_figure(attribution: Attribution) -> Figure:
    """Draw one attribution: the picture, the heatmap, the figures to trust it by."""
    picture = attribution.picture
    height, width = picture.shape[:2]
    values = attribution.on_picture(standard=True)
    limit = symmetric_limit([values])
    lines = [trust_line(attribution), *passes_lines(attribution), *unseen_lines(values)]
    warning = fit_for_figure(attribution.warning or "", width=80, lines=3)
    panel = 2.6
    rise = panel * min(max(height / width, WIDEST), TALLEST)
    margin = 0.6 + 0.13 * len(lines) + (0.13 * (warning.count("\n") + 1) if warning else 0)
    figure = Figure(figsize=(2 * panel + 0.7, rise + margin), layout="constrained")
    left, right = figure.subplots(1, 2)
    show_picture(left, picture)
    show_map(right, picture, values, limit)
    provenance = attribution.provenance
    put(
        left.set_title(
            fit_for_figure(f"{provenance.target_kind} {provenance.target_id}", width=36), fontsize=9
        )
    )
    named = [provenance.model, *([] if provenance.method == "becam" else [provenance.method])]
    title = " · ".join(name for name in named if name) or "heatmap"
    put(right.set_title(fit_for_figure(title, width=36), fontsize=9))
    right.set_xlabel("\n".join(lines), fontsize=7, color=QUIET)
    add_colour_bar(right, limit, rise=rise)
    if warning:
        put(figure.supxlabel(warning, fontsize=7, color=ALARM))
    return figure


def trust_line(attribution: Attribution) -> str:
    """Return the figures that stand under every map."""
    return " · ".join(health_lines(attribution, spread="weights' spread", distance="distance"))


def health_lines(
    attribution: Attribution,
    *,
    spread: str = "spread of weights",
    distance: str = "distance from unweighted",
) -> list[str]:
    """Return an attribution's health, a line a figure, by the given names."""
    numbers = attribution.health
    undefined = math.isnan(numbers.distance)  # a constant map
    lines = [f"{distance} {'not defined' if undefined else format(numbers.distance, '.2g')}"]
    return [f"{spread} {numbers.spread:.2g}", *lines] if numbers.channels else lines


def passes_lines(attribution: Attribution) -> list[str]:
    """Say under a map how many channels were encoded, where not all were, and what it costs."""
    if attribution.approximation is None:
        return []
    found = attribution.approximation
    return [
        f"{found.passes} of {found.channels} channels ({found.scheme})",
        f"estimated Spearman {found.spearman:.3f}",
    ]


def unseen_lines(values: NDArray[np.float32]) -> list[str]:
    """Say what the hatching means, where there is any."""
    return [UNSEEN_LABEL] if bool(np.isnan(values).any()) else []
