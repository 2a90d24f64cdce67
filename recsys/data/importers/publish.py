"""Where an import goes: never over anything but an earlier import, and complete or not at all."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
from collections.abc import Iterator
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

from recsys.data.folder import INTERACTIONS, ITEMS, LEGEND, MANIFEST, read_items
from recsys.data.importers.report import SCHEMA
from recsys.data.modality_files import FEATURES, IDS
from recsys.data.tables import display, file_error
from recsys.errors import InputError
from recsys.files import beside, check_folder, draft_folder


def check_out(out: Path, folder: Path, *, force: bool) -> None:
    """Refuse to write where something is that is no earlier import.

    Raises InputError, also where the source's ``folder`` lies in ``out``, where ``out`` is below
    a file, and where an import that would be replaced has other files beside its own.
    """
    if out == folder or folder.is_relative_to(out):
        raise InputError(f"output {display(out)}: the source lies in it; name another folder")
    if not out.exists() and not out.is_symlink():
        check_folder(out)
        return
    try:
        if _to_be_filled(out):
            return
    except OSError as error:
        raise file_error(out, error) from error
    if not _is_import(out):
        raise InputError(f"output {display(out)} exists and is no import; name another folder")
    if not force:
        raise InputError(
            f"output {display(out)} exists; --force replaces the import in it, or name another "
            "folder"
        )
    mounted = os.path.ismount(out)
    if mounted or out == Path.cwd():
        what = "a mount point" if mounted else "the current folder"
        raise InputError(
            f"output {display(out)} is {what}, which --force cannot replace; name another folder"
        )
    stranger = next(_strangers(out), None)
    if stranger is not None:
        raise InputError(
            f"output {display(out)} has a file that the import in it did not write: "
            f"{display(stranger.relative_to(out))}; move it away, or name another folder"
        )


def draft_for(out: Path) -> AbstractContextManager[Path]:
    """Give a hidden folder to fill for ``out``: beside it, or inside where it is there, empty.

    An empty folder is filled, not replaced: it may be a mount point or the current folder.
    """
    return draft_folder(out / "import" if _to_be_filled(out) else out)


def publish(draft: Path, out: Path, *, force: bool) -> None:
    """Give the finished draft its name; an earlier import stays until then."""
    if draft.parent == out:
        _fill(draft, out)
        return
    old = beside(out)
    if out.is_dir() and any(out.iterdir()):
        if not force and _document(out) == _document(draft):
            return  # another process has imported the same meanwhile
        if not (force and _is_import(out)):
            raise _written_meanwhile(out)
        out.replace(old)
    try:
        with contextlib.suppress(OSError):
            out.rmdir()  # an empty folder may stand in the way
        draft.replace(out)
    except BaseException:
        if old.exists() and not out.exists():
            old.replace(out)
        raise
    shutil.rmtree(old, ignore_errors=True)


def _fill(draft: Path, out: Path) -> None:
    """Move what is in the draft into ``out``, the manifest last, or nothing."""
    if not _to_be_filled(out):
        if _document(out) == _document(draft):
            return
        raise _written_meanwhile(out)
    moved: list[Path] = []
    try:
        for path in sorted(draft.iterdir(), key=lambda path: path.name == MANIFEST):
            moved.append(path.replace(out / path.name))
    except BaseException:
        for path in moved:
            path.replace(draft / path.name)
        raise


def _to_be_filled(out: Path) -> bool:
    """Tell whether a folder is there with nothing in it, but for others' drafts."""
    return out.is_dir() and all(_is_draft(path) for path in out.iterdir())


def _is_draft(path: Path) -> bool:
    return path.name.startswith(".") and path.name.endswith(".part")


def _written_meanwhile(out: Path) -> InputError:
    return InputError(f"output {display(out)} was written by another process meanwhile")


def _is_import(out: Path) -> bool:
    found = _document(out)
    return isinstance(found, dict) and found.get("schema") == SCHEMA and "format" in found


def _document(out: Path) -> Any:
    """Return what is in ``import.json``, None where it cannot be read."""
    try:
        return json.loads((out / MANIFEST).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None


def _strangers(out: Path) -> Iterator[Path]:
    """Find the files in the folder of an import that it did not write, sorted."""
    own = {out / name for name in (ITEMS, INTERACTIONS, LEGEND, MANIFEST)}
    modalities = _document(out).get("modalities")
    for name in modalities if isinstance(modalities, dict) else ():
        own |= {out / FEATURES / f"{name}{ending}" for ending in (".npy", *IDS)}
    for item in read_items(out, []):
        if item.image is not None:
            own |= {item.image, out / "labels" / f"{item.image.stem}.png"}
        if item.mask is not None:
            own.add(item.mask)
    for path in sorted(out.rglob("*")):
        if path not in own and (path.is_symlink() or not path.is_dir()):
            yield path
