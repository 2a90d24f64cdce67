"""`becam data show`: a contact sheet."""

from __future__ import annotations

from pathlib import Path

import click

from becam.cli.options import cache_option, out_option, quiet_option
from becam.cli.output import say_written


@click.command("show")
@click.argument("data")
@click.option("--rows", type=click.IntRange(1, 50), default=6, show_default=True)
@click.option("--columns", type=click.IntRange(1, 20), default=6, show_default=True)
@click.option(
    "--seed", type=click.IntRange(0), default=0, show_default=True, help="Which items are shown."
)
@out_option("Picture to write: .png  [default: becam-NAME.png]")
@cache_option
@quiet_option
def show(
    data: str, rows: int, columns: int, seed: int, out: Path | None, cache: Path | None, quiet: bool
) -> None:
    """Write a contact sheet of DATA: 'demo' or a catalogue folder."""
    import io

    from becam.catalogues import open_catalogue
    from becam.file_names import safe_name
    from becam.progress import Reporter
    from becam.workspace import open_workspace
    from recsys.data.demo.contact_sheet import contact_sheet
    from recsys.errors import InputError, shown
    from recsys.files import write_bytes

    if out is not None and out.suffix.lower() != ".png":
        raise InputError(f"output {shown(out)}: expected an ending .png")
    catalogue = open_catalogue(data, open_workspace(cache), Reporter(quiet=quiet))
    sheet = contact_sheet(catalogue, rows=rows, columns=columns, seed=seed)
    out = out or Path(f"becam-{safe_name(catalogue.name)}.png")
    buffer = io.BytesIO()
    sheet.save(buffer, "PNG")
    write_bytes(out, buffer.getvalue())
    if not quiet:
        say_written([out], err=False)
