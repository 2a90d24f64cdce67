"""Files that are either whole or not there."""

from __future__ import annotations

import contextlib
import os
import secrets
from collections.abc import Callable
from pathlib import Path


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


def beside(path: Path) -> Path:
    """Return a new hidden name in the folder of ``path``, no other process's."""
    return path.with_name(f".{path.name[:80]}.{os.getpid()}-{secrets.token_hex(4)}.part")
