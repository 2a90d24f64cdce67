"""Kind ``table``: the tables of the paper, over recommenders, adapters, data and seeds.

``table = "adapters"`` says which one; the other keys are the options of `becam table adapters`,
with ``_`` for ``-``.
"""

from __future__ import annotations

from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from becam.galleries.document import Section
from becam.galleries.figure_style import FigureStyle, figure_style
from becam.galleries.kinds import COMMON, Outcome, Overrides
from becam.galleries.options import check_one_process, read_options
from becam.galleries.run import name_of
from becam.tables.config import QualityConfig, StatisticsConfig, TableOptions
from becam.tables.kinds import KINDS, WITH_FIGURE
from recsys.errors import unknown

if TYPE_CHECKING:
    from becam.progress import Reporter

LISTS = ("models", "metrics")
KEY = "table"


@dataclass(frozen=True, kw_only=True)
class TableSpec:
    """A checked spec of this kind or of ``sensitivity``; see `becam.galleries.kinds.Spec`."""

    kind: str
    name: str
    title: str
    table: str
    config: TableOptions | StatisticsConfig
    figure: FigureStyle

    def identity(self) -> dict[str, Any]:
        """Return what decides the result."""
        from becam.tables.opened import options_of

        return {KEY: self.table, **options_of(self.config)}

    def check(self) -> None:
        """Nothing is left to be checked: no encoder has to be opened for it."""

    def check_workers(self, workers: int) -> None:
        """Models are trained in several processes; other tables are made in one."""
        if not isinstance(self.config, QualityConfig):
            check_one_process(workers, f"{self.kind} {self.table}")

    def run(self, out: Path, *, workers: int, reporter: Reporter) -> Outcome:
        """Make the gallery; trainings that were finished before come from the cache.

        Raises:
            InputError: data or options that can't be used.
            OSError: the cache or the folder can't be written.
        """
        from becam.galleries.results import write_result
        from becam.tables.kinds import table

        config = self.config
        if isinstance(config, QualityConfig):
            config = replace(config, workers=workers)
        return write_result(
            table(self.table, config, reporter=reporter), out, spec=self, reporter=reporter
        )


def parse(section: Section, overrides: Overrides) -> TableSpec:
    """Read a spec of this kind.

    Raises:
        InputError: what it says can't be used; names file, line and key.
    """
    table = section.get(KEY, str)
    if table is None:
        keys = {entry.name for options in KINDS.values() for entry in fields(options)}
        section.without(*COMMON).check_keys([KEY, "figure", *sorted(keys)])
        raise section.error(None, f"missing key {KEY!r}; expected one of {', '.join(KINDS)}")
    if table not in KINDS:
        raise section.error(KEY, str(unknown("table", table, KINDS)))
    return table_spec(section, overrides, table, kind="table", also=(KEY,))


def table_spec(
    section: Section, overrides: Overrides, table: str, *, kind: str, also: tuple[str, ...] = ()
) -> TableSpec:
    """Read the options of one of the tables.

    Raises:
        InputError: what the spec says can't be used; names file, line and key.
    """
    if "figure" in section.values and table not in WITH_FIGURE:
        raise section.error("figure", f"table {table!r} has no figure")
    options = KINDS[table]
    lists = tuple(each for each in LISTS if hasattr(options, each))
    also = (*also, "figure")
    config = read_options(section, options, overrides, kind=kind, lists=lists, also=also)
    name = name_of(section)
    return TableSpec(
        kind=kind,
        name=name,
        title=section.get("title", str, name),
        table=table,
        config=config,
        figure=figure_style(section),
    )
