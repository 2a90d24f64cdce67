"""Names of files that come from ids in the data."""

from __future__ import annotations

import hashlib
import re


def safe_name(name: str) -> str:
    """Turn an id into a part of a file name; an id never becomes a path.

    Characters other than letters, digits, ``.``, ``_`` and ``-`` are replaced, and a short
    hash tells such ids apart.
    """
    safe = re.sub(r"[^A-Za-z0-9._-]", "_", name)[:64]
    if safe != name:
        safe += "-" + hashlib.sha256(name.encode()).hexdigest()[:8]
    return safe
