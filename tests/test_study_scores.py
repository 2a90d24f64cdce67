"""Scores of adapted content, on adapters whose answer is known."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor

from adapters.base import Adapter
from adapters.registry import AdapterConfig
from becam.methods import METHODS
from becam.presets import SCORES as NAMES
from becam.scores import SCORES, Behaviour, behaviour_of, score_of
from becam.study.bench import content_share
from recsys.data.splits import Split
from recsys.errors import InputError
from tests.questions import behaviour, question

WIDTH = 5
ROWS = torch.randn(9, WIDTH, generator=torch.Generator().manual_seed(2)).double()


class Opens(Adapter):
    """b times one number of the content: its direction never changes."""

    name = "befa"

    def forward(self, content: Tensor, behavioural: Tensor, generator: Any = None) -> Tensor:
        return behavioural * content[:, :1].sigmoid()


def item(adapter: type[Adapter] | None = None, model: str = "bm3+befa") -> Behaviour:
    found = behaviour(WIDTH, model)
    if adapter is not None:
        found.model.branch("image").adapter = adapter(4, AdapterConfig())
    found.model.double()
    return replace(found, contents=found.contents.double())


def test_all_names_have_a_score_and_a_method_but_the_cosine_which_is_becam() -> None:
    assert tuple(SCORES) == NAMES
    methods = {name for name, method in METHODS.items() if method.kind == "score"}
    assert methods == set(NAMES) - {"cosine"}
    with pytest.raises(InputError, match=r"unknown score 'efective-length'; .*effective-length"):
        score_of("efective-length")


@pytest.mark.parametrize("name", NAMES)
def test_a_score_is_a_number_a_row_and_a_cosine_where_it_says_so(name: str) -> None:
    found = SCORES[name].of(item(), ROWS)
    assert found.shape == (9,)
    assert found.isfinite().all()
    assert not SCORES[name].bounded or found.abs().max() <= 1


@pytest.mark.parametrize("name", sorted(set(NAMES) - {"gate"}))
def test_without_an_adapter_every_score_depends_on_the_content(name: str) -> None:
    assert float(SCORES[name].of(item(model="bm3"), ROWS).std()) > 1e-3


@pytest.mark.parametrize("name", NAMES)
def test_an_adapter_that_ignores_the_content_has_the_same_score_for_all(name: str) -> None:
    found = SCORES[name].of(item(model="bm3+identity-gate"), ROWS)
    assert float(found.max() - found.min()) < 1e-12


def test_a_gate_that_opens_evenly_is_seen_by_lengths_and_not_by_the_cosine() -> None:
    asked = item(Opens)
    opening = asked.model.project("image", ROWS)[:, 0].sigmoid()
    assert float(SCORES["cosine"].of(asked, ROWS).std()) < 1e-12
    for name in ("effective-length", "gate"):
        torch.testing.assert_close(SCORES[name].of(asked, ROWS), opening)
    for name in ("centred-length", "audience-length"):
        found = np.corrcoef(SCORES[name].of(asked, ROWS), opening)[0, 1]
        assert abs(found) == pytest.approx(1)


def test_effective_length_is_that_of_the_deviation() -> None:
    from becam.deviations.values import deviations

    asked = item()
    adapted, b = asked.adapted(ROWS), asked.embedding
    effective = deviations(adapted, b.expand_as(adapted)).effective
    np.testing.assert_allclose(
        SCORES["effective-length"].of(asked, ROWS), effective / float(b.norm()), atol=1e-9
    )


def test_excess_and_centred_are_differences_to_other_items_contents() -> None:
    asked = item(model="bm3")
    foreign = asked.contents[asked.others]
    assert float(SCORES["excess"].of(asked, foreign).mean()) == pytest.approx(0, abs=1e-9)
    torch.testing.assert_close(
        SCORES["centred-length"].of(asked, foreign).mean(), torch.tensor(0.0).double()
    )


def test_the_predictor_is_bm3s_and_elsewhere_the_cosine_stays() -> None:
    plain = item(model="vbpr+lora")
    torch.testing.assert_close(
        SCORES["predictor"].of(plain, ROWS), SCORES["cosine"].of(plain, ROWS)
    )
    bm3 = item(model="bm3")
    layer = bm3.model.get_submodule("predictor")
    expected = torch.cosine_similarity(layer(bm3.adapted(ROWS)), layer(bm3.embedding)[None])
    torch.testing.assert_close(SCORES["predictor"].of(bm3, ROWS), expected)


def test_neighbours_prefer_their_own_content() -> None:
    asked = item(model="bm3")
    near = SCORES["neighbours"].of(asked, asked.contents[asked.neighbours]).mean()
    rest = asked.others[2:]
    assert near > SCORES["neighbours"].of(asked, asked.contents[rest]).mean()


def test_the_gate_alone_is_refused_without_a_gate() -> None:
    asked = question(behaviour=behaviour(WIDTH, "bm3+lora"))
    with pytest.raises(InputError, match=r"score 'gate' is of gates alone; .* not 'lora'"):
        METHODS["gate"].run(asked)
    assert SCORES["gate"].defined_for("befa")
    assert not SCORES["gate"].defined_for(None)


def test_the_methods_weigh_by_the_score() -> None:
    asked = question(behaviour=behaviour(WIDTH, "bm3"))
    found = METHODS["effective-length"].run(asked)
    assert asked.behaviour is not None
    expected = SCORES["effective-length"].of(asked.behaviour, asked.shared.rows)
    np.testing.assert_allclose(found.similarities, expected[:-2], rtol=1e-5)
    assert found.content_similarity == pytest.approx(float(expected[-1]), rel=1e-5)
    summed = np.einsum("n,nhw->hw", found.weights, asked.activations.numpy())
    np.testing.assert_allclose(found.heatmap, summed, rtol=1e-4, atol=1e-5)


def test_content_share_is_0_without_content_and_counts_lengths() -> None:
    b = torch.tensor([[3.0, 4.0]]).double()
    assert content_share(b.expand(4, 2)) == 0
    assert content_share(torch.tensor([[1.0], [-1.0]])) == pytest.approx(1)
    assert content_share(torch.cat([b * 0.9, b * 1.1])) == pytest.approx(0.1, rel=0.02)


def test_the_items_users_and_neighbours_are_the_recommenders() -> None:
    model = behaviour(WIDTH, "bm3").model
    contents = torch.randn(6, WIDTH)
    pairs = np.array([[0, 1], [2, 1], [3, 4]], np.int64)
    rest = np.zeros((0, 2), np.int64)
    split = Split(pairs, rest, rest, 4, 6)
    found = behaviour_of(model, split, contents, 1, candidates=range(6), others=3, seed=1)
    assert found.audience.tolist() == [0, 2]
    assert 1 not in found.others.tolist()
    items = torch.nn.functional.normalize(model.embeddings()[1], dim=1)
    near = (items @ items[1]).argsort(descending=True).tolist()
    assert found.neighbours.tolist() == [each for each in near if each != 1]
    with pytest.raises(InputError, match="no interactions in the training split"):
        behaviour_of(model, split, contents, 0, candidates=range(6))


def test_any_part_of_the_other_items_is_drawn_at_random() -> None:
    model = behaviour(WIDTH, "bm3").model
    rest = np.zeros((0, 2), np.int64)
    split = Split(np.array([[0, 1]], np.int64), rest, rest, 4, 6)
    drawn = [
        behaviour_of(
            *(model, split, torch.zeros(6, WIDTH), 1), candidates=range(6), others=4, seed=seed
        ).others.tolist()
        for seed in range(40)
    ]
    # Were they sorted, the first would be 0 or 2 and the last 4 or 5.
    for place in (0, -1):
        assert {each[place] for each in drawn} == {0, 2, 3, 4, 5}
