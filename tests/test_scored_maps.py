"""Maps by another score than the cosine: from the option to the file, and what they say."""

from __future__ import annotations

import json
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from becam import Attribution, BeCAM, MapConfig
from becam.cli.main import run
from becam.content_dependence import IGNORED, TRACE, ContentDependence
from becam.explainer import Explainer
from becam.figures.paper.grid import TRACE as TRACE_VERDICT
from becam.figures.paper.grid import UNTRUSTED
from becam.figures.paper.sides import doubt
from becam.health import Health
from becam.methods import METHODS
from becam.presets import GATES_ONLY, SCORES
from becam.scores import SCORES as FUNCTIONS
from becam.scores import behaviour_of
from becam.weights import weights
from recsys.errors import InputError
from tests.questions import TARGET, project, question
from tests.shops import make_shop
from tests.small import SmallEncoder, noise_picture


@pytest.fixture
def explainer(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Explainer:
    encoder = SmallEncoder()
    monkeypatch.setattr("becam.explainer.load_encoder", lambda *_, **__: encoder)
    return Explainer(data=str(make_shop(tmp_path / "shop")), cache=tmp_path / "cache")


def test_the_map_is_the_activations_weighed_by_the_score(explainer: Explainer) -> None:
    index = explainer.catalogue.index_of("i3")
    scored = explainer.with_maps(score="neighbours", weighting="contrast")
    (side,) = scored.sides(index, ["bm3+befa"])
    item = behaviour_of(
        explainer.fitted("bm3+befa").model,
        explainer.split,
        explainer.dataset.features["image"],
        index,
        candidates=explainer.eligible,
    )
    masked = explainer.masked_features(index)
    assert masked is not None
    expected = FUNCTIONS["neighbours"].of(item, masked.rows)[:-2]
    torch.testing.assert_close(torch.from_numpy(side.attribution.similarities), expected)
    weighed = weights(expected, "contrast").double()
    summed = (weighed[:, None, None] * masked.activations.double()).mean(dim=0)
    heat = torch.from_numpy(side.attribution.heatmap).double()
    ratio = summed.norm() / heat.norm()  # the sum or the mean: BeFA's eq. 2 leaves it open
    torch.testing.assert_close(heat * ratio, summed, rtol=1e-4, atol=1e-6)
    assert side.attribution.provenance.score == "neighbours"


@pytest.mark.parametrize("name", [n for n in SCORES if n not in GATES_ONLY])
def test_an_option_and_a_method_of_one_name_are_one_map(explainer: Explainer, name: str) -> None:
    index = explainer.catalogue.index_of("i3")
    (side,) = explainer.with_maps(score=name).sides(index, ["bm3+befa"])
    method = METHODS["becam" if name == "cosine" else name]
    asked = method.run(explainer.question(index, "bm3+befa"))
    np.testing.assert_array_equal(side.attribution.heatmap, asked.heatmap)
    assert side.attribution.provenance.score == asked.provenance.score == name


def test_controls_are_asked_by_the_cosine_whatever_the_explainers_score(
    explainer: Explainer,
) -> None:
    index = explainer.catalogue.index_of("i3")
    asked = explainer.with_maps(score="final").question(index, "bm3")
    plain = explainer.question(index, "bm3")
    found, expected = (METHODS["becam"].run(each) for each in (asked, plain))
    np.testing.assert_array_equal(found.heatmap, expected.heatmap)


def test_a_gates_score_is_refused_without_a_gate(explainer: Explainer) -> None:
    with pytest.raises(InputError, match=r"'gate' is of gates alone.*not 'none'"):
        explainer.with_maps(score="gate").explain("i3", "bm3+befa")
    index = explainer.catalogue.index_of("i3")
    (side,) = explainer.with_maps(score="gate").sides(index, ["bm3+befa"])
    assert side.attribution.provenance.score == "gate"


def test_the_function_and_its_name_go_together() -> None:
    encoder, picture = SmallEncoder(), noise_picture(50, 35)
    with pytest.raises(ValueError, match="score 'final'"):
        BeCAM(encoder, MapConfig(score="final")).attribute(picture, project, TARGET)
    with pytest.raises(ValueError, match="score 'cosine'"):
        BeCAM(encoder).attribute(picture, project, TARGET, score=lambda rows: rows[:, 0])
    asked = question(encoder)
    assert asked.behaviour is not None
    found = BeCAM(encoder, MapConfig(score="final")).attribute(
        picture, project, TARGET, score=partial(FUNCTIONS["final"].of, asked.behaviour)
    )
    assert found.provenance.score == "final"


def test_it_is_kept_and_told(explainer: Explainer, tmp_path: Path) -> None:
    index = explainer.catalogue.index_of("i3")
    (plain,) = explainer.sides(index, ["bm3"])
    (scored,) = explainer.with_maps(score="neighbours").sides(index, ["bm3"])
    path = scored.attribution.save(tmp_path / "map")
    assert Attribution.load(path).provenance.score == "neighbours"
    with pytest.raises(ValueError, match="differ in score"):
        _ = scored.attribution - plain.attribution
    told = explainer.with_maps(score="neighbours").explain("i3", "bm3+befa")
    assert "score neighbours" in told.caption()
    assert "score" not in explainer.explain("i3", "bm3+befa").caption()


def test_results_from_before_there_were_scores_are_of_the_cosine(
    explainer: Explainer, tmp_path: Path
) -> None:
    (side,) = explainer.sides(explainer.catalogue.index_of("i3"), ["bm3"])
    path = side.attribution.save(tmp_path / "map")
    values = json.loads(path.read_text(encoding="utf-8"))
    assert values["attribution"]["provenance"].pop("score") == "cosine"
    path.write_text(json.dumps(values), encoding="utf-8")
    assert Attribution.load(path).provenance.score == "cosine"


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["render", "--item", "1", "--score", "neighbors"], "did you mean neighbours?"),
        (["render", "--item", "1", "--score", "final", "--passes", "50"], "expected no passes"),
        (
            ["render", "--item", "1", "--score", "final", "--preset", "gscorecam"],
            "contradicts preset 'gscorecam'",
        ),
        (["metrics", "--score", "final"], "expected --methods becam,final"),
        (
            ["compare", "--item", "1", "--score", "final", "--scores", "cosine,final"],
            "--scores and --score are both given",
        ),
    ],
)
def test_what_does_not_go_together_is_told(
    arguments: list[str], message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(arguments) == 2
    said = capsys.readouterr().err.strip()
    assert message in said
    assert "\n" not in said


def _health(ratio: float, **changes: Any) -> Health:
    found = Health(0.2, 0.1, 40.0, 96, 1.0, ContentDependence(ratio, ratio, 1.0, 64))
    return replace(found, **changes)


def test_a_trace_is_a_trace_and_no_explanation_by_the_cosine() -> None:
    trace = _health(4e-5)
    by_cosine = str(trace.warning("contrast"))
    assert "whatever the weighting, the map is not an explanation" in by_cosine
    assert by_cosine.endswith("; --score neighbours shows the trace that is left")
    assert "--score" not in str(trace.warning("contrast", "score-cam"))
    by_neighbours = str(trace.warning("contrast", "becam", "neighbours"))
    assert "content dependence 4e-05" in by_neighbours
    assert by_neighbours.endswith("the trace that is left, not what recommendations rest on")


def test_where_nothing_is_left_no_score_is_advised() -> None:
    nothing = _health(0.0)
    assert "--score" not in str(nothing.warning("raw"))
    assert "not an explanation" in str(nothing.warning("raw", "becam", "neighbours"))
    assert not nothing.content.trace if nothing.content else False


def test_equal_weights_are_told_whatever_the_score() -> None:
    equal = _health(4e-5, spread=1e-6, mean_weight=0.9, distance=1e-5)
    assert "nearly equal" in str(equal.warning("raw", "becam", "final"))


def test_content_that_passes_needs_no_warning() -> None:
    for score in SCORES:
        assert _health(IGNORED).warning("raw", "becam", score) is None
    assert _health(TRACE).content is not None


def test_a_figure_calls_a_trace_a_trace(explainer: Explainer) -> None:
    index = explainer.catalogue.index_of("i3")
    (side,) = explainer.with_maps(score="neighbours").sides(index, ["bm3"])

    def with_ratio(ratio: float) -> Attribution:
        return replace(side.attribution, health=_health(ratio))

    assert doubt(with_ratio(4e-5)) == (
        "the adapter's output all but ignores the content: the map shows the trace that is left, "
        "not what recommendations rest on",
        TRACE_VERDICT,
    )
    assert doubt(with_ratio(0.0))[1] == UNTRUSTED
    assert doubt(with_ratio(0.5))[0] is None
