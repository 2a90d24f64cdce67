"""Heatmaps from fewer encoder passes against exact ones: Spearman correlation, true and estimated.

Run: ``python benchmarks/fewer_passes.py --encoder demo-rn --items 12``; random weights of a real
architecture: ``--encoder random:ViT-B-32 --items 2``. The exact masked features are kept in the
cache, so that another run costs seconds.
"""

from __future__ import annotations

import argparse
import time
from pathlib import Path

import numpy as np
import torch
from subjects import load_subject

from becam.asking import MODALITY
from becam.attribution import BeCAM
from becam.catalogues import open_catalogue
from becam.config import DataConfig
from becam.dataset import open_dataset
from becam.encoders.base import Encoder
from becam.encoders.registry import load_encoder
from becam.fewer_passes.rank_correlation import spearman
from becam.map_config import MapConfig
from becam.presets import SCHEMES
from becam.progress import Reporter
from becam.target import Projection, Target, item_projection, item_target
from becam.training import fit_model
from becam.workspace import Workspace, open_workspace
from recsys.configs import ModelConfig, TrainingConfig
from recsys.models.names import ModelName

RANDOM = "random:"


def main() -> None:
    """Print a table: one row a scheme and weighting."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--encoder", default="demo-rn", help="a name, or random:ARCHITECTURE")
    parser.add_argument("--items", type=int, default=12)
    parser.add_argument("--fewer", default="5", help="divide the channels by these, as in 2,5")
    parser.add_argument("--schemes", default=",".join(SCHEMES))
    parser.add_argument("--weightings", default="raw,contrast")
    parser.add_argument("--precision", default="float32")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--cache", type=Path)
    args = parser.parse_args()

    workspace, reporter = open_workspace(args.cache), Reporter()
    catalogue = open_catalogue("demo", workspace, reporter)
    rng = np.random.default_rng(args.seed)
    items = np.sort(rng.choice(len(catalogue.items), args.items, replace=False)).tolist()
    encoder = _encoder(args.encoder, args.seed)
    targets = _targets(args.encoder, encoder, items, workspace, reporter, args.seed)
    store = workspace.masked_feature_store()

    cells: dict[tuple[str, ...], list[tuple[float, float, float, float]]] = {}
    seconds: dict[tuple[str, ...], list[float]] = {}
    channels = 0
    for item in items:
        picture = catalogue.picture(catalogue.items[item])
        base = MapConfig(precision=args.precision)
        exact = BeCAM(encoder, base, store=store).masked_features(picture)
        channels = len(exact.features)
        for divisor in args.fewer.split(","):
            for scheme in args.schemes.split(","):
                for weighting in args.weightings.split(","):
                    config = MapConfig(
                        precision=args.precision,
                        weighting=weighting,
                        passes=int(channels / float(divisor)) - 2,  # the picture and its fill
                        channels=scheme,
                    )
                    plain = MapConfig(precision=args.precision, weighting=weighting)
                    for label, projection, target in targets[item]:
                        cam, key = BeCAM(encoder, config), (divisor, scheme, weighting, label)
                        cam.store = store
                        start = time.perf_counter()
                        found = cam.attribute(picture, projection, target)
                        seconds.setdefault(key, []).append(time.perf_counter() - start)
                        true = BeCAM(encoder, plain).attribute(
                            picture, projection, target, masked=exact
                        )
                        assert found.approximation is not None
                        maps = torch.from_numpy(found.heatmap), torch.from_numpy(true.heatmap)
                        share = float((maps[0] - maps[1]).std() / maps[0].std())
                        told = found.approximation
                        cells.setdefault(key, []).append(
                            (spearman(*maps), told.spearman, share, told.standard_error)
                        )
        print(f"item {item} done", flush=True)

    print(f"\n{args.encoder}, {channels} channels, {args.items} items, {args.precision}\n")
    print(
        "| fewer | scheme | weighting | target | passes | Spearman mean | min | estimated mean "
        "| estimated min | map error (rms) | estimated (rms) |"
    )
    print("|---" * 11 + "|")
    for (divisor, scheme, weighting, label), values in cells.items():
        true_rho, told_rho, error, told_error = np.array(values).T
        figures = [
            f"{int(channels / float(divisor))}",
            *(f"{x:.3f}" for x in (true_rho.mean(), true_rho.min())),
            *(f"{x:.3f}" for x in (told_rho.mean(), told_rho.min())),
            *(f"{np.sqrt(np.mean(x**2)):.3f}" for x in (error, told_error)),
        ]
        print(f"| {divisor}x | {scheme} | {weighting} | {label} | {' | '.join(figures)} |")


def _encoder(name: str, seed: int) -> Encoder:
    if name.startswith(RANDOM):
        return load_subject(name.removeprefix(RANDOM), device=torch.device("cpu"), seed=seed)
    return load_encoder(name, device="cpu")


def _targets(
    name: str,
    encoder: Encoder,
    items: list[int],
    workspace: Workspace,
    reporter: Reporter,
    seed: int,
) -> dict[int, list[tuple[str, Projection, Target]]]:
    """Targets of each item: its own embedding in BM3, and directions drawn at random."""
    found: dict[int, list[tuple[str, Projection, Target]]] = {}
    generator = torch.Generator().manual_seed(seed)
    fitted = dataset = None
    if not name.startswith(RANDOM):
        config = DataConfig(encoder=name, device="cpu", cache=workspace.root)
        dataset = open_dataset(config, workspace=workspace, reporter=reporter, encoder=encoder)
        fitted = fit_model(
            ModelName.parse("bm3"),
            dataset.split(seed),
            dataset.features,
            ModelConfig(features="frozen"),
            TrainingConfig(seed=seed),
            device="cpu",
            workspace=workspace,
            reporter=reporter,
        )
    for item in items:
        found[item] = []
        if fitted is not None and dataset is not None:
            item_id = dataset.catalogue.items[item].item_id
            projection = item_projection(fitted.model, MODALITY, item)
            found[item].append(("own", projection, item_target(fitted.model, item, item_id)))
        for draw in range(2):
            matrix = torch.randn(encoder.feature_dim, 64, generator=generator)
            vector = torch.randn(64, generator=generator)
            target = Target(vector, "random", f"{draw}")
            found[item].append(("random", _linear(matrix), target))
    return found


def _linear(matrix: torch.Tensor) -> Projection:
    return lambda content: content @ matrix


if __name__ == "__main__":
    main()
