"""Where a table comes from, as JSON."""

from __future__ import annotations

import json
from typing import Any

from becam.result_files import plain
from becam.tables.finished import Finished

SCHEMA = 1


def to_json(finished: Finished) -> str:
    """Write options, data, every run with its key, and failures; the table itself is the CSV."""
    table = finished.table
    about: dict[str, Any] = {
        "schema": SCHEMA,
        "table": table.name,
        "caption": table.caption,
        "notes": list(table.notes),
        "options": dict(finished.options),
        "data": finished.data,
        "runs": finished.runs,
        "failures": dict(finished.failures),
    }
    return json.dumps(plain(about), indent=1, ensure_ascii=False, sort_keys=True) + "\n"
