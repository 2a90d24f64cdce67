"""The tables by name: their options, and one call that makes any of them. Needs no torch."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields, replace
from importlib import import_module
from typing import TYPE_CHECKING, Any

from becam.tables.config import (
    AdaptersConfig,
    CostConfig,
    PeftConfig,
    SensitivityConfig,
    StatisticsConfig,
    TableOptions,
)
from recsys.errors import unknown

if TYPE_CHECKING:
    from becam.progress import Reporter
    from becam.tables.finished import Finished

# Each is made by the function NAME_table of the module becam.tables.NAME.
KINDS: Mapping[str, type[TableOptions | StatisticsConfig]] = {
    "data": StatisticsConfig,
    "adapters": AdaptersConfig,
    "peft": PeftConfig,
    "cost": CostConfig,
    "sensitivity": SensitivityConfig,
}
WITH_FIGURE = ("sensitivity",)


def table(
    kind: str,
    config: TableOptions | StatisticsConfig | None = None,
    /,
    *,
    reporter: Reporter | None = None,
    **options: Any,
) -> Finished:
    """Compare recommenders and adapters over seeds, as `becam table` does.

    What was trained before comes from the cache; a table that was interrupted goes on where it
    stopped. A run that fails is named in the result's ``failures``.

    Args:
        kind: ``data`` (Table 1 of the BeFA paper), ``adapters`` (Table 2), ``peft`` (Table 3),
            ``cost`` (Table 4) or ``sensitivity`` (Fig. 10).
        config: all options in one object; or give them by keyword, as in
            ``table("peft", models="bm3", data=("demo",), seeds=5)``.
        reporter: where progress is shown; standard error by default.
        options: fields of the kind's dataclass in `becam.tables.config`; they replace those of
            ``config``.

    Raises:
        InputError: an unknown kind or option, or data and values that can't be used.
        OSError: the cache can't be written.
        TypeError: the options of another kind.
    """
    if kind not in KINDS:
        raise unknown("table", kind, KINDS)
    expected = KINDS[kind]
    names = [entry.name for entry in fields(expected)]
    for name in options:
        if name not in names:
            raise unknown(f"option of table {kind}", name, names, listed=len(names))
    if config is not None and not isinstance(config, expected):
        raise TypeError(f"table {kind} takes {expected.__name__}, not {type(config).__name__}")
    config = expected(**options) if config is None else replace(config, **options)
    if reporter is None:
        from becam.progress import Reporter

        reporter = Reporter()
    make = getattr(import_module(f"becam.tables.{kind}"), f"{kind}_table")
    finished: Finished = make(config, reporter=reporter)
    return finished
