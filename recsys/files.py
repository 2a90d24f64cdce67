"""Files that are either whole or not there."""

from __future__ import annotations

import contextlib
import os
import secrets
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

from recsys.errors import InputError, shown


def write_atomic(path: Path, write: Callable[[Path], object]) -> None:
    """Let ``write`` fill a temporary file in the folder of ``path``, then put it in place.

    Readers see the old file or the new one, never a part; two writers at once are safe.

    Raises:
        OSError: The folder cannot be written, or the disk is full; nothing is left behind.
    """
    temporary = beside(path)
    try:
        write(temporary)
        temporary.replace(path)
    except BaseException:
        with contextlib.suppress(OSError):
            temporary.unlink(missing_ok=True)
        raise


def write_bytes(path: Path, data: bytes) -> None:
    """Write ``data`` to ``path`` atomically; the folder is made if it is missing.

    Raises:
        OSError: The folder cannot be made or written, or the disk is full.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    write_atomic(path, lambda temporary: temporary.write_bytes(data))


def write_text(path: Path, text: str) -> None:
    """Write ``text`` to ``path`` as UTF-8, atomically; the folder is made if it is missing.

    Raises:
        OSError: The folder cannot be made or written, or the disk is full.
    """
    write_bytes(path, text.encode())


@contextlib.contextmanager
def draft_folder(path: Path) -> Iterator[Path]:
    """Give a new hidden folder beside ``path``, to be filled and then renamed to it.

    It is removed at the end unless it was renamed, so nothing half-written is left behind.

    Raises:
        OSError: It cannot be made.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = beside(path)
    try:
        draft.mkdir()
        yield draft
    finally:
        shutil.rmtree(draft, ignore_errors=True)


def check_folder(path: Path, what: str = "output", *, to_write: bool = True) -> None:
    """Raise InputError where ``path`` can be no folder to write to: before the work, not after.

    It, or the first folder above it that is there, must be a folder, and one that may be
    written, unless ``to_write`` is false: a folder may also hold all that is wanted.
    """
    path = path.absolute()
    for part in (path, *path.parents):
        if part.is_dir():
            if to_write and not os.access(part, os.W_OK | os.X_OK):
                raise InputError(f"{what} {shown(path)}: no permission to write to {shown(part)}")
            return
        if part.exists():
            found = "found a file" if part == path else f"{shown(part)} is a file"
            raise InputError(f"{what} {shown(path)}: expected a folder, {found}")


def beside(path: Path) -> Path:
    """Return a new hidden name in the folder of ``path``, no other process's."""
    return path.with_name(f".{path.name[:80]}.{os.getpid()}-{secrets.token_hex(4)}.part")
