"""Small stand-ins for what the documentation's commands work on.

The commands are run as they stand. What makes them quick is behind them: a demo catalogue of few
small pictures, encoders with random weights in the real classes, two epochs of training, and
`SHORTER` values of options that only say how much of the same is done.
"""

from __future__ import annotations

import functools
import re
import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from becam.checking.config import SanityConfig
from becam.distributions.config import DistributionConfig
from becam.measuring.config import MeasureConfig
from becam.methods.options import MethodOptions
from becam.metrics.settings import MetricSettings
from recsys import cost
from recsys.configs import TrainingConfig
from recsys.data.demo import DemoConfig, build_demo
from tests import raw_releases
from tests.docs_blocks import ROOT
from tests.tiny_towers import TEXT, build, write

# Under the names of real models, so that the names in the documentation load.
TOWERS: dict[str, dict[str, Any]] = {
    "ViT-B-32": {"image_size": 64, "layers": 3, "width": 16, "head_width": 8, "patch_size": 16},
    "RN50": {"image_size": 64, "layers": [1, 1, 6, 1], "width": 4, "head_width": 16},
}
DEMO_TOWERS = {"demo-vit": "ViT-B-32", "demo-rn": "RN50"}
WEIGHTS = {"ViT-B-32": "weights.safetensors", "RN50": "rn50.safetensors"}
EPOCHS = 2
SHORTER = {
    **{"--items": "2", "--seeds": "2", "--trials": "2", "--passes": "9", "--epochs": "1"},
    **{"--core": "5"},  # of twenty items
    **{"--workers": "1"},  # another process would know nothing of the stand-ins
}
# By the beginning of a command; the last value of an option counts.
ALSO = {
    ("metrics",): ["--resamples", "100"],
    ("sanity",): ["--resamples", "100", "--stages", "2"],
    ("distribution",): ["--items", "40"],
    ("gallery",): ["--items", "2"],
    ("gallery", "gallery/fig9.toml"): ["--items", "40"],
}
_NUMBERS = re.compile(r"\b(items|seeds|trials)=\d+")


def shorter(words: Sequence[str]) -> list[str]:
    """Ask a command for less of the same."""
    found = list(words)
    for place, word in enumerate(found[:-1]):
        if word in SHORTER:
            found[place + 1] = SHORTER[word]
    starts = [start for start in ALSO if tuple(found[: len(start)]) == start]
    return found + [word for start in starts for word in ALSO[start]]


def shorter_code(code: str) -> str:
    """Ask Python code for less of the same."""
    return _NUMBERS.sub(lambda found: f"{found[1]}=2", code)


def patch(monkeypatch: pytest.MonkeyPatch, cache: Path, weights: Path) -> None:
    """Put the stand-ins behind the names that the documentation uses."""
    monkeypatch.setenv("BECAM_CACHE", str(cache))
    small = functools.partial(DemoConfig, items=124, users=150, size=64)
    monkeypatch.setattr("recsys.data.demo.names.DemoConfig", small)
    _patch_training(monkeypatch)
    _patch_encoders(monkeypatch, weights)
    for options, sparse in (
        (MethodOptions, {"samples": 20, "steps": 4, "segments": 9, "stride": 1 / 6}),
        (MetricSettings, {"samples": 2, "steps": 4, "road_shares": (0.5,)}),
        (MeasureConfig, {"resamples": 100}),
        (SanityConfig, {"resamples": 100, "stages": 2}),
        (DistributionConfig, {"items": 40}),
    ):
        for name, value in sparse.items():
            monkeypatch.setitem(options.__init__.__kwdefaults__, name, value)
    for name in ("save_figure", "figure_bytes"):
        _patch_dpi(monkeypatch, name)


def _patch_training(monkeypatch: pytest.MonkeyPatch) -> None:
    checked = TrainingConfig.__post_init__

    def cut_short(config: TrainingConfig) -> None:
        checked(config)
        object.__setattr__(config, "max_epochs", min(config.max_epochs, EPOCHS))

    def here(*arguments: Any, **options: Any) -> cost.Cost:
        del options["threads"]
        return cost.measure(*arguments, **options)

    monkeypatch.setattr(TrainingConfig, "__post_init__", cut_short)
    monkeypatch.setattr("becam.tables.cost.measure_apart", here)  # else a process a measurement


def _patch_encoders(monkeypatch: pytest.MonkeyPatch, weights: Path) -> None:
    from open_clip import factory

    from becam.encoders.names import EncoderName
    from becam.encoders.open_clip_encoder import load_open_clip_encoder

    for model, vision in TOWERS.items():
        config = {"embed_dim": 12, "vision_cfg": vision, "text_cfg": TEXT}
        monkeypatch.setitem(factory._MODEL_CONFIGS, model, config)
        if not (weights / WEIGHTS[model]).exists():
            write(build(model), weights / WEIGHTS[model])

    @functools.cache
    def demo(name: str, *, device: Any, dtype: Any) -> Any:
        model = DEMO_TOWERS[name]
        path = weights / WEIGHTS[model]
        encoder = load_open_clip_encoder(
            EncoderName("clip", model, file=path), device=device, dtype=dtype
        )
        encoder.name = name
        return encoder

    monkeypatch.setattr("becam.encoders.demo.load_demo_encoder", demo)


def _patch_dpi(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    """Draw figures coarsely: most of their time goes into compressing pixels."""
    from becam.figures import files

    drawn = getattr(files, name)

    def coarse(*arguments: Any, **options: Any) -> Any:
        return drawn(*arguments, **{**options, "dpi": 20})

    monkeypatch.setattr(files, name, coarse)


def make_world(folder: Path) -> Path:
    """Make the folders and files that pages take for granted."""
    small = build_demo(
        folder / "path/to/catalogue", DemoConfig(items=40, users=60, size=64), workers=1
    )
    shop = folder / "shop"
    shutil.copytree(small, shop, ignore=shutil.ignore_patterns("masks", "labels*"))
    _rename(shop / "items.csv", {"17": "A17"}, without="mask")
    _rename(shop / "interactions.csv", {"17": "A17"})
    pairs = raw_releases.some_pairs(users=30, items=20, per_user=12)
    raw_releases.hm(folder / "path/to/hm", pairs)
    raw_releases.hm(folder / "h-and-m", pairs)
    raw_releases.tmall(folder / "tmall", raw_releases.some_pairs(users=30, items=20, per_user=20))
    raw_releases.microlens(folder / "MicroLens-50k", pairs)
    features = ("all-MiniLM-L6-v2", "whisper")
    shutil.copytree(
        ROOT / "gallery", folder / "gallery", ignore=shutil.ignore_patterns("samples", "*.png")
    )
    raw_releases.mmrec(folder / "lfm2k", pairs, features=features)
    Image.new("RGB", (90, 70), (120, 40, 160)).save(folder / "shoe.jpg")
    return folder


def _rename(table: Path, ids: dict[str, str], without: str | None = None) -> None:
    import csv

    with table.open(newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    names = [name for name in rows[0] if name != without]
    with table.open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, names, extrasaction="ignore")
        writer.writeheader()
        for row in rows:
            writer.writerow({**row, "item_id": ids.get(row["item_id"], row["item_id"])})
