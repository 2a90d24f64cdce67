"""`becam sanity`: maps under random weights, embeddings and contents, over many items."""

from __future__ import annotations

import csv
import json
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.parquet as pq
import pytest
import torch

import becam
from becam.checking.checks import CHECKS, checks_of
from becam.checking.methods import methods_to_check
from becam.checking.reading import read
from becam.checking.similarity import similarities
from becam.cli.main import run
from becam.fewer_passes.rank_correlation import spearman
from becam.measuring.statistics import Interval
from becam.methods import METHODS
from becam.progress import Reporter
from becam.sanity import mprt
from recsys.errors import InputError
from recsys.statistics import estimate

QUIET = Reporter(quiet=True)
STEPS = {"mprt": 2, "random-embedding": 1, "shuffled-content": 1}
METHODS_CHECKED = ("becam", "neighbours", "unweighted", "centre")


@pytest.fixture(scope="module")
def cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("cache")


def check(catalogue: Path, cache: Path, **options: Any) -> becam.SanityChecks:
    usual: dict[str, Any] = {
        **{"items": 2, "model": "bm3+befa", "methods": "becam,neighbours", "stages": 2},
        **{"resamples": 100, "device": "cpu"},
    }
    return becam.check_sanity(data=str(catalogue), cache=cache, reporter=QUIET, **usual | options)


@pytest.fixture(scope="module")
def result(catalogue: Path, cache: Path) -> becam.SanityChecks:
    return check(catalogue, cache)


def values(result: becam.SanityChecks, similarity: str = "spearman") -> dict[Any, Any]:
    return {
        (c.item, c.model, c.method, c.check, c.step): c.value
        for c in result.checked
        if c.similarity == similarity
    }


def test_a_row_an_item_side_method_check_step_and_similarity(result: becam.SanityChecks) -> None:
    assert tuple(result.about["methods"]) == METHODS_CHECKED
    items, sides = result.about["items"], ("bm3", "bm3+befa")
    assert set(values(result)) == set(values(result, "ssim"))
    assert set(values(result)) == {
        (item, model, method, name, step)
        for item in items
        for model in sides
        for method in METHODS_CHECKED
        for name, count in STEPS.items()
        for step in range(1, count + 1)
    }
    for each in result.checked:
        assert (each.value.value is None) == bool(each.value.reason)
        assert each.value.value is None or -1 <= each.value.value <= 1.000001
        assert bool(each.stage) == (each.check == "mprt")


def test_they_are_what_each_check_gives_alone(
    result: becam.SanityChecks, catalogue: Path, cache: Path
) -> None:
    explainer = becam.Explainer(data=str(catalogue), cache=cache, device="cpu", reporter=QUIET)
    item, model = result.about["items"][0], "bm3"
    index = explainer.catalogue.index_of(item)
    question = explainer.question(index, model)
    found = values(result)
    alone = mprt(question, "becam", seed=0, most=2)
    for step, stage in enumerate(alone.stages, start=1):
        together = found[item, model, "becam", "mprt", step]
        assert together.value == pytest.approx(stage.spearman, abs=1e-6)
    original = torch.from_numpy(METHODS["becam"].run(question).heatmap)
    for name in ("random-embedding", "shuffled-content"):
        other = torch.from_numpy(METHODS[name].run(question).heatmap)
        expected = spearman(original, other)
        assert abs(expected) < 0.999
        assert found[item, model, "becam", name, 1].value == pytest.approx(expected, abs=1e-6)


def test_what_sees_nothing_stays_and_what_can_not_be_checked_says_why(
    result: becam.SanityChecks,
) -> None:
    for similarity in ("spearman", "ssim"):
        found = values(result, similarity)
        item = result.about["items"][0]
        for step in (1, 2):
            assert found[item, "bm3", "centre", "mprt", step].value == pytest.approx(1)
        assert found[item, "bm3", "unweighted", "random-embedding", 1].value == pytest.approx(1)
        assert found[item, "bm3", "unweighted", "mprt", 2].value < 0.9
        scores = found[item, "bm3", "neighbours", "random-embedding", 1]
        assert scores.reason == "the method asks the recommender, not one vector"
        dealt = found[item, "bm3", "centre", "shuffled-content", 1]
        assert dealt.reason == "the method weighs no channels by masked contents"
        assert found[item, "bm3", "neighbours", "shuffled-content", 1].value < 0.999
    assert any("neighbours: no value of random embedding in both items" in n for n in result.notes)
    # Controls claim to explain nothing: nothing is said of them.
    assert {each.method for each in result.readings} == {"becam", "neighbours"}
    assert result.notes[0] == result.readings[0].text


def test_means_are_over_items_and_every_format_holds_them(
    result: becam.SanityChecks, catalogue: Path, cache: Path, tmp_path: Path
) -> None:
    mean = next(
        m for m in result.means
        if (m.model, m.method, m.check, m.step, m.similarity) == ("bm3", "becam", "mprt", 2, "ssim")
    )  # fmt: skip
    found = values(result, "ssim")
    of = [found[item, "bm3", "becam", "mprt", 2].value for item in result.about["items"]]
    assert mean.interval.estimate.mean == pytest.approx(np.mean(of))
    assert mean.interval.low is not None
    assert mean.interval.low < np.mean(of)
    written = {path.name: path for path in result.save(tmp_path / "a")}
    assert sorted(written) == [
        "sanity-items.csv", "sanity-items.parquet", "sanity-mprt.pdf", "sanity-mprt.png",
        *(f"sanity.{ending}" for ending in ("csv", "json", "md", "tex")),
    ]  # fmt: skip
    with written["sanity-items.csv"].open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == len(result.checked)
    assert rows[0]["layer"].startswith("transformer")  # the target layer, not the stage
    assert [row["stage"] for row in rows[:2]] == [result.checked[0].stage] * 2
    table = pq.read_table(written["sanity-items.parquet"]).to_pylist()
    assert [row["value"] for row in table] == [c.value.value for c in result.checked]
    document = json.loads(written["sanity.json"].read_text())
    assert document["models"].keys() == {"bm3", "bm3+befa"}
    assert len(document["summary"]) == len(result.means)
    assert {each["check"] for each in document["readings"]} == set(CHECKS)
    for name in ("sanity.md", "sanity.tex"):
        text = written[name].read_text().replace("\\", "")
        assert "bm3+befa, BeCAM: the map hardly changes when the item's embedding is random" in text
    # From the cache: nothing is computed, the bytes are the same.
    again = check(catalogue, cache)
    assert (again.computed, again.reused) == (0, 2 * 2 * len(METHODS_CHECKED) * len(CHECKS))
    for path in again.save(tmp_path / "b"):
        assert path.read_bytes() == written[path.name].read_bytes(), path.name


def test_a_killed_run_goes_on_where_it_stopped(
    catalogue: Path, cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from becam.checking import run as module

    whole, calls = module.staged, []

    def killed(*arguments: Any, **options: Any) -> Any:
        calls.append(arguments)
        if len(calls) == 2:
            raise KeyboardInterrupt
        return whole(*arguments, **options)

    fresh: dict[str, Any] = {"item_seed": 3, "methods": "becam", "model": "bm3", "stages": 1}
    with monkeypatch.context() as patched:
        patched.setattr(module, "staged", killed)
        with pytest.raises(KeyboardInterrupt):
            check(catalogue, cache, **fresh)
    resumed = check(catalogue, cache, **fresh)
    assert resumed.reused == resumed.computed == 3 * len(CHECKS)
    # Fewer checks or other stages: what does not depend on them is not computed again.
    more = check(catalogue, cache, **{**fresh, "stages": 2})
    assert (more.computed, more.reused) == (2 * 3, 2 * 3 * 2)


def test_the_curve_begins_at_the_original_map(
    result: becam.SanityChecks, catalogue: Path, cache: Path
) -> None:
    figure = result.mprt_figure()
    assert [axes.get_title() for axes in figure.axes] == ["Spearman", "SSIM", "", ""]
    drawn = figure.axes[1].lines[0]
    which = ("bm3", "becam", "mprt", "ssim")
    mean = [
        m.interval.estimate.mean
        for m in result.means
        if (m.model, m.method, m.check, m.similarity) == which
    ]
    assert np.asarray(drawn.get_ydata()).tolist() == [1, *mean]
    labels = [text.get_text() for text in figure.axes[2].get_xticklabels()]
    assert labels == ["none", *dict.fromkeys(c.stage for c in result.checked if c.stage)]
    plain = check(catalogue, cache, checks="shuffled-content")
    with pytest.raises(InputError, match="checks 'shuffled-content': no map has a value of MPRT"):
        plain.mprt_figure()


def test_similarity_of_maps_with_known_answers() -> None:
    rng = np.random.default_rng(0)
    one = rng.normal(size=(6, 6)).astype(np.float32)

    def both(other: np.ndarray, size: int = 24) -> list[float | None]:
        return [v.value for v in similarities(one, other.astype(np.float32), (size, size)).values()]

    assert both(one) == pytest.approx([1, 1])
    assert both(3 * one + 2) == pytest.approx([1, 1], abs=1e-5)  # neither scale nor zero counts
    assert both(np.exp(one))[0] == pytest.approx(1)  # ranks; the structure is another
    assert both(np.exp(one))[1] < 0.98
    upside_down = both(-one)
    assert upside_down[0] == pytest.approx(-1)
    assert upside_down[1] is not None
    assert upside_down[1] < 0
    assert both(rng.normal(size=(6, 6)))[1] < 0.5
    assert both(one, 8) == [1, None]
    small = similarities(one, one, (8, 8))
    assert small["ssim"].reason == "the encoder's input is smaller than SSIM's window of 11"
    for other, reason in (
        (0 * one, "the map is constant"),
        (one * np.nan, "the map is not finite"),
    ):
        assert {v.reason for v in similarities(one, other, (24, 24)).values()} == {reason}
    assert similarities(0 * one, one, (24, 24))["ssim"].reason == "the original map is constant"


@pytest.mark.parametrize(
    ("limits", "name", "verdict", "says"),
    [
        ((0.8, 0.6, 0.9), "mprt", "stays",
         "m, BeCAM: the map hardly changes when the encoder's weights are random (Spearman 0.80 "
         "[0.60, 0.90] over 2 items): not an explanation of the encoder."),
        ((0.1, -0.2, 0.4), "random-embedding", "changes", "it depends on the behaviour."),
        ((0.5, 0.2, 0.8), "shuffled-content", "open", "more items may tell."),
        ((-0.9, -1.0, -0.8), "mprt", "changes", "it depends on the encoder."),
    ],
)  # fmt: skip
def test_readings_follow_from_the_interval(
    limits: tuple[float, float, float], name: str, verdict: str, says: str
) -> None:
    mean, low, high = limits
    found = Interval(estimate([mean - 0.1, mean + 0.1]), low, high)
    reading = read("m", "becam", "BeCAM", CHECKS[name], found)
    assert reading.verdict == verdict
    assert reading.text.endswith(says)


def test_one_item_is_read_without_an_interval() -> None:
    reading = read("m", "becam", "BeCAM", CHECKS["mprt"], Interval(estimate([0.9]), None, None))
    assert "(Spearman 0.90 over 1 item)" in reading.text
    assert reading.verdict == "stays"


def test_names_of_checks_and_methods() -> None:
    assert [each.name for each in checks_of("all")] == list(CHECKS)
    assert [each.name for each in checks_of("shuffled-content,mprt")] == [
        "mprt",
        "shuffled-content",
    ]
    every = [each.name for each in methods_to_check("all")]
    assert every == [name for name, method in METHODS.items() if method.kind != "sanity"]
    assert [each.name for each in methods_to_check("occlusion")] == [
        *("unweighted", "centre", "occlusion"),
    ]


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        (["--checks", "mrpt"], "unknown check 'mrpt'; did you mean mprt?"),
        (["--checks", "mprt,mprt"], "'mprt' twice"),
        (["--methods", "becan"], "unknown method 'becan'; did you mean becam"),
        (["--methods", "random-embedding"], "is a check: expected --checks random-embedding"),
        (["--methods", "sanity"], "expected --checks random-embedding,shuffled-content"),
        (["--stages", "0"], "stages '0': expected at least 1"),
        (["--items", "0"], "items '0': expected at least 1"),
        (["--items", "400"], "items '400': expected at most"),
        (["--item", "nope"], "nope"),
        (["--model", "lightgcn"], "model 'lightgcn' takes no content"),
        (["--temperature", "0.5"], "temperature '0.5' belongs to the weighting 'softmax'"),
        (["--set", "metric.steps=9"], "unknown scope of a setting 'metric'; did you mean method?"),
        (["--score", "neighbours"], "expected --methods becam,neighbours"),
        (["--layer", "nowhere"], "nowhere"),
        (["--out", "s.xlsx"], "output 's.xlsx': expected a folder, or an ending .csv"),
    ],
)
def test_bad_input_is_one_line_before_any_training(
    catalogue: Path,
    tmp_path: Path,
    changed: list[str],
    said: str,
    capsys: pytest.CaptureFixture[str],
) -> None:
    command = ["sanity", "--data", str(catalogue), "--cache", str(tmp_path), "--quiet"]
    assert run([*command, *changed]) == 2
    out, err = capsys.readouterr()
    assert (out, err.count("\n")) == ("", 1)
    assert said in err
    assert not list(tmp_path.rglob("*.safetensors"))


def test_the_command_prints_and_writes(
    result: becam.SanityChecks,
    catalogue: Path,
    cache: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    command = ["sanity", "--data", str(catalogue), "--cache", str(cache), "--items", "2"]
    command += ["--methods", "becam,neighbours", "--stages", "2", "--resamples", "100"]
    command += ["--device", "cpu"]
    for ending in ("csv", "parquet", "md", "tex", "json"):
        assert run([*command, "--quiet", "--out", str(tmp_path / f"s.{ending}")]) == 0
    assert (tmp_path / "s.csv").read_text() == result.to_csv()
    assert (tmp_path / "s.tex").read_text() == result.to_latex()
    assert "checks of heatmaps" not in capsys.readouterr().err
    assert run([*command, "--json"]) == 0
    out, err = capsys.readouterr()
    assert json.loads(out) == json.loads(json.dumps(result.to_dict()))
    assert "checks of heatmaps: 0 computed, 48 from the cache" in err
