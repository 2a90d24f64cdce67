"""Make the heatmaps of a comparison."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from becam.comparing.config import CompareConfig, Setting
from becam.comparing.result import Comparison, Entry
from becam.explainer import Explainer
from becam.progress import Reporter
from recsys.data.demo.names import is_simulated
from recsys.errors import shown


def compare(
    config: CompareConfig | None = None, /, *, reporter: Reporter | None = None, **options: Any
) -> Comparison:
    """Compare heatmaps of items by models, encoders, layers, fills and weightings.

    What is missing is computed and kept in the cache, as by `becam.explain`.

    Args:
        config: all options in one object; or give them by keyword.
        reporter: where progress is shown; standard error by default.
        options: fields of `CompareConfig`; they replace those of ``config``.

    Raises:
        InputError: an unknown name, an unreadable file, a catalogue too small to train.
        OSError: the cache can't be written.

    Examples:
        >>> becam.compare(items=("123",), models="bm3+lora,bm3+befa").save_figure("compare.pdf")
    """
    config = replace(config, **options) if config else CompareConfig(**options)
    reporter = reporter or Reporter()
    explainers = _explainers(config, reporter)
    first = next(iter(explainers.values()))
    indices = [first.catalogue.index_of(item) for item in config.items]
    for explainer in explainers.values():
        for index in indices:
            explainer.picture(index)  # a cheap check: training takes a minute
    entries = []
    notes = [note for index in indices for note in first.item_notes(index)]
    total = len(indices) * len(explainers)
    with reporter.bar("comparing", total, "map") as step:
        for index in indices:
            item = first.catalogue.items[index]
            mask = first.catalogue.mask(item)
            for explainer in explainers.values():
                sides = explainer.sides(index, config.model_names)
                entries += [Entry(item.item_id, item.title, mask, side) for side in sides]
                front = "" if len(indices) == 1 else f"item {shown(item.item_id)}: "
                told = explainer.figure_notes(index, sides)
                notes += [front + each.removeprefix(front) for each in told]
                step(len(entries) // len(config.model_names), item.item_id)
    return Comparison(
        config=config,
        data=first.dataset.name,
        simulated=is_simulated(first.dataset.catalogue),
        entries=tuple(entries),
        notes=tuple(dict.fromkeys(notes)),
        reused=tuple(dict.fromkeys(reporter.reused)),
        computed=tuple(dict.fromkeys(reporter.computed)),
    )


def _explainers(config: CompareConfig, reporter: Reporter) -> dict[Setting, Explainer]:
    """Open one explainer an encoder, and from it those of other maps."""
    settings = list(config.settings())
    opened: dict[str, Explainer] = {}
    found = {}
    for setting in settings:
        if setting.encoder not in opened:
            opened[setting.encoder] = Explainer(setting.config(config), reporter=reporter)
    for explainer in opened.values():
        _ = explainer.catalogue
    for setting in settings:
        _ = opened[setting.encoder].encoder.layer(setting.layer)  # before anything is trained
    for explainer in opened.values():
        _ = explainer.dataset, explainer.split
    for setting in settings:
        found[setting] = opened[setting.encoder].with_maps(**setting.maps())
    return found
