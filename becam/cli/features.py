"""`becam features`: content features of a catalogue, computed once."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from becam.cli.options import options_of, out_option, quiet_option
from becam.cli.output import say_computed, say_written
from becam.config import FeaturesConfig


@click.command("features")
@options_of(FeaturesConfig)
@out_option(
    "Folder for NAME.npy, NAME.ids.txt and NAME.json of each modality; a catalogue's features/ "
    "folder takes them.",
    metavar="FOLDER",
)
@quiet_option
def command(out: Path | None, quiet: bool, **options: Any) -> None:
    """Encode a catalogue's pictures and texts.

    The features are kept in the cache, where every other command finds them. A run that was
    interrupted goes on where it stopped. An item without picture or text gets the mean of the
    others' features.
    """
    config = FeaturesConfig(**options)

    from becam.encoding import encode
    from becam.progress import Reporter
    from recsys.files import check_folder

    if out is not None:
        check_folder(out)

    reporter = Reporter(quiet=quiet)
    result = encode(config, reporter=reporter)
    click.echo(result.to_markdown())
    written = [] if out is None else result.save(out)
    if not quiet:
        say_written(written)
        say_computed(reporter.computed, reporter.reused)
