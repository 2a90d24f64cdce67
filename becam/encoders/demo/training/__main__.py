"""Train the bundled demo encoders, from drawing the pictures to the model card."""

from __future__ import annotations

import argparse
import time
from pathlib import Path

from becam.encoders.demo import NAMES


def main() -> None:
    """Read the command line and run."""
    parser = argparse.ArgumentParser(
        prog="python -m becam.encoders.demo.training", description=__doc__
    )
    add = parser.add_argument
    add("--encoder", action="append", choices=NAMES, help="repeatable [default: both]")
    add("--out", type=Path, required=True, help="folder for weights, reports and model card")
    add("--seed", type=int, default=0, help="of pictures, weights, batches [default: 0]")
    add("--pictures", type=int, default=200_000, help="training pictures [default: 200000]")
    add("--probe-pictures", type=int, default=6000, help="unseen pictures a set [default: 6000]")
    add("--workers", type=int, default=1, help="processes that draw [default: 1]")
    add("--minutes", type=float, help="wall clock for everything, shared out between the stages")
    add("--steps", type=int, help="training steps of each encoder")
    add("--batch", type=int, help="pictures a step [default: the recipe's]")
    add("--learning-rate", type=float, help="peak learning rate [default: the recipe's]")
    add("--device", default="auto", help="auto, cpu, cuda, cuda:N [default: auto]")
    add("--compile", action="store_true", help="run the towers through torch.compile")
    options = parser.parse_args()
    if options.minutes is None and options.steps is None:
        parser.error("give --minutes or --steps, else training never ends")

    # After parsing: drawing processes import this file and need no torch.
    from becam.encoders.demo.training.run import Options, run

    run(
        Options(
            encoders=tuple(options.encoder or NAMES),
            out=options.out,
            seed=options.seed,
            pictures=options.pictures,
            probe_pictures=options.probe_pictures,
            workers=options.workers,
            minutes=options.minutes,
            steps=options.steps,
            batch=options.batch,
            learning_rate=options.learning_rate,
            device=options.device,
            compiled=options.compile,
        ),
        start=time.monotonic(),
    )


if __name__ == "__main__":
    main()
