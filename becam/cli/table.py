"""`becam table`: the tables of the paper, on your data."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from becam.cli.options import options_of, out_option, quiet_option
from becam.tables.config import AdaptersConfig, CostConfig, PeftConfig, SensitivityConfig
from becam.tables.output import check_out

if TYPE_CHECKING:
    from becam.progress import Reporter
    from becam.tables.finished import Finished

ALIKE = 3  # runs that failed for one reason and are still listed one by one

_OUT = "Folder for all formats, or a file: .csv, .md, .tex, .json  [default: becam-table-NAME]"
_OUT_FIGURE = (
    "Folder for all formats, or a file: .csv, .md, .tex, .json, .pdf, .png, .svg  "
    "[default: becam-table-NAME]"
)


@click.group("table")
def command() -> None:
    """Compare recommenders and adapters over seeds: CSV, Markdown, LaTeX.

    Every table has two controls, the recommender without any modality and the adapter
    identity-gate, and paired tests with corrected p-values. A table that is interrupted goes on
    where it stopped.
    """


@command.command("adapters")
@options_of(AdaptersConfig)
@out_option(_OUT, metavar="PATH")
@quiet_option
def adapters(out: Path | None, quiet: bool, **options: Any) -> int:
    """Table 2: every recommender with and without BeFA."""
    config = AdaptersConfig(**options)

    def make(reporter: Reporter) -> Finished:
        from becam.tables.adapters import adapters_table

        return adapters_table(config, reporter=reporter)

    return _make("adapters", make, out, quiet)


@command.command("peft")
@options_of(PeftConfig)
@out_option(_OUT, metavar="PATH")
@quiet_option
def peft(out: Path | None, quiet: bool, **options: Any) -> int:
    """Table 3: no adapter, LoRA, soft prompt, BeFA."""
    config = PeftConfig(**options)

    def make(reporter: Reporter) -> Finished:
        from becam.tables.peft import peft_table

        return peft_table(config, reporter=reporter)

    return _make("peft", make, out, quiet)


@command.command("cost")
@options_of(CostConfig)
@out_option(_OUT, metavar="PATH")
@quiet_option
def cost(out: Path | None, quiet: bool, **options: Any) -> int:
    """Table 4: parameters, seconds per epoch, peak memory. Measured, never cached."""
    config = CostConfig(**options)

    def make(reporter: Reporter) -> Finished:
        from becam.tables.cost import cost_table

        return cost_table(config, reporter=reporter)

    return _make("cost", make, out, quiet)


@command.command("sensitivity")
@options_of(SensitivityConfig)
@out_option(_OUT_FIGURE, metavar="PATH")
@quiet_option
def sensitivity(out: Path | None, quiet: bool, **options: Any) -> int:
    """Fig. 10: BeFA's hidden width, as a table and a figure."""
    config = SensitivityConfig(**options)

    def make(reporter: Reporter) -> Finished:
        from becam.tables.sensitivity import sensitivity_table

        return sensitivity_table(config, reporter=reporter)

    return _make("sensitivity", make, out, quiet, figure=True)


def _make(
    name: str,
    make: Callable[[Reporter], Finished],
    out: Path | None,
    quiet: bool,
    *,
    figure: bool = False,
) -> int:
    """Make a table, print it, write it; return the exit code."""
    out = out or Path(f"becam-table-{name}")
    check_out(out, figure=figure)

    from becam.progress import Reporter
    from becam.tables.markdown import to_markdown
    from becam.tables.output import write

    finished = make(Reporter(quiet=quiet))
    written = write(finished, out)
    if not quiet:
        click.echo(to_markdown(finished.table))
        for path in written:
            click.echo(f"wrote {path}", err=True)
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
