"""`Explainer`: opened once, the same heatmaps as one call each."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from becam.explainer import Explainer
from becam.explanations import explain
from becam.methods import METHODS
from recsys.configs import TrainingConfig
from recsys.errors import InputError
from tests.shops import make_shop
from tests.small import SmallEncoder


@pytest.fixture
def explainer(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Explainer:
    encoder = SmallEncoder()
    monkeypatch.setattr("becam.explainer.load_encoder", lambda *_, **__: encoder)
    return Explainer(data=str(make_shop(tmp_path / "shop")), cache=tmp_path / "cache")


def test_sides_are_what_explain_gives(explainer: Explainer) -> None:
    config = explainer.config
    index = explainer.catalogue.index_of("i3")
    sides = explainer.sides(index, ["bm3+befa", "bm3", "bm3+lora"])
    assert [(side.role, side.model) for side in sides] == [
        ("after", "bm3+befa"),
        ("before", "bm3"),
        ("after", "bm3+lora"),
    ]
    once = explain(item="i3", model="bm3+befa", data=config.data, cache=config.cache)
    np.testing.assert_array_equal(sides[0].attribution.heatmap, once.after.heatmap)
    np.testing.assert_array_equal(sides[1].attribution.heatmap, once.before.heatmap)
    assert sides[0].attribution.to_dict() == once.after.to_dict()


def test_another_item_is_looked_at_anew(explainer: Explainer) -> None:
    both = [explainer.catalogue.index_of(item) for item in ("i3", "i4")]
    first, second = (explainer.sides(index, ["bm3"])[0].attribution for index in both)
    assert first.provenance.picture != second.provenance.picture
    again = explainer.sides(both[0], ["bm3"])[0].attribution
    np.testing.assert_array_equal(again.heatmap, first.heatmap)
    assert explainer.reporter.computed.count("bm3") == 1, "a recommender is trained once"


def test_eligible_items_have_a_picture_and_behaviour(explainer: Explainer) -> None:
    trained = set(explainer.split.train[:, 1].tolist())
    items = explainer.catalogue.items
    expected = [i for i, item in enumerate(items) if item.image is not None and i in trained]
    assert list(explainer.eligible) == expected


def test_training_options_decide_the_model(explainer: Explainer) -> None:
    short = Explainer(explainer.config, training=TrainingConfig(max_epochs=1, seed=5))
    assert short.fitted("bm3").key != explainer.fitted("bm3").key
    assert len(short.fitted("bm3").history) == 1


def test_recognition_is_that_of_the_score_that_is_asked(explainer: Explainer) -> None:
    own = explainer.recognition("bm3")
    other = explainer.with_maps(score="neighbours")  # which shares what was trained
    assert other.recognition("bm3") == Explainer(other.config).recognition("bm3")
    assert explainer.recognition("bm3") is own


def test_typos_cost_nothing(explainer: Explainer) -> None:
    with pytest.raises(InputError, match="bm3"):
        explainer.explain("i3", "bm33")
    with pytest.raises(InputError, match="i3333"):
        explainer.explain("i3333", "bm3")
    assert not explainer.reporter.computed


def test_a_cache_may_be_named_by_text(tmp_path: Path) -> None:
    assert Explainer(cache=str(tmp_path)).workspace == Explainer(cache=tmp_path).workspace


def test_a_question_is_what_becam_answers_with_its_own_map(explainer: Explainer) -> None:
    index = explainer.catalogue.index_of("i3")
    question = explainer.question(index, "bm3+befa", others=[index + 1], seed=4)
    own = METHODS["becam"].run(question)
    (side,) = explainer.sides(index, ["bm3+befa"])
    np.testing.assert_array_equal(own.heatmap, side.attribution.heatmap)
    assert own.provenance == side.attribution.provenance
    other = METHODS["other-item"].run(question)
    assert other.provenance.target_id == explainer.catalogue.items[index + 1].item_id
    assert METHODS["shuffled-content"].run(question).provenance.options["seed"] == 4
