"""`becam metrics` on a small shop: what is refused, what is said, what every row tells."""

from __future__ import annotations

import csv
import json
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

import becam
from becam.cli.main import run
from becam.measuring.run import measurable
from becam.methods import METHODS
from becam.metrics import MetricSettings
from becam.progress import Reporter
from recsys.data.catalogue import load_catalogue
from tests.shops import make_shop, write_csv

QUIET = Reporter(quiet=True)
ITEMS = 12
ALONE = "i1"  # nobody took it, but it has a picture
FINE, GATE = "bm3", "bm3+identity-gate"  # whose output is b whatever the content is
LEAKS = "bm3+befa"  # which lets a little through, another share of every content


def rewrite(table: Path, keep: Any) -> None:
    with table.open(newline="", encoding="utf-8") as file:
        rows = list(csv.reader(file))
    write_csv(table, [new for row in rows if (new := keep(row))])


def give_masks(shop: Path, named: dict[str, tuple[int, int]]) -> None:
    """Give some items masks of these widths and heights, a size of nothing for a missing file."""

    def row(old: list[str]) -> list[str]:
        if old[0] == "item_id":
            return [*old, "mask"]
        if old[0] not in named:
            return [*old, ""]
        width, height = named[old[0]]
        if width:
            mask = np.zeros((height, width), np.uint8)
            mask[: height // 2, : width // 2] = 255
            (shop / "masks").mkdir(exist_ok=True)
            Image.fromarray(mask).save(shop / "masks" / f"{old[0]}.png")
        return [*old, f"masks/{old[0]}.png"]

    rewrite(shop / "items.csv", row)


@pytest.fixture(scope="module")
def bare(tmp_path_factory: pytest.TempPathFactory) -> Path:
    shop = make_shop(tmp_path_factory.mktemp("bare") / "shop", items=ITEMS)
    rewrite(shop / "interactions.csv", lambda row: None if row[1] == ALONE else row)
    return shop


@pytest.fixture(scope="module")
def shop(bare: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("masked") / "shop"
    shutil.copytree(bare, folder)
    give_masks(folder, {f"i{place}": (32, 24) for place in range(2, ITEMS + 1)})
    return folder


@pytest.fixture(scope="module")
def cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("cache")


def measure(shop: Path, cache: Path, **options: Any) -> becam.Measurements:
    common = {"model": FINE, "items": None if "ids" in options else 2, "resamples": 100}
    more: dict[str, Any] = {**common, "modalities": "image", "device": "cpu", **options}
    return becam.measure(data=str(shop), cache=cache, reporter=QUIET, **more)


def test_a_degenerate_explanation_is_said_to_be_one(
    shop: Path, cache: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    command = ["metrics", "--data", str(shop), "--cache", str(cache), "--modalities", "image"]
    command += ["--device", "cpu", "--item", "i3", "--item", "i7", "--resamples", "100"]
    command += ["--metrics", "auc", "--weighting", "contrast", "--model", GATE]
    assert run([*command, "--out", str(tmp_path)]) == 0
    said = (
        f"{GATE}: the adapter's output ignores the content of both items (content dependence 0 on "
        "average, 1 without the adapter): whatever the weighting, maps by BeCAM are not "
        "explanations"
    )
    printed, err = capsys.readouterr()
    assert said in err
    assert f"{GATE}: degenerate maps by BeCAM in both items" in err
    assert said in printed
    document = json.loads((tmp_path / "metrics.json").read_text())
    for notes in (
        document["notes"],
        (tmp_path / "metrics.md").read_text().split("\n- "),
        (tmp_path / "metrics.tex").read_text().split(r" \\ "),
    ):
        found = [note for note in notes if "ignores the content" in note]
        assert len(found) == 1
        # Without the adapter all is well, and nothing is said of it.
        assert not [note for note in notes if f"{FINE}: degenerate" in note or "Bm3" in note]
    assert {row["metric"] for row in document["summary"]} == {"auc"}  # no more than was asked for


def test_the_health_is_that_of_becam_render(shop: Path, cache: Path) -> None:
    result = measure(
        shop, cache, model=LEAKS, ids=("i3",), item_seed=5, metrics="health", weighting="contrast",
        methods="becam,neighbours",
    )  # fmt: skip
    explainer = becam.Explainer(
        data=str(shop), cache=cache, modalities="image", device="cpu", weighting="contrast",
        reporter=QUIET,
    )  # fmt: skip
    assert set(explainer.pictured) != set(explainer.eligible)
    told = explainer.explain("i3", LEAKS)
    for side in told.sides:
        found = {(o.method, o.metric): o.value for o in result.observed if o.model == side.model}
        health = side.attribution.health
        assert health.content is not None
        assert health.recognition is not None
        assert found["becam", "content-dependence"].value == health.content.ratio
        assert found["becam", "recognition"].value == health.recognition.value
        assert found["becam", "degenerate"].value == health.degenerate
        assert found["centre", "recognition"].value is None
        assert found["unweighted", "degenerate"].value == 1
    # Each score recognises contents in its own way.
    recognised = {
        o.method: o.value.value
        for o in result.observed
        if (o.model, o.metric) == (FINE, "recognition") and o.value.value is not None
    }
    assert set(recognised) == {"becam", "neighbours"}
    by_score = becam.Explainer(
        data=str(shop), cache=cache, modalities="image", device="cpu", weighting="contrast",
        score="neighbours", reporter=QUIET,
    )  # fmt: skip
    neighbours = by_score.recognition(FINE)
    assert neighbours is not None
    assert recognised["neighbours"] == neighbours.value


def test_every_row_tells_what_it_was_made_with(shop: Path, cache: Path, tmp_path: Path) -> None:
    result = measure(
        shop, cache, metrics="auc,spread", weighting="contrast", half="second",
        methods="becam,neighbours",
    )  # fmt: skip
    result.save(tmp_path)
    made = {"encoder": "demo-vit", "fill": "mean", "weighting": "contrast", "half": "second"}
    for name in ("metrics.csv", "metrics-items.csv"):
        with (tmp_path / name).open(newline="") as file:
            rows = list(csv.DictReader(file))
        assert rows
        for row in rows:
            assert made.items() <= row.items()
            assert row["layer"]
            assert row["score"] == ("neighbours" if row["method"] == "neighbours" else "cosine")
            assert row["mask"] == ("catalogue" if row["metric"] == "auc" else "")
    with (tmp_path / "metrics.csv").open(newline="") as file:
        for row in csv.DictReader(file):  # every mean and difference has its interval
            assert "" not in (row["low"], row["high"]), row
            assert float(row["low"]) <= float(row["mean"]) <= float(row["high"])
    document = json.loads((tmp_path / "metrics.json").read_text())
    assert made.items() <= document["made"].items()


def test_a_missing_mask_is_told_before_anything_is_computed(
    bare: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    shutil.copytree(bare, tmp_path / "shop")
    give_masks(tmp_path / "shop", {"i3": (32, 24), "i7": (0, 0)})
    command = ["metrics", "--data", str(tmp_path / "shop"), "--cache", str(tmp_path / "cache")]
    command += ["--item", "i3", "--item", "i7", "--model", FINE, "--device", "cpu", "--quiet"]
    assert run([*command, "--metrics", "auc"]) == 2
    out, err = capsys.readouterr()
    assert (out, err.count("\n")) == ("", 1)
    assert "i7" in err
    assert "i7.png" in err
    assert not list((tmp_path / "cache").rglob("*.safetensors"))


def test_masks_of_another_size_are_one_line(bare: Path, cache: Path, tmp_path: Path) -> None:
    shop = tmp_path / "shop"
    shutil.copytree(bare, shop)
    give_masks(shop, {"i3": (64, 48), "i5": (16, 12), "i7": (32, 24), "i9": (24, 32)})
    result = measure(shop, cache, ids=("i3", "i5", "i7", "i9"), metrics="auc")
    notes = [note for note in result.notes if "resized" in note]
    assert len(notes) == 2
    (smaller,) = [note for note in notes if note.startswith("2 of 4 product masks")]
    assert "(first: item 'i9'" not in smaller  # that one is of another kind
    assert "by nearest neighbour)." in smaller
    assert "masks/i" in smaller
    assert not [note for note in notes if str(tmp_path) in note]
    (another,) = [note for note in notes if "24 x 32" in note]
    assert "probably another picture's mask" in another


def test_masks_are_read_where_they_are_needed_alone(
    bare: Path, cache: Path, tmp_path: Path
) -> None:
    shop = tmp_path / "shop"
    shutil.copytree(bare, shop)
    give_masks(shop, {"i3": (0, 0)})
    assert measure(shop, cache, ids=("i3",), metrics="spread").means
    for how in ("catalogue", "grabcut"):
        config = becam.MeasureConfig(mask=how)
        _, notes = measurable(("spread",), config, load_catalogue(shop), [0])
        assert notes == []


def test_stability_of_every_method_that_can_be_run_again(shop: Path, cache: Path) -> None:
    def sensitivity(**options: Any) -> dict[str, Any]:
        result = measure(
            *(shop, cache),
            **{"ids": ("i3",), "metrics": "stability", "methods": "becam,grad-cam", **options},
            metric_settings=MetricSettings(samples=2),
        )
        return {o.method: o.value for o in result.observed}

    found = sensitivity()
    assert set(found) == {
        *("becam", "grad-cam"),
        *(name for name, method in METHODS.items() if method.kind == "control"),
    }
    unmeasured = {name for name, value in found.items() if value.value is None}
    assert unmeasured == {"text-prompt"}  # the shop has no categories
    assert found["centre"].value == 0
    for name in ("becam", "grad-cam", "unweighted", "random-weights", "other-item"):
        assert found[name].value > 0, name
    few = sensitivity(passes=9, methods="becam")
    assert "fewer passes" in few["becam"].reason
    assert few["unweighted"].value == pytest.approx(found["unweighted"].value, rel=1e-3)
