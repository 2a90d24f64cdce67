"""``gallery.json``: what a gallery holds and where it comes from."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from becam.galleries.items.choose import Choice
from becam.galleries.items.record import METRICS, Record, rounded
from becam.galleries.kinds.items import ItemsSpec
from recsys.data.catalogue import Item
from recsys.data.demo.names import is_demo
from recsys.files import write_text

SCHEMA = 1
FILE = "gallery.json"


@dataclass(frozen=True)
class Planned:
    """An item of a gallery.

    Attributes:
        place: its number, by which its files are named.
        data: its catalogue's name, as in the spec.
        item: as in the catalogue.
        index: in the catalogue.
        interactions: in the training split.
        way: how it was chosen.
        notes: what makes its maps doubtful, a line each.
    """

    place: int
    data: str
    item: Item
    index: int
    interactions: int
    way: str
    notes: tuple[str, ...]


@dataclass(frozen=True)
class Opened:
    """What a gallery says of a catalogue with an encoder, as JSON can hold it."""

    data: str
    encoder: str
    about: dict[str, Any]


def write_manifest(
    out: Path,
    spec: ItemsSpec,
    planned: Sequence[Planned],
    records: Mapping[int, Sequence[Record]],
    *,
    opened: Sequence[Opened],
    choices: Mapping[str, Choice],
    failures: Mapping[str, str],
    notes: Sequence[str],
    figures: Sequence[str],
    item_figures: Mapping[int, Sequence[str]],
) -> Path:
    """Write ``gallery.json``; the items without all their records are left out.

    Args:
        out: the folder.
        spec: what was asked for.
        planned: the items, in order.
        records: by place: one an encoder.
        opened: catalogues and encoders.
        choices: by catalogue: how its items were chosen.
        failures: by item: why there is nothing.
        notes: lines for a reader.
        figures: files, relative to the folder.
        item_figures: likewise, by place: those of one item each.

    Raises:
        OSError: it can't be written.
    """
    from becam import __version__

    recipe = spec.config.recipe
    about = {
        "data": ", ".join(spec.data),
        "simulated": any(map(is_demo, spec.data)),
        "seed": spec.config.seed,
        "features": spec.config.features,
        "score": recipe.score,
        "fill": recipe.fill,
        "weighting": recipe.weighting,
        "rectify": recipe.rectify,
        "passes": recipe.passes,
        "preset": spec.config.preset,
        "layer": {each.encoder: each.about["layer"] for each in opened},
        "limit": spec.looks.limit,
        "catalogues": {name: choice.about for name, choice in choices.items()},
        "sources": [{"data": each.data, "encoder": each.encoder, **each.about} for each in opened],
        "notes": list(notes),
    }
    document = {
        "schema": SCHEMA,
        "becam": __version__,
        "kind": spec.kind,
        "name": spec.name,
        "title": spec.title,
        "about": about,
        "columns": [asdict(column) for column in spec.columns],
        "metrics": [dict(metric) for metric in METRICS],
        "items": [
            _item(
                each,
                records[each.place],
                figures=item_figures.get(each.place, ()),
                several=len(spec.data) > 1,
            )
            for each in planned
            if each.place in records
        ],
        "failures": [{"item": name, "message": why} for name, why in failures.items()],
        "figures": list(figures),
    }
    text = json.dumps(document, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
    # A line an item: small, and still to be read and compared.
    text = text.replace('{"place":', '\n{"place":').replace('],"failures":', '\n],"failures":')
    write_text(out / FILE, text + "\n")
    return out / FILE


def _item(
    planned: Planned, records: Sequence[Record], *, figures: Sequence[str], several: bool
) -> dict[str, Any]:
    from becam.galleries.items.images import shown_size

    width, height = shown_size(records[0].size)
    return {
        "place": planned.place,
        # Two catalogues may call different items alike.
        "id": f"{planned.data}: {planned.item.item_id}" if several else planned.item.item_id,
        "title": planned.item.title,
        "category": planned.item.category,
        "data": planned.data,
        "interactions": planned.interactions,
        "picked": planned.way,
        "width": width,
        "height": height,
        "outline": records[0].outline,
        "values": [
            [None if value is None else rounded(value, 4) for value in row]
            for record in records
            for row in record.values
        ],
        "notes": list(dict.fromkeys([*planned.notes, *(n for r in records for n in r.notes)])),
        "figures": list(figures),
        "warnings": [warning for record in records for warning in record.warnings],
    }
