"""The output folder of a gallery: whose it is, and whether it may be written."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from filelock import FileLock, Timeout

from recsys.data.tables import display
from recsys.errors import InputError, shown
from recsys.files import write_text

MARK = "becam-gallery.json"
"""The file in an output folder that says whose gallery it holds."""
SCHEMA = 1
CONTENTS = "contents"
LOCK = ".becam-lock"
"""The file in an output folder while a gallery is at work there."""
LEFT_ALONE = frozenset({".DS_Store", "Thumbs.db", ".gitignore", ".gitkeep", "README.md", LOCK})


@contextmanager
def alone(out: Path) -> Iterator[None]:
    """Keep other galleries out of a folder; a process that dies holds nothing.

    Args:
        out: the folder; made where it is missing.

    Raises:
        InputError: another gallery is at work there, or it is a file.
        OSError: it can't be written.
    """
    if out.exists() and not out.is_dir():
        raise InputError(f"output {display(out)}: expected a folder, found a file")
    out.mkdir(parents=True, exist_ok=True)
    lock = FileLock(out / LOCK, timeout=0)
    try:
        lock.acquire()
    except Timeout:
        raise InputError(
            f"output {display(out)}: expected a folder that no other gallery is writing; "
            "wait for that one, or give another --out"
        ) from None
    try:
        yield
    finally:
        with suppress(OSError):  # Windows does not remove what is open
            (out / LOCK).unlink()
        lock.release()


def claim(out: Path, identity: Mapping[str, Any], *, force: bool) -> None:
    """Make a folder a gallery's own: an empty or new one, or one that is already.

    Args:
        out: the folder, held by `alone`.
        identity: what decides the gallery's results, with its ``kind`` and ``name``, as JSON
            can hold it.
        force: take over a folder that holds another gallery, whose files are removed, or files
            of another origin, which stay.

    Raises:
        InputError: a folder with another gallery or other files, without ``force``.
        OSError: it can't be written.
    """
    own = json.loads(json.dumps(dict(identity)))
    mark = out / MARK
    # A mark alone is left of a run that failed before it did anything: nothing would be lost.
    if any(entry.name not in {*LEFT_ALONE, MARK} for entry in out.iterdir()):
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
    before, now = _flat(held), _flat(own)
    keys = sorted(key for key in {*before, *now} if before.get(key) != now.get(key))
    changes = [f"{key} {shown(before.get(key), 40)}, now {shown(now.get(key), 40)}" for key in keys]
    more = f" and {len(changes) - 2} more" if len(changes) > 2 else ""
    return f"holds gallery {name} made otherwise ({'; '.join(changes[:2])}{more})"


def _flat(values: Mapping[str, Any], front: str = "") -> dict[str, Any]:
    """Return values that are no tables, by their full keys."""
    found: dict[str, Any] = {}
    for key, value in values.items():
        inner = isinstance(value, Mapping)
        found |= _flat(value, f"{front}{key}.") if inner else {f"{front}{key}": value}
    return found
