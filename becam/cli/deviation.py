"""`becam deviation`: how far content features deviate from behavioural embeddings."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from becam.cli.options import options_of, out_option, path_option, quiet_option
from becam.cli.output import say_written
from becam.deviations.config import DeviationConfig
from becam.tables.output import check_out


@click.command("deviation")
@options_of(DeviationConfig)
@out_option(
    "Folder for all formats, or a file: .csv, .md, .tex, .json, or .pdf, .png, .svg for the "
    "histogram of the angle.",
    metavar="PATH",
)
@path_option("--save-items", "Also write every item's figures as .csv or .parquet.")
@quiet_option
def command(out: Path | None, save_items: Path | None, quiet: bool, **options: Any) -> None:
    """Measure how far content deviates from behaviour, before and after the adapter.

    Prints the angle between content feature and behavioural embedding, the effective length and
    the deviation (BeFA, eq. 4-7), by data set, modality and model, beside two controls: the same
    with other items' content, and how much the output depends on the content at all.
    """
    config = DeviationConfig(**options)
    if out is not None:
        check_out(out, figure=True)
    if save_items is not None:
        from becam.tables.tidy import check_ending

        check_ending(save_items)

    from becam.deviations.run import deviation
    from becam.progress import Reporter
    from becam.tables.markdown import to_markdown

    result = deviation(config, reporter=Reporter(quiet=quiet))
    written = [] if out is None else result.save(out)
    if save_items is not None:
        written.append(result.save_items(save_items))
    if not quiet or out is None:
        click.echo(to_markdown(result.table))
    if not quiet:
        say_written(written)
