"""The demo catalogue's folder: repeatable to the byte, complete or absent, taste in the product."""

from __future__ import annotations

import csv
import hashlib
import json
import subprocess
import sys
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest

from recsys.data.demo import build
from recsys.data.demo.behaviour import simulate_choices
from recsys.data.demo.build import build_demo, item_attributes
from recsys.data.demo.config import DemoConfig, TasteConfig
from recsys.data.demo.picture import LEGEND
from recsys.errors import InputError

SMALL = DemoConfig(items=24, users=30, size=64, interactions=(5, 10))


def _digest(folder: Path) -> str:
    digest = hashlib.sha256()
    for path in sorted(p for p in folder.rglob("*") if p.is_file()):
        digest.update(str(path.relative_to(folder)).encode() + b"\0" + path.read_bytes())
    return digest.hexdigest()


def _rows(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return build_demo(tmp_path_factory.mktemp("demo") / "catalogue", SMALL, workers=1)


def test_folder_is_as_documented(folder):
    items = _rows(folder / "items.csv")
    assert list(items[0]) == ["item_id", "image", "title", "category", "mask"]
    assert [row["item_id"] for row in items] == [str(k) for k in range(24)]
    attributes = _rows(folder / "attributes.csv")
    assert [row["category"] for row in attributes] == [row["category"] for row in items]
    legend = json.loads((folder / "labels.json").read_text())
    assert legend == {"schema": 1, "legend": {str(k): name for k, name in LEGEND.items()}}
    for row in items:
        image = cv2.imread(str(folder / row["image"]))
        mask = cv2.imread(str(folder / row["mask"]), cv2.IMREAD_UNCHANGED)
        labels = cv2.imread(
            str(folder / row["mask"].replace("masks", "labels")), cv2.IMREAD_UNCHANGED
        )
        assert image.shape == (64, 64, 3)
        assert set(np.unique(mask)) == {0, 255}
        assert np.array_equal(mask > 0, (labels > 0) & (labels < 32))


def test_interactions_are_sparse_and_without_duplicates(folder):
    rows = _rows(folder / "interactions.csv")
    assert list(rows[0]) == ["user_id", "item_id", "timestamp"]
    taken = [(row["user_id"], row["item_id"]) for row in rows]
    assert len(set(taken)) == len(taken)
    counts = Counter(user for user, _ in taken)
    assert len(counts) == 30
    assert min(counts.values()) >= 5
    assert max(counts.values()) <= 10
    by_user: dict[str, list[int]] = {}
    for row in rows:
        by_user.setdefault(row["user_id"], []).append(int(row["timestamp"]))
    assert all(times == sorted(set(times)) for times in by_user.values())


def test_bytes_do_not_depend_on_the_workers(folder, tmp_path):
    seen: list[tuple[int, int]] = []
    other = build_demo(
        tmp_path / "a", SMALL, workers=2, progress=lambda done, total: seen.append((done, total))
    )
    assert _digest(other) == _digest(folder)
    assert seen[-1] == (24, 24)
    assert seen == sorted(seen)
    changed = build_demo(tmp_path / "b", replace(SMALL, seed=1), workers=1)
    assert _digest(changed) != _digest(folder)


def test_items_do_not_change_when_more_are_made():
    assert item_attributes(replace(SMALL, items=40))[:24] == item_attributes(SMALL)


def test_a_built_folder_is_reused(folder, monkeypatch):
    def forbidden(*_: object) -> None:
        raise AssertionError("drawn again")

    monkeypatch.setattr(build, "_write_catalogue", forbidden)
    assert build_demo(folder, SMALL) == folder


def test_what_is_not_this_catalogue_is_never_overwritten(folder, tmp_path):
    with pytest.raises(InputError, match="another configuration"):
        build_demo(folder, replace(SMALL, seed=5))
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "thesis.txt").write_text("precious")
    (tmp_path / "file").write_text("a file")
    for taken in ("mine", "file"):
        with pytest.raises(InputError, match="is not a demo catalogue"):
            build_demo(tmp_path / taken, SMALL)
    assert (tmp_path / "mine" / "thesis.txt").read_text() == "precious"
    (tmp_path / "half").mkdir()
    (tmp_path / "half" / build.MANIFEST).write_text('{"schema": 1, ')
    with pytest.raises(InputError, match="is not a demo catalogue"):
        build_demo(tmp_path / "half", SMALL)


def test_an_empty_folder_is_filled(tmp_path):
    (tmp_path / "empty").mkdir()
    build_demo(tmp_path / "empty", SMALL, workers=1)
    assert (tmp_path / "empty" / "items.csv").exists()


@pytest.mark.parametrize("error", [KeyboardInterrupt, OSError("disk full")])
def test_an_interrupted_build_leaves_nothing(tmp_path, error):
    def interrupt(*_: int) -> None:
        raise error

    for workers in (1, 2):
        with pytest.raises((KeyboardInterrupt, OSError)):
            build_demo(tmp_path / "demo", SMALL, progress=interrupt, workers=workers)
        assert list(tmp_path.iterdir()) == []


def test_a_killed_build_is_not_trusted(folder, tmp_path):
    """What a kill leaves behind is a draft beside the folder, which the next run ignores."""
    program = (
        "import os, sys; from pathlib import Path; from recsys.data.demo.build import *; "
        "build_demo(Path(sys.argv[1]), DemoConfig(items=24, users=30, size=64), workers=1, "
        "progress=lambda done, total: os._exit(9))"
    )
    target = tmp_path / "demo"
    assert subprocess.run([sys.executable, "-c", program, str(target)], check=False).returncode == 9
    assert not target.exists()
    assert len(list(tmp_path.iterdir())) == 1
    assert _digest(build_demo(target, SMALL, workers=1)) == _digest(folder)


def test_two_builds_at_once_agree(folder, tmp_path):
    with ThreadPoolExecutor(2) as pool:
        jobs = [pool.submit(build_demo, tmp_path / "demo", SMALL, workers=1) for _ in range(2)]
        assert [job.result() for job in jobs] == [tmp_path / "demo"] * 2
    assert _digest(tmp_path / "demo") == _digest(folder)
    assert [path.name for path in tmp_path.iterdir()] == ["demo"]


def test_drawing_goes_on_where_no_worker_starts(folder, tmp_path):
    """A script without a main guard cannot spawn workers; the catalogue is built all the same."""
    script = tmp_path / "script.py"
    script.write_text(
        "from pathlib import Path\n"
        "from recsys.data.demo.build import DemoConfig, build_demo\n"
        f"build_demo(Path({str(tmp_path / 'demo')!r}), "
        "DemoConfig(items=24, users=30, size=64), workers=2)\n"
    )
    root = Path(build.__file__).parents[3]
    subprocess.run(
        [sys.executable, str(script)],
        check=True,
        capture_output=True,
        cwd=root,
        env={"PYTHONPATH": str(root)},
    )
    assert _digest(tmp_path / "demo") == _digest(folder)


def test_the_demo_does_not_import_torch():
    program = (
        "import sys, recsys.data.demo as demo; assert 'cv2' not in sys.modules; demo.build_demo; "
        "demo.draw_picture; assert 'torch' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", program], check=True)


def test_bad_configurations_are_refused():
    for bad, name in (
        ({"items": 0, "interactions": (0, 0)}, "items"),
        ({"items": 6}, "interactions"),
        ({"interactions": (7, 5)}, "interactions"),
        ({"size": 8}, "size"),
        ({"seed": -1}, "seed"),
        ({"correlation": 2.0}, "correlation"),
        ({"users": 0}, "users"),
    ):
        with pytest.raises(InputError, match=f"demo catalogue: {name} must be"):
            DemoConfig(**bad)
    with pytest.raises(ValueError, match="workers must be at least 1"):
        build_demo(Path("never"), SMALL, workers=0)


def test_users_choose_by_product_attributes_only():
    config = DemoConfig(correlation=0.0)
    items = item_attributes(config)
    choices = simulate_choices(
        items,
        np.random.default_rng(3),
        users=400,
        per_user=config.interactions,
        taste=config.taste,
    )

    def agreement(values: list[str]) -> float:
        """How often two items of one user agree, over how often any two items do."""
        chosen = np.array(values)
        total = Counter(values)
        chance = sum((n / len(values)) ** 2 for n in total.values())
        pairs = []
        for user in range(400):
            own = chosen[choices.items[choices.users == user]]
            same = (own[:, None] == own).sum() - len(own)
            pairs.append(same / (len(own) * (len(own) - 1)))
        return float(np.mean(pairs)) / chance

    assert agreement([x.category for x in items]) > 2.0
    assert agreement([x.colour for x in items]) > 1.7
    assert agreement([x.pattern for x in items]) > 1.2
    assert 0.9 < agreement([x.scene for x in items]) < 1.1
    assert 0.9 < agreement(["face" if "face" in x.distractors else "" for x in items]) < 1.1


def test_popularity_has_a_long_tail():
    config = DemoConfig()
    choices = simulate_choices(
        item_attributes(config),
        np.random.default_rng(3),
        users=config.users,
        per_user=config.interactions,
        taste=TasteConfig(),
    )
    counts = np.sort(np.bincount(choices.items, minlength=config.items))[::-1]
    assert counts[:100].sum() > 0.2 * counts.sum()
    assert (counts > 0).mean() > 0.97
