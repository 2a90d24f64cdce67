"""The whole path, from a catalogue folder to a figure, as a user runs it."""

from __future__ import annotations

import base64
import csv
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
from types import ModuleType
from typing import Any

import numpy as np
import pytest
from PIL import Image

import becam
from becam import Explanation, masked_features
from becam.cli.main import run
from becam.metrics import masks

ENCODER = "demo-vit"


@pytest.fixture(scope="module")
def cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("cache")


def arguments(catalogue: Path, cache: Path, *more: str) -> list[str]:
    command = ["render", "--item", "3", "--model", "bm3+befa", "--encoder", ENCODER]
    return [*command, "--data", str(catalogue), "--cache", str(cache), *more]


def files_of(folder: Path) -> dict[str, str]:
    return {
        str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


def test_render_writes_a_figure_and_a_result(
    catalogue: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    cache = tmp_path / "cache"
    out, result = tmp_path / "figure.png", tmp_path / "sub" / "result"
    more = ("--out", str(out), "--save-result", str(result), "--json")
    assert run(arguments(catalogue, cache, *more)) == 0
    printed, told = capsys.readouterr()
    assert f"wrote {out}" in told
    assert "computed: content features, bm3, bm3+befa, masked features" in told
    with Image.open(out) as figure:
        assert (figure.width, figure.height > 700) == (2100, True)  # 7 inches

    values = json.loads(printed)
    assert [side["model"] for side in values["sides"]] == ["bm3", "bm3+befa"]
    for side in values["sides"]:
        assert 0 <= side["metrics"]["auc"] <= 1
        assert side["provenance"]["encoder"] == ENCODER
        assert side["provenance"]["target_id"] == "3"
    loaded = Explanation.load(result)
    assert loaded.item_id == "3"
    assert loaded.before.provenance.model == "bm3"
    assert loaded._repr_mimebundle_() == loaded._repr_mimebundle_()

    # Another item: nothing but its own masked features is computed.
    assert run([*arguments(catalogue, cache, "--out", str(out)), "--item", "4"]) == 0
    assert "computed: masked features\n" in capsys.readouterr().err
    # The same again: nothing at all.
    assert run([*arguments(catalogue, cache, "--out", str(out)), "--item", "4"]) == 0
    assert "computed: nothing\n" in capsys.readouterr().err


@pytest.mark.parametrize("ending", ["png", "pdf", "svg"])
def test_the_same_command_gives_the_same_bytes(
    catalogue: Path, cache: Path, tmp_path: Path, ending: str
) -> None:
    figures = [tmp_path / f"{name}.{ending}" for name in "ab"]
    for figure in figures:
        assert run(arguments(catalogue, cache, "--quiet", "--out", str(figure))) == 0
    first, second = (figure.read_bytes() for figure in figures)
    assert first == second
    assert len(first) > 10_000
    if ending == "svg":
        assert b"after: bm3+befa" in first  # text stays text


def test_a_figure_for_a_paper(
    catalogue: Path, cache: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "figure.svg"
    more = ["--venue", "ieee", "--width", "column", "--quiet"]
    assert run(arguments(catalogue, cache, *more, "--out", str(out))) == 0
    found = re.search(r'<svg [^>]*?width="([0-9.]+)pt"', out.read_text(), re.DOTALL)
    assert found is not None
    assert float(found[1]) == pytest.approx(252 / 72.27 * 72, abs=0.002)
    assert run(arguments(catalogue, cache, *more, "--tex", "--out", str(out))) == 2
    assert "expected .pdf or .png with --tex" in capsys.readouterr().err
    pdf = out.with_suffix(".pdf")
    assert run(arguments(catalogue, cache, *more, "--tex", "--out", str(pdf))) == 0
    tex = out.with_suffix(".tex").read_text()
    for words in ("item 3 of small", "bm3+befa", "demo-vit, layer", "fill mean", "seed 0"):
        assert words in tex


def test_a_saved_result_is_drawn_alike(catalogue: Path, cache: Path, tmp_path: Path) -> None:
    result = becam.explain(item="3", data=str(catalogue), encoder=ENCODER, cache=cache)
    loaded = Explanation.load(result.save(tmp_path / "a"))
    assert loaded.caption() == result.caption()
    assert loaded._repr_mimebundle_() == result._repr_mimebundle_()


def test_a_cold_cache_gives_the_same_maps(catalogue: Path, cache: Path, tmp_path: Path) -> None:
    options = {"item": "3", "data": str(catalogue), "encoder": ENCODER}
    warm = becam.explain(**options, cache=cache)
    cold = becam.explain(**options, cache=tmp_path)
    assert np.array_equal(warm.before.heatmap, cold.before.heatmap)
    assert np.array_equal(warm.after.heatmap, cold.after.heatmap)
    assert cold.computed == ("content features", "bm3", "bm3+befa", "masked features")


def test_what_both_sides_share_is_computed_once(
    catalogue: Path, cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    calls: list[str] = []

    def count(module: ModuleType, name: str) -> None:
        original = getattr(module, name)

        def counted(*args: Any, **more: Any) -> Any:
            calls.append(name)
            return original(*args, **more)

        monkeypatch.setattr(module, name, counted)

    count(masked_features, "picture_hash")
    count(masks, "centre_prior")
    count(masks, "pixel_auc")
    result = becam.explain(item="3", data=str(catalogue), encoder=ENCODER, cache=cache)
    assert len(result.sides) == 2
    # Two maps, the unweighted one and the centre prior.
    assert sorted(calls) == ["centre_prior", "picture_hash", *4 * ["pixel_auc"]]


def test_it_shows_itself_in_a_notebook(catalogue: Path, cache: Path) -> None:
    result = becam.explain(item="3", data=str(catalogue), encoder=ENCODER, cache=cache)
    for each in (result, result.before):
        data, metadata = each._repr_mimebundle_()
        assert base64.b64decode(data["image/jpeg"]).startswith(b"\xff\xd8")
        assert "item 3" in metadata["image/jpeg"]["alt"]


def test_a_model_without_adapter_has_one_side(catalogue: Path, cache: Path) -> None:
    options = {"item": "3", "data": str(catalogue), "encoder": ENCODER, "cache": cache}
    result = becam.explain(model="bm3", **options)
    assert [side.model for side in result.sides] == ["bm3"]
    assert set(result._repr_mimebundle_()[0]) == {"image/jpeg"}
    with pytest.raises(AttributeError, match="has no adapter"):
        _ = result.after


def test_befa_in_bm3_is_told_to_be_degenerate(catalogue: Path, cache: Path) -> None:
    options = {"item": "3", "data": str(catalogue), "encoder": ENCODER, "cache": cache}
    result = becam.explain(model="bm3+identity-gate", **options)
    assert result.after.health.spread < 1e-6
    assert any("not an explanation" in warning for warning in result.warnings)


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        (["--item", "333"], "unknown item '333'; did you mean"),
        (["--layer", "transformer.resblocks.44"], "did you mean transformer.resblocks.4"),
        (["--layer", "proj"], "unknown layer 'proj'"),
        (["--device", "cuda:77"], "device 'cuda:77'"),
    ],
)
def test_bad_names_are_one_line_before_any_training(
    catalogue: Path,
    tmp_path: Path,
    changed: list[str],
    said: str,
    capsys: pytest.CaptureFixture[str],
) -> None:
    more = ["--quiet", "--out", str(tmp_path / "x.png"), *changed]
    assert run(arguments(catalogue, tmp_path / "cache", *more)) == 2
    out, err = capsys.readouterr()
    assert (out, err.count("\n")) == ("", 1)
    assert said in err
    assert not list(tmp_path.rglob("*.safetensors"))


def hostile(catalogue: Path, folder: Path) -> Path:
    """The small catalogue with ids and titles that must not become paths or markup."""
    shutil.copytree(catalogue, folder)
    names = ["../x", "<script>alert(1)</script>", "$\\frac{1}{$", "x" * 300, "\N{GRINNING FACE}"]
    with (folder / "items.csv").open(newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    renamed = {}
    for row, name in zip(rows, names, strict=False):
        renamed[row["item_id"]] = name
        row["item_id"] = row["title"] = name
    with (folder / "items.csv").open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, rows[0].keys())
        writer.writeheader()
        writer.writerows(rows)
    with (folder / "interactions.csv").open(newline="", encoding="utf-8") as file:
        pairs = list(csv.DictReader(file))
    for pair in pairs:
        pair["item_id"] = renamed.get(pair["item_id"], pair["item_id"])
    with (folder / "interactions.csv").open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, pairs[0].keys())
        writer.writeheader()
        writer.writerows(pairs)
    return folder


def test_ids_and_titles_never_become_paths_or_markup(
    catalogue: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = hostile(catalogue, tmp_path / "data" / "hostile")
    work = tmp_path / "work"
    work.mkdir()
    monkeypatch.chdir(work)
    for item in ("../x", "<script>alert(1)</script>", "$\\frac{1}{$", "x" * 300, "\U0001f600"):
        options = ["--data", str(folder), "--cache", str(tmp_path / "cache"), "--quiet"]
        assert run(["render", "--item", item, "--model", "bm3", *options]) == 0
        shown = becam.explain(item=item, model="bm3", data=str(folder), cache=tmp_path / "cache")
        assert set(shown._repr_mimebundle_()[0]) == {"image/jpeg"}
        assert "<script" not in shown.view().html
    assert len(list(work.iterdir())) == 5
    assert {path.name for path in tmp_path.iterdir()} == {"data", "work", "cache"}


def test_a_broken_picture_is_named_and_nothing_is_trained(
    catalogue: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = tmp_path / "data"
    shutil.copytree(catalogue, folder)
    broken = sorted((folder / "images").iterdir())[7]
    broken.write_bytes(broken.read_bytes()[:400])
    more = ("--quiet", "--out", str(tmp_path / "x.png"))
    assert run(arguments(folder, tmp_path / "cache", *more)) == 2
    err = capsys.readouterr().err
    assert err.count("\n") == 1
    assert broken.name in err
    assert not (tmp_path / "cache" / "models").exists()


def test_a_catalogue_too_small_to_train_says_so(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "images").mkdir()
    Image.new("RGB", (20, 20), "red").save(tmp_path / "images" / "1.png")
    (tmp_path / "items.csv").write_text("item_id,image,title\n3,images/1.png,red\n")
    (tmp_path / "interactions.csv").write_text("user_id,item_id\na,3\n")
    assert run(arguments(tmp_path, tmp_path / "cache", "--quiet", "--out", "x.png")) == 2
    err = capsys.readouterr().err
    assert "too small to train" in err
    assert err.count("\n") == 1


def test_a_cache_that_cannot_be_written_is_one_line(
    catalogue: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    blocked = tmp_path / "cache"
    blocked.write_text("a file, not a folder")
    code = run(arguments(catalogue, blocked, "--quiet", "--out", str(tmp_path / "x.png")))
    err = capsys.readouterr().err
    assert code in (1, 2)
    assert err.count("\n") == 1
    assert str(blocked) in err
    assert not (tmp_path / "x.png").exists()


def test_a_disk_that_is_full_is_one_line(catalogue: Path, cache: Path, tmp_path: Path) -> None:
    out = tmp_path / "x.png"
    # No file may grow beyond 20 kB: the figure does not fit, as on a full disk.
    limited = (
        "import resource, sys; resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, 20_000));"
        "from becam.cli.main import run; sys.exit(run(sys.argv[1:]))"
    )
    done = subprocess.run(
        [sys.executable, "-c", limited, *arguments(catalogue, cache, "--quiet", "--out", str(out))],
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    assert done.returncode == 1
    assert done.stderr.startswith("becam: ")
    assert done.stderr.count("\n") == 1
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    ("how", "after"), [(signal.SIGINT, 1.0), (signal.SIGINT, 6.0), (signal.SIGKILL, 6.5)]
)
def test_an_interrupted_run_leaves_nothing_half_written(
    catalogue: Path, cache: Path, tmp_path: Path, how: signal.Signals, after: float
) -> None:
    whole = tmp_path / "whole.png"
    assert run(arguments(catalogue, cache, "--quiet", "--out", str(whole))) == 0
    out, own = tmp_path / "figure.png", tmp_path / "cache"
    command = [sys.executable, "-m", "becam", *arguments(catalogue, own, "--out", str(out))]
    process = subprocess.Popen(command, stderr=subprocess.PIPE, text=True, cwd=tmp_path)
    time.sleep(after)
    os.kill(process.pid, how)
    _, err = process.communicate(timeout=60)
    assert "Traceback" not in err
    if how is signal.SIGINT and process.returncode != 0:
        assert process.returncode == 130
        assert "becam: interrupted" in err
    assert out.exists() or process.returncode != 0
    if out.exists():  # the signal may come after the figure
        assert out.read_bytes() == whole.read_bytes()
    # The next run goes on and ends with the same bytes as a run that was never interrupted.
    assert run(arguments(catalogue, own, "--quiet", "--out", str(out))) == 0
    assert out.read_bytes() == whole.read_bytes()
    left = [name for name in files_of(own) if name.endswith(".part")]
    assert how is signal.SIGKILL or not left
