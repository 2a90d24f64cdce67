"""Tables of what the study gave."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from becam.study.config import Options
from becam.study.records import Record


def write_report(
    records: Sequence[Record], options: Options, out: Path, *, title: str, planned: int
) -> tuple[tuple[Path, ...], str]:
    """Write the tables."""
    return (), ""
