"""`becam distribution`: how content features lie on the sphere, before and after the adapter."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from becam.cli.options import options_of, out_option, path_option, quiet_option, taken
from becam.cli.output import say_written
from becam.distributions.config import DistributionConfig
from becam.distributions.files import DistributionStyle, check_files, write_files


@click.command("distribution")
@options_of(DistributionConfig)
@options_of(DistributionStyle)
@out_option(
    "Folder for all formats, or a file: .csv, .md, .tex, .json, or .pdf, .png, .svg for the "
    "figure  [default: becam-distribution]",
    metavar="PATH",
)
@click.option(
    "--tex",
    is_flag=True,
    help="Also write LaTeX that includes the figure, with a caption: NAME.tex, in a folder "
    "distribution-figure.tex.",
)
@path_option("--save-items", "Also write every item's place as .csv or .parquet.")
@quiet_option
def command(
    out: Path | None, tex: bool, save_items: Path | None, quiet: bool, **options: Any
) -> None:
    """Show how content features lie on the sphere, before and after the adapter (Fig. 9).

    Draws items, lays their content features out in two dimensions and on the unit circle, and
    estimates their density in the plane and over the angle, for several seeds. Beside it stand
    uniformity and alignment (Wang and Isola, 2020), measured in all dimensions.
    """
    style = taken(DistributionStyle, options)
    config = DistributionConfig(**options)
    out = out or Path("becam-distribution")
    check_files(out, tex=tex)
    if save_items is not None:
        from becam.tables.tidy import check_ending

        check_ending(save_items)

    from becam.distributions.run import distribution
    from becam.progress import Reporter
    from becam.tables.markdown import to_markdown

    reporter = Reporter(quiet=quiet)
    if note := style.face().note:
        reporter.note(f"note: {note}")
    result = distribution(config, reporter=reporter)
    written = write_files(result, out, style, tex=tex)
    if save_items is not None:
        written.append(result.save_items(save_items))
    if not quiet:
        click.echo(to_markdown(result.table))
        say_written(written)
