"""The output folder of a gallery: whose it is, and whether it may be written."""

from __future__ import annotations

import json
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from recsys.data.tables import display
from recsys.errors import InputError, shown
from recsys.files import write_text

MARK = "becam-gallery.json"
"""The file in an output folder that says whose gallery it holds."""
SCHEMA = 1
CONTENTS = "contents"
LEFT_ALONE = frozenset({".DS_Store", "Thumbs.db", ".gitignore", ".gitkeep", "README.md"})


def claim(out: Path, identity: Mapping[str, Any], *, force: bool) -> None:
    """Make a folder a gallery's own: an empty or new one, or one that is already.

    Args:
        out: the folder; made where it is missing.
        identity: what decides the gallery's results, with its ``kind`` and ``name``, as JSON
            can hold it.
        force: take over a folder that holds another gallery, whose files are removed, or files
            of another origin, which stay.

    Raises:
        InputError: a file, or a folder with another gallery or other files, without ``force``.
        OSError: it can't be written.
    """
    if out.exists() and not out.is_dir():
        raise InputError(f"output {display(out)}: expected a folder, found a file")
    own = json.loads(json.dumps(dict(identity)))
    mark = out / MARK
    if out.is_dir() and any(entry.name not in LEFT_ALONE for entry in out.iterdir()):
        held = _read_mark(mark)
        if held == own:
            return
        if not force:
            raise InputError(
                f"output {display(out)} {_holds(held, own)}; expected a new folder, an empty one, "
                "or this gallery's own; --force replaces it"
            )
        if held is not None:
            remove(out)
    write_text(
        mark, json.dumps({"schema": SCHEMA, "gallery": own}, indent=1, sort_keys=True) + "\n"
    )


def remove(out: Path) -> None:
    """Remove what galleries write, and nothing else; the mark goes last."""
    for name in ("index.html", "gallery.json"):
        (out / name).unlink(missing_ok=True)
    for name in ("pictures", "maps", "outlines", "figures", "tables", CONTENTS):
        if (out / name).is_dir() and not (out / name).is_symlink():
            shutil.rmtree(out / name)
    (out / MARK).unlink(missing_ok=True)


def _read_mark(mark: Path) -> dict[str, Any] | None:
    """Return the identity of the gallery in a folder; None where there is none."""
    try:
        found = json.loads(mark.read_text("utf-8"))
    except (OSError, ValueError):
        return None
    identity = found.get("gallery") if isinstance(found, dict) else None
    return identity if isinstance(identity, dict) else None


def _holds(held: Mapping[str, Any] | None, own: Mapping[str, Any]) -> str:
    if held is None:
        return "holds files that are no gallery's"
    name = shown(held.get("name", ""))
    if held.get("name") != own["name"] or held.get("kind") != own["kind"]:
        return f"holds another gallery, {name}"
    keys = sorted(key for key in {*held, *own} if held.get(key) != own.get(key))
    changes = [f"{key} {shown(held.get(key), 40)}, now {shown(own.get(key), 40)}" for key in keys]
    more = f" and {len(changes) - 2} more" if len(changes) > 2 else ""
    return f"holds gallery {name} made otherwise ({'; '.join(changes[:2])}{more})"
