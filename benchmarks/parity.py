"""Our recommenders on a folder in MMRec's format, beside the figures of the published toolkit.

Run: ``python benchmarks/parity.py --data DATA/lfm2k --models freedom,lattice``

The split is the folder's own (``x_label``). Settings are the published ones: Adam 1e-3, batch 2048,
dimension 64, trainable features, and training items alone masked when test items are ranked. The
published toolkit's patience of 20 lets 20 evaluations in a row pass and stops after the next: 21
here. What was trained before comes from the cache.
"""

from __future__ import annotations

import argparse
import csv
import sys
from dataclasses import replace
from pathlib import Path
from statistics import mean
from typing import TYPE_CHECKING, NoReturn

if TYPE_CHECKING:
    from recsys.fit import Fitted

COLUMNS = (
    "best valid recall@20",
    "test recall@10",
    "test recall@20",
    "test ndcg@10",
    "test ndcg@20",
    "epochs",
)
PATIENCE = 21  # evaluations, the one that stops training included
DECIDING = ("test recall@20", "test ndcg@20")
Figures = dict[str, tuple[float, float, float]]  # by column: mean, lowest, highest

# MMRec on lfm2k, seeds 999, 1000, 1001: text all-MiniLM-L6-v2, second modality whisper.
MODALITIES = "all-MiniLM-L6-v2,whisper"
LFM2K: dict[str, tuple[tuple[float, float, float], ...]] = {
    "bm3": (
        (0.3196, 0.3095, 0.3330),
        (0.2053, 0.1988, 0.2167),
        (0.3114, 0.2985, 0.3330),
        (0.1722, 0.1658, 0.1804),
        (0.2134, 0.2048, 0.2253),
    ),
    "lattice": (
        (0.4146, 0.4029, 0.4225),
        (0.2845, 0.2782, 0.2899),
        (0.4098, 0.4019, 0.4154),
        (0.2382, 0.2332, 0.2416),
        (0.2866, 0.2807, 0.2900),
    ),
    "freedom": (
        (0.4110, 0.4093, 0.4138),
        (0.2742, 0.2727, 0.2765),
        (0.4044, 0.4003, 0.4073),
        (0.2275, 0.2248, 0.2305),
        (0.2777, 0.2738, 0.2810),
    ),
    "mgcn": (
        (0.4370, 0.4362, 0.4382),
        (0.3064, 0.3048, 0.3083),
        (0.4330, 0.4307, 0.4356),
        (0.2553, 0.2547, 0.2558),
        (0.3041, 0.3038, 0.3048),
    ),
}


def main() -> None:
    """Train, evaluate and print a Markdown table."""
    args = arguments()
    # benchmarks/recsys.py is named like the package, which it must not hide.
    here = Path(__file__).resolve().parent
    sys.path = [entry for entry in sys.path if Path(entry).resolve() != here]
    from becam.config import TrainConfig
    from becam.dataset import open_dataset
    from becam.progress import Reporter
    from becam.training import train_on
    from becam.workspace import open_workspace
    from recsys.errors import InputError
    from recsys.models.names import ModelName
    from recsys.models.registry import uses_content

    workspace, reporter = open_workspace(args.cache), Reporter()
    seeds = [int(seed) for seed in args.seeds.split(",")]
    try:
        references = reference_figures(args)
        names = [ModelName.parse(text) for text in args.models.split(",")]
    except InputError as error:
        fail(error)
    print(f"\n{args.data.name}, {args.modalities}, seeds {args.seeds}: mean (lowest-highest)\n")
    print(f"| | {' | '.join(COLUMNS)} | in the range or above |")
    print("|---" * (len(COLUMNS) + 2) + "|")
    try:
        for name in names:
            config = TrainConfig(
                model=str(name),
                data=str(args.data),
                modalities=args.modalities if uses_content(name.recommender) else "none",
                features="trainable",
                patience=PATIENCE,
                mask="train",
                device=args.device,
                settings=tuple(args.set),
            )
            dataset = open_dataset(config, workspace=workspace, reporter=reporter)
            runs = []
            for seed in seeds:
                at_seed = replace(config, seed=seed)
                found = train_on(dataset, at_seed, workspace=workspace, reporter=reporter)
                runs += [run.fitted for run in found.runs]
            ours, theirs = figures(runs), references.get(str(name), {})
            if theirs:
                print(row(f"{name}, reference", theirs, ""))
            print(row(f"{name}, ours", ours, verdict(ours, theirs)), flush=True)
    except InputError as error:
        fail(error)


def fail(error: Exception) -> NoReturn:
    """Say what is wrong with the input, and stop."""
    print(f"error: {error}", file=sys.stderr)
    sys.exit(2)


def figures(runs: list[Fitted]) -> Figures:
    """Return our figures over the seeds."""
    found: Figures = {}
    for column in COLUMNS:
        kind, _, metric = column.rpartition(" ")
        if column == "epochs":
            values = [float(len(run.history)) for run in runs]
        elif kind == "test":
            values = [run.metrics["test"][metric] for run in runs]
        else:
            values = [run.manifest["best"] for run in runs]
        found[column] = (mean(values), min(values), max(values))
    return found


def verdict(ours: Figures, theirs: Figures) -> str:
    """Say whether our means reach the lowest reference of every deciding column."""
    if not all(column in theirs for column in DECIDING):
        return ""
    return "yes" if all(ours[c][0] >= theirs[c][1] for c in DECIDING) else "no"


def row(label: str, found: Figures, last: str) -> str:
    """Write a row of the table."""
    cells = []
    for column in COLUMNS:
        digits = 0 if column == "epochs" else 4
        cell = ""
        if column in found:
            middle, low, high = (f"{value:.{digits}f}" for value in found[column])
            cell = f"{middle} ({low}-{high})"
        cells.append(cell)
    return f"| {' | '.join([label, *cells, last])} |"


def reference_figures(args: argparse.Namespace) -> dict[str, Figures]:
    """Return the reference figures by model: of the file given, or the built-in ones of lfm2k."""
    from recsys.errors import InputError, shown, unknown

    if args.reference is None:
        if args.data.name != "lfm2k" or args.modalities != MODALITIES:
            return {}
        return {name: dict(zip(COLUMNS, values, strict=False)) for name, values in LFM2K.items()}
    found: dict[str, Figures] = {}
    wanted = ("model", "column", "mean", "lowest", "highest")
    number = 1
    try:
        with args.reference.open(newline="", encoding="utf-8") as file:
            for number, line in enumerate(csv.DictReader(file), 2):
                if not set(wanted) <= set(line):
                    raise InputError(
                        f"{shown(args.reference)}: expected the columns {','.join(wanted)}"
                    )
                if line["column"] not in COLUMNS:
                    raise unknown(f"column in line {number}", line["column"], COLUMNS)
                values = (float(line["mean"]), float(line["lowest"]), float(line["highest"]))
                found.setdefault(line["model"], {})[line["column"]] = values
    except OSError as error:
        raise InputError(f"cannot read {shown(args.reference)}: {error.strerror}") from None
    except (TypeError, ValueError) as error:
        if isinstance(error, InputError):
            raise
        raise InputError(f"{shown(args.reference)}, line {number}: {error}") from None
    return found


def arguments() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--data", type=Path, required=True, help="folder with NAME.inter and *.npy")
    parser.add_argument("--models", default="bm3,lattice,freedom,mgcn")
    parser.add_argument("--seeds", default="999,1000,1001", help="with commas between them")
    parser.add_argument("--modalities", default=MODALITIES, help="NAMEs of NAME.npy, in order")
    parser.add_argument("--set", action="append", default=[], help="KEY=VALUE of the recommender")
    parser.add_argument(
        "--reference",
        type=Path,
        help="CSV with model,column,mean,lowest,highest [default: MMRec's figures, for lfm2k]",
    )
    parser.add_argument("--device", default="cpu")
    parser.add_argument("--cache", type=Path)
    return parser.parse_args()


if __name__ == "__main__":
    main()
