"""`becam search`: a recommender's options, chosen on validation data."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from becam.cli.options import json_option, options_of, out_option, quiet_option
from becam.cli.output import print_result, say_written
from becam.config import SearchConfig


@click.command("search")
@options_of(SearchConfig)
@out_option(
    "Folder for search.json, trials.csv and, in chosen/, what `becam train --out` writes.",
    metavar="FOLDER",
)
@json_option("Print trials and results as JSON.")
@quiet_option
def command(out: Path | None, as_json: bool, quiet: bool, **options: Any) -> None:
    """Search a recommender's options for the best validation metric.

    Tries the published values, or those of --grid; what is --set is kept. Every trial is
    recorded in the cache, so that the same command goes on where it was interrupted, and more
    --trials add to it. Test metrics are shown for the chosen combination alone.
    """
    config = SearchConfig(**options)

    from becam.progress import Reporter
    from becam.searching import search
    from recsys.files import check_folder

    if out is not None:
        check_folder(out)
    result = search(config, reporter=Reporter(quiet=quiet))
    print_result(result, as_json=as_json)
    written = [] if out is None else result.save(out)
    if not quiet:
        say_written([*written, result.record])
