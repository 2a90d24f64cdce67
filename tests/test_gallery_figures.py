"""Figures of galleries: pages as tasks, one an item, what captions say, what draws them again."""

from __future__ import annotations

import hashlib
import json
import re
import shutil
from pathlib import Path
from typing import Any

import pytest

import becam
from becam.cli.main import run
from becam.figures.paper import faces
from becam.galleries.items import figure_plan, work
from becam.galleries.items.figure_page import PageTask
from becam.galleries.items.figure_rows import RowTask
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
FIGURE = "[figure]\nvenue = 'ieee'\nwidth = 'text'\ndpi = 20\nformats = ['png', 'svg']\n"
QUERY = 'interactions >= 3 and item_id in ["1", "2", "3", "4", "5"]'
PAGES = ("figures/small-1", "figures/small-2")


@pytest.fixture(scope="module")
def catalogue(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("data") / "small"
    return build_demo(folder, DemoConfig(items=30, users=60, size=64), workers=1)


@pytest.fixture(scope="module")
def cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("cache")


@pytest.fixture(scope="module")
def drawn(catalogue: Path, cache: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A gallery with a figure of two pages, made in one go in this process."""
    folder = tmp_path_factory.mktemp("drawn")
    assert not make(spec(folder, FIGURE), folder / "out", catalogue, cache).failures
    return folder / "out"


def spec(folder: Path, figure: str, text: str = SPEC) -> Path:
    file = folder / "small.toml"
    file.write_text(text + figure)
    return file


def make(file: Path, out: Path, catalogue: Path, cache: Path, **more: Any) -> Outcome:
    more = {"data": (str(catalogue),), "reporter": QUIET, **more}
    return becam.gallery(file, out, cache=cache, **more)


def files(out: Path, pattern: str = "*") -> dict[str, str]:
    return {
        path.relative_to(out).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(out.rglob(pattern))
        if path.is_file()
    }


def manifest(out: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((out / "gallery.json").read_text())
    return found


@pytest.fixture
def pages_done(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The stems of the pages that are drawn from now on, in this process."""
    done: list[str] = []
    real = PageTask.done_by
    monkeypatch.setattr(
        PageTask, "done_by", lambda task, at: done.append(task.stem) or real(task, at)
    )
    return done


def test_pages_by_several_processes_are_the_same_bytes(
    drawn: Path, catalogue: Path, cache: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    names = [f"{page}.{ending}" for page in PAGES for ending in ("png", "svg")]
    assert manifest(drawn)["figures"] == [*names, "figures/small.tex"]
    assert not any(item["figures"] for item in manifest(drawn)["items"])
    for module in ("run", "figure"):
        monkeypatch.setattr(f"becam.galleries.items.{module}.WORTH", 1)
    out = tmp_path / "out"
    assert not make(spec(tmp_path, FIGURE), out, catalogue, cache, workers=2).failures
    assert files(out) == files(drawn)


def test_the_bars_have_totals(
    drawn: Path, catalogue: Path, cache: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    totals: dict[str, int | None] = {}
    bar = Reporter.bar

    def counted(self: Reporter, label: str, total: int | None = None, unit: str = "") -> Any:
        totals[label] = total
        return bar(self, label, total, unit)

    monkeypatch.setattr(Reporter, "bar", counted)
    out = tmp_path / "out"
    shutil.copytree(drawn, out)
    for path in out.glob("contents/row-*"):
        path.unlink()
    make(spec(tmp_path, FIGURE.replace("20", "30")), out, catalogue, cache)
    assert totals["laying figures out"] == 4
    assert totals["drawing figures"] == 2


def test_a_figure_that_is_killed_goes_on(
    drawn: Path,
    catalogue: Path,
    cache: Path,
    tmp_path: Path,
    pages_done: list[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A page that has its record is not drawn again; one without is, from its own rows alone."""
    monkeypatch.setattr(work.ItemWork, "_do", _never)
    monkeypatch.setattr(RowTask, "done_by", _never)
    out, file = tmp_path / "out", spec(tmp_path, FIGURE)
    shutil.copytree(drawn, out)
    make(file, out, catalogue, cache)
    assert pages_done == []
    (out / "contents/figure-0-1.json").unlink()
    shown: list[int] = []
    sides = becam.Explainer.sides
    monkeypatch.setattr(
        becam.Explainer, "sides", lambda self, at, *rest: shown.append(at) or sides(self, at, *rest)
    )
    make(file, out, catalogue, cache)
    assert pages_done == ["small-2"]
    assert len(shown) == 2
    (out / "figures/small-1.svg").unlink()
    (out / "figures/small.tex").unlink()
    make(file, out, catalogue, cache)
    assert pages_done == ["small-2", "small-1"]
    assert files(out) == files(drawn)


def _never(*_: object) -> Any:
    raise AssertionError("it was done again")


def test_a_page_that_cannot_be_drawn_is_listed(
    drawn: Path, catalogue: Path, cache: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The other pages, the page of the gallery and its manifest are there all the same."""
    out, real = tmp_path / "out", PageTask.done_by
    shutil.copytree(drawn, out)

    def broken(task: PageTask, at: work.ItemWork) -> Any:
        if task.stem.endswith("-2"):
            raise ValueError("no ink")
        return real(task, at)

    monkeypatch.setattr(PageTask, "done_by", broken)
    file = spec(tmp_path, FIGURE.replace("20", "30"))
    outcome = make(file, out, catalogue, cache)
    assert outcome.failures == {"figure small, page 2": "no ink"}
    assert manifest(out)["figures"] == ["figures/small-1.png", "figures/small-1.svg"]
    assert list(files(out / "figures")) == ["small-1.png", "small-1.svg"], "nothing old is left"
    monkeypatch.setattr(PageTask, "done_by", real)
    assert not make(file, out, catalogue, cache).failures
    assert len(files(out / "figures")) == 5


def test_a_figure_an_item(drawn: Path, catalogue: Path, cache: Path, tmp_path: Path) -> None:
    """In the venue's style and named by the item; it goes when it is not asked for any more."""
    out = tmp_path / "out"
    shutil.copytree(drawn, out)
    each = "each = true\nitems = 2\nvenue = 'acm'\nformats = ['png', 'pdf']\ndpi = 20\n"
    make(spec(tmp_path, f"[figure]\n{each}"), out, catalogue, cache)
    found = manifest(out)
    ids = [item["id"] for item in found["items"]]
    assert found["figures"] == [f"figures/small.{ending}" for ending in ("png", "pdf", "tex")]
    own = {item["id"]: item["figures"] for item in found["items"]}
    assert own == {
        name: [f"figures/small-item-{name}.{ending}" for ending in ("png", "pdf", "tex")]
        for name in ids
    }
    written = sorted(path.removeprefix("figures/") for path in found["figures"])
    written += sorted(path.removeprefix("figures/") for paths in own.values() for path in paths)
    assert sorted(files(out / "figures")) == sorted(written)
    tex = (out / f"figures/small-item-{ids[3]}.tex").read_text()
    assert rf"\detokenize{{small-item-{ids[3]}.pdf}}" in tex, "the vector file"
    assert rf"\label{{fig:small-item-{ids[3]}}}" in tex
    assert f"heatmaps of item {ids[3]} of small" in tex
    assert "Item chosen: drawn at random (seed 3)" in tex
    box = re.search(rb"/MediaBox \[ ?0 0 ([\d.]+)", (out / "figures/small.pdf").read_bytes())
    one = (out / f"figures/small-item-{ids[3]}.pdf").read_bytes()
    alone = re.search(rb"/MediaBox \[ ?0 0 ([\d.]+)", one)
    assert box is not None
    assert alone is not None
    assert float(box[1]) == float(alone[1]) == pytest.approx(506.295 * 72 / 72.27, abs=0.01)
    make(spec(tmp_path, FIGURE), out, catalogue, cache)
    assert files(out) == files(drawn)
    none = "[figure]\neach = true\nitems = 0\nformats = ['svg']\ndpi = 20\n"
    make(spec(tmp_path, none), out, catalogue, cache)
    assert sorted(files(out / "figures")) == sorted(f"small-item-{name}.svg" for name in ids)
    with pytest.raises(InputError, match=r"key 'figure\.items': .*at least 1, or each = true"):
        becam.load_spec(spec(tmp_path, none.replace("true", "false")))


def test_the_limit_of_the_maps_is_the_figure_s(
    catalogue: Path, cache: Path, tmp_path: Path
) -> None:
    """A figure's scale ends where the gallery's does, whatever the items are."""
    text = SPEC.replace("count = 4", "count = 2")
    figure = "[figure]\ndpi = 20\nformats = ['svg']\n"
    ends = {}
    for limit in (1.0, 9.0):
        out = tmp_path / f"{limit}"
        make(spec(tmp_path, figure, f"limit = {limit}\n{text}"), out, catalogue, cache)
        drawn = (out / "figures/small.svg").read_text()
        ends[limit] = re.findall(r">(\N{MINUS SIGN}?[\d.]+)</text>", drawn)
    assert {"9", "1", "\N{MINUS SIGN}9", "0"} <= set(ends[9.0])
    assert {"1", "0.5", "\N{MINUS SIGN}1", "0"} <= set(ends[1.0])


def test_the_caption_says_what_was_really_chosen(
    catalogue: Path, cache: Path, tmp_path: Path
) -> None:
    text = SPEC.replace("count = 4", f"count = 2\npick = 'drift'\nquery = '{QUERY}'")
    out = tmp_path / "out"
    make(spec(tmp_path, "[figure]\ndpi = 20\nformats = ['png']\n", text), out, catalogue, cache)
    about = manifest(out)["about"]["catalogues"][str(catalogue)]
    there = about["candidates"]
    assert 2 < there < 6
    tex = (out / "figures/small.tex").read_text()
    assert "training seed 0" in tex
    said = rf", among {there} items with interactions \textgreater{{}}= 3 and item\_id in "
    assert said in tex
    assert "at random" not in tex


def test_items_of_a_figure_are_of_each_catalogue(
    catalogue: Path, cache: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each has its rows, and the caption says of which of them the behaviour is simulated."""
    monkeypatch.setattr(figure_plan, "is_demo", lambda data: data.endswith("other"))
    other = tmp_path / "other"
    shutil.copytree(catalogue, other)
    figure = "[figure]\ndpi = 20\nformats = ['svg']\nitems = 1\nmodels = ['bm3']\n"
    file, out = spec(tmp_path, figure, SPEC.replace("count = 4", "count = 2")), tmp_path / "out"
    make(file, out, catalogue, cache, data=(str(catalogue), str(other)))
    ids = [item["id"].rpartition(": ")[2] for item in manifest(out)["items"]]
    drawn = (out / "figures/small.svg").read_text()
    assert re.findall(r">((?:small|other): item \d+)</text>", drawn) == [
        *(f"small: item {ids[0]}", f"other: item {ids[2]}")
    ]
    make(spec(tmp_path, figure.replace("svg", "png"), SPEC.replace("count = 4", "count = 2")),
         out, catalogue, cache, data=(str(catalogue), str(other)))  # fmt: skip
    tex = (out / "figures/small.tex").read_text()
    assert f"item {ids[0]} of small and item {ids[2]} of other (generated pictures, " in tex


def test_another_font_draws_the_figure_again(
    drawn: Path, catalogue: Path, cache: Path, tmp_path: Path,
    pages_done: list[str], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    """A venue's font that is installed later is used, and the note names the spec's key."""
    families = {"truetype": frozenset({"DejaVu Sans", "STIXGeneral"}), "postscript": frozenset()}
    monkeypatch.setattr(faces, "_families", lambda: faces._Families(**families))
    out, file = tmp_path / "out", spec(tmp_path, FIGURE)
    shutil.copytree(drawn, out)
    make(file, out, catalogue, cache, reporter=Reporter())
    told = capsys.readouterr().err
    assert "name another by font in [figure]" in told
    assert "--font" not in told
    assert pages_done == [], "the same font stands in for it"
    families["truetype"] |= {"Times New Roman"}
    with monkeypatch.context() as patched:
        patched.setattr(faces.Face, "digest", lambda _: "of another file")
        make(file, out, catalogue, cache, reporter=Reporter())
    assert "not installed" not in capsys.readouterr().err
    assert pages_done == ["small-1", "small-2"]


@pytest.mark.parametrize("module", [work, figure_plan], ids=["items", "figure"])
def test_records_of_another_becam_are_not_taken(
    module: Any, drawn: Path, catalogue: Path, cache: Path, tmp_path: Path,
    pages_done: list[str], monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    """Neither of another release, nor of one whose items or figures looked otherwise."""
    out, file, done = tmp_path / "out", spec(tmp_path, FIGURE), []
    shutil.copytree(drawn, out)
    real = work.ItemWork._do
    monkeypatch.setattr(
        work.ItemWork, "_do", lambda self, job: done.append(job.place) or real(self, job)
    )
    for name, value in (("__version__", "0.0.9"), ("VERSION", 1)):
        monkeypatch.setattr(module, name, value)
        make(file, out, catalogue, cache)
        assert len(done) == (4 if module is work else 0)
        assert pages_done == ["small-1", "small-2"]
        done.clear()
        pages_done.clear()


def test_a_run_that_failed_before_it_did_anything_claims_no_folder(
    catalogue: Path, cache: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "out"
    query = SPEC.replace("count = 4", "count = 1\nquery = 'title == \"nothing\"'")
    command = ["--data", str(catalogue), "--cache", str(cache), "--out", str(out), "--quiet"]
    assert run(["gallery", str(spec(tmp_path, "", query)), *command]) == 2
    assert [path.name for path in out.iterdir()] == ["becam-gallery.json"]
    fixed = spec(tmp_path, "", SPEC.replace("count = 4", "count = 1\nfill = 'blur'"))
    fixed.write_text(SPEC.replace("count = 4", "count = 1"))
    assert run(["gallery", str(fixed), *command]) == 0, capsys.readouterr().err
    other = SPEC.replace("count = 4", "count = 1").replace("seed = 3", "seed = 5")
    assert run(["gallery", str(spec(tmp_path, "", other)), *command]) == 2
    assert "--force" in capsys.readouterr().err, "what holds something is still refused"


def test_what_needs_no_recommender_is_told_before_one_is_trained(
    catalogue: Path, cache: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(becam.Explainer, "fitted", _never)
    bare = tmp_path / "bare"
    shutil.copytree(catalogue, bare)
    rows = (bare / "items.csv").read_text()
    (bare / "items.csv").write_text(rows.replace("mask", "nothing", 1))
    for data, text, says in (
        (catalogue, "layer = 'transformer.resblock.1'\n" + SPEC, "line 1, key 'layer'.*resblocks"),
        (catalogue, SPEC.replace("count", "ids = ['zz']\ncount"), r"'items\.ids'.*unknown item"),
        (bare, SPEC.replace("count", "pick = 'drift'\ncount"), r"'items\.pick'.*needs product ma"),
    ):
        with pytest.raises(InputError, match=says):
            make(spec(tmp_path, "", text), tmp_path / "out", data, cache)


def test_check_opens_the_encoder_for_a_layer(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Of one whose weights would have to be downloaded it knows the names alone."""
    for encoder, layer in (
        ("demo-vit", "transformer.resblocks.44"),
        ("clip:ViT-B-32/openai", "transformer.resblocks.44"),
    ):
        file = spec(tmp_path, "", f"encoder = '{encoder}'\nlayer = '{layer}'\n")
        assert run(["gallery", str(file), "--check"]) == 2
        told = capsys.readouterr().err
        assert "small.toml, line 2, key 'layer': unknown layer 'transformer.resblocks.44'" in told
        assert told.count("\n") == 1
        file.write_text(file.read_text().replace(".44", ".1"))
        assert run(["gallery", str(file), "--check"]) == 0
