"""Tables of a study, also of one that is not finished: ``python -m becam.study FOLDER``."""

from __future__ import annotations

from pathlib import Path

import click

from recsys.errors import InputError

BEGIN, END = "<!-- tables -->", "<!-- end of tables -->"


@click.command()
@click.argument("folder", type=click.Path(path_type=Path))
@click.option(
    "--into",
    type=click.Path(path_type=Path),
    help=f"Markdown file whose lines between {BEGIN!r} and {END!r} the tables replace.",
)
def command(folder: Path, into: Path | None) -> None:
    """Write the tables of what a study in FOLDER has so far."""
    try:
        for path in tables_of(folder, into):
            click.echo(path)
    except InputError as error:
        raise click.UsageError(str(error)) from None


def tables_of(folder: Path, into: Path | None = None) -> list[Path]:
    """Write the tables of an output folder; return the files.

    Args:
        folder: of `becam gallery`, with what is done so far in ``contents``.
        into: a Markdown file to put them in, too.

    Raises:
        InputError: no study there, or a file without the two marks.
        OSError: something can't be written.
    """
    from becam.study.records import load
    from becam.study.report import markdown, sorted_records, write_report
    from recsys.data.tables import display
    from recsys.files import write_text

    records = load(folder / "contents")
    if not records:
        raise InputError(f"{display(folder)}: expected a study's output folder with cells done")
    written, _ = write_report(records, folder, title="Study")
    if into is None:
        return list(written)
    try:
        text = into.read_text("utf-8")
    except OSError as error:
        raise InputError(f"{display(into)}: expected a Markdown file ({error.strerror})") from error
    head, begin, rest = text.partition(BEGIN)
    _, end, tail = rest.partition(END)
    if not (begin and end):
        raise InputError(f"{display(into)}: expected the lines {BEGIN!r} and {END!r} in it")
    write_text(into, f"{head}{BEGIN}\n\n{markdown(sorted_records(records))}\n{END}{tail}")
    return [*written, into]


if __name__ == "__main__":
    command()
