"""`becam data stats`: a catalogue in numbers."""

from __future__ import annotations

from pathlib import Path

import click

from becam.cli.options import cache_option, json_option, quiet_option


@click.command("stats")
@click.argument("data")
@json_option("Print JSON.")
@click.option("--csv", "as_csv", is_flag=True, help="Print a CSV header and row.")
@cache_option
@quiet_option
def stats(data: str, as_json: bool, as_csv: bool, cache: Path | None, quiet: bool) -> None:
    """Count DATA: 'demo', a catalogue folder or a folder in MMRec's format."""
    import csv
    import json
    import sys

    from becam.catalogues import open_catalogue
    from becam.progress import Reporter
    from becam.workspace import open_workspace
    from recsys.data.summary import summarise

    if as_json and as_csv:
        raise click.UsageError("--json and --csv: expected one of them")
    summary = summarise(open_catalogue(data, open_workspace(cache), Reporter(quiet=quiet)))
    if as_json:
        click.echo(json.dumps(summary.to_dict(), indent=2, ensure_ascii=False))
    elif as_csv:
        row = summary.row()
        writer = csv.writer(sys.stdout, lineterminator="\n")
        writer.writerows([list(row), list(row.values())])
    else:
        lines = summary.lines()
        width = max(len(label) for label, _ in lines)
        for label, value in lines:
            click.echo(f"{label:<{width}}  {value}")
