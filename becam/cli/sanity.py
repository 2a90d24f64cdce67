"""`becam sanity`: whether heatmaps change where what they explain is random."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from becam.checking.config import SanityConfig
from becam.cli.options import json_option, options_of, out_option, quiet_option
from becam.cli.output import print_result, say_written


@click.command("sanity")
@options_of(SanityConfig)
@out_option(
    "Folder for all formats and the curve of mprt, or a file: .csv or .parquet for a row an item, "
    "method, check, step and similarity; .md, .tex or .json for means and what they say.",
    metavar="PATH",
)
@json_option("Print means and what they say as JSON.")
@quiet_option
def command(out: Path | None, as_json: bool, quiet: bool, **options: Any) -> None:
    """Check whether heatmaps change where what they explain is random.

    Three checks: the encoder's weights drawn anew from the output down (mprt, Adebayo et al.
    2018), a random vector in the place of the item's embedding, masked contents dealt to other
    channels. Prints how alike the map stays to the original one (Spearman, SSIM), mean over
    items with its bootstrap confidence interval, and says in words what that means. A run that
    is interrupted goes on where it stopped.
    """
    config = SanityConfig(**options)

    from becam.measuring.tidy_result import check_out

    if out is not None:
        check_out(out)

    from becam.checking.run import check_sanity
    from becam.progress import Reporter

    result = check_sanity(config, reporter=Reporter(quiet=quiet))
    written = [] if out is None else result.save(out)
    print_result(result, as_json=as_json)
    if not quiet:
        say_written(written)
        count = f"{result.computed} computed, {result.reused} from the cache"
        click.echo(f"checks of heatmaps: {count}", err=True)
