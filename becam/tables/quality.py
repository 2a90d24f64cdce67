"""Tables of trained recommenders: Tables 2 and 3 and Fig. 10 differ in their rows alone."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, cast

from becam.progress import Reporter
from becam.tables.compare import rows
from becam.tables.config import QualityConfig, model_config_of
from becam.tables.finished import Finished
from becam.tables.opened import Opened, open_all, options_of, simulated_notes
from becam.tables.plateau import early_stops
from becam.tables.pool import Failure, Results, do_all
from becam.tables.runs import Bench, Run
from becam.tables.table import ALPHA, Column, Row, Table, comparisons, corrected, marked
from becam.tables.text import SEEDS, USERS
from becam.tables.variants import Lineup
from becam.training import mask_notes
from becam.workspace import open_workspace
from recsys.statistics import UserTest

TITLES = {"recall": "Recall", "ndcg": "NDCG", "precision": "Precision", "map": "MAP", "hit": "Hit"}
TESTS = {"t": "paired t-test", "wilcoxon": "Wilcoxon signed-rank test"}


@dataclass(frozen=True, eq=False)
class Measured:
    """A table of trained recommenders and the outcomes that it is made of."""

    finished: Finished
    results: Results
    data: list[Opened]


def measure(
    config: QualityConfig,
    lineups: Sequence[Lineup],
    *,
    name: str,
    title: str,
    within: Literal["data", "group"],
    reporter: Reporter,
) -> Measured:
    """Train everything that ``lineups`` name, and build the table.

    Args:
        config: What was asked for.
        lineups: The rows, one line-up a recommender.
        name: Of the table.
        title: The first sentence of its caption.
        within: Where figures compete for the best.
        reporter: Shows progress and notes.

    Raises:
        InputError: Data or options that can't be used.
        OSError: The cache can't be written.
    """
    workspace = open_workspace(config.cache)
    seeds = config.seed_list()
    opened = open_all(config.data_configs(), seeds, workspace, reporter)
    variants = [variant for lineup in lineups for variant in lineup.variants]
    bench = Bench(
        inputs={each.name: each.inputs for each in opened},
        model_configs={variant: model_config_of(config, variant) for variant in variants},
        training_configs={seed: config.training_config(seed) for seed in seeds},
        metrics=config.metric_names,
        cache=workspace.root,
    )
    runs = [Run(each.name, variant, s) for each in opened for variant in variants for s in seeds]
    results = do_all(bench, runs, workers=config.workers, threads=config.threads, reporter=reporter)
    failures = {str(r): of.message for r, of in results.items() if isinstance(of, Failure)}
    found: list[Row] = []
    for each in opened:
        for lineup in lineups:
            found += rows(
                results,
                each.name,
                lineup,
                seeds,
                config.metric_names,
                cast(UserTest, config.user_test),
            )
    columns = tuple(map(_column, config.metric_names))
    table = marked(corrected(Table(name, "", columns, tuple(found))), within=within)
    manifests = [
        {"data": run.data, "label": run.variant.label, "seed": run.seed, **of.manifest}
        for run, of in results.items()
        if not isinstance(of, Failure)
    ]
    table = Table(
        name,
        _caption(title, config, table, within),
        columns,
        table.rows,
        (
            *_notes(config, opened),
            *early_stops(manifests, patience=config.patience),
            *(f"Failed: {run}: {why}" for run, why in failures.items()),
        ),
    )
    finished = Finished(
        table=table,
        options=options_of(config),
        data=[each.about for each in opened],
        runs=manifests,
        failures=failures,
    )
    return Measured(finished, results, opened)


def metric_title(metric: str) -> tuple[str, str]:
    """Return what a metric is called and its cut-off, as in ``("Recall", "@20")``."""
    name, _, cutoff = metric.partition("@")
    return TITLES[name], f"@{cutoff}"


def _column(metric: str) -> Column:
    return Column(metric, *metric_title(metric), better="higher")


def _caption(title: str, config: QualityConfig, table: Table, within: str) -> str:
    rivals = "data set" if within == "data" else "data set and recommender"
    return (
        f"{title} Test split, mean (standard deviation) over {config.seeds} seeds; best in bold, "
        f"second underlined, by {rivals}. Rows with 'vs.': change of the mean in percent. "
        f"{USERS} p < {ALPHA:g} over users ({TESTS[config.user_test]} on each user's mean over "
        f"seeds), {SEEDS} p < {ALPHA:g} over seeds (paired t-test); each Holm-corrected for the "
        f"{comparisons(table)} of this table."
    )


def _notes(config: QualityConfig, opened: Sequence[Opened]) -> list[str]:
    content = "frozen" if config.features == "frozen" else "trainable"
    return [
        "p-values, where shown: corrected, over users / over seeds.",
        "Controls: 'no modality' is the recommender without content; identity-gate replaces the "
        "content by the behavioural embedding. What a gate gains over its recommender without "
        "using the content shows there: an adapter that is not above identity-gate owes its gain "
        "to the gate, not to the content.",
        f"Content features are {content}.",
        *(
            f"{each.name}: {note}."
            for each in opened
            for note in mask_notes(each.inputs.splits[config.seed], config.mask)
        ),
        *simulated_notes(each.about for each in opened),
    ]
