"""Train the bundled demo encoders, from drawing the pictures to the model card."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from becam.encoders.demo import NAMES
from recsys.errors import InputError


def main(arguments: Sequence[str] | None = None) -> int:
    """Read the command line and run; return the exit code."""
    parser = argparse.ArgumentParser(
        prog="python -m becam.encoders.demo.training", description=__doc__
    )
    add = parser.add_argument
    add("--encoder", action="append", choices=NAMES, help="repeatable [default: both]")
    add("--out", type=Path, required=True, help="folder for weights, reports and model card")
    add(
        "--work",
        type=Path,
        required=True,
        help="folder for the drawn pictures, about 0.17 MB each; a later run finds them there",
    )
    add("--seed", type=int, default=0, help="of pictures, weights, batches [default: 0]")
    add("--pictures", type=int, help="training pictures [default: 40000]")
    add("--probe-pictures", type=int, help="unseen pictures of each of two sets [default: 4500]")
    add(
        "--steps",
        type=int,
        nargs=2,
        metavar=("WINDOWS", "PICTURES"),
        help="a single round: steps on windows, then on whole pictures [default: the recipe's "
        "rounds]",
    )
    add("--batch", type=int, help="pictures a step [default: the recipe's]")
    add(
        "--learning-rate",
        type=float,
        help="peak of the learning rate in every round [default: the recipe's]",
    )
    add("--workers", type=int, default=1, help="processes that draw [default: 1]")
    add("--threads", type=int, default=1, help="threads that compute [default: 1]")
    parsed = vars(parser.parse_args(arguments))
    given = {name: value for name, value in parsed.items() if value is not None}
    given["encoders"] = tuple(given.pop("encoder", NAMES))
    if "steps" in given:
        given["steps"] = tuple(given["steps"])

    # After parsing: drawing processes import this file and need no torch.
    from becam.encoders.demo.training.run import Options, run

    try:
        run(Options(**given))
    except (InputError, OSError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print("stopped", file=sys.stderr)
        return 130
    return 0


if __name__ == "__main__":
    sys.exit(main())
