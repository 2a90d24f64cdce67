"""`becam metrics`: the heatmaps of many items, measured."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from becam.cli.options import json_option, options_of, out_option, quiet_option
from becam.cli.output import print_result, say_written
from becam.measuring.config import MeasureConfig


@click.command("metrics")
@options_of(MeasureConfig)
@out_option(
    "Folder for all formats and, with insertion, deletion or road, their curves as tables and as a "
    "figure; or a file: .csv or .parquet for a row an item, method and metric; "
    ".md, .tex or .json for means and comparisons.",
    metavar="PATH",
)
@json_option("Print means and comparisons as JSON.")
@quiet_option
def command(out: Path | None, as_json: bool, quiet: bool, **options: Any) -> None:
    """Measure the heatmaps of many items, before and after the adapter.

    Prints the mean of every metric with its bootstrap confidence interval, for BeCAM and the
    controls (or more methods), what the adapter changes, and how BeCAM differs from the rest,
    with paired tests corrected for their number. A run that is interrupted goes on where it
    stopped.
    """
    config = MeasureConfig(**options)

    from becam.measuring.tidy_result import check_out

    if out is not None:
        check_out(out)

    from becam.measuring.run import measure
    from becam.progress import Reporter

    result = measure(config, reporter=Reporter(quiet=quiet))
    written = [] if out is None else result.save(out)
    print_result(result, as_json=as_json)
    if not quiet:
        say_written(written)
        count = f"{result.computed} computed, {result.reused} from the cache"
        click.echo(f"heatmaps: {count}", err=True)
        times = ", ".join(f"{name} {mean:.2g}" for name, mean in result.seconds.items())
        if times:
            click.echo(f"seconds each: {times}", err=True)
