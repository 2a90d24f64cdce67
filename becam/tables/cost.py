"""Table 4: what an adapter costs. Parameters, seconds per epoch, peak memory.

Every measurement is a process of its own. They are taken in turns, so that what else the machine
does falls on all alike, and every second turn goes backwards. Nothing of it is cached.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from statistics import median
from typing import Any

from becam.progress import Reporter
from becam.tables.compare import figure, lineup_rows, paired
from becam.tables.config import CostConfig, model_config_of
from becam.tables.finished import Finished
from becam.tables.opened import Opened, open_all, options_of, simulated_notes
from becam.tables.runs import Run
from becam.tables.table import ALPHA, Cell, Column, Row, Table, comparisons, corrected
from becam.tables.text import SEEDS
from becam.tables.variants import Lineup, Variant
from becam.workspace import open_workspace
from recsys.cost import Cost, measure_apart
from recsys.errors import InputError
from recsys.statistics import improvement
from recsys.threads import SMALL

MEBIBYTE = 1 << 20
QUANTITIES = ("parameters", "training_seconds", "epoch_seconds", "peak_mebibytes")


def cost_table(config: CostConfig, *, reporter: Reporter) -> Finished:
    """Measure every recommender with every adapter, in turns.

    Raises:
        InputError: Data or options that can't be used.
        OSError: The cache can't be written.
    """
    workspace = open_workspace(config.cache)
    seeds = config.training.seed_list()
    opened = open_all(config.data_configs(), seeds, workspace, reporter)
    lineups = config.lineups()
    costs, failures = _measured(config, opened, lineups, seeds, reporter)
    found: list[Row] = []
    for each in opened:
        for lineup in lineups:
            found += _rows(costs, each.name, lineup, seeds)
    columns = _columns(found)
    table = corrected(Table("cost", "", columns, tuple(found)))
    table = Table(
        "cost",
        _caption(config, table, opened, costs.values()),
        columns,
        table.rows,
        (*_notes(config, opened), *(f"Failed: {run}: {why}" for run, why in failures.items())),
    )
    return Finished(
        table=table,
        options=options_of(config),
        data=[each.about for each in opened],
        runs=[_about(run, cost) for run, cost in costs.items()],
        failures=failures,
    )


def _measured(
    config: CostConfig,
    opened: Sequence[Opened],
    lineups: Sequence[Lineup],
    seeds: Sequence[int],
    reporter: Reporter,
) -> tuple[dict[Run, Cost], dict[str, str]]:
    costs: dict[Run, Cost] = {}
    failures: dict[str, str] = {}
    variants = [variant for lineup in lineups for variant in lineup.variants]
    turns = [
        Run(each.name, variant, seed)
        for turn, seed in enumerate(seeds)
        for each in opened
        for variant in (variants if turn % 2 == 0 else reversed(variants))
    ]
    inputs = {each.name: each.inputs for each in opened}
    with reporter.bar("measurements", len(turns), "measurement") as step:
        for place, run in enumerate(turns):
            step(place, str(run))
            of = inputs[run.data]
            try:
                costs[run] = measure_apart(
                    run.variant.name,
                    of.splits[run.seed],
                    of.features if run.variant.content else {},
                    model_config=model_config_of(config, run.variant),
                    training_config=config.training.training_config(run.seed),
                    epochs=config.epochs,
                    device=of.device,
                    threads=config.threads,
                )
            except (InputError, ChildProcessError) as error:
                failures[str(run)] = str(error)
            step(place + 1, "")
    return costs, failures


def _rows(costs: dict[Run, Cost], data: str, lineup: Lineup, seeds: Sequence[int]) -> list[Row]:
    def of(variant: Variant, quantity: str) -> dict[int, float]:
        runs = {seed: Run(data, variant, seed) for seed in seeds}
        found = {seed: _value(costs[run], quantity) for seed, run in runs.items() if run in costs}
        return {seed: value for seed, value in found.items() if value is not None}

    def change(one: Variant, other: Variant, quantity: str) -> Cell | None:
        these, those = of(one, quantity), of(other, quantity)
        both = [seed for seed in these if seed in those]
        if not both:
            return None
        values, others = [these[seed] for seed in both], [those[seed] for seed in both]
        if quantity == "parameters":  # counted, not measured: there is nothing to test
            added = figure([a - b for a, b in zip(values, others, strict=True)])
            assert added is not None
            return Cell(added.estimate, percent=improvement(values[0], others[0]))
        return paired(values, others)

    def figures(variant: Variant) -> Iterable[Cell | None]:
        return (figure([*of(variant, quantity).values()]) for quantity in QUANTITIES)

    def changes(one: Variant, other: Variant) -> Iterable[Cell | None]:
        return (change(one, other, quantity) for quantity in QUANTITIES)

    return lineup_rows(data, lineup, figures, changes)


def _value(cost: Cost, quantity: str) -> float | None:
    if quantity == "parameters":
        return float(cost.parameters)
    if quantity == "peak_mebibytes":
        return None if cost.peak_bytes is None else cost.peak_bytes / MEBIBYTE
    seconds: tuple[float, ...] = getattr(cost, quantity)
    return median(seconds)


def _columns(rows: Sequence[Row]) -> tuple[Column, ...]:
    """Give seconds as many digits as the quickest needs for three that count."""
    means = [
        cell.estimate.mean
        for row in rows
        for cell in row.cells[1:3]
        if row.against is None and cell is not None
    ]
    digits = max(0, 2 - math.floor(math.log10(min(means)))) if means else 2
    return (
        Column("parameters", "", "Parameters", digits=0, spread=False),
        Column("training_seconds", "Seconds per epoch", "training", digits=digits),
        Column("epoch_seconds", "Seconds per epoch", "with evaluation", digits=digits),
        Column("peak_mebibytes", "", "Peak memory (MiB)", digits=0),
    )


def _caption(
    config: CostConfig, table: Table, opened: Sequence[Opened], costs: Iterable[Cost]
) -> str:
    devices = ", ".join(dict.fromkeys(each.inputs.device for each in opened))
    return (
        f"What adapters cost: mean (standard deviation) over {config.seeds} measurements, each in "
        f"a process of its own, taken in turns ({devices}, {_threads(config, costs)}, "
        f"batch {config.batch}); the median of "
        f"{config.epochs} epochs after one that is not counted. Rows with 'vs.': change of the "
        f"mean in percent. {SEEDS} p < {ALPHA:g} (paired t-test over measurements, Holm-corrected "
        f"for the {comparisons(table)} of this table)."
    )


def _threads(config: CostConfig, costs: Iterable[Cost]) -> str:
    """Say how many threads were computed with: those asked for, but for small models."""
    used = sorted({cost.threads for cost in costs}) or [config.threads]
    if used == [config.threads]:
        return f"{config.threads} thread{'s' if config.threads > 1 else ''}"
    if len(used) == 1:
        fewer = f"1 of {config.threads} threads"
    else:
        fewer = f"{config.threads} threads, of which models use 1"
    return f"{fewer} below {SMALL // 1_000_000} million parameters, where more are slower"


def _notes(config: CostConfig, opened: Sequence[Opened]) -> list[str]:
    trained = config.features == "trainable"
    return [
        "p-values, where shown: corrected, over measurements.",
        "An epoch with evaluation ranks both validation and test items once. Peak memory on a CPU "
        "is that of the whole process, Python and PyTorch included.",
        f"Content features are {config.features}: {'' if trained else 'no '}parameters of the "
        "recommender.",
        *simulated_notes(each.about for each in opened),
    ]


def _about(run: Run, cost: Cost) -> dict[str, Any]:
    return {
        "data": run.data,
        "label": run.variant.label,
        "seed": run.seed,
        "parameters": cost.parameters,
        "adapter_parameters": cost.adapter_parameters,
        "training_seconds": list(cost.training_seconds),
        "evaluation_seconds": list(cost.evaluation_seconds),
        "peak_bytes": cost.peak_bytes,
        "threads": cost.threads,
    }
