"""A tiny catalogue with features of its own, and the options of tables on it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from becam.progress import Reporter
from becam.tables.config import AdaptersConfig
from becam.tables.csv_writer import to_csv
from becam.tables.finished import Finished
from becam.tables.latex import to_latex
from becam.tables.manifest import to_json
from becam.tables.markdown import to_markdown

QUIET = Reporter(quiet=True)
N_USERS, N_ITEMS = 40, 30
COMMON: dict[str, Any] = {
    **{"models": "bm3", "modalities": ("visual,words",), "seeds": 2, "dim": 8, "device": "cpu"},
}
SHORT = {**COMMON, "max_epochs": 3, "lr": 0.01}


def write_catalogue(folder: Path) -> Path:
    """Two groups of users, each with items of its own, and features that tell them apart."""
    (folder / "features").mkdir(parents=True)
    rng = np.random.default_rng(0)
    group = np.arange(N_ITEMS) % 2
    items = ["item_id,image,title", *(f"i{i},,item {i}" for i in range(N_ITEMS))]
    pairs = ["user_id,item_id"]
    for user in range(N_USERS):
        liked = rng.choice(np.flatnonzero(group == user % 2), 8, replace=False)
        pairs += [f"u{user},i{item}" for item in liked]
    (folder / "items.csv").write_text("\n".join(items) + "\n")
    (folder / "interactions.csv").write_text("\n".join(pairs) + "\n")
    for name, width in (("visual", 6), ("words", 5)):
        features = rng.normal(size=(N_ITEMS, width)) + group[:, None]
        np.save(folder / "features" / f"{name}.npy", features.astype(np.float32))
    return folder


def config_for(catalogue: Path, cache: Path, **more: Any) -> AdaptersConfig:
    return AdaptersConfig(**{**SHORT, "data": (str(catalogue),), "cache": cache, **more})


def texts(finished: Finished) -> list[str]:
    return [
        to_csv(finished.table),
        to_markdown(finished.table),
        to_latex(finished.table),
        to_json(finished),
    ]
