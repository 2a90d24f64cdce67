"""What a paper's caption must say of heatmaps: data, model, encoder, layer, fill, ..., seed."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np

from becam.figures.paper.draw import Scales
from becam.figures.paper.grid import Grid
from becam.figures.paper.notes import alarms, has_outline
from becam.figures.paper.style import PaperStyle
from becam.provenance import Provenance

SIMULATED = "generated pictures, simulated behaviour"
NAMED = 5  # items that a caption names; more are counted
MEANINGS = {
    "drift": "share of the heat outside the product",
    "omission": "share of the product that is not hot",
    "AUC": "chance that a pixel of the product is hotter than one outside",
    "centre": "the same of a Gaussian in the middle of the picture",
    "spread": "standard deviation of the weights over the channels",
    "distance": "1 minus the correlation with the unweighted activation map",
    "content": "how far the adapter's output depends on the content (1: as without it)",
}


def caption_of(
    grid: Grid,
    provenances: Sequence[Provenance],
    *,
    data: str,
    simulated: bool,
    style: PaperStyle,
) -> str:
    """Write the caption of a grid of heatmaps, as plain text.

    Args:
        grid: all of it, however many pages it has.
        provenances: of all its maps.
        data: the data set's name; empty where it is not known.
        simulated: whether its behaviour is simulated.
        style: the figure's.
    """
    about = f"{data} ({SIMULATED})" if simulated else data
    return _sentences(
        _subject(provenances, about),
        _made(provenances),
        _scales(grid, style),
        _marks(grid, style),
        _meanings(grid),
        *alarms(grid, style),
    )


def _subject(provenances: Sequence[Provenance], data: str) -> str:
    items = _distinct(facts.target_id for facts in provenances)
    which = f"{len(items)} items" if len(items) > NAMED else f"item{_s(items)} {_list(items)}"
    methods = _distinct(facts.method for facts in provenances)
    name = "BeCAM heatmaps" if methods == ["becam"] else f"Heatmaps ({_list(methods)})"
    models = _distinct(facts.model for facts in provenances if facts.model)
    before = [model for model in models if "+" not in model]
    after = [model for model in models if "+" in model]
    parts = []
    if before:
        parts.append(f"recommender{_s(before)} {_list(before)}")
    if after:
        parts.append(f"with adapter{_s(after)}: {_list(after)}")
    whose = f"{which} of {data}" if data else which
    return f"{name} of {whose}: {', and '.join(parts)}"


def _made(provenances: Sequence[Provenance]) -> str:
    """Encoder with layer, fill, weighting, seed; several of a kind as a list."""
    encoders = _distinct(f"{facts.encoder}, layer {facts.layer}" for facts in provenances)
    parts = [f"Encoder{_s(encoders)} {'; '.join(encoders)}"]
    for name, values in (
        ("score", (facts.other_score for facts in provenances)),
        ("preset", (facts.preset for facts in provenances)),
        ("fill", (facts.fill for facts in provenances)),
        ("weighting", (_weighting(facts) for facts in provenances)),
        ("passes", (facts.passes for facts in provenances)),
        ("seed", (facts.seed for facts in provenances)),
    ):
        found = _distinct(str(value) for value in values if value is not None)
        if found:
            parts.append(f"{name} {_list(found)}")
    if any(facts.rectify for facts in provenances):
        parts.append("rectified")
    return "; ".join(parts)


def _weighting(facts: Provenance) -> str | None:
    if facts.weighting != "softmax":
        return facts.weighting
    return f"softmax (temperature {facts.temperature:g})"


def _scales(grid: Grid, style: PaperStyle) -> str:
    scales, parts = Scales.of(grid, style), []
    if scales.map:
        lines = f", lines at +{scales.map.level:g} (solid) and −{scales.map.level:g} (dashed)"
        parts.append(
            "Maps in standard deviations from their own means, on one scale"
            + (lines if scales.map.level is not None else "")
        )
    if scales.difference:
        level = scales.difference.level
        lines = f", lines at +{level:g} (solid) and −{level:g} (dashed)" if level else ""
        parts.append(f"signed differences of such maps, on a scale of their own{lines}")
    return "; ".join(parts)


def _marks(grid: Grid, style: PaperStyle) -> str:
    cells = [cell for cell in grid.cells() if cell.values is not None]
    parts = []
    if style.outline and any(has_outline(cell) for cell in cells):
        parts.append("outlined: the product")
    if any(cell.values is not None and bool(np.isnan(cell.values).any()) for cell in cells):
        parts.append("hatched: not seen by the encoder")
    return "; ".join(parts).capitalize()


def _meanings(grid: Grid) -> str:
    shown = _distinct(name for cell in grid.cells() for name, _ in cell.figures)
    return "; ".join(f"{name}: {MEANINGS[name]}" for name in shown if name in MEANINGS)


def _sentences(*parts: str) -> str:
    """Join parts as sentences; those that are empty fall out."""
    return " ".join(f"{part.rstrip('.')}." for part in parts if part)


def _distinct(values: Iterable[str]) -> list[str]:
    return list(dict.fromkeys(values))


def _s(values: Sequence[str]) -> str:
    return "" if len(values) == 1 else "s"


def _list(values: Sequence[str]) -> str:
    """Join as in 'a, b and c'."""
    return " and ".join([", ".join(values[:-1]), values[-1]] if len(values) > 1 else values)
