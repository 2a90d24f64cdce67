"""What training over seeds gives: figures, learning curves, tables and files."""

from __future__ import annotations

import csv
import io
import json
import statistics
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from becam.figures.formats import format_of
from recsys.files import write_text
from recsys.fit import Fitted

if TYPE_CHECKING:
    from matplotlib.figure import Figure

SCHEMA = 1
PARTS = ("valid", "test")


@dataclass(frozen=True, eq=False)
class SeedResult:
    """The model of one seed.

    Attributes:
        seed: of the training and of the split, where the data has none of its own.
        fitted: the model, its metrics and its learning curve.
    """

    seed: int
    fitted: Fitted

    def value(self, part: str, metric: str) -> float:
        """Return a metric, as in ``value("test", "recall@20")``."""
        return self.fitted.metrics[part][metric]

    def to_dict(self) -> dict[str, Any]:
        """Return everything but weights and curve, as JSON can hold it."""
        manifest = self.fitted.manifest
        return {
            "seed": self.seed,
            "metrics": self.fitted.metrics,
            "epochs": manifest["epochs"],
            "best_epoch": manifest["best_epoch"],
            "best": manifest["best"],
            "parameters": manifest["parameters"],
            "seconds": manifest["seconds"],
            "resumed": manifest["resumed"],
            "cached": self.fitted.cached,
            "key": self.fitted.key,
            "folder": str(self.fitted.folder) if self.fitted.folder else None,
        }


@dataclass(frozen=True, eq=False, repr=False)
class TrainResult:
    """A recommender trained with several seeds.

    Attributes:
        model: its name.
        metric: the validation metric that decided when to stop.
        runs: by seed.
        about: data, features and split.
        reused: what came from the cache.
        computed: what was computed now.
    """

    model: str
    metric: str
    runs: tuple[SeedResult, ...]
    about: dict[str, Any]
    reused: tuple[str, ...] = ()
    computed: tuple[str, ...] = ()

    @property
    def metrics(self) -> tuple[str, ...]:
        """Names of the metrics, as in ``recall@10``."""
        return tuple(self.runs[0].fitted.metrics["test"])

    def values(self, part: str, metric: str) -> list[float]:
        """Return a metric of every seed."""
        return [run.value(part, metric) for run in self.runs]

    def mean(self, part: str, metric: str) -> float:
        """Return a metric's mean over the seeds."""
        return statistics.fmean(self.values(part, metric))

    def sd(self, part: str, metric: str) -> float | None:
        """Return a metric's standard deviation over the seeds (n - 1); None for one seed."""
        return statistics.stdev(self.values(part, metric)) if len(self.runs) > 1 else None

    def to_markdown(self) -> str:
        """Return a table: a row a metric, a column a seed, and the mean (sd)."""
        heads = [f"seed {run.seed}" for run in self.runs]
        lines = [_row([self.model, *heads, "mean (sd)"]), "|---|" + "---:|" * (len(heads) + 1)]
        for part in PARTS:
            for metric in self.metrics:
                values, sd = self.values(part, metric), self.sd(part, metric)
                spread = "" if sd is None else f" ({sd:.4f})"
                cells = [f"{value:.4f}" for value in values]
                lines.append(
                    _row([f"{part} {metric}", *cells, f"{self.mean(part, metric):.4f}{spread}"])
                )
        for name in ("best_epoch", "epochs"):
            whole = [run.fitted.manifest[name] for run in self.runs]
            cells = [*map(str, whole), f"{statistics.fmean(whole):.1f}"]
            lines.append(_row([name.replace("_", " "), *cells]))
        return "\n".join(lines)

    def to_dict(self) -> dict[str, Any]:
        """Return everything but weights and curves, as JSON can hold it."""
        manifest = self.runs[0].fitted.manifest
        training = {k: v for k, v in manifest["training_config"].items() if k != "seed"}
        summary = {
            part: {
                metric: {"mean": self.mean(part, metric), "sd": self.sd(part, metric)}
                for metric in self.metrics
            }
            for part in PARTS
        }
        return {
            "schema": SCHEMA,
            "model": self.model,
            "metric": self.metric,
            "summary": summary,
            "runs": [run.to_dict() for run in self.runs],
            "model_config": manifest["model_config"],
            "training_config": training,
            "versions": manifest["versions"],
            "device": manifest["device"],
            **self.about,
        }

    def results_csv(self) -> str:
        """Return a row a seed: metrics as ``valid recall@10``, epochs, seconds, key."""
        facts = ("epochs", "best_epoch", "seconds", "cached", "key")
        measured = [(part, metric) for part in PARTS for metric in self.metrics]
        rows: list[list[Any]] = [
            ["model", "seed", *(f"{part} {metric}" for part, metric in measured), *facts]
        ]
        for run in self.runs:
            values = run.to_dict()
            cells = [repr(run.value(part, metric)) for part, metric in measured]
            rows.append([self.model, run.seed, *cells, *(values[fact] for fact in facts)])
        return _csv(rows)

    def curves_csv(self) -> str:
        """Return a row an epoch and seed: loss and validation metric, empty if not evaluated."""
        rows: list[list[Any]] = [["model", "seed", "epoch", "loss", self.metric, "best"]]
        for run in self.runs:
            best = run.fitted.manifest["best_epoch"]
            for epoch in run.fitted.history:
                metric = "" if epoch.metric is None else repr(epoch.metric)
                mark = int(epoch.epoch == best)
                rows.append([self.model, run.seed, epoch.epoch, repr(epoch.loss), metric, mark])
        return _csv(rows)

    def curves_figure(self) -> Figure:
        """Draw loss and validation metric over the epochs, every seed, best epochs marked."""
        from becam.figures.learning_curves import Curve, learning_curves_figure

        curves = [
            Curve(
                label=f"seed {run.seed}",
                epochs=[epoch.epoch for epoch in run.fitted.history],
                loss=[epoch.loss for epoch in run.fitted.history],
                metric=[epoch.metric for epoch in run.fitted.history],
                best_epoch=run.fitted.manifest["best_epoch"],
            )
            for run in self.runs
        ]
        return learning_curves_figure(
            curves, metric=self.metric, title=f"{self.model} on {self.about['data']}"
        )

    def save_curves(self, path: str | Path) -> Path:
        """Save the learning curves as PNG, PDF or SVG, by the path's ending.

        Raises:
            InputError: another ending.
            OSError: the folder can't be written.
        """
        from becam.figures.files import save_figure

        format_of(Path(path))
        return save_figure(self.curves_figure(), path)

    def save(self, folder: str | Path) -> list[Path]:
        """Write ``results.json``, ``results.csv``, ``curves.csv`` and ``curves.png``.

        Raises:
            OSError: the folder can't be written.
        """
        document = json.dumps(self.to_dict(), indent=2, ensure_ascii=False, allow_nan=False)
        texts = {
            "results.json": document + "\n",
            "results.csv": self.results_csv(),
            "curves.csv": self.curves_csv(),
        }
        folder = Path(folder)
        for name, text in texts.items():
            write_text(folder / name, text)
        return [*(folder / name for name in texts), self.save_curves(folder / "curves.png")]

    def __repr__(self) -> str:
        return f"TrainResult({self.model}, {len(self.runs)} seeds)"

    def _repr_markdown_(self) -> str:
        return self.to_markdown()


def _row(cells: list[str]) -> str:
    return f"| {' | '.join(cells)} |"


def _csv(rows: list[list[Any]]) -> str:
    buffer = io.StringIO()
    csv.writer(buffer, lineterminator="\n").writerows(rows)
    return buffer.getvalue()
