"""Tables of what the study gave, as Markdown and CSV."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path

import numpy as np

from becam.presets import GATES, GATES_ONLY
from becam.study.config import BASELINES, CONTROLS, NONE, Cell
from becam.study.crossed import crossed_table
from becam.study.figure import write_figure
from becam.study.records import Record
from becam.study.rows import CSV_COLUMNS, csv_rows
from becam.study.summary import (
    AS_PUBLISHED,
    NEUTRAL,
    PUBLISHED,
    Setting,
    chosen,
    difference,
    differing,
    grouped,
    interactions_of,
    mean_of,
    model_of,
    over_seeds,
    place_of,
    undefined_share,
)
from becam.tables.plateau import early_stops
from becam.tables.tidy import write_tidy
from recsys.models.names import ADAPTERS
from recsys.models.registry import RECOMMENDERS
from recsys.statistics import Estimate, holm

TABLES, DRAWN = "tables", "figures"
Column = tuple[str, Callable[[Record], float], str]
"""A column's head, its figure of a record, and how it is written."""


def write_report(
    records: Sequence[Record], out: Path, *, title: str
) -> tuple[tuple[Path, ...], str]:
    """Write ``tables/study.md``, ``tables/study.csv`` and the figure, ``figures/study``.

    Args:
        records: what is there, at least one.
        out: the gallery's folder.
        title: of the study.

    Returns:
        The files, and the Markdown.

    Raises:
        OSError: they can't be written.
    """
    from recsys.files import write_text

    ordered = sorted_records(records)
    text = markdown(ordered)
    page = out / TABLES / "study.md"
    write_text(page, f"# {title}\n\n{text}")
    table = write_tidy(out / TABLES / "study.csv", CSV_COLUMNS, csv_rows(ordered))
    base, common, ranking = chosen(ordered)
    figures = write_figure(base, common[ranking[0][0]], out / DRAWN / "study")
    return (page, table, *figures), text


def sorted_records(records: Iterable[Record]) -> list[Record]:
    """Return records in the order of the tables: data, encoder, training, model, seed."""
    return sorted(records, key=lambda record: _order(record.cell))


def markdown(records: Sequence[Record]) -> str:
    """Return all tables as Markdown, for sorted records."""
    base, common, ranking = chosen(records)
    best = common[ranking[0][0]]

    def along(head: str, value: Callable[[Cell], str]) -> str:
        return _axis_table(head, records, base, best, value)

    return "\n".join(
        [
            _what_is_in(records, base),
            _scores_table(base, common, ranking),
            _models_table("Recommenders and adapters", base, best, model_of),
            _differences_table(base, best),
            _settings_table(base, best.score),
            along("Sparsity: interactions a user", interactions_of),
            along("Correlation of scene and product", lambda c: f"{c.catalogue.correlation:g}"),
            crossed_table(records, base, best),
            along("Encoder", lambda cell: cell.encoder),
            along("Training", lambda cell: f"lr {cell.lr:g}, patience {cell.patience}"),
            _plateaus(records),
        ]
    )


def _what_is_in(records: Sequence[Record], base: Sequence[Record]) -> str:
    lines = [
        f"{len(records)} cells. Means over the second half's {int((~base[0].first).sum())} items, "
        "then over seeds (standard deviation in brackets). Which cells are in, with their seeds:",
        "",
        "| data | encoder | training | recommender | adapters: seeds |",
        "|---|---|---|---|---|",
    ]
    for place, group in grouped(records, place_of).items():
        for (recommender,), some in grouped(group, lambda cell: (cell.recommender,)).items():
            by_adapter = grouped(some, lambda cell: (cell.adapter,))
            told = "; ".join(
                f"{adapter}: {_seeds(each)}" for (adapter,), each in by_adapter.items()
            )
            data, encoder, lr, patience = place
            training = f"lr {lr}, patience {patience}"
            lines.append(f"| {data} | {encoder} | {training} | {recommender} | {told} |")
    return "\n".join(lines) + "\n"


def _seeds(records: Iterable[Record]) -> str:
    return " ".join(str(record.cell.seed) for record in records)


def _scores_table(
    base: Sequence[Record], common: Mapping[str, Setting], ranking: Sequence[tuple[str, float]]
) -> str:
    """Every score in its chosen setting, without an adapter and with BeFA, by recommender."""
    groups = grouped(base, model_of)
    models = [group for group in groups if group[1] in (NONE, "befa")]
    heads = [f"{recommender}, {_adapter(adapter)}" for recommender, adapter in models]
    lines = [
        "### Scores",
        "",
        "Pixel AUC / own minus other AUC / recognition, fill "
        f"{common[ranking[0][0]].fill}, weighting chosen on the first half of the items. Sorted "
        "by the criterion: own minus other AUC on the first half, mean over recommenders and "
        f"adapters but {', '.join(NEUTRAL)} for which the score is defined. The controls know "
        "nothing of projection and adapter.",
        "",
        f"| score | weighting | criterion | {' | '.join(heads)} |",
        "|---|---|---|" + "---|" * len(heads),
    ]
    for score, reached in ranking:
        setting = common[score]
        cells = [
            "n/a"
            if score in GATES_ONLY and adapter not in GATES
            else _together(
                groups[recommender, adapter],
                setting,
                ("auc", "own-minus-other-auc", "recognition"),
            )
            for recommender, adapter in models
        ]
        name = f"{score} (published)" if score == PUBLISHED else score
        name += " (control)" if score in CONTROLS else ""
        told = "n/a" if math.isnan(reached) else f"{reached:+.3f}"
        lines.append(f"| {name} | {setting.weighting} | {told} | {' | '.join(cells)} |")
    for place, name in enumerate(BASELINES):
        cells = [_baseline(groups[model], place) for model in models]
        lines.append(f"| {name} (control) |  | +0.000 | {' | '.join(cells)} |")
    return "\n".join(lines) + "\n"


def _baseline(records: Sequence[Record], place: int) -> str:
    """Return the pixel AUC of a map without weights; it knows neither this item nor another."""

    def auc(record: Record) -> float:
        return float(np.nanmean(record.baselines[place][~record.first]))

    return f"{_number(over_seeds(records, auc), sd=False)} / 0.000 / n/a"


def _columns(best: Setting) -> list[Column]:
    """The columns of a table of models: as published, and by the recommended score."""
    contrast = Setting(PUBLISHED, best.fill, "contrast")

    def of(setting: Setting, metric: str) -> Callable[[Record], float]:
        return lambda record: mean_of(record, setting, metric)

    return [
        ("Recall@20", lambda record: record.figures["recall@20"], ".3f"),
        ("content", lambda record: float(np.nanmean(record.dependence[~record.first])), ".2g"),
        ("share", lambda record: float(np.nanmean(record.share[~record.first])), ".2g"),
        ("AUC, published", of(AS_PUBLISHED, "auc"), ".3f"),
        ("drift", of(AS_PUBLISHED, "drift"), ".3f"),
        ("omission", of(AS_PUBLISHED, "omission"), ".3f"),
        ("own - other", of(AS_PUBLISHED, "own-minus-other-auc"), "+.3f"),
        ("AUC, contrast", of(contrast, "auc"), ".3f"),
        (f"AUC, {best.score}", of(best, "auc"), ".3f"),
        ("drift", of(best, "drift"), ".3f"),
        ("omission", of(best, "omission"), ".3f"),
        ("own - other", of(best, "own-minus-other-auc"), "+.3f"),
        ("shuffled AUC", of(best, "shuffled-auc"), ".3f"),
        ("recognition", of(best, "recognition"), ".3f"),
    ]


def _models_table(
    head: str,
    records: Sequence[Record],
    best: Setting,
    by: Callable[[Cell], tuple[str, ...]],
    labels: tuple[str, ...] = ("recommender", "adapter"),
) -> str:
    columns = _columns(best)
    lines = [
        f"### {head}",
        "",
        f"| {' | '.join(labels)} | seeds | {' | '.join(name for name, _, _ in columns)} |",
        "|" + "---|" * (len(labels) + 1 + len(columns)),
    ]
    for group, some in grouped(records, by).items():
        figures = [_number(over_seeds(some, of), how) for _, of, how in columns]
        lines.append(f"| {' | '.join(group)} | {len(some)} | {' | '.join(figures)} |")
    return "\n".join(lines) + "\n"


def _axis_table(
    head: str,
    records: Sequence[Record],
    base: Sequence[Record],
    best: Setting,
    value: Callable[[Cell], str],
) -> str:
    """Models along one axis: the records that differ from the core in it alone."""
    home = base[0].cell

    along = [
        record
        for record in records
        if (found := differing(record.cell, home)) == []
        or (len(found) == 1 and value(record.cell) != value(home))
    ]
    values = list(dict.fromkeys(value(record.cell) for record in along))
    if len(values) < 2:
        return f"### {head}\n\nNo cells yet.\n"
    # Only models that are there for more than the core's value.
    elsewhere = {model_of(record.cell) for record in along if value(record.cell) != value(home)}
    shown = [record for record in along if model_of(record.cell) in elsewhere]
    shown.sort(key=lambda record: (_order(record.cell)[4:6], values.index(value(record.cell))))
    return _models_table(
        *(head, shown, best),
        lambda cell: (*model_of(cell), value(cell)),
        ("recommender", "adapter", "value"),
    )


def _differences_table(base: Sequence[Record], best: Setting) -> str:
    """What each adapter changes, paired by item, with Holm's correction over the table."""
    groups = grouped(base, model_of)
    rows = []
    for setting in (AS_PUBLISHED, best):
        for (recommender, adapter), some in groups.items():
            before = groups.get((recommender, NONE))
            if adapter == NONE or before is None:
                continue
            for metric in ("auc", "drift", "omission", "own-minus-other-auc"):
                found = difference(before, some, setting, metric)
                if found is not None:
                    rows.append((setting, recommender, adapter, metric, found))
    tested = [row[-1].p for row in rows if not math.isnan(row[-1].p)]
    corrected = iter(holm(tested))
    lines = [
        "### What an adapter changes",
        "",
        "Adapter minus none, paired over the second half's items (each averaged over seeds), with "
        "95 % bootstrap interval and the t-test's p corrected by Holm's method over this table.",
        "",
        "| score, weighting | recommender | adapter | metric | difference | 95 % | p "
        "| items, seeds |",
        "|---|---|---|---|---|---|---|---|",
    ]
    for setting, recommender, adapter, metric, found in rows:
        p = "n/a" if math.isnan(found.p) else _p(next(corrected))
        lines.append(
            f"| {setting.score}, {setting.weighting} | {recommender} | {adapter} | {metric} "
            f"| {found.mean:+.3f} | {found.low:+.3f} to {found.high:+.3f} | {p} "
            f"| {found.items}, {found.seeds} |"
        )
    return "\n".join(lines) + "\n"


def _settings_table(base: Sequence[Record], best: str) -> str:
    """Fill by weighting of the published and the recommended score."""
    groups = grouped([record for record in base if record.cell.adapter in (NONE, "befa")], model_of)
    full = {
        model: [record for record in some if len(record.cell.fills) > 1]
        for model, some in groups.items()
        if any(len(record.cell.fills) > 1 for record in some)
    }
    heads = [f"{recommender}, {_adapter(adapter)}" for recommender, adapter in full]
    lines = [
        "### Fill and weighting",
        "",
        "Pixel AUC / own minus other AUC, over the seeds that were measured under several fills; "
        "in brackets the share of items without a map, where there are any.",
        "",
        f"| score | fill | weighting | {' | '.join(heads)} |",
        "|---|---|---|" + "---|" * len(heads),
    ]
    for score in dict.fromkeys((PUBLISHED, best)):
        for fill in base[0].cell.fills if not full else next(iter(full.values()))[0].cell.fills:
            for weighting in base[0].weightings:
                setting = Setting(score, fill, weighting)
                cells = []
                for some in full.values():
                    gone = float(np.mean([undefined_share(record, setting) for record in some]))
                    told = _together(some, setting, ("auc", "own-minus-other-auc"))
                    cells.append(told + (f" ({gone:.0%})" if gone else ""))
                lines.append(f"| {score} | {fill} | {weighting} | {' | '.join(cells)} |")
    return "\n".join(lines) + "\n"


def _plateaus(records: Sequence[Record]) -> str:
    """Name the trainings that may have stopped on a plateau."""
    lines = []
    for place, group in grouped(records, place_of).items():
        data, encoder, lr, patience = place
        runs = [
            {
                **{"data": f"{data}, {encoder}, lr {lr}", "model": str(record.cell.model)},
                **{"label": str(record.cell.model), "seed": record.cell.seed},
                "best_epoch": record.figures["best epoch"],
            }
            for record in group
        ]
        lines += [f"- {line}" for line in early_stops(runs, patience=int(patience))]
    told = "\n".join(lines) if lines else "None."
    return f"### Trainings that may have stopped on a plateau\n\n{told}\n"


def _together(records: Sequence[Record], setting: Setting, metrics: Iterable[str]) -> str:
    """Return several metrics of one setting, means over seeds."""

    def mean(metric: str) -> str:
        return _number(
            over_seeds(records, lambda record: mean_of(record, setting, metric)), sd=False
        )

    return " / ".join(mean(metric) for metric in metrics)


def _order(cell: Cell) -> tuple[object, ...]:
    adapters = (NONE, *ADAPTERS)
    return (
        *(cell.catalogue.correlation, cell.catalogue.interactions, cell.encoder, -cell.lr),
        *(RECOMMENDERS.index(cell.recommender), adapters.index(cell.adapter), cell.seed),
    )


def _adapter(name: str) -> str:
    return "no adapter" if name == NONE else name


def _number(found: Estimate | None, how: str = ".3f", *, sd: bool = True) -> str:
    if found is None:
        return "n/a"
    if found.sd is None or not sd:
        return format(found.mean, how)
    return f"{format(found.mean, how)} ({format(found.sd, how.lstrip('+'))})"


def _p(value: float) -> str:
    return "<.001" if value < 0.001 else f"{value:.3f}"
