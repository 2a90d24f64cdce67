"""A grid of heatmaps: what a list of them shows in a notebook."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias

import numpy as np
from numpy.typing import NDArray

from becam.attribution import Attribution
from becam.explanation import Explanation, Side
from becam.provenance import Provenance
from recsys.errors import InputError, shown

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from becam.figures.small_maps import Block, Panel
    from becam.notebook.bundles import Bundle

Shown: TypeAlias = Attribution | Side | Explanation
AT_MOST = 24  # what a notebook shows; more than that is scrolled past
# What may tell two maps apart, beside item and recommender; in this order it stands above them.
_TELLING = ("method", "encoder", "layer", "score", "fill", "weighting", "preset", "passes", "seed")
_OPTIONAL = ("preset", "passes")  # where None is a setting like any other


@dataclass(frozen=True, eq=False)
class MapGrid:
    """Heatmaps beside each other, on one colour scale; shows itself in a notebook.

    Attributes:
        maps: the heatmaps, at least one.
        at_most: how many of them are drawn.
    """

    maps: tuple[Shown, ...]
    at_most: int = AT_MOST

    def __post_init__(self) -> None:
        if not self.maps:
            raise InputError("grid of no heatmaps: expected at least one")
        for each in self.maps:
            if not isinstance(each, Attribution | Side | Explanation):
                raise TypeError(
                    f"grid: expected attributions, sides or explanations, not {type(each).__name__}"
                )
        if self.at_most < 1:
            raise InputError(f"at_most {shown(self.at_most)}: expected at least 1")

    def figure(self) -> Figure:
        """Draw the maps; all share one colour scale."""
        from becam.figures.small_maps import small_maps_figure

        drawn = self.maps[: self.at_most]
        return small_maps_figure(
            self._blocks(drawn), remarks=self._remarks(), warnings=self._warnings()
        )

    def save_figure(self, path: str | Path, *, dpi: int = 150) -> Path:
        """Save the figure as PNG, PDF or SVG, by the ending.

        Raises:
            InputError: another ending.
            OSError: the folder can't be written.
        """
        from becam.figures.files import save_figure

        return save_figure(self.figure(), path, dpi=dpi)

    def __repr__(self) -> str:
        return f"MapGrid({len(self.maps)} heatmaps)"

    def _repr_mimebundle_(self, include: object = None, exclude: object = None) -> Bundle:
        from becam.notebook.bundles import figure_bundle

        names = [_name(each) for each in self.maps[: self.at_most]]
        return figure_bundle(self.figure(), f"BeCAM heatmaps: {'; '.join(names)}")

    def _blocks(self, drawn: Sequence[Shown]) -> list[Block]:
        from becam.figures.small_maps import Block

        facts = [side.attribution.provenance for each in drawn for side in _sides(each)]
        telling = [name for name in _TELLING if _differs([getattr(f, name) for f in facts], name)]
        blocks = []
        for each in drawn:
            first = _sides(each)[0].attribution
            panels = tuple(_panel(side, _mask(each), telling) for side in _sides(each))
            title = _target(first.provenance)
            if isinstance(each, Explanation):
                title = f"item {each.item_id}" + (f" — {each.title}" if each.title else "")
                panels = (_picture(each), *panels)
            blocks.append(Block(title, panels))
        return blocks

    def _remarks(self) -> list[str]:
        left = len(self.maps) - self.at_most
        return [f"and {left:,} more, which are not drawn"] if left > 0 else []

    def _warnings(self) -> list[str]:
        """The first warning, and how many maps have one: each may name its own number."""
        sides = [side for each in self.maps for side in _sides(each)]
        found = [side.attribution.warning for side in sides if side.attribution.warning]
        if not found:
            return []
        several = f"{len(found)} of {len(sides)} maps (named in red) have a warning. The first: "
        return [(several if len(sides) > 1 else "") + found[0]]


def grid(maps: Sequence[Shown], *, at_most: int = AT_MOST) -> MapGrid:
    """Show heatmaps beside each other.

    In a notebook, a list or tuple of them at the end of a cell shows the same by itself.

    Args:
        maps: attributions, sides (of `Explainer.sides`) or explanations.
        at_most: how many are drawn.

    Raises:
        InputError: none at all.
        TypeError: something else among them.
    """
    return MapGrid(tuple(maps), at_most)


def _sides(of: Shown) -> tuple[Side, ...]:
    if isinstance(of, Explanation):
        return of.sides
    if isinstance(of, Side):
        return (of,)
    return (Side("", of.provenance.model or "", of, None),)


def _mask(of: Shown) -> NDArray[np.bool_] | None:
    return of.mask if isinstance(of, Explanation) else None


def _picture(of: Explanation) -> Panel:
    from becam.figures.small_maps import Panel

    return Panel(of.sides[0].attribution.picture, heading="picture")


def _panel(side: Side, mask: NDArray[np.bool_] | None, telling: Sequence[str]) -> Panel:
    from becam.figures.small_maps import Panel

    attribution, metrics = side.attribution, side.metrics
    lines: tuple[str, ...] = ()
    if metrics is not None:
        lines = (
            f"drift {_number(metrics.drift)} · omission {_number(metrics.omission)}",
            f"pixel AUC {_number(metrics.auc)}",
        )
    heading = side.model or "heatmap"
    return Panel(
        attribution.picture,
        attribution.on_picture(standard=True),
        heading=" · ".join([heading, *_values(attribution.provenance, telling)]),
        lines=lines,
        mask=mask,
        warned=attribution.warning is not None,
    )


def _number(value: float) -> str:
    return "n/a" if math.isnan(value) else f"{value:.2f}"


def _target(facts: Provenance) -> str:
    # The whole picture's content is told by a hash, which tells a reader nothing.
    whole = facts.target_kind == "content"
    return "the picture's content" if whole else f"{facts.target_kind} {facts.target_id}"


def _differs(values: Sequence[object], name: str) -> bool:
    """Whether a setting tells maps apart; a method that lacks it is told by its own name."""
    counted = values if name in _OPTIONAL else [each for each in values if each is not None]
    return len({str(each) for each in counted}) > 1


def _values(facts: Provenance, telling: Sequence[str]) -> list[str]:
    named = [(name, getattr(facts, name)) for name in telling]
    return [f"seed {value}" if name == "seed" else str(value) for name, value in named if value]


def _name(of: Shown) -> str:
    sides = _sides(of)
    target = sides[0].attribution.provenance.target_id
    return f"item {target}, {' and '.join(side.model or 'heatmap' for side in sides)}"
