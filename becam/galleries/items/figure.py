"""The figures of a gallery for a paper: one an encoder."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

from becam.figures.paper import GridItem, caption_of, grid_of, save_grid
from becam.galleries.items.figure_options import FigureOptions
from becam.galleries.items.manifest import Planned
from becam.galleries.items.record import Record
from becam.galleries.items.work import ItemWork
from becam.galleries.kinds.items import is_demo
from becam.workers import torch_threads
from recsys.files import write_text
from recsys.hashing import content_key

VERSION = 1  # raised whenever the same maps would give another figure
FOLDER = "figures"


def draw_figures(
    work: ItemWork,
    options: FigureOptions,
    shown: Sequence[tuple[Planned, Sequence[Record]]],
) -> tuple[list[str], list[str]]:
    """Draw a gallery's figures, those that are not there yet.

    Args:
        work: catalogues, encoders and recommenders.
        options: how they look.
        shown: the items, with their records.

    Returns:
        The files, relative to the gallery's folder, and notes about fonts.

    Raises:
        InputError: a font that can't be used, nothing to show.
        OSError: the folder can't be written.
    """
    spec = work.spec
    shown = shown[: options.items]
    if not shown:
        return [], []
    written = []
    for place, encoder in enumerate(spec.encoders):
        stem = spec.name if len(spec.encoders) == 1 else f"{spec.name}-{place + 1}"
        about = {
            "what": "figure of a gallery",
            "version": VERSION,
            "items": [[each.item.title, records[place].key] for each, records in shown],
            "data": [each.data for each, _ in shown],
            "options": asdict(options),
            "name": stem,
        }
        key = content_key(about)
        note = work.out / "contents" / f"figure-{place}.json"
        found = _known(note, key, work.out)
        if found is None:
            items = [each for each, _ in shown]
            found = _draw(work, options, items, encoder, stem)
            write_text(note, json.dumps({"key": key, "files": found}, sort_keys=True) + "\n")
        written += found
    note_of_font = options.face().note
    return written, [note_of_font] if note_of_font else []


def _known(note: Path, key: str, out: Path) -> list[str] | None:
    """Return a figure's files, where it was drawn before and they are there."""
    try:
        found = json.loads(note.read_bytes())
        files = [str(name) for name in found["files"]]
        known = found["key"] == key
    except (OSError, ValueError, KeyError, TypeError):
        return None
    return files if known and all((out / name).is_file() for name in files) else None


def _draw(
    work: ItemWork,
    options: FigureOptions,
    items: Sequence[Planned],
    encoder: str,
    stem: str,
) -> list[str]:
    spec = work.spec
    models = [model for model in spec.models if not options.models or model in options.models]
    rows = []
    with torch_threads(spec.looks.threads):
        for each in items:
            explainer = work.explainer(each.data, encoder)
            sides = explainer.sides(each.index, models)
            several = len(spec.data) > 1
            label = f"{explainer.catalogue.name}: " if several else ""
            rows.append(
                GridItem(
                    f"{label}item {each.item.item_id}",
                    sides[0].attribution.picture,
                    explainer.catalogue.mask(each.item),
                    sides,
                )
            )
    grid = grid_of(rows, options.panels, figures=options.numbers)
    names = dict.fromkeys(work.explainer(data, encoder).catalogue.name for data in spec.data)
    caption = caption_of(
        grid,
        [side.attribution.provenance for row in rows for side in row.sides],
        data=" and ".join(names),
        simulated=all(map(is_demo, spec.data)),
        style=options,
    )
    written: list[Path] = []
    included = next((each for each in options.formats if each != "svg"), None)
    for ending in options.formats:
        told = caption if options.tex and ending == included else None
        path = work.out / FOLDER / f"{stem}.{ending}"
        written += save_grid(grid, path, options, caption=told)
    return [path.relative_to(work.out).as_posix() for path in written]
