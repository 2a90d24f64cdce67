"""The figures of a gallery for a paper: one an encoder."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

from becam.figures.paper import GridItem, caption_of, grid_of, save_grid
from becam.galleries.items.choose import MEANING
from becam.galleries.items.figure_options import FigureOptions
from becam.galleries.items.manifest import Planned
from becam.galleries.items.record import Record
from becam.galleries.items.selection import PICKS, Selection
from becam.galleries.items.work import ItemWork
from becam.workers import torch_threads
from recsys.data.demo.names import is_demo
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
    note_of_font = options.face().note  # asked for here, it is not told a second time
    written = []
    for place, encoder in enumerate(spec.encoders):
        stem = spec.name if len(spec.encoders) == 1 else f"{spec.name}-{place + 1}"
        about = {
            "what": "figure of a gallery",
            "version": VERSION,
            "items": [[each.item.title, records[place].key] for each, records in shown],
            "ways": [each.way for each, _ in shown],
            "data": [each.data for each, _ in shown],
            "options": asdict(options),
            "name": stem,
            "chosen": _how_chosen(spec.selection),
        }
        key = content_key(about)
        note = work.out / "contents" / f"figure-{place}.json"
        known, earlier = _known(note)
        found = earlier
        if known != key or not all((work.out / name).is_file() for name in earlier):
            items = [each for each, _ in shown]
            found = _draw(work, options, items, encoder, stem)
            for name in set(earlier) - set(found):  # of more pages, or of another format
                (work.out / FOLDER / Path(name).name).unlink(missing_ok=True)
            write_text(note, json.dumps({"key": key, "files": found}, sort_keys=True) + "\n")
        written += found
    return written, [note_of_font] if note_of_font else []


def _known(note: Path) -> tuple[str, list[str]]:
    """Return the key and the files of a figure that was drawn before; none for none."""
    try:
        found = json.loads(note.read_bytes())
        return str(found["key"]), [str(name) for name in found["files"]]
    except (OSError, ValueError, KeyError, TypeError):
        return "", []


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
            why = f" ({each.way})" if len(spec.selection.ways) > 1 else ""
            label = f"{explainer.catalogue.name}: " if several else ""
            rows.append(
                GridItem(
                    f"{label}item {each.item.item_id}{why}",
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
    caption += _how_chosen(spec.selection)
    written: list[Path] = []
    included = next((each for each in options.formats if each != "svg"), None)
    for ending in options.formats:
        told = caption if options.tex and ending == included else None
        path = work.out / FOLDER / f"{stem}.{ending}"
        written += save_grid(grid, path, options, caption=told)
    return [path.relative_to(work.out).as_posix() for path in written]


def _how_chosen(selection: Selection) -> str:
    """Say how the items were chosen: picked ones show what can happen, not how often."""
    if selection.ways == ("all",):
        return ""
    among = f", among {selection.pool} drawn at random" if set(selection.ways) & set(PICKS) else ""
    return f" Items chosen: {'; '.join(MEANING[way] for way in selection.ways)}{among}."
