"""`becam gallery`: a spec, a folder of figures and a page to look at them."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from becam.cli.options import cache_option, out_option, quiet_option
from becam.cli.output import say_written

if TYPE_CHECKING:
    from becam.galleries.kinds import Spec

LISTED = 6  # written files that are named; the rest are counted


@click.command("gallery")
@click.argument("spec", type=click.Path(path_type=Path), metavar="SPEC.toml")
@out_option("Folder to write  [default: becam-gallery-NAME]", metavar="DIR")
@click.option(
    "--data",
    multiple=True,
    metavar="DATA",
    help="Catalogue instead of the spec's: 'demo' or a folder; may be repeated.",
)
@click.option(
    "--encoder",
    "encoders",
    multiple=True,
    metavar="NAME",
    help="Encoder instead of the spec's; may be repeated.",
)
@click.option("--items", type=int, metavar="NUMBER", help="At most so many items.")
@click.option("--device", metavar="NAME", help="Where to compute, instead of the spec's.")
@click.option(
    "--workers",
    type=int,
    default=1,
    show_default=True,
    metavar="NUMBER",
    help="Processes at once; the result is the same.",
)
@click.option("--force", is_flag=True, help="Take over a folder that holds another gallery.")
@click.option("--check", is_flag=True, help="Check the spec and stop.")
@cache_option
@quiet_option
def command(
    spec: Path,
    out: Path | None,
    data: tuple[str, ...],
    encoders: tuple[str, ...],
    items: int | None,
    device: str | None,
    workers: int,
    force: bool,
    check: bool,
    cache: Path | None,
    quiet: bool,
) -> int:
    """Make the gallery that a spec describes: heatmaps, figures or tables, and a page.

    A gallery that is interrupted goes on where it stopped. What fails for one item is listed at
    the end (exit code 1); the rest goes on.
    """
    from becam.galleries.kinds import Overrides
    from becam.galleries.run import gallery, load_spec

    overrides = Overrides(data=data, encoders=encoders, items=items, device=device, cache=cache)
    loaded: Spec = load_spec(spec, overrides)
    if check:
        loaded.check()
        loaded.check_workers(workers)
        click.echo(f"{spec}: gallery {loaded.name!r} of kind {loaded.kind!r}")
        return 0

    from becam.progress import Reporter

    outcome = gallery(loaded, out, workers=workers, force=force, reporter=Reporter(quiet=quiet))
    if outcome.summary:
        click.echo(outcome.summary)
    if not quiet:
        say_written(outcome.written[:LISTED])
        if len(outcome.written) > LISTED:
            click.echo(f"and {len(outcome.written) - LISTED} more files", err=True)
    for name, why in outcome.failures.items():
        click.echo(f"failed: {name}: {why}", err=True)
    return 1 if outcome.failures else 0
