"""`becam data import`: other people's data, written as a catalogue folder."""

from __future__ import annotations

from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING

import click

from becam.cli.options import json_option, quiet_option
from becam.cli.output import say_written

if TYPE_CHECKING:
    from becam.progress import Reporter, Step


@click.command("import")
@click.argument("source", type=click.Path(path_type=Path))
@click.argument("out", type=click.Path(path_type=Path))
@click.option(
    "--format",
    default="auto",
    show_default=True,
    metavar="NAME",
    help="catalogue, mmrec, microlens, hm or tmall; auto tells by the names of the files.",
)
@click.option(
    "--core",
    type=int,
    metavar="K",
    help="Drop users and items with fewer than K interactions, to a fixed point; 0 drops none  "
    "[default: 10; 0 for catalogue and mmrec, whose data are prepared]",
)
@click.option(
    "--split",
    default="keep",
    show_default=True,
    metavar="NAME",
    help="The split column: keep the source's, none, or 8:1:1 per user: random, or by time.",
)
@click.option(
    "--pictures",
    default="link",
    show_default=True,
    metavar="HOW",
    help="link (hard links, or copies where there are none), copy or none.",
)
@click.option(
    "--actions",
    metavar="NAMES",
    default="",
    help="Kinds of rows that count, comma-separated, such as alipay,cart (tmall)  [default: all]",
)
@click.option(
    "--skip-columns",
    is_flag=True,
    help="Leave out columns that the format does not have, instead of refusing them.",
)
@click.option(
    "--seed",
    type=int,
    default=0,
    show_default=True,
    metavar="NUMBER",
    help="Of the random split, and of the order of equal timestamps.",
)
@click.option("--force", is_flag=True, help="Replace an earlier import in OUT.")
@json_option("Print the report as JSON.")
@quiet_option
def import_(
    source: Path,
    out: Path,
    format: str,
    core: int | None,
    split: str,
    pictures: str,
    actions: str,
    skip_columns: bool,
    seed: int,
    force: bool,
    as_json: bool,
    quiet: bool,
) -> None:
    """Import the folder SOURCE as the catalogue folder OUT, and say what was dropped and why.

    OUT appears complete or not at all. The report is kept in OUT/import.json.
    """
    import json

    from becam.progress import Reporter
    from recsys.data.importers import import_catalogue

    with ExitStack() as stack:
        report = import_catalogue(
            source,
            out,
            format=format,
            core=core,
            split=split,
            seed=seed,
            pictures=pictures,
            actions=[name for name in map(str.strip, actions.split(",")) if name],
            skip_columns=skip_columns,
            force=force,
            progress=_Bars(Reporter(quiet=quiet), stack),
        )
    if as_json:
        click.echo(json.dumps(report.to_dict(), indent=2, ensure_ascii=False))
    elif not quiet:
        for line in report.lines():
            click.echo(line)
    if not quiet:
        say_written([out], err=as_json)


class _Bars:
    """Shows one bar after the other, one for each thing that is done."""

    def __init__(self, reporter: Reporter, stack: ExitStack) -> None:
        self._reporter, self._stack = reporter, stack
        self._now = ""
        self._step: Step = lambda _position, _remark: None

    def __call__(self, what: str, done: int, total: int) -> None:
        if what != self._now:
            self._stack.close()
            self._now = what
            self._step = self._stack.enter_context(self._reporter.bar(what, total or None))
        self._step(done, "")
