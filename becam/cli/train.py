"""`becam train`: a recommender over seeds."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from becam.cli.options import json_option, options_of, out_option, path_option, quiet_option
from becam.cli.output import print_result, say_computed, say_written
from becam.config import TrainConfig


@click.command("train")
@options_of(TrainConfig)
@out_option("Folder for results.json, results.csv, curves.csv and curves.png.", metavar="FOLDER")
@path_option("--curves", "Learning curves as .png, .pdf or .svg.")
@path_option(
    "--tensorboard",
    "Also write the curves for TensorBoard (extra 'tensorboard').",
    metavar="DIR",
)
@json_option("Print the results as JSON.")
@quiet_option
def command(
    out: Path | None,
    curves: Path | None,
    tensorboard: Path | None,
    as_json: bool,
    quiet: bool,
    **options: Any,
) -> None:
    """Train a recommender, with or without adapter, and evaluate it.

    Prints validation and test metrics, a column a seed, with mean and standard deviation.
    Best and last weights are kept in the cache; the same command again takes them from there,
    and goes on where it was interrupted.
    """
    from becam.figures.formats import format_of
    from recsys.files import check_folder

    config = TrainConfig(**options)
    if curves is not None:
        format_of(curves)
        check_folder(curves.parent)
    for folder in (out, tensorboard):
        if folder is not None:
            check_folder(folder)

    from becam.progress import Reporter
    from becam.tensorboard import TensorBoard
    from becam.training import train

    logger = None if tensorboard is None else TensorBoard(tensorboard)
    result = train(config, reporter=Reporter(quiet=quiet), logger=logger)
    print_result(result, as_json=as_json)
    written = [] if out is None else result.save(out)
    if curves is not None:
        written.append(result.save_curves(curves))
    if not quiet:
        say_written(written)
        say_computed(result.computed, result.reused)
