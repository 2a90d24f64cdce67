"""`becam render`: one item, one figure."""

from __future__ import annotations

import json
import threading
from importlib import import_module
from pathlib import Path
from typing import Any

import click

from becam.cli.options import (
    json_option,
    options_of,
    out_option,
    path_option,
    quiet_option,
    taken,
    tex_option,
)
from becam.cli.output import say_computed, say_written
from becam.config import ExplainConfig
from becam.figures.paper.style import PaperStyle
from becam.file_names import safe_name


@click.command("render")
@options_of(ExplainConfig)
@options_of(PaperStyle)
@out_option("Figure to write: .png, .pdf or .svg  [default: becam-item-ID.png]")
@path_option(
    "--save-result",
    "Also save maps and provenance as PATH.safetensors and PATH.json.",
    metavar="PATH",
)
@tex_option
@json_option()
@quiet_option
def command(
    out: Path | None,
    save_result: Path | None,
    tex: bool,
    as_json: bool,
    quiet: bool,
    **options: Any,
) -> None:
    """Draw an item's heatmap before and after the adapter.

    Shows the picture, the heatmap of the recommender without and with the adapter and their
    signed difference. The first call prepares everything (a minute or two on two cores for
    the demo catalogue); later calls take seconds.
    """
    from becam.figures.formats import format_of
    from becam.figures.paper.tex import check_included

    style = taken(PaperStyle, options)
    config = ExplainConfig(**options)
    out = out or Path(default_name(config.item))
    format_of(out)
    if tex:
        check_included(out)

    from becam.explanations import explain
    from becam.progress import Reporter

    # Matplotlib takes a second to import: it does so while the encoder computes.
    threading.Thread(target=import_module, args=("becam.figures.paper.save",)).start()
    reporter = Reporter(quiet=quiet)
    explanation = explain(config, reporter=reporter)
    if note := style.face().note:
        reporter.note(f"note: {note}")
    written = [explanation.save_figure(out, style, tex=tex)]
    if tex:
        written.append(out.with_suffix(".tex"))
    if save_result:
        written.append(explanation.save(save_result))
    if as_json:
        from becam.result_files import plain

        click.echo(json.dumps(plain(explanation.to_dict()), indent=2, ensure_ascii=False))
    if not quiet:
        say_written(written, err=as_json)
        say_computed(explanation.computed, explanation.reused)
    for warning in explanation.warnings:
        click.echo(f"warning: {warning}", err=True)


def default_name(item_id: str) -> str:
    """Name the figure of an item."""
    return f"becam-item-{safe_name(item_id)}.png"
