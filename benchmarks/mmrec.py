"""MMRec beside our recommenders, from a copy of it that the user has: nothing of it is in here.

`benchmarks/recsys.py --mmrec FOLDER` times an epoch of it, `benchmarks/mmrec_step.py FOLDER`
compares a training step; FOLDER holds MMRec's `src` (https://github.com/enoche/MMRec, GPL-3.0).
It runs in a process of its own, through MMRec's own data loaders and trainer, on the same split
and features as our recommenders, with the published settings. Needs pandas and PyYAML beside what
becam needs.
"""

from __future__ import annotations

import importlib.util
import json
import os
import subprocess
import sys
import tempfile
import time
import types
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from torch import Tensor

    from recsys.data.splits import Split

CLASSES = {"bm3": "BM3", "freedom": "FREEDOM", "lattice": "LATTICE", "mgcn": "MGCN"}
SETTINGS: dict[str, dict[str, Any]] = {
    "bm3": {"n_layers": 1, "reg_weight": 0.1, "cl_weight": 2.0, "dropout": 0.3},
    "freedom": {"reg_weight": 1e-3, "dropout": 0.8},
    "lattice": {"reg_weight": 1e-4},
    "mgcn": {"cl_loss": 0.01},
}
FILES = {"vision_feature_file": "0.npy", "text_feature_file": "1.npy"}
# MMRec wants a data set that it knows by name, and takes file names from its configuration.
NAME = "baby"


def measure_mmrec(
    source: Path,
    model: str,
    split: Split,
    features: Mapping[str, np.ndarray[Any, Any]],
    *,
    seed: int,
    threads: int,
    epochs: int = 1,
) -> dict[str, Any]:
    """Train for an epoch that is not counted and ``epochs`` more, each evaluated on both parts.

    Args:
        source: folder with MMRec's ``src``.
        model: one of `CLASSES`.
        split: the interactions; all items and users occur in its training part.
        features: two modalities, (n_items, D) float32.
        seed: of MMRec's generators.
        threads: of torch.
        epochs: counted.

    Returns:
        ``training`` and ``evaluation``, seconds by epoch; ``parameters``; ``peak_bytes``.

    Raises:
        ChildProcessError: MMRec failed; with the last line that it said.
    """
    about = {"model": model, "seed": seed, "epochs": epochs}
    return beside_mmrec(Path(__file__), source, about, split, features, threads=threads)


def beside_mmrec(
    script: Path,
    source: Path,
    about: Mapping[str, Any],
    split: Split,
    features: Mapping[str, np.ndarray[Any, Any]],
    *,
    threads: int,
) -> dict[str, Any]:
    """Run ``script`` in MMRec's ``src`` with the data in a folder; return the JSON that it prints.

    Its argument is ``about`` as JSON, with the folder as ``data``.

    Raises:
        ChildProcessError: It failed; with the last line that it said.
    """
    with tempfile.TemporaryDirectory(prefix="becam-mmrec-") as temporary:
        folder = Path(temporary)
        (folder / NAME).mkdir()
        parts = (split.train, split.valid, split.test)
        rows = np.concatenate([np.c_[part, np.full(len(part), i)] for i, part in enumerate(parts)])
        head = "userID\titemID\tx_label"
        np.savetxt(
            folder / NAME / f"{NAME}.inter", rows, "%d", delimiter="\t", header=head, comments=""
        )
        for file, values in zip(FILES.values(), features.values(), strict=True):
            np.save(folder / NAME / file, values)
        done = subprocess.run(
            [sys.executable, str(script.resolve()), json.dumps({**about, "data": temporary})],
            cwd=source / "src",
            env={**os.environ, "OMP_NUM_THREADS": str(threads), "PYTHONPATH": str(source / "src")},
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode:
            said = done.stderr.strip().splitlines() or ["it said nothing"]
            raise ChildProcessError(f"MMRec's {CLASSES[about['model']]} failed: {said[-1]}")
        found: dict[str, Any] = json.loads(done.stdout.strip().splitlines()[-1])
    return found


def opened(about: Mapping[str, Any], options: Mapping[str, Any]) -> tuple[Any, Any, list[Any]]:
    """Return MMRec's model, its training loader and those of both held-out parts.

    For a process whose working folder is MMRec's ``src``.

    Args:
        about: ``model``, ``data`` and ``seed``.
        options: In place of the published ones.
    """
    import torch

    sys.path[0] = str(Path.cwd())  # not this folder, where recsys.py is
    _make_do()
    from utils.configurator import Config
    from utils.dataloader import (
        EvalDataLoader,
        TrainDataLoader,
    )
    from utils.dataset import RecDataset
    from utils.utils import get_model, init_seed

    torch.set_num_threads(int(os.environ["OMP_NUM_THREADS"]))
    settings = {
        **SETTINGS[about["model"]],
        **FILES,
        "data_path": about["data"] + "/",
        "inter_file_name": f"{NAME}.inter",
        "learning_rate": 1e-3,
        "use_gpu": False,
        **options,
    }
    config = Config(CLASSES[about["model"]], NAME, settings)
    for name in config["hyper_parameters"]:
        config[name] = settings.get(name, config[name])
    config["seed"] = about["seed"]
    init_seed(about["seed"])
    parts = RecDataset(config).split()
    for part in parts:
        str(part)  # counts what the data loaders ask for
    train = TrainDataLoader(config, parts[0], batch_size=config["train_batch_size"], shuffle=True)
    size = config["eval_batch_size"]
    held_out = [
        EvalDataLoader(config, part, additional_dataset=parts[0], batch_size=size)
        for part in parts[1:]
    ]
    train.pretrain_setup()
    model = get_model(config["model"])(config, train).to(config["device"])
    return model, train, held_out


def main(about: dict[str, Any]) -> None:
    """Measure in this process, whose working folder is MMRec's ``src``; print JSON."""
    model, train, held_out = opened(about, {})
    from common.trainer import Trainer

    trainer = Trainer(train.config, model)
    training, evaluation = [], []
    for epoch in range(about["epochs"] + 1):
        start = time.perf_counter()
        model.pre_epoch_processing()
        trainer._train_epoch(train, epoch)
        trainer.lr_scheduler.step()
        model.post_epoch_processing()
        middle = time.perf_counter()
        for part in held_out:
            trainer._valid_epoch(part)
        training.append(middle - start)
        evaluation.append(time.perf_counter() - middle)
    from recsys.cost import peak_memory

    found = {
        "training": training[1:],
        "evaluation": evaluation[1:],
        "parameters": sum(each.numel() for each in model.parameters() if each.requires_grad),
        "peak_bytes": peak_memory(),
    }
    print(json.dumps(found))


def _make_do() -> None:
    """Let MMRec run beside today's packages and without a GPU."""
    import torch
    from scipy.sparse import dok_matrix

    if importlib.util.find_spec("lmdb") is None:  # for data sets of pictures only
        sys.modules["lmdb"] = types.ModuleType("lmdb")
    if importlib.util.find_spec("torch_scatter") is None:
        module = types.ModuleType("torch_scatter")
        module.scatter_add = _scatter_add
        sys.modules["torch_scatter"] = module
    vars(np).setdefault("float", float)  # NumPy had it until 1.24
    if not hasattr(dok_matrix, "_update"):  # SciPy had it until 1.12
        dok_matrix._update = lambda self, data: self._dict.update(data)
    if not torch.cuda.is_available():
        for kind in (torch.Tensor, torch.nn.Module):
            kind.cuda = lambda self, *_args, **_options: self


def _scatter_add(values: Tensor, index: Tensor, *, dim: int, dim_size: int) -> Tensor:
    """Sum the values of each index, as torch_scatter does; used once, for an item graph."""
    shape = list(values.shape)
    shape[dim] = dim_size
    return values.new_zeros(shape).scatter_add_(dim, index, values)


if __name__ == "__main__":
    main(json.loads(sys.argv[1]))
