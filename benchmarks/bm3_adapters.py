"""BM3 with each adapter, and without any modality, over seeds, on the demo catalogue.

Run: ``python benchmarks/bm3_adapters.py --seeds 5``
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np

from becam.encoders.registry import load_encoder
from becam.features import catalogue_features
from becam.pipeline import Recipe, make_split, open_catalogue, train
from becam.progress import Reporter
from becam.store import TensorStore
from becam.workspace import open_workspace
from recsys.models.names import ModelName

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

    workspace, reporter = open_workspace(args.cache), Reporter()
    catalogue = open_catalogue(args.data, workspace, reporter)
    encoder = load_encoder(args.encoder, device="cpu")
    features = catalogue_features(catalogue, encoder, TensorStore(workspace.features), reporter)
    runs = [(f"{name}", name, features) for name in args.models.split(",")]
    runs.append(("bm3, no modality", "bm3", {}))
    print(f"\n{args.data}, {args.encoder}, test split, seeds 0-{args.seeds - 1}: mean (sd)\n")
    print(f"| model | {' | '.join(METRICS)} | epochs |\n|---|---|---|---|")
    for label, name, content in runs:
        found: dict[str, list[float]] = {metric: [] for metric in (*METRICS, "epochs")}
        for seed in range(args.seeds):
            fitted = train(
                ModelName.parse(name),
                make_split(catalogue, seed),
                content,
                Recipe(args.features, seed),
                workspace,
                reporter,
            )
            for metric in METRICS:
                found[metric].append(fitted.metrics["test"][metric])
            found["epochs"].append(len(fitted.history))
        cells = [
            f"{np.mean(v):.4f} ({np.std(v, ddof=1):.4f})" for m, v in found.items() if "@" in m
        ]
        print(f"| {label} | {' | '.join(cells)} | {np.mean(found['epochs']):.0f} |", flush=True)


if __name__ == "__main__":
    main()
