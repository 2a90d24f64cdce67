"""`becam compare`: grids of models, layers, fills and weightings, from a catalogue to files."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

import becam
from becam import CompareConfig, InputError
from becam.cli.main import run
from becam.explainer import Explainer
from becam.figures.paper import PaperStyle
from becam.progress import Reporter

QUIET = Reporter(quiet=True)


@pytest.fixture(scope="module")
def options(catalogue: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    return {"data": str(catalogue), "cache": tmp_path_factory.mktemp("cache")}


@pytest.fixture(scope="module")
def flags(options: dict[str, Any]) -> list[str]:
    return ["--data", options["data"], "--cache", str(options["cache"]), "--quiet"]


@pytest.fixture(scope="module")
def compared(options: dict[str, Any]) -> becam.Comparison:
    models = "bm3+lora,bm3+identity-gate"
    return becam.compare(items=("3", "4"), models=models, reporter=QUIET, **options)


def test_each_recommender_is_shown_once_without_an_adapter(compared: becam.Comparison) -> None:
    assert [entry.side.model for entry in compared.entries][:3] == [
        "bm3",
        "bm3+lora",
        "bm3+identity-gate",
    ]
    grid = compared.grid()
    assert grid.heads == (
        *("picture", "before: bm3", "after: bm3+lora", "after: bm3+identity-gate"),
        *("bm3+lora − bm3", "bm3+identity-gate − bm3"),
    )
    assert [row.label for row in grid.rows] == ["item 3", "item 4"]
    figures = dict(grid.rows[0].cells[2].figures)
    assert list(figures) == ["drift", "omission", "AUC", "spread", "content"]
    metrics = compared.entries[1].side.metrics
    assert metrics is not None
    assert figures["AUC"] == f"{metrics.auc:.2f}"


def test_a_degenerate_map_is_told_in_words(compared: becam.Comparison) -> None:
    assert any(w.startswith("item 3, bm3+identity-gate: ") for w in compared.warnings)
    assert all("not an explanation" in warning for warning in compared.warnings)
    cell = compared.grid().rows[1].cells[3]
    assert cell is not None
    assert cell.alarm == (
        "the adapter's output ignores the content: whatever the weighting, the map is not an "
        "explanation"
    )
    caption = compared.caption()
    assert "(d), (j): the adapter's output ignores the content" in caption
    assert "items 3 and 4 of small" in caption


def test_maps_are_those_of_explain(compared: becam.Comparison, options: dict[str, Any]) -> None:
    alone = becam.explain(item="4", model="bm3+lora", reporter=QUIET, **options)
    after = [e.side for e in compared.entries if e.item_id == "4" and e.side.model == "bm3+lora"]
    assert (after[0].attribution.heatmap == alone.after.heatmap).all()
    assert after[0].metrics == alone.sides[1].metrics


def test_fills_by_weightings(options: dict[str, Any]) -> None:
    made = {"fills": "mean,black", "weightings": "raw,contrast", "columns": "weightings"}
    found = becam.compare(items=("3",), models="bm3", reporter=QUIET, **made, **options)
    grid = found.grid()
    assert grid.heads == ("picture", "weighting raw", "weighting contrast")
    assert [row.label for row in grid.rows] == ["item 3, mean", "item 3, black"]
    facts = [entry.side.attribution.provenance for entry in found.entries]
    assert [(f.fill, f.weighting) for f in facts] == [
        *(("mean", "raw"), ("mean", "contrast"), ("black", "raw"), ("black", "contrast")),
    ]
    raw = becam.explain(item="3", model="bm3", fill="black", reporter=QUIET, **options)
    assert (found.entries[2].side.attribution.heatmap == raw.before.heatmap).all()
    assert "fill mean and black" in found.caption()


def test_layers_and_encoders_below_each_other(options: dict[str, Any]) -> None:
    layer = "transformer.resblocks.2"
    found = becam.compare(
        items=("3",),
        models="bm3+lora",
        layers=f"default,{layer}",
        panels="after,difference",
        reporter=QUIET,
        **options,
    )
    grid = found.grid()
    assert [row.label for row in grid.rows] == [
        "item 3, transformer.resblocks.4",
        f"item 3, {layer}",
    ]
    assert grid.heads == ("after: bm3+lora", "after − before")
    # The rest was opened once.
    assert found.computed.count("content features") <= 1


def test_explainers_of_other_maps_share_what_is_open(options: dict[str, Any]) -> None:
    first = Explainer(reporter=QUIET, **options)
    assert first.encoder is not None
    fitted = first.fitted("bm3")
    other = first.with_maps(fill="blur")
    assert other.encoder is first.encoder
    assert other.fitted("bm3") is fitted
    assert (first.cam.recipe.fill, other.cam.recipe.fill) == ("mean", "blur")
    with pytest.raises(TypeError, match="data"):
        first.with_maps(data="demo")
    with pytest.raises(InputError, match="did you mean"):
        first.with_maps(fill="blurr")


def test_the_command_writes_figure_latex_and_figures(
    flags: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "grid.pdf"
    command = ["compare", "--item", "3", "--models", "bm3+lora", *flags, "--out", str(out)]
    more = ["--tex", "--venue", "ieee", "--width", "column"]
    assert run([*command, *more, "--json"]) == 0
    values = json.loads(capsys.readouterr().out)
    assert [entry["model"] for entry in values["maps"]] == ["bm3", "bm3+lora"]
    assert {path.name for path in tmp_path.iterdir()} == {"grid.pdf", "grid.tex"}
    box = re.search(rb"/MediaBox \[ ?0 0 ([0-9.]+)", out.read_bytes())
    assert box is not None
    assert float(box[1]) == pytest.approx(252 / 72.27 * 72, abs=0.002)
    tex = out.with_suffix(".tex").read_text()
    for words in (r"\begin{figure}", "layer transformer.resblocks.4", "fill mean", "seed 0"):
        assert words in tex
    first = {path.name: path.read_bytes() for path in tmp_path.iterdir()}
    assert run([*command, *more]) == 0
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == first
    assert "| 3 | bm3+lora | " in capsys.readouterr().out


def test_a_missing_font_is_said_once(
    options: dict[str, Any], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    where = ["--data", options["data"], "--cache", str(options["cache"])]
    more = ["--font", "No Such Family", "--out", str(tmp_path / "a.png"), *where]
    assert run(["compare", "--item", "3", "--models", "bm3", *more]) == 0
    said = [line for line in capsys.readouterr().err.splitlines() if "No Such Family" in line]
    assert len(said) == 1
    assert "is used in its place" in said[0]


def test_it_shows_itself_in_a_notebook(compared: becam.Comparison) -> None:
    data, metadata = compared._repr_mimebundle_()
    assert set(data) == {"image/jpeg"}
    assert "item" in metadata["image/jpeg"]["alt"]
    assert len(compared.figures(PaperStyle(venue="neurips"))) == 1


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        (["--models", "bm3+lorra"], "did you mean"),
        (["--models", "bm3,,bm3+lora"], "expected names with commas"),
        (["--models", "bm3+lora,bm3+lora"], "models: 'bm3+lora' is given twice"),
        (["--item", "3"], "items: '3' is given twice"),
        (["--item", "333"], "unknown item '333'"),
        (["--fills", "mean,blakc"], "did you mean black"),
        (["--fills", "mean", "--fill", "black"], "--fills and --fill are both given"),
        (["--columns", "fills"], "expected several with --fills"),
        (["--columns", "rows"], "unknown columns 'rows'"),
        (["--layers", "proj"], "unknown layer 'proj'"),
        (["--panels", "picture"], "expected others"),
        (["--panels", "diffrence"], "did you mean difference"),
        (
            ["--columns", "fills", "--fills", "mean,blur", "--panels", "difference"],
            "expected --columns models",
        ),
        (["--venue", "icml"], "unknown venue 'icml'"),
        (["--tex", "--out", "a.svg"], "expected .pdf or .png with --tex"),
        (["--out", "a.jpg"], "expected an ending"),
    ],
)
def test_bad_input_is_one_line_before_any_training(
    changed: list[str],
    said: str,
    flags: list[str],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    assert run(["compare", "--item", "3", *flags, *changed]) == 2
    out, err = capsys.readouterr()
    assert (out, err.count("\n")) == ("", 1)
    assert said in err
    assert not list(tmp_path.iterdir())


def test_texts_in_place_of_tuples_and_lists_are_refused() -> None:
    with pytest.raises(TypeError, match="tuple of texts"):
        CompareConfig(items="123")
    with pytest.raises(TypeError, match="text with commas"):
        CompareConfig(items=("1",), models=["bm3"])
