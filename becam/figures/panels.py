"""Panels on axes of their own: a picture, a heatmap over a picture."""

from __future__ import annotations

from typing import Any

import numpy as np
from matplotlib.axes import Axes
from numpy.typing import NDArray

from becam.figures.paper.scale import (
    MAP_COLOURS,
    MAP_LABEL,
    OPACITY,
    Scale,
    luminance,
    symmetric_limit,
)

__all__ = [
    "ALARM",
    "COLOURS",
    "INK",
    "OPACITY",
    "QUIET",
    "SCALE_LABEL",
    "UNSEEN_LABEL",
    "grey",
    "overlaid",
    "show_map",
    "show_picture",
    "symmetric_limit",
]

COLOURS, SCALE_LABEL = MAP_COLOURS, MAP_LABEL
INK, QUIET, ALARM = "#1a1a1a", "#555555", "#a1281f"
UNSEEN_LABEL = "hatched: not seen by the encoder"
HATCH = "////"


def grey(picture: NDArray[np.uint8]) -> NDArray[np.float64]:
    """Luminance of a picture, lightened so that colours on it stay true; (H, W, 3) in [0, 1]."""
    return np.repeat(luminance(picture).astype(np.float64)[..., None] / 255, 3, axis=2)


def overlaid(
    picture: NDArray[np.uint8], values: NDArray[np.float32], limit: float
) -> NDArray[np.uint8]:
    """Blend a signed map over the grey picture; unseen parts stay grey and are hatched later."""
    return Scale(COLOURS, limit, None, OPACITY, SCALE_LABEL).blend(picture, values)


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
