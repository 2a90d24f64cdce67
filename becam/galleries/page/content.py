"""What a page shows: ``gallery.json``, read and checked."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any, NoReturn

from becam.galleries.page.checks import Place
from becam.galleries.page.origins import Origins, read_origins
from recsys.errors import InputError, shown

SCHEMA = 1
NAME = "gallery.json"


@dataclass(frozen=True)
class Column:
    """Maps of one encoder and model.

    Attributes:
        encoder, model: their names.
        role: ``before`` or ``after`` the model's adapter.
        before: for ``after``: the position of the column without the adapter, where there is one.
    """

    encoder: str
    model: str
    role: str
    before: int | None


@dataclass(frozen=True)
class Metric:
    """A figure that stands under maps.

    Attributes:
        key: its name in links.
        label: its name on the page.
        better: ``lower``, ``higher``, or None where neither is.
    """

    key: str
    label: str
    better: str | None


@dataclass(frozen=True)
class Item:
    """An item.

    Attributes:
        id, title, category: as in the catalogue; category may be None.
        catalogue: its position among the gallery's.
        picked: the way it was chosen, or None where that is not known.
        place: the number in the names of its files; its position in the list by default.
        interactions: in the training split; None where not known.
        width, height: of the picture, in pixels.
        outline: whether the product's outline is at hand.
        values: for each column the metrics, None where not defined.
        warnings: for each column what speaks against trusting its map, or None.
        notes: what else a reader should know about the item.
        figures: paths from the gallery's folder of figures of this item alone.
    """

    id: str
    title: str
    category: str | None
    catalogue: int
    picked: str | None
    place: int
    interactions: int | None
    width: int
    height: int
    outline: bool
    values: tuple[tuple[float | None, ...], ...]
    warnings: tuple[str | None, ...]
    notes: tuple[str, ...]
    figures: tuple[str, ...]


@dataclass(frozen=True)
class Content:
    """A gallery as ``gallery.json`` has it.

    Attributes:
        becam: the version that wrote it.
        name, title: of the gallery.
        about: settings and provenance; ``limit`` is the colour scale's end in standard deviations.
        catalogues: their names; empty where they are not known.
        picks: (way to choose, what it means) of the items, in their order.
        columns, metrics, items: see there.
        failures: (item id, message) of items that could not be rendered.
        figures: paths from the gallery's folder of those of many items.
    """

    becam: str
    name: str
    title: str
    about: dict[str, Any]
    catalogues: tuple[str, ...]
    picks: tuple[tuple[str, str], ...]
    columns: tuple[Column, ...]
    metrics: tuple[Metric, ...]
    items: tuple[Item, ...]
    failures: tuple[tuple[str, str], ...]
    figures: tuple[str, ...]


def read_content(folder: Path) -> Content:
    """Read and check ``gallery.json`` of a gallery's folder.

    Raises:
        InputError: it is missing, no JSON, of another schema, or a value is not as it should be.
    """
    path = folder / NAME
    try:
        loaded = json.loads(path.read_bytes(), parse_constant=_no_constant)
    except FileNotFoundError as error:
        raise InputError(f"{shown(folder)} holds no {NAME}: expected a gallery's folder") from error
    except OSError as error:
        raise InputError(f"{shown(path)}: {error.strerror}") from error
    except (ValueError, RecursionError) as error:
        raise InputError(f"{shown(path)} is not valid JSON: {error}") from error
    root = Place(loaded, "", NAME)
    schema = root.get("schema")
    if schema.value != SCHEMA:
        raise schema.error(f"schema {SCHEMA}")
    columns = tuple(_columns(root.get("columns").maybe_each()))
    metrics = tuple(_metrics(root.get("metrics").maybe_each()))
    name = root.get("name").text()
    about = _about(root.get("about"))
    origins = read_origins(root)
    items = tuple(_items(root.get("items").maybe_each(), columns, metrics, origins))
    picked = dict.fromkeys(item.picked for item in items if item.picked is not None)
    return Content(
        becam=root.get("becam").text(),
        name=name,
        title=root.get("title").maybe_text() or name,
        about=origins.about(about),
        catalogues=tuple(origins.names.values()),
        picks=tuple((way, origins.meanings.get(way, way)) for way in picked),
        columns=columns,
        metrics=metrics,
        items=items,
        failures=tuple(
            (origins.told(one.get("item").text()), one.get("message").text())
            for one in root.get("failures").maybe_each()
        ),
        figures=tuple(_relative(one) for one in root.get("figures").maybe_each()),
    )


def _no_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is no JSON number")


def _about(place: Place) -> dict[str, Any]:
    found = place.entries()
    limit = place.get("limit").maybe_number() if found else None
    if limit is not None and limit <= 0:
        raise place.get("limit").error("a number above 0")
    return found


def _columns(places: list[Place]) -> list[Column]:
    found: list[Column] = []
    for place in places:
        role, before = place.get("role"), place.get("before")
        if role.value not in ("before", "after"):
            raise role.error("'before' or 'after'")
        column = Column(
            place.get("encoder").text(),
            place.get("model").text(),
            role.value,
            None if before.value is None else before.count(),
        )
        if any((column.encoder, column.model) == (c.encoder, c.model) for c in found):
            raise place.error("one column an encoder and model")
        found.append(column)
        if column.before is not None and column.before >= len(places):
            raise before.error(f"the position of one of {len(places)} columns")
    return found


def _metrics(places: list[Place]) -> list[Metric]:
    found: list[Metric] = []
    for place in places:
        key, better = place.get("key"), place.get("better")
        if better.value not in ("lower", "higher", None):
            raise better.error("'lower', 'higher' or null")
        if any(metric.key == key.text() for metric in found):
            raise key.error("a key that no other metric has")
        label = place.get("label").maybe_text() or key.text()
        found.append(Metric(key.text(), label, better.value))
    return found


def _items(
    places: list[Place],
    columns: tuple[Column, ...],
    metrics: tuple[Metric, ...],
    origins: Origins,
) -> list[Item]:
    found: list[Item] = []
    ids: set[tuple[str, str]] = set()
    catalogues = list(origins.names)
    for position, place in enumerate(places):
        data = place.get("data").maybe_text() or ""
        item_id = origins.own_id(data, place.get("id").text())
        if (data, item_id) in ids:
            raise place.get("id").error("an id that no other item has")
        ids.add((data, item_id))
        values = place.get("values").each(count=len(columns), of="columns")
        warnings = place.get("warnings").each(count=len(columns), of="columns")
        interactions = place.get("interactions")
        found.append(
            Item(
                id=item_id,
                title=place.get("title").maybe_text() or "",
                category=place.get("category").maybe_text() or None,
                catalogue=catalogues.index(data) if data else 0,
                picked=place.get("picked").maybe_text() or None,
                place=position if place.get("place").value is None else place.get("place").count(),
                interactions=None if interactions.value is None else interactions.count(),
                width=place.get("width").count(1),
                height=place.get("height").count(1),
                outline=place.get("outline").flag(),
                values=tuple(
                    tuple(v.maybe_number() for v in row.each(count=len(metrics), of="metrics"))
                    for row in values
                ),
                warnings=tuple(warning.maybe_text() or None for warning in warnings),
                notes=tuple(note.text() for note in place.get("notes").maybe_each()),
                figures=tuple(_relative(one) for one in place.get("figures").maybe_each()),
            )
        )
    return found


def _relative(place: Place) -> str:
    """A path that stays in the gallery's folder: it becomes a link."""
    path = PurePosixPath(place.text())
    parts = path.parts
    if path.is_absolute() or not parts or ".." in parts or ":" in parts[0] or "\\" in str(path):
        raise place.error("a path inside the gallery's folder")
    return str(path)
