"""What a heatmap takes by each method, beside BeCAM's.

    python benchmarks/methods.py --encoder demo-vit --items 4 --rounds 3

Demo items, one thread, trained BM3 and content features in the cache, nothing of the heatmaps. All
methods take turns on each picture. BeCAM's time is that of the picture's masked features, which
another recommender of the same picture does not pay again, and of weighing them; controls and
scores share these features, and their own time is what they add.
"""

from __future__ import annotations

import argparse
import os
import statistics
import tempfile
from pathlib import Path

import becam
from becam.methods.registry import METHODS
from becam.progress import Reporter
from becam.workers import torch_threads
from becam.workspace import open_workspace

KEPT = ("catalogues", "features", "models")
QUIET = Reporter(quiet=True)
SHARED = "masked features"


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--encoder", default="demo-vit")
    parser.add_argument("--methods", default="becam,baselines")
    parser.add_argument("--items", type=int, default=4, help="of each round, other ones each time")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--cache", type=Path)
    options = parser.parse_args()

    root = open_workspace(options.cache).root
    becam.Explainer(encoder=options.encoder, cache=root, reporter=QUIET).fitted("bm3")
    rounds = []
    with torch_threads(1):
        for seed in range(options.rounds):
            with tempfile.TemporaryDirectory() as folder:
                for name in KEPT:
                    (Path(folder) / name).symlink_to(root / name)
                measured = becam.measure(
                    model="bm3",
                    encoder=options.encoder,
                    methods=options.methods,
                    metrics="drift",
                    items=options.items,
                    item_seed=seed,
                    cache=Path(folder),
                    reporter=QUIET,
                )
            rounds.append(measured.seconds)
    print(f"{options.encoder}, {options.rounds} rounds of {options.items} items, ", end="")
    print(f"1 thread of {os.cpu_count()} cores; load {os.getloadavg()[0]:.1f}\n")
    print("| method | seconds a heatmap | times BeCAM's: median (least, most of the rounds) |")
    print("|---|---:|---:|")
    whole = [seconds[SHARED] + seconds["becam"] for seconds in rounds]
    rows = {"BeCAM": whole, f"  {SHARED}": [seconds[SHARED] for seconds in rounds]}
    rows |= {
        METHODS[name].label: [seconds[name] for seconds in rounds]
        for name in rounds[0]
        if name not in (SHARED, "becam")
    }
    for title, seconds in rows.items():
        times = [one / other for one, other in zip(seconds, whole, strict=True)]
        spread = f"{statistics.median(times):.3f} ({min(times):.3f}, {max(times):.3f})"
        print(f"| {title} | {statistics.mean(seconds):.3f} | {spread} |")


if __name__ == "__main__":
    main()
