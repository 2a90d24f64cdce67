"""BM3 with each adapter, and without any modality, over seeds, on the demo catalogue.

Run: ``python benchmarks/bm3_adapters.py --seeds 5``
"""

from __future__ import annotations

import argparse
from pathlib import Path

import becam

MODELS = "bm3,bm3+befa,bm3+befa-reference,bm3+identity-gate"
METRICS = ("recall@20", "ndcg@20")


def main() -> None:
    """Print test metrics, mean and standard deviation over seeds."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", default="demo")
    parser.add_argument("--encoder", default="demo-vit")
    parser.add_argument("--models", default=MODELS)
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--features", default="frozen", help="frozen or trainable")
    parser.add_argument("--cache", type=Path)
    args = parser.parse_args()

    runs = [(name, name, "image,text") for name in args.models.split(",")]
    runs.append(("bm3, no modality", "bm3", "none"))
    print(f"\n{args.data}, {args.encoder}, test split, seeds 0-{args.seeds - 1}: mean (sd)\n")
    print(f"| model | {' | '.join(METRICS)} | epochs |\n|---|---|---|---|")
    for label, name, modalities in runs:
        result = becam.train(
            model=name,
            data=args.data,
            encoder=args.encoder,
            modalities=modalities,
            features=args.features,
            seeds=args.seeds,
            device="cpu",
            cache=args.cache,
        )
        cells = [
            f"{result.mean('test', metric):.4f} ({result.sd('test', metric) or 0:.4f})"
            for metric in METRICS
        ]
        epochs = sum(run.fitted.manifest["epochs"] for run in result.runs) / args.seeds
        print(f"| {label} | {' | '.join(cells)} | {epochs:.0f} |", flush=True)


if __name__ == "__main__":
    main()
