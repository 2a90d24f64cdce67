"""What recommenders cost on generated data of the size of the paper's TMALL: our Table 4.

Run: ``python benchmarks/recsys.py --models lattice,lattice+befa,mgcn``

An epoch is one pass over the training interactions and one evaluation of both held-out parts.
Every round measures every model, each in a process of its own, so that what else the machine
does falls on all of them alike; every second round goes backwards.
"""

from __future__ import annotations

import argparse
import importlib
import sys
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING, Any

import numpy as np
from generated import LEAST, generated_split
from mmrec import CLASSES, measure_mmrec

if TYPE_CHECKING:
    from recsys.cost import Cost


def show_package() -> None:
    """Take this folder off the path: this file there has the name of the package, and hides it."""
    here = Path(__file__).resolve().parent
    sys.path[:] = [entry for entry in sys.path if Path(entry).resolve() != here]


if __name__ == "recsys":  # imported by a script beside this one, which wants the package
    show_package()
    del sys.modules["recsys"]
    importlib.import_module("recsys")

MODELS = "bm3,freedom,mgcn,lattice"
HEADER = (
    "model",
    "parameters",
    "of its adapters",
    "training, s",
    "evaluation, s",
    "epoch, s",
    "of the model without adapter",
    "peak memory, MiB",
    "threads",
)
MMREC_HEADER = (
    *("MMRec's", "parameters", "training, s", "evaluation, s", "epoch, s", "of ours"),
    "peak memory, MiB",
)


def main() -> None:
    """Measure and print a Markdown table."""
    args = arguments()
    show_package()
    from recsys.configs import ModelConfig, TrainingConfig
    from recsys.cost import measure_apart
    from recsys.errors import InputError
    from recsys.models.names import ModelName

    try:
        names = [ModelName.parse(text) for text in args.models.split(",")]
    except InputError as error:
        print(f"error: {error}", file=sys.stderr)
        sys.exit(2)
    split = generated_split(args.users, args.items, args.interactions, args.seed)
    generator = np.random.default_rng([args.seed, 1])
    features = {
        modality: generator.standard_normal((args.items, args.size), dtype=np.float32)
        for modality in args.modalities.split(",")
        if modality
    }
    found: dict[ModelName, list[Cost]] = {name: [] for name in names}
    theirs: dict[ModelName, dict[str, Any]] = {}
    for turn in range(args.rounds):
        for name in names if turn % 2 == 0 else reversed(names):
            print(f"round {turn + 1} of {args.rounds}: {name}", file=sys.stderr, flush=True)
            found[name].append(
                measure_apart(
                    name,
                    split,
                    features,
                    model_config=ModelConfig(features=args.features),
                    training_config=TrainingConfig(
                        seed=args.seed, mask=args.mask, precision=args.precision
                    ),
                    epochs=args.epochs,
                    threads=args.threads,
                    device=args.device,
                )
            )
            if args.mmrec and turn == 0 and str(name) in CLASSES:
                print(f"MMRec's {CLASSES[str(name)]}", file=sys.stderr, flush=True)
                theirs[name] = measure_mmrec(
                    *(args.mmrec, str(name), split, features), seed=args.seed, threads=args.threads
                )
    interactions = sum(len(part) for part in (split.train, split.valid, split.test))
    print(
        f"\n{split.n_users:,} users, {split.n_items:,} items, {interactions:,} interactions, "
        f"{len(features)} modalities of {args.size} numbers ({args.features}), precision "
        f"{args.precision}, seed {args.seed}; "
        f"{args.device}, at most {args.threads} thread(s); {args.rounds} rounds of {args.epochs} "
        "epochs after one that is not counted: median (least to most)\n"
    )
    print(line(HEADER) + "\n" + line(["---"] * len(HEADER)))
    for name, costs in found.items():
        print(line(cells(str(name), costs, found.get(name.without_adapter()))))
    if theirs:
        print("\n" + line(MMREC_HEADER) + "\n" + line(["---"] * len(MMREC_HEADER)))
    for name, there in theirs.items():
        epoch = median(map(sum, zip(there["training"], there["evaluation"], strict=True)))
        ours = median([seconds for cost in found[name] for seconds in cost.epoch_seconds])
        seconds = [f"{median(there[part]):.2f}" for part in ("training", "evaluation")]
        memory = "-" if there["peak_bytes"] is None else f"{there['peak_bytes'] / 2**20:,.0f}"
        parameters = f"{there['parameters']:,}"
        print(
            line([str(name), parameters, *seconds, f"{epoch:.2f}", f"{epoch / ours:.1f}", memory])
        )


def arguments() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--models", default=MODELS, help="as in bm3,bm3+befa")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--epochs", type=int, default=2, help="measured in each round")
    parser.add_argument("--features", default="trainable", choices=("trainable", "frozen"))
    parser.add_argument("--precision", default="full", choices=("full", "bfloat16"))
    parser.add_argument("--mask", default="train", choices=("train", "train+valid"))
    parser.add_argument("--device", default="cpu", help="as in cuda; memory is then the device's")
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--users", type=int, default=13_104)
    parser.add_argument("--items", type=int, default=7_848)
    parser.add_argument("--interactions", type=int, default=151_928)
    parser.add_argument("--modalities", default="image,text", help="'' for none")
    parser.add_argument("--size", type=int, default=512, help="of the features of a modality")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument(
        "--mmrec",
        type=Path,
        metavar="FOLDER",
        help="MMRec, which holds src: its models are measured as well, in the first round",
    )
    args = parser.parse_args()
    if args.mmrec and not (args.mmrec / "src" / "main.py").is_file():
        parser.error(f"--mmrec {args.mmrec}: expected a folder with MMRec's src/main.py")
    if args.mmrec and (args.device != "cpu" or len(args.modalities.split(",")) != 2):
        parser.error("--mmrec is for the CPU and two modalities")
    for option in ("rounds", "epochs", "threads", "size"):
        if getattr(args, option) < 1:
            parser.error(f"--{option} must be at least 1")
    least, most = args.users * LEAST, args.users * args.items // 10
    if not 0 < least <= args.interactions <= most:
        parser.error(f"--interactions must be {least} to {most} for these users and items")
    return args


def cells(name: str, costs: list[Cost], without: list[Cost] | None) -> list[str]:
    """Return a model's row; the ratio is the median over rounds of a round's two medians."""
    first = costs[0]
    ratio = "-"
    if without is not None and without is not costs:
        pairs = zip(costs, without, strict=True)
        ratios = [median(a.epoch_seconds) / median(b.epoch_seconds) for a, b in pairs]
        ratio = f"{median(ratios):.2f} ({min(ratios):.2f} to {max(ratios):.2f})"
    peaks = [cost.peak_bytes for cost in costs if cost.peak_bytes is not None]
    return [
        name,
        f"{first.parameters:,}",
        f"{first.adapter_parameters:,}",
        spread([s for cost in costs for s in cost.training_seconds]),
        spread([s for cost in costs for s in cost.evaluation_seconds]),
        spread([s for cost in costs for s in cost.epoch_seconds]),
        ratio,
        f"{max(peaks) / 2**20:,.0f}" if peaks else "-",
        str(first.threads),
    ]


def spread(values: list[float]) -> str:
    """Return the median with the least and the most."""
    return f"{median(values):.2f} ({min(values):.2f} to {max(values):.2f})"


def line(values: list[str] | tuple[str, ...]) -> str:
    """Return a line of a Markdown table."""
    return "| " + " | ".join(values) + " |"


if __name__ == "__main__":
    main()
