"""An explanation as HTML with a slider between before and after."""

from __future__ import annotations

import html
import json
import math
import re
from dataclasses import dataclass
from functools import lru_cache
from importlib import resources
from pathlib import Path
from typing import TYPE_CHECKING, Any

from becam.figures.panels import OPACITY, SCALE_LABEL, symmetric_limit
from becam.view.layers import heat, outline, overlay, photo, scale, shrunk
from recsys.errors import InputError, shown

if TYPE_CHECKING:
    from becam.explanation import Explanation, Side

NARROWEST = 100  # CSS pixels
OPTION = re.compile(r"--[\w-]{1,24}(?: \w{1,24})?")  # stays in one piece, as in view.js


@dataclass(frozen=True)
class View:
    """An interactive view; shows itself in a notebook.

    Where scripts are blocked, as in a notebook that is not trusted, it shows the maps beside
    each other instead.

    Attributes:
        title: what it shows.
        html: the view, to be put into any page: it has no ids, and its style is its own.
    """

    title: str
    html: str

    def save(self, path: str | Path) -> Path:
        """Save as a page of its own, which needs no network.

        Raises:
            InputError: another ending than .html.
            OSError: the folder can't be written.
        """
        from recsys.files import write_text

        path = Path(path)
        if path.suffix.lower() not in (".html", ".htm"):
            raise InputError(f"output {shown(path)}: expected an ending .html")
        title = html.escape(self.title)
        write_text(
            path,
            '<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
            '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
            f"<title>{title}</title>\n<style>:root {{ color-scheme: light dark }}</style>\n"
            f"</head>\n<body>\n<main>\n{self.html}\n</main>\n</body>\n</html>\n",
        )
        return path

    def __repr__(self) -> str:
        return f"View({self.title})"

    def _repr_html_(self) -> str:
        return self.html


def view_of(explanation: Explanation, *, width: int) -> View:
    """Make an explanation's view, ``width`` CSS pixels wide at most.

    Raises:
        InputError: a width below 100.
    """
    if width < NARROWEST:
        raise InputError(f"width {shown(width)}: expected at least {NARROWEST} pixels")
    title = f"item {explanation.item_id}"
    title += f" — {explanation.title}" if explanation.title else ""
    picture = explanation.sides[0].attribution.picture
    maps = [side.attribution.on_picture(standard=True) for side in explanation.sides]
    limit = symmetric_limit(maps)
    size = shrunk((picture.shape[1], picture.shape[0]))
    labels = [_label(side, len(maps)) for side in explanation.sides]
    doubts = [_doubt(side) for side in explanation.sides]
    told = [f"{a} ({b})" if b else a for a, b in zip(labels, doubts, strict=True)]
    data = {
        "title": title,
        "words": f"Heatmaps of {title}: {', '.join(told)}",
        "width": picture.shape[1],
        "height": picture.shape[0],
        "across": width,
        "opacity": round(100 * OPACITY),
        "photo": photo(picture, size),
        "outline": "" if explanation.mask is None else outline(explanation.mask),
        "sides": [
            {"label": label, "doubt": doubt, "heat": heat(values, limit, size)}
            for label, doubt, values in zip(labels, doubts, maps, strict=True)
        ],
        "rows": _rows(explanation.sides),
        "warnings": list(explanation.warnings),
        "scale": {"stops": scale(), "low": f"−{limit:.1f}", "high": f"+{limit:.1f}"},
        "about_scale": SCALE_LABEL,
        "style": _text("view.css"),
    }
    still = [
        (words, overlay(picture, values, limit, size, doubtful=bool(doubt)))
        for words, doubt, values in zip(told, doubts, maps, strict=True)
    ]
    return View(title, _whole(data, still))


def _whole(data: dict[str, Any], still: list[tuple[str, str]]) -> str:
    """Return the static pictures, and in attributes what turns them into the view."""
    blocks = []
    for place, (label, address) in enumerate(still):
        words = html.escape(f"{data['title']}, {label}", quote=True)
        begin = f' onload="{html.escape(_text("view.js"), quote=True)}"' if not place else ""
        blocks.append(
            '<div style="display: inline-block; margin: 0 8px 8px 0; vertical-align: top">'
            f'<div>{html.escape(label)}</div><img src="{address}" alt="{words}" '
            f'width="{min(data["across"], 300)}"{begin}></div>'
        )
    whole = r'<span style="white-space: nowrap">\g<0></span>'
    lines = [OPTION.sub(whole, html.escape(text)) for text in data["warnings"]]
    notes = "".join(f"<p>{line}</p>" for line in lines)
    described = html.escape(json.dumps(data, ensure_ascii=False), quote=True)
    return (
        f'<div data-becam-view="{described}"><div>{html.escape(data["title"])}</div>'
        f"{''.join(blocks)}{notes}</div>"
    )


def _label(side: Side, sides: int) -> str:
    return f"{side.role}: {side.model}" if sides == 2 else side.model


def _doubt(side: Side) -> str:
    """What a map with a warning is, in a word or three; empty for any other."""
    from becam.figures.paper.sides import doubt

    warned, verdict = doubt(side.attribution)
    return verdict if warned else ""


def _rows(sides: tuple[Side, ...]) -> list[list[str]]:
    """Return the figures to trust the maps by: name, then a value a side."""
    metrics = [side.metrics for side in sides]
    health = [side.attribution.health for side in sides]
    found: list[tuple[str, list[float | None], str]] = [
        ("drift", [None if m is None else m.drift for m in metrics], ".2f"),
        ("omission", [None if m is None else m.omission for m in metrics], ".2f"),
        ("pixel AUC", [None if m is None else m.auc for m in metrics], ".2f"),
        (
            "pixel AUC of the centre prior",
            [None if m is None else m.centre_auc for m in metrics],
            ".2f",
        ),
        ("spread of the weights", [h.spread for h in health], ".2g"),
        ("effective channels", [h.effective_channels for h in health], ".0f"),
        ("distance from the unweighted map", [h.distance for h in health], ".2g"),
        ("content dependence", [h.content.ratio if h.content else None for h in health], ".2g"),
    ]
    return [
        [name, *("–" if v is None or math.isnan(v) else format(v, how) for v in values)]
        for name, values, how in found
        if any(v is not None for v in values)
    ]


@lru_cache(maxsize=2)
def _text(name: str) -> str:
    return resources.files("becam.view").joinpath(name).read_text(encoding="utf-8")
