"""One training step here and in MMRec: the same weights, batch and negatives, to the last digits.

Run: ``python benchmarks/mmrec_step.py FOLDER``, where FOLDER holds MMRec's `src`; see `mmrec.py`.
The data are generated. What is drawn anew in every step, dropout and pruned edges, is left out in
both. Printed for each recommender: the loss of both, how far the gradients are apart, as the
largest over the parameters of ``|ours - theirs| / |theirs|``, and all scores likewise. A parameter
whose gradient is nothing but rounding, a millionth of the whole, is left out: FREEDOM's biases,
which its loss does not depend on, and MGCN's attention before it has learnt.
"""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path
from typing import Any

import numpy as np
from generated import generated_split
from mmrec import CLASSES, beside_mmrec, opened

FEATURES = {"image": 48, "text": 32}  # in MMRec's order
WITHOUT_CHANCE = {"bm3": {"dropout": 0.0}, "freedom": {"dropout": 0.0}}
ROUNDING = 1e-6
SHARED = {
    "user_embedding": "user_embedding.weight",
    "item_embedding": "item_id_embedding.weight",
    **{
        f"branches.{place}.{ours}": f"{modality}_{theirs}"
        for place, modality in enumerate(FEATURES)
        for ours, theirs in (
            ("features", "embedding.weight"),
            ("projection.weight", "trs.weight"),
            ("projection.bias", "trs.bias"),
        )
    },
}
OWN = {
    "bm3": {f"predictor.{part}": f"predictor.{part}" for part in ("weight", "bias")},
    "freedom": {},
    "lattice": {"modality_weights": "modal_weight"},
    "mgcn": {
        "query.weight": "query_common.0.weight",
        "query.bias": "query_common.0.bias",
        "attention.weight": "query_common.2.weight",
        **{
            f"{ours}.{place}.{part}": f"{theirs}.0.{part}"
            for place, modality in enumerate(FEATURES)
            for ours, theirs in (
                ("gates", f"gate_{modality[0].replace('i', 'v')}"),
                ("preferences", f"gate_{modality}_prefer"),
            )
            for part in ("weight", "bias")
        },
    },
}


def main() -> None:
    """Print a Markdown table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path, help="holds MMRec's src")
    parser.add_argument("--models", default=",".join(CLASSES))
    parser.add_argument("--users", type=int, default=400)
    parser.add_argument("--items", type=int, default=300)
    parser.add_argument("--interactions", type=int, default=8_000)
    parser.add_argument("--seed", type=int, default=0)
    args = parser.parse_args()
    if not (args.folder / "src" / "main.py").is_file():
        parser.error(f"{args.folder}: expected a folder with MMRec's src/main.py")
    unknown = [name for name in args.models.split(",") if name not in CLASSES]
    if unknown:
        parser.error(f"--models {unknown[0]!r}: expected some of {','.join(CLASSES)}")
    split = generated_split(args.users, args.items, args.interactions, args.seed)
    rng = np.random.default_rng([args.seed, 1])
    features = {
        name: rng.standard_normal((args.items, size), dtype=np.float32)
        for name, size in FEATURES.items()
    }
    print("| model | loss, MMRec | ours | gradients apart | scores apart |\n|---|---|---|---|---|")
    for model in args.models.split(","):
        about = {"model": model, "seed": args.seed}
        found = beside_mmrec(Path(__file__), args.folder, about, split, features, threads=1)
        gradients = f"{max(found['gradients'].values()):.1e}"
        cells = (model, *(f"{loss:.7f}" for loss in found["losses"]), gradients)
        print(f"| {' | '.join(cells)} | {found['scores']:.1e} |", flush=True)


def compare(about: dict[str, Any]) -> None:
    """Do one step of both in this process, whose working folder is MMRec's ``src``; print JSON."""
    name = about["model"]
    theirs, loader, _ = opened(about, WITHOUT_CHANCE.get(name, {}))
    import torch
    from torch import Tensor

    from recsys.models.build import build
    from recsys.models.names import ModelName
    from recsys.settings import model_config, parse_settings

    def apart(ours: Tensor, other: Tensor) -> float:
        ours = ours.to_dense() if ours.is_sparse else ours
        return float((ours - other).norm() / other.norm())

    settings = parse_settings([f"{k}={v}" for k, v in WITHOUT_CHANCE.get(name, {}).items()])
    parsed = ModelName.parse(name)
    config = model_config(parsed, settings, dim=64, features="trainable")
    frame = loader.dataset.df
    ours = build(
        parsed,
        config,
        train=frame[[loader.dataset.uid_field, loader.dataset.iid_field]].to_numpy(),
        n_users=theirs.n_users,
        n_items=theirs.n_items,
        features={"image": theirs.v_feat, "text": theirs.t_feat},
        generator=torch.Generator().manual_seed(0),
    )
    weights = dict(theirs.named_parameters())
    named = {**SHARED, **OWN[name]}
    mine = dict(ours.named_parameters())
    if set(mine) != set(named):
        raise ValueError(f"parameters without a counterpart: {sorted(set(mine) ^ set(named))}")
    with torch.no_grad():
        for here, there in named.items():
            mine[here].copy_(weights[there])
    batch = next(iter(loader))
    if hasattr(ours, "negatives"):
        ours.negatives.sample = lambda *_: batch[2]
    theirs.pre_epoch_processing()
    ours.start_epoch(torch.Generator().manual_seed(0))
    losses = [theirs.calculate_loss(batch), ours.loss(batch[0], batch[1])]
    for loss in losses:
        loss.backward()
    sizes = {k: float(weights[there].grad.norm()) for k, there in named.items()}
    least = ROUNDING * max(sizes.values())
    gradients = {
        k: apart(mine[k].grad, weights[there].grad)
        for k, there in named.items()
        if sizes[k] > least
    }
    ours.eval()
    theirs.eval()
    with torch.no_grad():
        users = torch.arange(theirs.n_users)
        scores = theirs.full_sort_predict([users])
        of_users, of_items = ours.embeddings()
    found = {
        "losses": [loss.item() for loss in losses],
        "gradients": gradients,
        "scores": apart(of_users @ of_items.T, scores),
    }
    print(json.dumps(found))


if __name__ == "__main__":
    if len(sys.argv) == 2 and sys.argv[1].startswith("{"):
        compare(json.loads(sys.argv[1]))
    else:
        main()
