"""Whether a recommender's score tells contents apart: recommenders where the answer is known."""

from __future__ import annotations

import json
import math
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from becam import Attribution
from becam.health import Health
from becam.methods import METHODS
from becam.recognition import (
    CHANCE,
    ITEMS,
    ONE_BY_ONE,
    TOLD_APART,
    Recognition,
    recognised,
    recognition_of,
)
from becam.scores import SCORES, behaviour_of
from recsys.configs import ModelConfig
from recsys.data.splits import Split
from recsys.models.base import Recommender
from recsys.models.build import build
from recsys.models.names import ModelName
from tests.questions import question

COUNT, USERS, DIM = 120, 40, 16
CONTENTS = torch.randn(COUNT, 24, generator=torch.Generator().manual_seed(0))
PAIRS = np.array([[u, (u * 11 + 3 * step) % COUNT] for u in range(USERS) for step in range(12)])
ALL = range(COUNT)


@pytest.fixture
def split() -> Split:
    every = np.array([[item % USERS, item] for item in ALL])
    train = np.unique(np.concatenate([PAIRS, every]), axis=0)
    nothing = np.zeros((0, 2), np.int64)
    return Split(train, nothing, nothing, n_users=USERS, n_items=COUNT)


def recommender(name: str = "bm3") -> Recommender:
    return build(
        ModelName.parse(name),
        ModelConfig(dim=DIM),
        train=PAIRS,
        n_users=USERS,
        n_items=COUNT,
        features={"image": CONTENTS},
        generator=torch.Generator().manual_seed(1),
    ).eval()


def agreeing(name: str = "bm3") -> Recommender:
    """Every item's embedding is its own projected content."""
    model = recommender(name)
    with torch.no_grad():
        projected = model.project("image", CONTENTS)
        model.behavioural_embeddings().data.copy_(projected)
    return model


def test_content_that_agrees_with_behaviour_is_recognised(split: Split) -> None:
    found = recognition_of(agreeing(), split, CONTENTS, candidates=ALL)
    assert found == Recognition(1.0, COUNT, 0.0)
    assert found.warning() is None


def test_behaviour_that_knows_nothing_of_content_recognises_by_chance(split: Split) -> None:
    model = recommender()  # untrained
    values = []
    for seed in range(5):
        found = recognition_of(model, split, CONTENTS, candidates=ALL, seed=seed)
        assert found is not None
        values.append(found.value)
    assert np.mean(values) == pytest.approx(0.5, abs=0.1)
    assert len(set(values)) > 1
    again = recognition_of(model, split, CONTENTS, candidates=ALL, seed=4)
    assert again is not None
    assert again.value == values[4]


def test_an_adapter_without_content_is_chance_exactly(split: Split) -> None:
    found = recognition_of(agreeing("bm3+identity-gate"), split, CONTENTS, candidates=ALL)
    assert found == Recognition(0.5, COUNT, 0.0)
    told = str(found.warning("final"))
    assert "by score final" in told
    assert "recognition 0.50, standard error 0.00, 0.5 is chance" in told


def test_without_another_item_there_is_none(split: Split) -> None:
    assert recognition_of(agreeing(), split, CONTENTS, candidates=[3]) is None
    few = recognition_of(agreeing(), split, CONTENTS, candidates=[3, 9, 40])
    assert few == Recognition(1.0, 3, 0.0)


def test_as_many_items_as_there_are_up_to_a_limit(
    split: Split, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("becam.recognition.ITEMS", 50)
    monkeypatch.setattr("becam.recognition.ONE_BY_ONE", 30)
    monkeypatch.setattr("becam.recognition.TOGETHER", 7)
    model = recommender()
    for score, count in (("cosine", 50), ("neighbours", 30)):
        found = recognition_of(model, split, CONTENTS, candidates=ALL, score=score)
        assert found is not None
        assert found.items == count
        few = recognition_of(model, split, CONTENTS, candidates=range(5), score=score)
        assert few is not None
        assert few.items == 5


@pytest.mark.parametrize("name", ["bm3", "bm3+befa"])
def test_many_items_at_once_are_what_the_score_says_of_each(split: Split, name: str) -> None:
    model, values = recommender(name), []
    for index in ALL:
        item = behaviour_of(model, split, CONTENTS, index, candidates=ALL, seed=3)
        own, *foreign = SCORES["cosine"].of(item, CONTENTS[[index, *item.others.tolist()]]).tolist()
        values.append(recognised(own, np.array(foreign)))
    found = recognition_of(model, split, CONTENTS, candidates=ALL, seed=3)
    assert found is not None
    assert found.value == pytest.approx(np.mean(values), abs=1e-6)
    assert found.standard_error == pytest.approx(np.std(values, ddof=1) / COUNT**0.5, abs=1e-6)


def test_the_standard_error_is_what_draws_differ_by(
    split: Split, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("becam.recognition.ITEMS", 30)
    model = recommender()
    draws = [
        recognition_of(model, split, CONTENTS, candidates=ALL, seed=seed) for seed in range(40)
    ]
    values, errors = zip(
        *((d.value, d.standard_error) for d in draws if d is not None), strict=True
    )
    # Of 120 items 30 are drawn, so draws differ by a little less.
    assert 0.6 < np.std(values) / np.mean(errors) < 1.2


def test_the_threshold_is_out_of_reach_of_chance() -> None:
    assert TOLD_APART - CHANCE > 3 * 0.5 / ONE_BY_ONE**0.5
    assert TOLD_APART - CHANCE > 4 * 0.5 / ITEMS**0.5


@given(st.floats(-1, 1), st.lists(st.floats(-1, 1), min_size=1, max_size=20))
def test_own_above_and_below_are_complements(own: float, foreign: list[float]) -> None:
    above = recognised(own, np.array(foreign))
    below = recognised(-own, -np.array(foreign))
    assert 0 <= above <= 1
    assert above + below == pytest.approx(1)


def test_equal_scores_count_half() -> None:
    assert recognised(0.5, np.array([0.5, 0.5 + 1e-9, 0.1, 0.9])) == 0.5
    assert recognised(0.5, np.array([0.5 + 1e-9]), alike=1e-12) == 0


def health(found: Recognition | None) -> Health:
    return Health(0.2, 0.1, 40.0, 96, 1.0, recognition=found)


def test_the_warning_names_the_figure_and_the_way_out() -> None:
    fails = health(Recognition(0.41, 64))
    told = str(fails.warning("raw"))
    assert told.startswith("by the cosine with b, the recommender tells")
    assert "recognition 0.41" in told
    assert told.endswith("; try --score neighbours")
    assert "--score" not in str(fails.warning("raw", "lime"))
    assert "--score" not in str(fails.warning("raw", "becam", "neighbours"))
    assert health(None).warning("raw") is None
    assert health(Recognition(TOLD_APART, 64)).warning("raw") is None


def test_it_is_saved_with_the_heatmap(tmp_path: Path) -> None:
    made = METHODS["becam"].run(question())
    assert made.to_dict()["recognition"] is None
    measured = replace(made, health=replace(made.health, recognition=Recognition(0.25, 7, 0.125)))
    found = Attribution.load(measured.save(tmp_path / "map"))
    assert found.health.recognition == Recognition(0.25, 7, 0.125)
    assert found.to_dict()["recognition"] == 0.25
    assert found.to_dict()["recognition_standard_error"] == 0.125
    assert "hardly better than chance" in str(found.warning)
    assert Attribution.load(made.save(tmp_path / "other")).health.recognition is None


def test_results_of_before_the_standard_error_load(tmp_path: Path) -> None:
    made = METHODS["becam"].run(question())
    measured = replace(made, health=replace(made.health, recognition=Recognition(0.25, 7)))
    path = measured.save(tmp_path / "map")  # without one it is null in the file
    found = Attribution.load(path).health.recognition
    assert found is not None
    assert math.isnan(found.standard_error)
    assert "recognition 0.25, 0.5 is chance" in str(found.warning())
    written = json.loads(path.read_text())
    del written["attribution"]["health"]["recognition"]["standard_error"]
    path.write_text(json.dumps(written))
    old = Attribution.load(path).health.recognition
    assert old is not None
    assert (old.value, old.items) == (0.25, 7)
    assert math.isnan(old.standard_error)
