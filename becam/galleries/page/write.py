"""From a gallery's folder to its index.html."""

from __future__ import annotations

import base64
import hashlib
import html
import re
from importlib.resources import files
from pathlib import Path

from becam.galleries.page.content import read_content
from becam.galleries.page.pack import packed
from becam.view.layers import scale
from recsys.files import write_text

COLOURS = "var(--colours-of-maps)"  # in the style, where they go
STYLES = ("base.css", "grid.css", "detail.css")
SCRIPTS = (
    "data.js",
    "state.js",
    "text.js",
    "tiles.js",
    "grid.js",
    "toolbar.js",
    "detail.js",
    "about.js",
    "keys.js",
    "main.js",
)


def write_page(folder: Path) -> Path:
    """Write a gallery's page beside its ``gallery.json``; return its path.

    The page is one file: style, script and data are in it, and it asks for nothing but the
    pictures, maps and outlines of its own folder. The same gallery gives the same bytes.

    Raises:
        InputError: ``gallery.json`` is missing or not as it should be.
        OSError: the folder can't be written.
    """
    content = read_content(folder)
    # The legend has the colours that maps are drawn in.
    style = "".join(_asset(name) for name in STYLES).replace(COLOURS, ", ".join(scale()))
    script = f'"use strict";\n(() => {{\n{"".join(_asset(name) for name in SCRIPTS)}}})();\n'
    parts = {
        "title": html.escape(_printable(content.title)),
        "becam": html.escape(_printable(content.becam)),
        "policy": html.escape(_policy(style, script)),
        "style": style,
        "script": script,
        "data": packed(content),
    }
    # In one pass, so that nothing inside a part is taken for a place to fill.
    page = re.sub(r"\{\{(\w+)\}\}", lambda found: parts[found[1]], _asset("page.html"))
    path = folder / "index.html"
    write_text(path, page)
    return path


def _asset(name: str) -> str:
    return (files("becam.galleries.page") / "assets" / name).read_text(encoding="utf-8")


def _printable(text: str) -> str:
    """Without lone surrogates, which no file can hold."""
    return text.encode("utf-8", "replace").decode()


def _policy(style: str, script: str) -> str:
    """The page's own style and script may run, and no others; nothing comes from elsewhere."""
    return "; ".join(
        [
            "default-src 'none'",
            f"script-src {_source(script)}",
            f"style-src {_source(style)}",
            "img-src 'self' file: data:",
            "base-uri 'none'",
            "form-action 'none'",
        ]
    )


def _source(text: str) -> str:
    digest = hashlib.sha256(text.encode()).digest()
    return f"'sha256-{base64.b64encode(digest).decode()}'"
