"""What a paper's caption must say of heatmaps: data, model, encoder, layer, fill, ..., seed."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from becam.figures.paper.draw import Scales
from becam.figures.paper.grid import Grid
from becam.figures.paper.notes import alarms
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
    "channels": "how many channels carry the weights",
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
    scales: Scales | None = None,
    by_data: Sequence[tuple[str, Sequence[Provenance]]] = (),
) -> str:
    """Write the caption of a grid of heatmaps, as plain text.

    Args:
        grid: all of it, however many pages it has.
        provenances: of all its maps.
        data: the data set's name; empty where it is not known.
        simulated: whether its behaviour is simulated.
        style: the figure's.
        scales: the figure's; those that fit the grid by default.
        by_data: for maps of several data sets: each one's name, see `named`, with its maps.
    """
    return _sentences(
        _subject(provenances, by_data or [(named(data, simulated=simulated), provenances)]),
        _made(provenances),
        _scales(scales or Scales.of(grid, style)),
        _marks(grid, style),
        _meanings(grid),
        *alarms(grid, style),
    )


def named(data: str, *, simulated: bool) -> str:
    """Name a data set, and say where it is simulated."""
    return f"{data} ({SIMULATED})" if simulated else data


def _items(data: str, provenances: Sequence[Provenance]) -> str:
    items = _distinct(facts.target_id for facts in provenances)
    which = f"{len(items)} items" if len(items) > NAMED else f"item{_s(items)} {_list(items)}"
    return f"{which} of {data}" if data else which


def _subject(
    provenances: Sequence[Provenance], by_data: Sequence[tuple[str, Sequence[Provenance]]]
) -> str:
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
    whose = _list([_items(*each) for each in by_data])
    return f"{name} of {whose}: {', and '.join(parts)}"


def _made(provenances: Sequence[Provenance]) -> str:
    """Encoder with layer, fill, weighting, seed of training; several of a kind as a list."""
    encoders = _distinct(f"{facts.encoder}, layer {facts.layer}" for facts in provenances)
    parts = [f"Encoder{_s(encoders)} {'; '.join(encoders)}"]
    for name, values in (
        ("score", (facts.other_score for facts in provenances)),
        ("preset", (facts.preset for facts in provenances)),
        ("fill", (facts.fill for facts in provenances)),
        ("weighting", (_weighting(facts) for facts in provenances)),
        ("passes", (facts.passes for facts in provenances)),
        ("training seed", (facts.seed for facts in provenances)),
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


def _scales(scales: Scales) -> str:
    parts = []
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
    if style.outline and any(cell.outlined for cell in cells):
        parts.append("outlined: the product")
    if any(cell.unseen for cell in cells):
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
