"""The data that a page carries: small, and inert inside a script element."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any

from becam.figures.panels import OPACITY
from becam.galleries.page.content import Content, Item
from becam.galleries.page.labels import label_of

DIGITS = 4  # significant ones of a value; the page shows at most three
_NUMBER = re.compile(r"\d+(?:\.\d+)?(?:e[-+]?\d+)?")
_UNSAFE = re.compile("[<>&\u2028\u2029\ud800-\udfff]")
_HOLE = "\x00"  # where a number stood in a warning


def packed(content: Content) -> str:
    """Return the data as JSON that can stand inside ``<script type="application/json">``.

    Nothing in it can end the element or start another: ``<``, ``>``, ``&``, the two line
    separators of JavaScript and lone surrogates are escaped.
    """
    templates: dict[str, int] = {}
    picks = {way: place for place, (way, _) in enumerate(content.picks)}
    data = {
        "becam": content.becam,
        "name": content.name,
        "title": content.title,
        "about": content.about,
        "opacity": round(100 * OPACITY),
        "columns": [[c.encoder, c.model, c.role, c.before] for c in content.columns],
        "metrics": [[m.key, m.label, m.better] for m in content.metrics],
        "catalogues": list(content.catalogues),
        "picks": [list(pick) for pick in content.picks],
        "items": [_item(item, templates, picks) for item in content.items],
        "warnings": list(templates),
        "labels": [label_of(template) for template in templates],
        "failures": [list(failure) for failure in content.failures],
        "figures": list(content.figures),
    }
    text = json.dumps(data, ensure_ascii=False, separators=(",", ":"), allow_nan=False)
    return _UNSAFE.sub(lambda found: f"\\u{ord(found[0]):04x}", text)


def _item(item: Item, templates: dict[str, int], picks: Mapping[str, int]) -> list[Any]:
    values = [None if v is None else _short(v) for row in item.values for v in row]
    warnings: list[Any] = [_warning(warning, templates) for warning in item.warnings]
    while warnings and warnings[-1] is None:
        warnings.pop()
    packed: list[Any] = [
        item.id,
        item.title,
        item.category,
        item.interactions,
        item.width,
        item.height,
        int(item.outline),
        values,
        warnings,
        item.place,
        item.catalogue,
        None if item.picked is None else picks[item.picked],
    ]
    if item.notes or item.figures:
        packed += [list(item.notes), list(item.figures)]
    return packed


def _short(value: float) -> float | int:
    """Round to `DIGITS`; whole numbers without a point."""
    rounded = float(f"{value:.{DIGITS}g}")
    return int(rounded) if rounded.is_integer() else rounded


def _warning(warning: str | None, templates: dict[str, int]) -> Any:
    """Keep a sentence once: a warning is its position there and the numbers in it, as text."""
    if warning is None:
        return None
    warning = warning.replace(_HOLE, "")
    position = templates.setdefault(_NUMBER.sub(_HOLE, warning), len(templates))
    return [position, *_NUMBER.findall(warning)]
