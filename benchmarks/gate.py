"""How unevenly BeFA's gate stands under an item's own content, and under other items'.

    python benchmarks/gate.py --models mgcn+befa,lattice+befa --seeds 5

BeFA's output is b times a gate (eq. 10). Its cosine with b is 1 / sqrt(1 + c^2), c the coefficient
of variation of the gate's numbers, the j-th weighted by b_j^2: all that the published score can see
of the gate is how uneven it is. What is printed: c under own and under foreign content, in how many
items the own content makes it more uneven, and how often the own content has the higher cosine and
the higher mean of the gate. Trainings that are not in the cache are done; those of the study are
taken from there.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

from becam.asking import MODALITY
from becam.config import ExplainerConfig
from becam.explainer import Explainer
from becam.progress import Reporter
from recsys.configs import TrainingConfig
from recsys.models.names import ModelName

OTHERS = 32
COLUMNS = ("c, own", "c, foreign", "own more uneven", "recognition by cosine", "by the mean gate")


def measure(explainer: Explainer, model: ModelName, items: int) -> NDArray[np.float64]:
    """Return the means of `COLUMNS` over items drawn with seed 0."""
    recommender = explainer.fitted(model).model.double()  # what is left may be small
    contents = explainer.dataset.features[MODALITY].double()
    rng = np.random.default_rng(0)
    able = np.array(explainer.eligible)
    rows = []
    for index in rng.choice(able, items, replace=False).tolist():
        others = rng.choice(able[able != index], OTHERS, replace=False).tolist()
        b = recommender.behavioural_embeddings()[index].detach()
        with torch.inference_mode():
            adapted = recommender.to_behavioural_space(
                MODALITY, contents[[index, *others]], b.expand(1 + OTHERS, -1)
            )
        gate, shares = adapted / b, b.square() / b.square().sum()
        mean = gate @ shares
        uneven = ((gate - mean[:, None]).square() @ shares).sqrt() / mean
        cosine = torch.cosine_similarity(adapted, b.expand_as(adapted))
        assert torch.allclose(cosine, (1 + uneven.square()).rsqrt(), atol=1e-9)
        found = (
            uneven[0],
            uneven[1:].mean(),
            (uneven[0] > uneven[1:].mean()).double(),
            (cosine[0] > cosine[1:]).double().mean(),
            (mean[0] > mean[1:]).double().mean(),
        )
        rows.append([float(value) for value in found])
    return np.mean(rows, axis=0)


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", default="demo:interactions=10")
    parser.add_argument("--models", default="mgcn+befa,lattice+befa,bm3+befa,freedom+befa")
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--items", type=int, default=200)
    parser.add_argument("--cache", type=Path)
    args = parser.parse_args()
    torch.set_num_threads(1)
    print(f"{args.data}, {args.items} items (seed 0), each beside {OTHERS} others\n")
    print("| model | seed | " + " | ".join(COLUMNS) + " |")
    print("|---|---:|" + "---:|" * len(COLUMNS))
    for name in args.models.split(","):
        for seed in range(args.seeds):
            config = ExplainerConfig(data=args.data, seed=seed, device="cpu", cache=args.cache)
            training = TrainingConfig(lr=0.005, patience=30)  # as in gallery/study.toml
            quiet = Reporter(quiet=True)
            explainer = Explainer(config, reporter=quiet, training=training)
            values = measure(explainer, ModelName.parse(name), args.items)
            print(f"| {name} | {seed} | " + " | ".join(f"{value:.3g}" for value in values) + " |")


if __name__ == "__main__":
    main()
