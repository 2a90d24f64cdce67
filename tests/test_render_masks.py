"""What `becam render` says of masks that say nothing or do not fit, and of figures they give."""

from __future__ import annotations

import html
import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import becam
from becam import Explanation
from becam.cli.main import run
from becam.progress import Reporter
from recsys.data.demo import DemoConfig, build_demo

ENCODER = "demo-vit"


@pytest.fixture(scope="module")
def cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("cache")


@pytest.fixture(scope="module")
def catalogue(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A small catalogue with masks that say nothing (3, 4), or are of another size (5, 6)."""
    folder = tmp_path_factory.mktemp("data") / "odd"
    build_demo(folder, DemoConfig(items=40, users=60, size=96), workers=1)
    square = np.zeros((48, 48), bool)
    square[10:30, 10:30] = True
    masks = {3: np.ones((96, 96), bool), 4: np.zeros((96, 96), bool), 5: square, 6: square[:32]}
    for item, mask in masks.items():
        Image.fromarray(mask).save(folder / "masks" / f"{item:04}.png")
    return folder


SIZE = "masks/000{}.png: mask of 48 x {} pixels resized to its picture's 96 x 96, by nearest"


@pytest.mark.parametrize(
    ("item", "note"),
    [
        ("3", "drift, omission and pixel AUC are not defined: the mask fills the picture"),
        ("4", "drift, omission and pixel AUC are not defined: the mask is empty"),
        ("5", f"item '5': {SIZE.format(5, 48)} neighbour"),
        ("6", f"item '6': {SIZE.format(6, 32)} neighbour; its shape is another than the picture's"),
    ],
)
def test_what_is_wrong_with_a_mask_is_said_in_figure_json_and_on_stderr(
    catalogue: Path,
    cache: Path,
    tmp_path: Path,
    item: str,
    note: str,
    capsys: pytest.CaptureFixture[str],
) -> None:
    out = tmp_path / "figure.svg"
    more = ("--json", "--out", str(out), "--save-result", str(tmp_path / "kept"), "--width", "20in")
    command = ["render", "--item", item, "--model", "bm3+befa", "--encoder", ENCODER]
    assert run([*command, "--data", str(catalogue), "--cache", str(cache), *more]) == 0
    printed, told = capsys.readouterr()
    values = json.loads(printed)
    (said,) = values["notes"]
    assert said.startswith(note)
    assert f"warning: {said}\n" in told
    assert told.count(note) == 1
    assert str(catalogue) not in said
    drawn = html.unescape(out.read_text())
    assert note in drawn
    names = ("drift", "omission", "auc", "centre_auc", "unweighted_auc")
    loaded = Explanation.load(tmp_path / "kept")
    assert loaded.notes == (said,)
    for side, kept in zip(values["sides"], loaded.sides, strict=True):
        undefined = side["metrics"]["undefined"]
        assert (undefined is None) == (item in "56")
        assert all((side["metrics"][name] is None) == (item in "34") for name in names)
        assert kept.metrics is not None
        assert kept.metrics.undefined == undefined
    assert ("n/a" in drawn) == (item in "34")


def test_render_and_metrics_agree_on_what_is_not_defined(
    catalogue: Path, cache: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    options = ["--data", str(catalogue), "--cache", str(cache), "--encoder", ENCODER, "--quiet"]
    asked = ["metrics", "--model", "bm3", "--item", "3", "--metrics", "drift,omission,auc"]
    assert run([*asked, *options, "--others", "1"]) == 0
    assert "the mask fills the picture" in "".join(capsys.readouterr())


def test_results_of_before_the_reason_was_kept_load(
    catalogue: Path, cache: Path, tmp_path: Path
) -> None:
    result = becam.explain(item="7", data=str(catalogue), encoder=ENCODER, cache=cache)
    path = result.save(tmp_path / "old")
    written = json.loads(path.read_text())
    for side in written["explanation"]["sides"]:
        del side["metrics"]["undefined"]
    path.write_text(json.dumps(written))
    assert Explanation.load(path).sides[0].metrics == result.sides[0].metrics


def test_the_effective_number_of_channels_stands_under_every_map(
    catalogue: Path, cache: Path
) -> None:
    result = becam.explain(item="7", data=str(catalogue), encoder=ENCODER, cache=cache)
    _, before, after, _ = result.grid().cells()
    for side, cell in zip(result.sides, (before, after), strict=True):
        health = side.attribution.health
        told = f"{round(health.effective_channels)} of {health.channels}"
        assert dict(cell.figures)["channels"] == told


def test_comparisons_and_galleries_say_why_figures_are_missing(
    catalogue: Path, cache: Path, tmp_path: Path
) -> None:
    """A line an item, however many models show it."""
    empty = "drift, omission and pixel AUC are not defined: the mask is empty"
    resized = f"item '5': {SIZE.format(5, 48)} neighbour"
    common = {"cache": cache, "reporter": Reporter(quiet=True)}
    kept = {"data": str(catalogue), "encoders": ENCODER, "passes": 8, **common}
    compared = becam.compare(items=("4", "5"), models="bm3,bm3+befa", **kept)
    assert compared.notes == (f"item '4': {empty}", resized)
    spec = tmp_path / "odd.toml"
    spec.write_text('passes = 8\nmodels = ["bm3+befa"]\n[items]\nids = ["4", "5", "7"]\n')
    more = {"data": (str(catalogue),), "encoders": (ENCODER,), **common}
    assert not becam.gallery(spec, tmp_path / "out", **more).failures
    items = json.loads((tmp_path / "out" / "gallery.json").read_text())["items"]
    assert [item["notes"] for item in items] == [[empty], [resized], []]
