"""Galleries of items: what is written, resumed, refused, and what one bad picture does."""

from __future__ import annotations

import hashlib
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image
from scipy.ndimage import binary_dilation

import becam
from becam.cli.main import run
from becam.explainer import Explainer
from becam.galleries.folder import MARK
from becam.galleries.items import work
from becam.galleries.items.record import Record
from becam.galleries.kinds import Outcome
from becam.progress import Reporter
from recsys.data.demo import DemoConfig, build_demo
from recsys.errors import InputError

QUIET = Reporter(quiet=True)
SPEC = """
passes = 8
models = ["bm3+befa", "bm3+soft-prompt"]
device = "cpu"
[items]
count = 4
seed = 3
"""


@pytest.fixture(scope="module")
def catalogue(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("data") / "small"
    return build_demo(folder, DemoConfig(items=30, users=60, size=64), workers=1)


@pytest.fixture(scope="module")
def cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("cache")


@pytest.fixture(scope="module")
def spec(tmp_path_factory: pytest.TempPathFactory) -> Path:
    file = tmp_path_factory.mktemp("specs") / "small.toml"
    file.write_text(SPEC)
    return file


@pytest.fixture(scope="module")
def whole(
    spec: Path, catalogue: Path, cache: Path, tmp_path_factory: pytest.TempPathFactory
) -> Path:
    """A gallery made in one go, in this process."""
    out = tmp_path_factory.mktemp("out") / "whole"
    outcome = make(spec, out, catalogue, cache)
    assert not outcome.failures
    return out


def make(spec: Path, out: Path, catalogue: Path, cache: Path, **more: Any) -> Outcome:
    return becam.gallery(spec, out, data=(str(catalogue),), cache=cache, reporter=QUIET, **more)


def files(out: Path) -> dict[str, str]:
    """Every file's hash, by its name in the folder."""
    return {
        path.relative_to(out).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(out.rglob("*"))
        if path.is_file()
    }


def manifest(out: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((out / "gallery.json").read_text())
    return found


def test_what_a_gallery_holds(whole: Path, catalogue: Path, cache: Path) -> None:
    found = manifest(whole)
    assert (found["schema"], found["kind"], found["name"]) == (1, "items", "small")
    assert [(c["model"], c["role"], c["before"]) for c in found["columns"]] == [
        ("bm3", "before", None),
        ("bm3+befa", "after", 0),
        ("bm3+soft-prompt", "after", 0),
    ]
    assert len(found["items"]) == 4
    assert found["failures"] == []
    keys = [metric["key"] for metric in found["metrics"]]
    explainer = Explainer(data=str(catalogue), passes=8, cache=cache, reporter=QUIET)
    for item in found["items"]:
        place = item["place"]
        index = explainer.catalogue.index_of(item["id"])
        sides = explainer.sides(index, ["bm3", "bm3+befa", "bm3+soft-prompt"])
        for column, (side, values) in enumerate(zip(sides, item["values"], strict=True)):
            assert side.metrics is not None
            assert values[keys.index("drift")] == pytest.approx(side.metrics.drift, rel=1e-3)
            assert values[keys.index("auc")] == pytest.approx(side.metrics.auc, rel=1e-3)
            assert values[keys.index("spread")] == pytest.approx(
                side.attribution.health.spread, rel=1e-3
            )
            assert values[keys.index("channels")] == pytest.approx(
                side.attribution.health.effective_channels, rel=1e-3
            )
            assert item["warnings"][column] == side.attribution.warning
            image = Image.open(whole / f"maps/{column}/{place}.jpg")
            assert image.size == (item["width"], item["height"]) == (64, 64)
        picture = np.asarray(Image.open(whole / f"pictures/{place}.jpg")).astype(float)
        original = np.asarray(explainer.catalogue.picture(explainer.catalogue.items[index]))
        assert np.abs(picture - original).mean() < 12
        outline = np.asarray(Image.open(whole / f"outlines/{place}.png").convert("RGBA"))
        mask = explainer.catalogue.mask(explainer.catalogue.items[index])
        assert mask is not None
        drawn = outline[..., 3] > 0
        assert drawn.any()
        assert not drawn[~_near(mask) | ~_near(~mask)].any(), "only along the product's edge"


def _near(mask: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """The mask, two pixels wider."""
    wider: NDArray[np.bool_] = binary_dilation(mask, np.ones((3, 3)), iterations=2)
    return wider


def test_a_finished_gallery_is_not_made_again(
    whole: Path, spec: Path, catalogue: Path, cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(work.ItemWork, "_do", _never)
    before = files(whole)
    assert not make(spec, whole, catalogue, cache).failures
    assert files(whole) == before


def _never(*_: object) -> Record:
    raise AssertionError("an item was done again")


def test_workers_and_other_caches_give_the_same_bytes(
    whole: Path,
    spec: Path,
    catalogue: Path,
    cache: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("becam.galleries.items.run.WORTH", 1)
    shutil.copytree(cache / "models", tmp_path / "cache" / "models")
    out = tmp_path / "out"
    assert not make(spec, out, catalogue, tmp_path / "cache", workers=2).failures
    assert files(out) == files(whole)


def test_what_is_missing_or_damaged_is_made_again_and_nothing_else(
    whole: Path,
    spec: Path,
    catalogue: Path,
    cache: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    out = tmp_path / "out"
    shutil.copytree(whole, out)
    (out / "maps/1/2.jpg").unlink()
    (out / "contents/0-0.json").write_text("{")
    (out / "pictures" / ".1.jpg.999999999-abcd.part").write_text("half")
    done: list[int | None] = []
    real = work.ItemWork._do
    monkeypatch.setattr(
        work.ItemWork, "_do", lambda self, job: done.append(job.place) or real(self, job)
    )
    make(spec, out, catalogue, cache)
    assert done == [0, 2]
    assert files(out) == files(whole)


def test_one_bad_picture_is_listed_and_the_rest_goes_on(
    whole: Path, spec: Path, catalogue: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Also where it was bad before anything was encoded or trained."""
    bad = manifest(whole)["items"][1]["id"]
    broken = tmp_path / "small"
    shutil.copytree(catalogue, broken)
    rows = (broken / "items.csv").read_text().splitlines()
    row = next(row for row in rows if row.startswith(f"{bad},"))
    picture = broken / row.split(",")[1]
    data = picture.read_bytes()
    picture.write_bytes(data[: len(data) // 2])
    out = tmp_path / "out"
    command = ["gallery", str(spec), "--data", str(broken), "--cache", str(tmp_path / "cache")]
    command += ["--out", str(out)]
    assert run(command) == 1
    told = capsys.readouterr().err
    assert f"failed: {bad}: " in told
    assert picture.name in told
    found = manifest(out)
    assert [item["place"] for item in found["items"]] == [0, 2, 3]
    assert [failure["item"] for failure in found["failures"]] == [bad]
    assert not list(out.glob("maps/*/1.jpg"))
    data = re.search(
        r'application/json" id="data">(.*?)</script>', (out / "index.html").read_text(), re.S
    )
    assert data is not None
    assert [item[9] for item in json.loads(data[1])["items"]] == [0, 2, 3], "the page knows them"
    assert any("can't be read" in note for note in found["about"]["notes"])


def test_a_folder_with_something_else_is_left_alone(
    spec: Path, catalogue: Path, cache: Path, whole: Path, tmp_path: Path
) -> None:
    foreign = tmp_path / "foreign"
    foreign.mkdir()
    (foreign / "thesis.tex").write_text("mine")
    with pytest.raises(InputError, match="holds files that are no gallery's"):
        make(spec, foreign, catalogue, cache)
    assert [path.name for path in foreign.iterdir()] == ["thesis.tex"]
    assert not make(spec, foreign, catalogue, cache, force=True).failures
    assert (foreign / "thesis.tex").read_text() == "mine"

    mine = tmp_path / "mine"
    shutil.copytree(whole, mine)
    other = spec.with_name("other.toml")
    other.write_text(SPEC.replace("bm3+soft-prompt", "bm3+lora"))
    with pytest.raises(InputError, match=r"holds another gallery, 'small'.*--force"):
        make(other, mine, catalogue, cache)
    changed = tmp_path / "small.toml"
    changed.write_text(
        SPEC.replace("seed = 3", "seed = 4").replace("[items]", "fill='blur'\n[items]")
    )
    with pytest.raises(InputError, match=r"made otherwise .fill 'None', now 'blur'"):
        make(changed, mine, catalogue, cache)
    assert files(mine) == files(whole), "what is refused changes nothing"
    (mine / "notes.txt").write_text("mine")
    changed.write_text(SPEC.replace("count = 4", "count = 2"))
    make(changed, mine, catalogue, cache, force=True)
    assert len(list(mine.glob("pictures/*.jpg"))) == 2, "the other gallery's files are gone"
    assert (mine / "notes.txt").exists()
    with pytest.raises(InputError, match="found a file"):
        make(spec, mine / MARK, catalogue, cache)


def test_a_gallery_that_is_killed_goes_on(
    whole: Path,
    spec: Path,
    catalogue: Path,
    cache: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """SIGKILL in the middle leaves finished items; the next run does these not again."""
    out, store = tmp_path / "out", tmp_path / "cache"
    shutil.copytree(cache / "models", store / "models")
    command = [sys.executable, "-m", "becam", "gallery", str(spec), "--data", str(catalogue)]
    command += ["--cache", str(store), "--out", str(out), "--quiet"]
    process = subprocess.Popen(command, env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)})
    deadline = time.monotonic() + 120
    while not list(out.glob("contents/*.json")):
        assert process.poll() is None, "it ended before it was killed"
        assert time.monotonic() < deadline
        time.sleep(0.002)
    process.kill()
    assert process.wait() == -signal.SIGKILL
    kept = {path.name: path.stat().st_mtime_ns for path in out.glob("contents/*.json")}
    assert 1 <= len(kept) < 4, "killed in the middle"
    done: list[int | None] = []
    real = work.ItemWork._do
    monkeypatch.setattr(
        work.ItemWork, "_do", lambda self, job: done.append(job.place) or real(self, job)
    )
    assert not make(spec, out, catalogue, store).failures
    assert sorted([*(int(name.split("-")[0]) for name in kept), *done]) == [0, 1, 2, 3]
    for name, written in kept.items():
        assert (out / "contents" / name).stat().st_mtime_ns == written
    assert files(out) == files(whole)


def test_picks_take_what_they_look_for_among_their_pool(
    catalogue: Path, cache: Path, tmp_path: Path
) -> None:
    file = tmp_path / "picks.toml"
    file.write_text(
        SPEC.split("[items]")[0]
        + "[items]\npick = ['drift', 'omission', 'improvement', 'disagreement', 'typical']\n"
        "count = 1\npool = 8\n"
    )
    out = tmp_path / "out"
    make(file, out, catalogue, cache)
    found = manifest(out)
    about = found["about"]["catalogues"][str(catalogue)]
    assert len(about["pool"]) == 8
    ways = list(about["ways"])
    assert [item["picked"] for item in found["items"]] == ways, "in turns"
    assert {item["id"] for item in found["items"]} <= set(about["pool"])
    assert len({item["id"] for item in found["items"]}) == 5
    assert "among 8 items" in " ".join(found["about"]["notes"])
    explainer = Explainer(data=str(catalogue), passes=8, cache=cache, reporter=QUIET)
    drifts = {}
    for name in about["pool"]:
        (side,) = explainer.sides(explainer.catalogue.index_of(name), ["bm3"])
        assert side.metrics is not None
        drifts[name] = side.metrics.drift
    assert drifts[found["items"][0]["id"]] == pytest.approx(max(drifts.values()))


def test_items_by_query_popularity_and_name(catalogue: Path, cache: Path, tmp_path: Path) -> None:
    def ids(items: str) -> list[str]:
        file = tmp_path / "some.toml"
        file.write_text(SPEC.split("[items]")[0] + "[items]\n" + items)
        out = tmp_path / "out"
        make(file, out, catalogue, cache, force=True, items=2)
        return [item["id"] for item in manifest(out)["items"]]

    assert ids("ids = ['7', '3', '9']\n") == ["7", "3"]
    explainer = Explainer(data=str(catalogue), passes=8, cache=cache, reporter=QUIET)
    counts = np.bincount(explainer.split.train[:, 1], minlength=30)
    first, second = (int(name) for name in ids("pick = 'popular'\n"))
    assert counts[first] >= counts[second] >= np.sort(counts)[-2]
    category = explainer.catalogue.items[0].category
    for name in ids(f"query = 'category == \"{category}\"'\n"):
        assert explainer.catalogue.item(name).category == category
    with pytest.raises(
        InputError, match=r"some\.toml, line 6, key 'items\.query'.*did you mean cat"
    ):
        ids("query = 'categroy == \"x\"'\n")
    with pytest.raises(InputError, match=rf"no item .* matches.*is category {category!r} meant"):
        ids(f"query = 'category == \"{category}x\"'\n")
    with pytest.raises(InputError, match=r"line 6, key 'items\.ids'.*unknown item 'zz'"):
        ids("ids = ['7', 'zz']\n")


def test_figures_for_papers_are_drawn_again_alone(
    whole: Path, catalogue: Path, cache: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The figure may change in a gallery that is finished; its old files go."""
    out, file = tmp_path / "out", tmp_path / "small.toml"
    shutil.copytree(whole, out)
    monkeypatch.setattr(work.ItemWork, "_do", _never)
    figure = "[figure]\nvenue = 'ieee'\nitems = 2\ndpi = 40\nmodels = ['bm3', 'bm3+befa']\n"
    file.write_text(SPEC + figure + "formats = ['png', 'svg']\n")
    outcome = make(file, out, catalogue, cache)
    assert manifest(out)["figures"] == [
        *("figures/small.png", "figures/small.svg", "figures/small.tex")
    ]
    assert outcome.written[0] == out / "index.html"
    assert "figures/small.svg" in outcome.written[0].read_text()
    tex = (out / "figures/small.tex").read_text()
    first, second = (item["id"] for item in manifest(out)["items"][:2])
    for part in (f"items {first} and {second}", "demo-vit", "fill mean", "seed 0", "at random"):
        assert part in tex
    drawn = files(out / "figures")
    make(file, out, catalogue, cache)
    assert files(out / "figures") == drawn
    file.write_text(SPEC + figure + "formats = ['pdf']\ntex = false\n")
    make(file, out, catalogue, cache)
    assert list(files(out / "figures")) == ["small.pdf"]
    file.write_text(SPEC + figure.replace("'bm3+befa'", "'bm3+lora'"))
    with pytest.raises(InputError, match=r"line 12, key 'figure\.models'.*'bm3\+lora'"):
        becam.load_spec(file)
