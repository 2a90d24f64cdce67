"""The study: cells in their order, maps measured together, resumed, summed up in tables."""

from __future__ import annotations

import csv
import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from click.testing import CliRunner

from becam.galleries.run import gallery, load_spec
from becam.geometry import Geometry
from becam.metrics import masks
from becam.progress import Reporter
from becam.study import records as records_module
from becam.study.__main__ import command
from becam.study.bench import StudyBench
from becam.study.config import CONTROLS, Block, Cell, Options, cells_of
from becam.study.crossed import crossed_table
from becam.study.maps import METRICS, Grid, measured
from becam.study.records import FIGURES, Record, cell_key, load, store
from becam.study.report import sorted_records
from becam.study.summary import (
    Setting,
    choose_setting,
    criterion,
    difference,
    mean_of,
    rank,
)
from recsys.errors import InputError

QUIET = Reporter(quiet=True)
SMALL = "demo:items=40,users=60,size=96"
SPEC = f"""
kind = "study"
title = "Small"
seeds = 2
items = 3
scores = ["cosine", "effective-length", "gate"]
weightings = ["raw", "contrast"]
device = "cpu"

[defaults]
data = "{SMALL}"
recommenders = "bm3"
lr = 0.01

[blocks.core]
adapters = ["none", "befa"]
fills = ["mean", "black"]

[blocks.sparsity]
adapters = ["none", "identity-gate"]
data = "{SMALL},interactions=8"
"""


def record(adapter: str, seed: int, values: dict[tuple[str, str], float], **given: Any) -> Record:
    """A record whose own minus other AUC is the given one, by score and weighting."""
    scores, weightings = ("cosine", "effective-length", *CONTROLS), ("raw", "contrast")
    found = np.full((1, len(scores), 2, len(METRICS), 4), 0.5, np.float32)
    place = METRICS.index("own-minus-other-auc")
    for (score, weighting), value in values.items():
        found[0, scores.index(score), weightings.index(weighting), place] = value
    usual = {"data": "demo", "encoder": "demo-vit", "lr": 0.001, "patience": 10}
    named = {"recommender": "bm3", "adapter": adapter, "seed": seed, "fills": ("mean",)}
    cell = Cell(**{**usual, **named, **given})
    return Record(
        cell=cell,
        about={"scores": scores, "weightings": weightings, "items": ["a", "b", "c", "d"]},
        figures=dict.fromkeys(FIGURES, 0.1),
        values=found,
        recognition=np.full((1, len(scores), 4), 0.5, np.float32),
        dependence=np.ones(4, np.float32),
        share=np.ones(4, np.float32),
        baselines=np.full((2, 4), 0.5, np.float32),
        first=np.array([True, True, False, False]),
    )


@pytest.fixture(scope="module")
def done(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """A finished small study: its spec and folder, and its cache beside them."""
    folder = tmp_path_factory.mktemp("study")
    spec = folder / "small.toml"
    spec.write_text(SPEC)
    outcome = gallery(spec, folder / "out", reporter=QUIET, cache=folder / "cache")
    assert outcome.failures == {}
    names = [path.name for path in outcome.written]
    assert names == ["study.md", "study.csv", "study.svg", "study.png"]
    return spec, folder / "out"


def test_cells_come_seed_by_seed_and_a_block_may_begin_later() -> None:
    common = {"recommenders": ("bm3",), "lr": 0.01}
    blocks = (
        Block(name="a", adapters=("none", "befa"), fills=("mean",), **common),
        Block(name="b", adapters=("lora",), after=1, **common),
        Block(name="c", adapters=("none",), fills=("blur", "mean"), seeds=1, **common),
    )
    cells = cells_of(blocks, 2)
    assert [(cell.adapter, cell.seed) for cell in cells] == [
        *[("none", 0), ("befa", 0), ("none", 1), ("befa", 1), ("lora", 0), ("lora", 1)]
    ]
    assert cells[0].fills == ("mean", "blur")  # of both blocks, in the order of all fills
    assert cells[1].fills == cells[2].fills == ("mean",)


def test_every_decision_is_part_of_a_cells_key() -> None:
    cell, options = record("none", 0, {}).cell, Options()
    keys = {cell_key(cell, options)}
    changes = {"data": "demo:seed=1", "seed": 1, "adapter": "befa", "lr": 0.1, "fills": ("blur",)}
    keys |= {cell_key(replace(cell, **{name: value}), options) for name, value in changes.items()}
    more = {"items": 7, "item_seed": 1, "stride": 3, "scores": ("cosine",), "features": "trainable"}
    keys |= {cell_key(cell, replace(options, **{name: value})) for name, value in more.items()}
    assert len(keys) == 11
    assert cell_key(cell, replace(options, device="cpu", seeds=2)) in keys


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (('scores = ["cosine"', 'scores = ["cosin"'), r"small.toml, line 6.*unknown score 'cosin'"),
        (("seeds = 2", "seeds = 0"), r"line 4, key 'seeds': seeds '0': expected at least 1"),
        (('"none", "befa"', '"none", "befo"'), r"line 16.*'blocks.core.adapters'.*mean befa"),
        (("[blocks.core]", "[block.core]"), r"line 15, key 'block': unknown key; .*blocks"),
        (("lr = 0.01", "lr = -1"), r"lr must be a positive number"),
        (('recommenders = "bm3"', 'recommenders = "lightgcn"'), r"unknown recommender 'lightgcn'"),
        (("interactions=8", "interaction=8"), r"parameter of the demo catalogue 'interaction'"),
        (("lr = 0.01", "lrr = 0.01"), r"line 13, key 'defaults.lrr': unknown key in \[defaults\]"),
        (('fills = ["mean", "black"]', "fills = []"), r"fills: expected at least one"),
        (("[blocks.core]", '[blocks.core]\nname = "x"'), r"a block's name is that of its table"),
    ],
)
def test_a_wrong_spec_is_refused_in_a_line(
    change: tuple[str, str], message: str, tmp_path: Path
) -> None:
    file = tmp_path / "small.toml"
    file.write_text(SPEC.replace(*change))
    with pytest.raises(InputError, match=message) as caught:
        load_spec(file)
    assert "\n" not in str(caught.value)


def test_the_studys_own_spec_is_valid_and_begins_with_the_core() -> None:
    spec = load_spec(Path(__file__).parents[1] / "gallery" / "study.toml")
    cells = cells_of(spec.blocks, spec.options.seeds)
    assert {cell.model.recommender for cell in cells} == {"bm3", "freedom", "lattice", "mgcn"}
    assert [str(cell.model) for cell in cells[:2]] == ["bm3", "bm3+befa"]
    assert len({replace(cell, fills=()) for cell in cells}) == len(cells)
    assert {cell.catalogue.interactions for cell in cells} == {(5, 5), (10, 10), (20, 20)}
    assert {cell.catalogue.correlation for cell in cells} == {0.0, 0.6, 1.0}


def test_maps_measured_together_are_those_measured_alone() -> None:
    rng = np.random.default_rng(0)
    activations, weights = rng.random((6, 5, 4)), rng.normal(size=(3, 6))
    weights[1] = np.nan
    foreign, order = rng.normal(size=(3, 6)), rng.permutation(6)
    product = np.zeros((120, 160), bool)
    product[20:80, 40:100] = True
    geometry = Geometry((160, 120), (20.0, -8.0, 140.0, 128.0))  # cut off left and right
    grid = Grid.of(geometry, (5, 4), product, 1)
    found = measured(weights, foreign, order, activations, grid)
    assert np.isnan(found[1]).all()
    for place in (0, 2):
        values = dict(zip(METRICS, found[place], strict=True))
        shown = [
            geometry.onto_picture(np.einsum("n,nhw->hw", each, activations).astype(np.float32))
            for each in (weights[place], foreign[place], weights[place][order])
        ]
        auc, other, shuffled = (masks.pixel_auc(each, product) for each in shown)
        assert values["auc"] == pytest.approx(auc, abs=1e-4)
        assert values["own-minus-other-auc"] == pytest.approx(auc - other, abs=1e-4)
        assert values["shuffled-auc"] == pytest.approx(shuffled, abs=1e-4)
        assert values["drift"] == pytest.approx(masks.drift(shown[0], product), abs=1e-4)
        assert values["omission"] == pytest.approx(masks.omission(shown[0], product), abs=1e-2)
        assert values["spread"] == pytest.approx(weights[place].std())
    coarse = measured(weights, foreign, order, activations, Grid.of(geometry, (5, 4), product, 2))
    np.testing.assert_allclose(coarse[0, :5], found[0, :5], atol=0.01)


def test_a_map_that_is_constant_has_no_values() -> None:
    grid = Grid.of(Geometry((8, 8), (0.0, 0.0, 8.0, 8.0)), (2, 2), np.eye(8, dtype=bool), 1)
    found = measured(np.zeros((1, 3)), np.ones((1, 3)), np.arange(3), np.ones((3, 2, 2)), grid)
    values = dict(zip(METRICS, found[0], strict=True))
    assert np.isnan([values[name] for name in ("auc", "drift", "omission")]).all()
    assert values["spread"] == 0


def test_settings_are_chosen_on_the_first_half_and_reported_on_the_second() -> None:
    records = [
        record("none", 0, {("cosine", "raw"): 0.1, ("cosine", "contrast"): 0.3}),
        record("befa", 0, {("effective-length", "raw"): 0.9}),
        record("identity-gate", 0, {("cosine", "raw"): 5.0}),
    ]
    for each in records:  # the second half would choose otherwise
        place = METRICS.index("own-minus-other-auc")
        each.values[:, 0, 0, place, 2:] = 0.8
    setting = choose_setting(records[:2], "cosine")
    assert setting == Setting("cosine", "mean", "contrast")
    assert mean_of(records[0], Setting("cosine", "mean", "raw"), place_name()) == pytest.approx(0.8)
    settings = {name: choose_setting(records, name) for name in records[0].scores}
    ranking = rank(records, settings)
    assert [name for name, _ in ranking] == ["effective-length", "cosine", *CONTROLS]
    assert choose_setting(records, "cosine", "mean") == setting


def place_name() -> str:
    return "own-minus-other-auc"


def test_what_is_not_defined_counts_as_chance() -> None:
    found = record("none", 0, {})
    found.values[0, 0, 0] = np.nan
    setting = Setting("cosine", "mean", "raw")
    assert mean_of(found, setting, "auc") == 0.5
    assert mean_of(found, setting, "own-minus-other-auc") == 0
    assert np.isnan(mean_of(found, setting, "drift"))
    assert np.isnan(mean_of(found, replace(setting, fill="blur"), "auc"))  # not measured
    black = Setting("cosine", "black", "raw")
    assert difference([found], [record("befa", 0, {})], black, "auc") is None


def test_a_score_of_gates_is_ranked_by_gates_alone() -> None:
    at = METRICS.index("own-minus-other-auc")
    records = [record("none", 0, {}), record("befa", 0, {})]
    for each, value in zip(records, (0.9, 0.3), strict=True):
        each.about["scores"] = ("cosine", "gate", *CONTROLS)
        each.values[:, :, :, at] = value
    records[0].values[:, 1] = np.nan
    setting = Setting("gate", "mean", "raw")
    assert criterion(records, setting) == pytest.approx(0.3)
    assert np.isnan(mean_of(records[0], setting, "own-minus-other-auc"))
    assert np.isnan(criterion(records[:1], setting))
    ranked = rank(records[:1], {name: replace(setting, score=name) for name in ("gate", "cosine")})
    assert [name for name, _ in ranked] == ["cosine", "gate"]


def test_records_of_another_version_are_left_out(
    done: tuple[Path, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    _, out = done
    folder = tmp_path / "contents"
    shutil.copytree(out / "contents", folder)
    old = load(folder)[0]
    monkeypatch.setattr(records_module, "VERSION", records_module.VERSION + 1)
    newer = replace(old, share=old.share + 1)
    store(folder, newer, Options())
    assert len(list(folder.rglob("*.safetensors"))) == 9
    (found,) = load(folder)
    assert np.array_equal(found.share, newer.share)


def test_sparsity_and_correlation_that_both_vary_have_a_table() -> None:
    places = ("interactions=10", "interactions=5", "correlation=1,interactions=10")
    found = [
        record(adapter, seed, {("cosine", "raw"): value}, data=f"demo:{place}")
        for adapter, value in (("none", 0.25), ("befa", 0.125))
        for seed in (0, 1)
        for place in places
    ]
    setting = Setting("cosine", "mean", "raw")
    assert crossed_table(found, found[:1], setting).endswith("No cells yet.\n")
    corner = {"data": "demo:correlation=1,interactions=5"}
    found.append(record("none", 0, {("cosine", "raw"): 0.75}, **corner))
    *_, head, _, line = crossed_table(sorted_records(found), found[:1], setting).splitlines()
    assert head == "| recommender | adapter | 0.6, 5 | 0.6, 10 | 1, 5 | 1, 10 |"
    near = "0.500 / 0.500 / 0.250"
    assert line == f"| bm3 | none | {near} | {near} | 0.500 / 0.500 / 0.750 | {near} |"


def test_differences_are_paired_by_item_and_seed() -> None:
    before = [record("none", seed, {("cosine", "raw"): 0.1 * seed}) for seed in (0, 1, 2)]
    after = [record("befa", seed, {("cosine", "raw"): 0.1 * seed + 0.2}) for seed in (1, 2, 7)]
    found = difference(before, after, Setting("cosine", "mean", "raw"), "own-minus-other-auc")
    assert found is not None
    assert found.mean == pytest.approx(0.2)
    assert (found.items, found.seeds) == (2, 2)
    assert difference([], after, Setting("cosine", "mean", "raw"), "auc") is None


def test_a_study_has_its_tables_and_every_cell(done: tuple[Path, Path]) -> None:
    _, out = done
    records = load(out / "contents")
    assert len(records) == 8
    text = (out / "tables" / "study.md").read_text()
    assert text.startswith("# Small\n")
    assert "| bm3 | none | 2 |" in text
    assert "| bm3 | identity-gate | 8 | 2 |" in text  # by interactions a user
    assert "| bm3 | identity-gate | 2 |" not in text  # not in the core
    with (out / "tables" / "study.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert {row["half"] for row in rows} == {"", "first", "second"}
    gate = [row for row in rows if row["score"] == "gate" and row["metric"] == "auc"]
    assert {row["mean"] for row in gate if row["adapter"] == "none"} == {""}  # not defined
    assert {row["undefined"] for row in gate if row["adapter"] == "none"} == {"1.0"}
    plain = [row for row in rows if row["score"] == "cosine" and row["weighting"] == "contrast"]
    alike = [row for row in plain if row["adapter"] == "identity-gate" and row["metric"] == "auc"]
    assert {(row["mean"], row["undefined"]) for row in alike} == {("0.5", "1.0")}  # all the same
    controls = ("text-prompt", "random-weights", "unweighted", "centre prior")
    assert all(f"| {name} (control) |" in text for name in controls)
    for each in records:
        assert (each.share < 1e-6).all() == (each.cell.adapter == "identity-gate")
        assert each.first.tolist() == [True] * 3 + [False] * 3
        if each.cell.adapter == "identity-gate":
            raw = each.of("mean", "cosine", "raw", "distance")
            assert raw is not None
            assert float(np.abs(raw).max()) < 1e-6  # the unweighted map
            contrast = each.of("mean", "cosine", "contrast", "auc")
            assert contrast is not None
            assert np.isnan(contrast).all()


def test_the_figure_has_a_row_a_model_and_a_mark_a_score(done: tuple[Path, Path]) -> None:
    _, out = done
    drawn = (out / "figures" / "study.svg").read_text()
    for words in (
        *("bm3, none", "bm3, befa", "share of the content in the output"),
        *("pixel AUC", "cosine, raw (published)", "content-neighbours (control)"),
    ):
        assert f">{words}</text>" in drawn, words


def test_a_study_goes_on_where_it_stopped_and_gives_the_same_bytes(
    done: tuple[Path, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    spec, out = done
    files = sorted(path for path in out.rglob("*") if path.is_file())
    before = {path: path.read_bytes() for path in files}
    lost = sorted((out / "contents").rglob("*.safetensors"))[0]
    lost.unlink()
    made: list[Cell] = []
    do = StudyBench.do

    def counted(self: StudyBench, run: Cell, stopped: Any) -> Record:
        made.append(run)
        return do(self, run, stopped)

    monkeypatch.setattr(StudyBench, "do", counted)
    outcome = gallery(spec, out, reporter=QUIET, cache=spec.parent / "cache")
    assert outcome.failures == {}
    assert len(made) == 1
    assert {path: path.read_bytes() for path in files} == before


def test_a_cell_that_fails_is_named_and_the_others_go_on(
    done: tuple[Path, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    spec, out = done

    def broken(*_: object) -> Record:
        raise RuntimeError("no\nmemory")

    monkeypatch.setattr(StudyBench, "do", broken)
    lost = sorted((out / "contents").rglob("*.safetensors"))[0]
    kept = lost.read_bytes()
    lost.unlink()
    try:
        outcome = gallery(spec, out, reporter=QUIET, cache=spec.parent / "cache")
    finally:
        lost.write_bytes(kept)
    assert list(outcome.failures.values()) == ["RuntimeError: no memory"]
    assert "7 cells" in outcome.summary


def test_the_tables_of_what_is_there_go_into_a_document(
    done: tuple[Path, Path], tmp_path: Path
) -> None:
    _, out = done
    page = tmp_path / "study.md"
    page.write_text("Before\n<!-- tables -->\nold\n<!-- end of tables -->\nafter\n")
    result = CliRunner().invoke(command, [str(out), "--into", str(page)])
    assert result.exit_code == 0, result.output
    text = page.read_text()
    assert text.startswith("Before\n<!-- tables -->\n\n8 cells.")
    assert text.endswith("<!-- end of tables -->\nafter\n")
    assert "old" not in text
    page.write_text("no marks")
    for folder, file in ((out, page), (tmp_path, page), (out, tmp_path / "none.md")):
        result = CliRunner().invoke(command, [str(folder), "--into", str(file)])
        assert result.exit_code == 2
        assert "expected" in result.output
        assert "Traceback" not in result.output
