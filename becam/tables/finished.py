"""A finished table with everything that is known about it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from becam.tables.table import Table

if TYPE_CHECKING:
    from matplotlib.figure import Figure


@dataclass(frozen=True, eq=False)
class Finished:
    """A table, its provenance, and what went wrong on the way.

    Attributes:
        table: The table.
        options: What was asked for, as JSON can hold it.
        data: The data sets, as JSON can hold them.
        runs: Every run with its key and where it comes from, as JSON can hold it.
        failures: By run: why it gave nothing, one line each.
        figure: What is drawn from it, if anything.
    """

    table: Table
    options: Mapping[str, Any]
    data: list[dict[str, Any]]
    runs: list[dict[str, Any]]
    failures: Mapping[str, str] = field(default_factory=dict)
    figure: Figure | None = None
