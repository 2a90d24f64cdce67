"""`becam table`: the tables of the paper, on your data."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import click

from becam.cli.options import options_of, out_option, quiet_option
from becam.cli.output import say_written
from becam.tables.config import StatisticsConfig, TableOptions
from becam.tables.kinds import KINDS, WITH_FIGURE, table
from becam.tables.output import check_out

ALIKE = 3  # runs that failed for one reason and are still listed one by one

_ABOUT = {
    "data": "Table 1: users, items, interactions, sparsity.",
    "adapters": "Table 2: every recommender with and without BeFA.",
    "peft": "Table 3: no adapter, LoRA, soft prompt, BeFA.",
    "cost": "Table 4: parameters, seconds per epoch, peak memory. Measured, never cached.",
    "sensitivity": "Figure 10: BeFA's hidden width, as a table and a figure.",
}


@click.group("table")
def command() -> None:
    """Compare recommenders and adapters over seeds: CSV, Markdown, LaTeX.

    Every table of trained recommenders has two controls, the recommender without any modality
    and the adapter identity-gate, and paired tests with corrected p-values. A table that is
    interrupted goes on where it stopped; cost, which measures, begins anew.
    """


def _add(kind: str) -> None:
    """Give the group a command that makes a table of one kind."""
    options = KINDS[kind]
    endings = ".csv, .md, .tex, .json" + (", .pdf, .png, .svg" if kind in WITH_FIGURE else "")
    out_help = f"Folder for all formats, or a file: {endings}  [default: becam-table-NAME]"

    @command.command(kind, help=_ABOUT[kind])
    @options_of(options)
    @out_option(out_help, metavar="PATH")
    @quiet_option
    def make(out: Path | None, quiet: bool, **chosen: Any) -> int:
        return _make(kind, options(**chosen), out, quiet)


for _kind in KINDS:
    _add(_kind)


def _make(
    kind: str, options: TableOptions | StatisticsConfig, out: Path | None, quiet: bool
) -> int:
    """Make a table, print it, write it; return the exit code."""
    out = out or Path(f"becam-table-{kind}")
    check_out(out, figure=kind in WITH_FIGURE)

    from becam.progress import Reporter
    from becam.tables.markdown import to_markdown

    finished = table(kind, options, reporter=Reporter(quiet=quiet))
    # Printed first: what can't be written is not lost.
    if not quiet:
        click.echo(to_markdown(finished.table))
    written = finished.save(out)
    if not quiet:
        say_written(written)
    for line in failure_lines(finished.failures):
        click.echo(line, err=True)
    return 1 if finished.failures else 0


def failure_lines(failures: Mapping[str, str]) -> list[str]:
    """Say which runs failed and why; many that failed alike share a line."""
    by_reason: dict[str, list[str]] = {}
    for run, why in failures.items():
        by_reason.setdefault(why, []).append(run)
    lines = []
    for why, runs in by_reason.items():
        if len(runs) > ALIKE:
            runs = [f"{len(runs)} runs, the first of them {runs[0]}"]
        lines += [f"failed: {run}: {why}" for run in runs]
    return lines
