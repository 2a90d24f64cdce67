"""Fig. 10: how much BeFA's hidden width matters."""

from __future__ import annotations

from dataclasses import replace
from functools import partial

from becam.figures.sensitivity import Curve, sensitivity_figure
from becam.progress import Reporter
from becam.tables.compare import figure as figure_cell
from becam.tables.config import SensitivityConfig
from becam.tables.finished import Finished
from becam.tables.pool import Failure
from becam.tables.quality import Measured, measure, metric_title
from becam.tables.runs import Run
from becam.tables.variants import BEFA, Variant
from recsys.statistics import Estimate


def sensitivity_table(config: SensitivityConfig, *, reporter: Reporter) -> Finished:
    """Train with every width, compare, and draw the curves.

    Raises:
        InputError: Data or options that can't be used.
        OSError: The cache can't be written.
    """
    measured = measure(
        config,
        config.lineups(),
        name="sensitivity",
        title=f"Hidden width of {BEFA[config.adapter]}: k times the dimension {config.dim}.",
        within="group",
        reporter=reporter,
    )
    label = f"{BEFA[config.adapter]}, mean and standard deviation"
    draw = partial(sensitivity_figure, curves(config, measured), label)
    return replace(
        measured.finished, figure=draw(), draw=draw, figure_caption=_caption(config, measured)
    )


def _caption(config: SensitivityConfig, measured: Measured) -> str:
    """Say what the figure shows: data, encoder, models, widths, seeds."""
    data = "; ".join(
        f"{each.name} ({', '.join(each.inputs.features)}"
        f"{'; simulated behaviour' if each.about['simulated'] else ''})"
        for each in measured.data
    )
    return (
        f"{BEFA[config.adapter]} with a hidden width of k times the dimension {config.dim}, in "
        f"{', '.join(config.recommenders)}, on {data}. Encoder {config.encoder}, {config.features} "
        f"features. Mean and standard deviation over {config.seeds} seeds from {config.seed} on, "
        "test split; the lines are the same recommenders without BeFA."
    )


def curves(config: SensitivityConfig, measured: Measured) -> list[Curve]:
    """Return a curve for every metric, data set and recommender."""
    found = []
    for metric in config.metric_names:
        for opened in measured.data:
            for lineup in config.lineups():

                def of(
                    variant: Variant, metric: str = metric, data: str = opened.name
                ) -> Estimate | None:
                    runs = [measured.results[Run(data, variant, s)] for s in config.seed_list()]
                    done = [run.mean(metric) for run in runs if not isinstance(run, Failure)]
                    cell = figure_cell(done)
                    return None if cell is None else cell.estimate

                references = [each for each in lineup.variants if each.k is None]
                found.append(
                    Curve(
                        "".join(metric_title(metric)),
                        opened.name,
                        references[0].recommender,
                        {each.k: of(each) for each in lineup.variants if each.k is not None},
                        {_reference(each): of(each) for each in references},
                    )
                )
    return found


def _reference(variant: Variant) -> str:
    if not variant.content:
        return "no modality (control)"
    return "no adapter" if variant.adapter is None else f"{variant.adapter} (control)"
