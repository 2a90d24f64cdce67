"""BeCAM against the product masks of demo items.

Run: ``python benchmarks/localisation.py --encoder demo-vit --items 200``
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path

import numpy as np

from becam.asking import MODALITY
from becam.attribution import BeCAM
from becam.config import DataConfig
from becam.dataset import open_dataset
from becam.encoders.registry import load_encoder
from becam.map_config import WEIGHTINGS, MapConfig
from becam.metrics import centre_prior, drift, omission, pixel_auc
from becam.progress import Reporter
from becam.store import TensorStore
from becam.target import item_projection, item_target
from becam.training import fit_model
from becam.workspace import open_workspace
from recsys.configs import ModelConfig, TrainingConfig
from recsys.models.names import ModelName


def main() -> None:
    """Print a table: one row a model and weighting; mean and standard error over items."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--encoder", default="demo-vit")
    parser.add_argument("--models", default="bm3,bm3+befa")
    parser.add_argument("--weightings", default="raw,contrast", help=", ".join(WEIGHTINGS))
    parser.add_argument("--items", type=int, default=200)
    parser.add_argument("--fill", default="mean")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--features", default="frozen", help="frozen or trainable")
    parser.add_argument("--cache", type=Path)
    parser.add_argument("--json", type=Path, help="also write every item's figures")
    args = parser.parse_args()

    workspace, reporter = open_workspace(args.cache), Reporter()
    encoder = load_encoder(args.encoder, device="cpu")
    data = DataConfig(encoder=args.encoder, device="cpu")
    dataset = open_dataset(data, workspace=workspace, reporter=reporter, encoder=encoder)
    catalogue, split = dataset.catalogue, dataset.split(args.seed)
    rng = np.random.default_rng(args.seed)
    chosen = np.sort(rng.choice(len(catalogue.items), args.items, replace=False))
    others = rng.permutation(len(catalogue.items))
    models = {
        name: fit_model(
            ModelName.parse(name),
            split,
            dataset.features,
            ModelConfig(features=args.features),
            TrainingConfig(seed=args.seed),
            device="cpu",
            workspace=workspace,
            reporter=reporter,
        )
        for name in args.models.split(",")
    }
    cams = {
        weighting: BeCAM(
            encoder,
            MapConfig(weighting=weighting, fill=args.fill),
            store=TensorStore(workspace.masked_features),
        )
        for weighting in args.weightings.split(",")
    }
    rows: list[dict[str, object]] = []
    with reporter.bar("items", len(chosen), "item") as step:
        for done, index in enumerate(chosen.tolist(), start=1):
            item = catalogue.items[index]
            picture, mask = catalogue.picture(item), catalogue.mask(item)
            assert mask is not None
            masked = next(iter(cams.values())).masked_features(picture)
            other = next(int(o) for o in np.roll(others, -index) if o != index)
            for name, fitted in models.items():
                for weighting, cam in cams.items():
                    projection = item_projection(fitted.model, MODALITY, index)
                    target = item_target(fitted.model, index, item.item_id)
                    own = cam.attribute(picture, projection, target, masked=masked)
                    foreign = cam.attribute(
                        picture,
                        item_projection(fitted.model, MODALITY, other),
                        item_target(fitted.model, other, catalogue.items[other].item_id),
                        masked=masked,
                    )
                    shown = own.on_picture()
                    rows.append(
                        {
                            "item": item.item_id,
                            "model": name,
                            "weighting": weighting,
                            "auc": pixel_auc(shown, mask),
                            "other": pixel_auc(foreign.on_picture(), mask),
                            "unweighted": pixel_auc(own.on_picture(unweighted=True), mask),
                            "centre": pixel_auc(centre_prior(mask.shape), mask),
                            "drift": drift(shown, mask),
                            "omission": omission(shown, mask),
                            "spread": own.health.spread,
                            "distance": own.health.distance,
                            "flagged": float(own.warning is not None),
                        }
                    )
            step(done, "")
    columns = [c for c in rows[0] if c not in {"item", "model", "weighting"}]
    print(f"\n{args.encoder}, fill {args.fill}, {args.items} items, seed {args.seed}: ", end="")
    print("mean (standard error over items)\n")
    print(f"| model | weighting | {' | '.join(columns)} |")
    print("|---" * (len(columns) + 2) + "|")
    for name in models:
        for weighting in cams:
            cells = []
            for column in columns:
                values = np.array(
                    [r[column] for r in rows if (r["model"], r["weighting"]) == (name, weighting)],
                    dtype=float,
                )
                values = values[~np.isnan(values)]
                error = values.std(ddof=1) / np.sqrt(len(values))
                digits = 4 if column == "spread" else 3
                cells.append(f"{values.mean():.{digits}f} ({error:.{digits}f})")
            print(f"| {name} | {weighting} | {' | '.join(cells)} |")
    if args.json:
        args.json.write_text(json.dumps(rows))


if __name__ == "__main__":
    main()
