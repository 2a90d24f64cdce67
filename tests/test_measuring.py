"""`becam metrics`: from a catalogue to a tidy table, means, intervals and paired tests."""

from __future__ import annotations

import csv
import json
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.parquet as pq
import pytest

import becam
from becam import masked_features
from becam.cli.main import run
from becam.measuring import records
from becam.measuring.methods import methods_of
from becam.measuring.metrics import metrics_of, values_of
from becam.measuring.run import measurable
from becam.measuring.subject import chosen
from becam.metrics import MetricSettings
from becam.progress import Reporter
from recsys.data.catalogue import load_catalogue
from recsys.errors import InputError
from tests.shops import make_shop

QUIET = Reporter(quiet=True)
CONTROLS = [
    *("unweighted", "centre", "random-weights", "other-item", "self-similarity", "text-prompt"),
]
METRICS = [
    *("energy-inside", "drift", "omission", "pointing-game", "best-iou", "auc"),
    *("own-minus-other-auc", "spread", "effective-channels", "distance", "degenerate"),
    *("content-dependence", "recognition"),
]
ITEMS = 3
HEATMAPS = ITEMS * 2 * (1 + len(CONTROLS))


@pytest.fixture(scope="module")
def cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("cache")


def measure(catalogue: Path, cache: Path, **options: Any) -> becam.Measurements:
    common = {"items": ITEMS, "metrics": "drift,auc,health", "resamples": 100, "device": "cpu"}
    more = {**common, **options}
    return becam.measure(data=str(catalogue), cache=cache, reporter=QUIET, **more)


def test_a_row_an_item_side_method_and_metric(catalogue: Path, cache: Path) -> None:
    result = measure(catalogue, cache, metrics=None)
    keys = [(o.item, o.model, o.method, o.metric) for o in result.observed]
    assert len(set(keys)) == len(keys)
    assert len([key for key in keys if "/" not in key[-1]]) == HEATMAPS * len(METRICS)
    assert {key[-1].partition("/")[0] for key in keys if "/" in key[-1]} == {"drift", "omission"}
    assert [m for m in result.about["methods"] if m != "becam"] == CONTROLS
    assert {(o.side, o.model) for o in result.observed} == {
        ("before", "bm3"),
        ("after", "bm3+befa"),
    }
    for each in result.observed:
        assert (each.value.value is None) == bool(each.value.reason)
    # The values are those of `becam.explain`.
    item = result.observed[0].item
    told = becam.explain(item=item, data=str(catalogue), cache=cache, device="cpu", reporter=QUIET)
    for side in told.sides:
        own = {
            o.metric: o.value.value
            for o in result.observed
            if (o.item, o.model, o.method) == (item, side.model, "becam")
        }
        assert side.metrics is not None
        assert own["auc"] == pytest.approx(side.metrics.auc)
        assert own["drift"] == pytest.approx(side.metrics.drift)
        assert own["spread"] == pytest.approx(side.attribution.health.spread)


def test_means_changes_and_what_they_are_tested_against(catalogue: Path, cache: Path) -> None:
    result = measure(catalogue, cache)
    mean = next(m for m in result.means if (m.model, m.method, m.metric) == ("bm3", "becam", "auc"))
    of_items = [
        o.value.value
        for o in result.observed
        if (o.model, o.method, o.metric) == ("bm3", "becam", "auc")
    ]
    assert mean.interval.estimate.mean == pytest.approx(np.mean(of_items))
    assert mean.interval.low is not None
    assert mean.interval.high is not None
    assert mean.interval.low < mean.interval.estimate.mean < mean.interval.high
    change = next(c for c in result.changes if (c.method, c.metric) == ("becam", "auc"))
    assert (change.model, change.other_model) == ("bm3+befa", "bm3")
    assert change.corrected is not None
    assert change.corrected >= change.p
    # What never asks the recommender changes nothing, and is no member of the family.
    for each in result.changes:
        if each.method in ("unweighted", "centre", "self-similarity", "text-prompt"):
            assert each.difference.estimate.mean == 0
            assert each.corrected is None
    assert {c.other_method for c in result.against} == set(CONTROLS)
    assert {c.metric for c in result.against} == {"drift", "auc"}


def test_the_same_bytes_from_the_cache_and_without_it(
    catalogue: Path, cache: Path, tmp_path: Path
) -> None:
    first = measure(catalogue, cache)
    again = measure(catalogue, cache)
    assert (again.computed, again.reused) == (0, HEATMAPS)
    shutil.copytree(cache, tmp_path / "copy", ignore=shutil.ignore_patterns("results"))
    anew = measure(catalogue, tmp_path / "copy")
    assert again.seconds == {}
    assert anew.computed == HEATMAPS
    folders = [tmp_path / name for name in "abc"]
    for result, folder in zip((first, again, anew), folders, strict=True):
        result.save(folder)
    names = sorted(path.name for path in folders[0].iterdir())
    assert names == sorted(
        [*(f"metrics.{e}" for e in ("csv", "json", "md", "tex")),
         "metrics-items.csv", "metrics-items.parquet"]
    )  # fmt: skip
    for name in names:
        contents = {(folder / name).read_bytes() for folder in folders}
        assert len(contents) == 1, name
    table = pq.read_table(folders[0] / "metrics-items.parquet").to_pylist()
    with (folders[0] / "metrics-items.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert len(table) == len(rows)
    missing = {row["metric"] for row in rows if row["value"] == "" and row["method"] == "centre"}
    assert missing == {
        "spread",
        "effective-channels",
        "content-dependence",
        "recognition",
    }
    assert json.loads((folders[0] / "metrics.json").read_text())["data"] == "small"


def test_a_killed_run_goes_on_where_it_stopped(
    catalogue: Path, cache: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    mine = tmp_path / "cache"
    shutil.copytree(cache, mine, ignore=shutil.ignore_patterns("results", "masked-features"))
    whole = measure(catalogue, cache)
    left = [23]

    def killed(*arguments: Any) -> Any:
        left[0] -= 1
        if not left[0]:
            raise KeyboardInterrupt
        return values_of(*arguments)

    with monkeypatch.context() as patched:
        patched.setattr("becam.measuring.run.values_of", killed)
        with pytest.raises(KeyboardInterrupt):
            measure(catalogue, mine)
    calls: list[int] = []
    original = masked_features.compute_many
    monkeypatch.setattr(
        masked_features,
        "compute_many",
        lambda engine, pictures: (calls.append(len(pictures)), original(engine, pictures))[1],
    )
    resumed = measure(catalogue, mine)
    assert set(resumed.seconds) <= {"masked features", "becam", *CONTROLS}
    assert resumed.reused == 22
    assert sum(calls) < ITEMS  # pictures of the killed run are not encoded again
    assert resumed.to_csv() == whole.to_csv()


def test_what_changes_a_heatmap_changes_its_record(
    catalogue: Path, cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    measure(catalogue, cache, items=2)
    for options in ({"weighting": "contrast"}, {"others": 2}, {"metrics": "auc"}):
        assert measure(catalogue, cache, items=2, **options).computed > 0, options
    monkeypatch.setattr(records, "VERSION", -1)
    assert measure(catalogue, cache, items=2).reused == 0


def test_the_draw_is_seeded_and_the_halves_do_not_mix(catalogue: Path) -> None:
    opened = load_catalogue(catalogue)
    able = [index for index in range(len(opened.items)) if index != 7]

    def drawn(**options: Any) -> list[int]:
        return chosen(becam.MeasureConfig(**{"items": 5, **options}), opened, able)

    assert drawn() == drawn() == sorted(drawn())
    assert drawn() != drawn(item_seed=1)
    assert set(drawn()) < set(drawn(items=8))
    halves = [drawn(half=half, items=19) for half in ("first", "second")]
    assert not set(halves[0]) & set(halves[1])
    assert 7 not in drawn(items=39)
    names = (opened.items[9].item_id, opened.items[3].item_id)
    assert drawn(ids=names, items=None) == [3, 9]
    with pytest.raises(InputError, match="items '40': expected at most 39"):
        drawn(items=40)
    with pytest.raises(InputError, match="has no interaction in the training split"):
        drawn(ids=(opened.items[7].item_id,), items=None)


def test_without_masks_what_needs_them_is_left_out_and_said(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    shop = make_shop(tmp_path / "shop", items=12)
    command = ["metrics", "--data", str(shop), "--cache", str(tmp_path / "cache"), "--device"]
    command += ["cpu", "--items", "2", "--model", "bm3", "--modalities", "image"]
    assert run([*command, "--metrics", "mask,spread"]) == 0
    out, err = capsys.readouterr()
    assert "no product masks" in err
    header = next(line for line in out.splitlines() if line.startswith("| data |"))
    assert "pixel AUC" not in header
    assert "spread of the weights" in header
    assert "best-iou, auc, own-minus-other-auc" in out
    assert run([*command, "--metrics", "auc", "--quiet"]) == 2
    assert "expected metrics that need none" in capsys.readouterr().err


def test_the_command_prints_and_writes(
    catalogue: Path, cache: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    command = ["metrics", "--data", str(catalogue), "--cache", str(cache), "--items", "3"]
    command += ["--metrics", "drift,auc,health"]
    command += ["--device", "cpu", "--resamples", "100"]
    for ending in ("csv", "parquet", "md", "tex", "json"):
        assert run([*command, "--quiet", "--out", str(tmp_path / f"m.{ending}")]) == 0
        assert (tmp_path / f"m.{ending}").stat().st_size > 100
    capsys.readouterr()
    assert run([*command, "--json"]) == 0
    values = json.loads(capsys.readouterr().out)
    assert {row["method"] for row in values["summary"]} >= {"becam", *CONTROLS}
    assert r"\label{tab:becam-metrics-bm3-befa-demo-vit-small}" in (tmp_path / "m.tex").read_text()
    assert "centre prior (control)" in (tmp_path / "m.md").read_text()


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        (["--metrics", "acu"], "unknown metric 'acu'; did you mean auc?"),
        (["--methods", "becam,centr"], "unknown method 'centr'; did you mean centre"),
        (["--methods", "becam,"], "an empty name"),
        (["--items", "0"], "items '0': expected at least 1"),
        (["--items", "400"], "items '400': expected at most"),
        (["--half", "third"], "unknown half 'third'"),
        (["--item", "333"], "unknown item '333'"),
        (["--item", "3", "--item", "3"], "item '3' is given twice"),
        (
            ["--item", "3", "--half", "first"],
            "half 'first' is of items that are drawn, and item '3'",
        ),
        (["--item", "3", "--items", "1"], "items '1' is of items that are drawn, and item '3'"),
        (["--item-seed", "-1"], "item-seed '-1': expected a whole number from 0"),
        (["--confidence", "95"], "confidence '95.0': expected a share between 0 and 1"),
        (["--resamples", "5"], "resamples '5': expected at least 100"),
        (["--test", "z"], "unknown test over items 'z'"),
        (["--set", "steps=9"], "setting 'steps' has no scope; expected metric.steps"),
        (["--set", "metric.stepz=9"], "did you mean metric.steps?"),
        (["--set", "method.samples=x"], "expected a whole number for method.samples"),
        (["--out", "m.xlsx"], "output 'm.xlsx': expected a folder, or an ending .csv"),
        (["--modalities", "text"], "expected 'image' among them"),
        (["--model", "lightgcn"], "model 'lightgcn' takes no content: there is nothing"),
        (["--temperature", "0.5"], "temperature '0.5' belongs to the weighting 'softmax'"),
        (["--temperature", "0.5", "--methods", "becam,occlusion"], "expected --weighting softmax"),
    ],
)
def test_bad_input_is_one_line_before_any_training(
    catalogue: Path,
    tmp_path: Path,
    changed: list[str],
    said: str,
    capsys: pytest.CaptureFixture[str],
) -> None:
    command = ["metrics", "--data", str(catalogue), "--cache", str(tmp_path), "--quiet"]
    assert run([*command, *changed]) == 2
    out, err = capsys.readouterr()
    assert (out, err.count("\n")) == ("", 1)
    assert said in err
    assert not list(tmp_path.rglob("*.safetensors"))


def test_ids_are_a_tuple() -> None:
    with pytest.raises(TypeError, match="tuple"):
        becam.MeasureConfig(ids="17")
    with pytest.raises(InputError, match="unknown model"):
        becam.MeasureConfig(model="bm4")


@pytest.mark.parametrize(
    "options",
    [
        {"weighting": "softmax"},
        {"preset": "scorecam-gradcam"},
        {"methods": "becam,score-cam"},
        {"methods": "baselines"},
    ],
)
def test_a_temperature_is_taken_where_a_softmax_has_a_use_for_it(options: dict[str, Any]) -> None:
    assert becam.MeasureConfig(temperature=0.5, **options).temperature == 0.5


def test_estimated_masks_are_said_to_be_estimates(catalogue: Path, cache: Path) -> None:
    result = measure(catalogue, cache, metrics="auc,drift,omission,spread", mask="grabcut")
    sources = {(o.metric, o.mask) for o in result.observed if o.value.value is not None}
    assert ("auc", "estimated (GrabCut)") in sources
    assert ("spread", "") in sources
    assert ("auc", "catalogue") not in sources
    assert "estimated (GrabCut)" in result.to_markdown()
    for each in result.observed:
        if each.metric == "auc" and not each.mask:
            assert "GrabCut" in str(each.value.reason)  # nothing was found, and that is said
    # Parts and distractors are the catalogue's own; parts by the outline follow the estimate.
    details = {(name, mask) for name, mask in sources if "/" in name}
    assert {mask for name, mask in details if name.startswith("drift/")} == {"catalogue"}
    assert ("omission/top half", "estimated (GrabCut)") in details
    assert "catalogue" in {mask for name, mask in details if name.startswith("omission/")}
    assert {(mean.metric, mean.mask) for mean in result.means} == sources


def test_groups_of_methods_and_metrics_and_no_more_than_is_asked() -> None:
    assert [m.name for m in methods_of("becam")] == ["becam", *CONTROLS]
    assert {"occlusion", "lime"} < {m.name for m in methods_of("baselines")}
    assert "becam" not in {m.name for m in methods_of("baselines")}
    assert "random-embedding" in {m.name for m in methods_of("becam,sanity")}
    assert metrics_of("mask,health") == tuple(METRICS)
    assert metrics_of("auc,drift") == ("drift", "auc")
    assert "insertion" in metrics_of("score")
    assert metrics_of("stability") == ("sensitivity",)
    assert {"insertion", "sensitivity", *METRICS} < set(metrics_of("all"))


def test_metrics_of_the_score_and_of_stability(catalogue: Path, cache: Path) -> None:
    settings = MetricSettings(steps=4, samples=2)
    result = measure(
        *(catalogue, cache),
        **{"items": 1, "model": "bm3", "metrics": "insertion,sensitivity", "weighting": "raw"},
        metric_settings=settings,
    )
    found = {(o.method, o.metric): o.value for o in result.observed}
    assert found["becam", "insertion"].value is not None
    assert found["becam", "sensitivity"].value is not None
    assert found["centre", "sensitivity"].value == 0
    assert result.about["metric_settings"]["steps"] == 4
    typed = measure(
        *(catalogue, cache),
        **{"items": 1, "model": "bm3", "metrics": "insertion,sensitivity", "weighting": "raw"},
        settings=("metric.steps=4", "metric.samples=2", "method.samples=9"),
    )
    assert typed.about["metric_settings"] == result.about["metric_settings"]
    assert typed.about["method_options"]["samples"] == 9
    again = {(o.method, o.metric): o.value for o in typed.observed}
    assert again["becam", "insertion"] == found["becam", "insertion"]


def test_the_default_metrics_follow_from_the_masks(catalogue: Path, tmp_path: Path) -> None:
    for folder, expected in (
        (catalogue, "mask,health"),
        (make_shop(tmp_path / "shop"), "score,health"),
    ):
        chosen_here, _ = measurable(None, becam.MeasureConfig(), load_catalogue(folder), [0, 1])
        assert chosen_here == metrics_of(expected)


def test_scores_are_measured_with_the_recommender_they_need(catalogue: Path, cache: Path) -> None:
    result = measure(
        catalogue, cache, model="bm3+befa", methods="gate,neighbours", weighting="contrast",
        metrics="auc,own-minus-other-auc,spread",
    )  # fmt: skip
    found = {
        (each.side, each.method, each.metric): each.value
        for each in result.observed
        if each.kind == "score"
    }
    assert {key[1] for key in found} == {"gate", "neighbours"}
    for side in ("before", "after"):
        assert found[side, "neighbours", "auc"].value is not None
        assert found[side, "neighbours", "own-minus-other-auc"].value != 0
    assert "of gates alone" in str(found["before", "gate", "auc"].reason)
    assert found["after", "gate", "spread"].value is not None
    assert [method.kind for method in methods_of("scores")].count("score") == 11
