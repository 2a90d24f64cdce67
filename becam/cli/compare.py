"""`becam compare`: heatmaps side by side."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from becam.cli.options import json_option, options_of, out_option, quiet_option, taken, tex_option
from becam.cli.output import print_result, say_computed, say_written
from becam.comparing.config import CompareConfig
from becam.figures.paper.style import PaperStyle
from becam.file_names import safe_name


@click.command("compare")
@options_of(CompareConfig)
@options_of(PaperStyle)
@out_option("Figure to write: .png, .pdf or .svg  [default: becam-compare-ID.png]")
@tex_option
@json_option()
@quiet_option
def command(out: Path | None, tex: bool, as_json: bool, quiet: bool, **options: Any) -> None:
    """Compare heatmaps of items by models, encoders, layers, fills and weightings.

    Draws a grid with one colour scale for all maps and one for all differences, and prints the
    figures under the maps as a table. What makes a map doubtful is said in words.
    """
    from becam.figures.formats import format_of
    from becam.figures.paper.tex import check_included

    style = taken(PaperStyle, options)
    config = CompareConfig(**options)
    out = out or Path(default_name(config.items))
    format_of(out)

    if tex:
        check_included(out)

    from becam.comparing.run import compare
    from becam.progress import Reporter

    reporter = Reporter(quiet=quiet)
    if note := style.face().note:
        reporter.note(f"note: {note}")
    result = compare(config, reporter=reporter)
    written = result.save_figure(out, style, tex=tex)
    print_result(result, as_json=as_json)
    if not quiet:
        say_written(written)
        say_computed(result.computed, result.reused)
    for warning in result.warnings:
        click.echo(f"warning: {warning}", err=True)


def default_name(items: tuple[str, ...]) -> str:
    """Name the figure of a comparison."""
    return f"becam-compare-{safe_name(items[0])}.png" if len(items) == 1 else "becam-compare.png"
