"""Whole files written at once."""

from __future__ import annotations

from pathlib import Path

from recsys.files import write_atomic


def write_bytes(path: Path, data: bytes) -> None:
    """Write ``data`` to ``path`` atomically; the folder is made if it is missing.

    Raises:
        OSError: the folder can't be made or written, or the disk is full.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    write_atomic(path, lambda temporary: temporary.write_bytes(data))


def write_text(path: Path, text: str) -> None:
    """Write ``text`` to ``path`` as UTF-8, atomically; the folder is made if it is missing.

    Raises:
        OSError: the folder can't be made or written, or the disk is full.
    """
    write_bytes(path, text.encode())
