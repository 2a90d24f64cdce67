"""How much an adapter lets through of the content: adapters that are known to let nothing, all."""

from __future__ import annotations

import dataclasses
import json
import math
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import Tensor

from adapters.registry import create
from becam import Attribution, BeCAM, Target
from becam.angles import angle, cosine_distance
from becam.content_dependence import ContentDependence, content_dependence, item_dependence
from becam.explanation import Explanation, Side
from becam.figures.files import figure_bytes
from recsys.configs import ModelConfig
from recsys.models.base import Recommender
from recsys.models.build import build
from recsys.models.names import ModelName
from tests.small import SmallEncoder, noise_picture

ITEMS, DIM = 30, 16
CONTENTS = torch.randn(ITEMS, 12, generator=torch.Generator().manual_seed(0))
PAIRS = np.array([[user, (user * 7 + step) % ITEMS] for user in range(20) for step in range(4)])


def recommender(name: str = "bm3") -> Recommender:
    return build(
        ModelName.parse(name),
        ModelConfig(dim=DIM),
        train=PAIRS,
        n_users=20,
        n_items=ITEMS,
        features={"image": CONTENTS},
        generator=torch.Generator().manual_seed(1),
    ).eval()


def measured(adapter: Callable[[Tensor, Tensor], Tensor]) -> ContentDependence:
    """Measure a constructed adapter, (n, d) contents and (n, d) embeddings to (n, d)."""
    model = recommender()
    model.adapt = lambda _, content, b: adapter(content, b)
    found = item_dependence(model, "image", CONTENTS, 3)
    assert found is not None
    return found


def test_an_adapter_that_ignores_the_content_has_none() -> None:
    found = measured(create("identity-gate", DIM))
    assert (found.ratio, found.distance) == (0.0, 0.0)
    assert found.reference > 0.1
    assert found.ignored
    assert "ignores the content" in str(found.warning())


def test_one_that_passes_it_through_has_all() -> None:
    assert measured(lambda content, _: content).ratio == pytest.approx(1.0)
    assert measured(lambda content, _: -3 * content).ratio == pytest.approx(1.0)
    assert measured(lambda content, _: content).warning() is None
    without = item_dependence(recommender(), "image", CONTENTS, 3)
    assert without is not None
    assert without.ratio == 1.0


def test_content_that_only_scales_the_embedding_is_ignored() -> None:
    # BeCAM compares directions: such a gate gives every picture the same heatmap.
    found = measured(lambda content, b: b * content.mean(-1, keepdim=True).sigmoid())
    assert found.ratio < 1e-9
    assert found.ignored


def test_the_more_content_the_more_dependence() -> None:
    shares = [measured(lambda c, b, t=t: t * c + (1 - t) * 3 * b).ratio for t in (0, 0.3, 0.7, 1)]
    assert shares == sorted(shares)
    assert len(set(shares)) == 4
    untrained = item_dependence(recommender("bm3+befa"), "image", CONTENTS, 3)
    assert untrained is not None
    assert 0 < untrained.ratio < 1


def test_a_projection_that_collapses_is_told_not_divided_by() -> None:
    alike = torch.ones(4, DIM)
    found = content_dependence(alike[0], alike[1:], alike[0], alike[1:])
    assert math.isnan(found.ratio)
    assert "content of all items alike" in str(found.warning())


def test_the_draw_is_seeded_leaves_out_the_item_and_can_be_narrowed() -> None:
    model = recommender("bm3+befa")

    def found(index: int = 3, **options: object) -> ContentDependence | None:
        return item_dependence(model, "image", CONTENTS, index, **options)

    assert found(others=5, seed=1) == found(others=5, seed=1)
    assert found(others=5, seed=1) != found(others=5, seed=2)
    everyone = found()
    assert everyone is not None
    assert everyone.others == ITEMS - 1
    narrowed = found(candidates=[3, 4, 5])
    assert narrowed is not None
    assert narrowed.others == 2
    assert found(candidates=[3]) is None
    with pytest.raises(ValueError, match="at least one other item"):
        content_dependence(alike := torch.ones(2), alike.expand(0, 2), alike, alike.expand(0, 2))


def test_angles_keep_their_digits_at_both_ends() -> None:
    tiny = 1e-9
    first = torch.tensor([[1.0, 0.0], [1.0, 0.0], [3.0, 0.0], [0.0, 0.0]], dtype=torch.float64)
    second = torch.tensor(
        [[1.0, tiny], [-1.0, tiny], [0.0, 1e-200], [1.0, 0.0]], dtype=torch.float64
    )
    found = angle(first, second)
    assert found[0].item() == pytest.approx(tiny, rel=1e-6)  # arccos of the cosine gives 0
    assert math.pi - found[1].item() == pytest.approx(tiny, rel=1e-6)
    assert found[2].item() == pytest.approx(math.pi / 2)
    assert math.isnan(found[3].item())
    distance = cosine_distance(first, second)
    assert distance[0].item() == pytest.approx(tiny**2 / 2, rel=1e-6)
    assert distance[1:].tolist() == [2.0, 1.0, 1.0]
    assert cosine_distance(first[3:], first[3:]).item() == 0


def with_content(content: ContentDependence | None) -> Attribution:
    picture, projection = (
        noise_picture(),
        torch.randn(4, 5, generator=torch.Generator().manual_seed(1)),
    )
    target = Target(torch.tensor([0.3, -1.0, 0.2, 0.9]), "item", "7")
    found = BeCAM(SmallEncoder()).attribute(picture, lambda z: z @ projection.T, target)
    return dataclasses.replace(found, health=dataclasses.replace(found.health, content=content))


IGNORING = ContentDependence(0.0, 0.0, 0.4, 9)


def test_it_is_said_in_the_json_and_survives_saving(tmp_path: Path) -> None:
    found = with_content(IGNORING)
    values = found.to_dict()
    assert (values["content_dependence"], values["ignores_content"]) == (0.0, True)
    assert "ignores the content" in values["warning"]
    assert "--weighting" not in values["warning"]  # no weighting can mend it
    for content in (None, IGNORING, ContentDependence(0.5, 0.2, 0.4, 9)):
        whole = with_content(content)
        assert Attribution.load(whole.save(tmp_path / "a")).health == whole.health
    undefined = with_content(ContentDependence(math.nan, 0.0, 0.0, 9))
    loaded = Attribution.load(undefined.save(tmp_path / "b"))
    assert loaded.warning == undefined.warning


def test_a_result_of_before_it_was_measured_still_loads(tmp_path: Path) -> None:
    path = with_content(IGNORING).save(tmp_path / "old")
    document = json.loads(path.read_text())
    del document["attribution"]["health"]["content"]
    path.write_text(json.dumps(document))
    assert Attribution.load(path).health.content is None


def test_it_is_said_in_the_figure() -> None:
    sides = (
        Side("before", "bm3", with_content(None), None),
        Side("after", "bm3+befa", with_content(IGNORING), None),
    )
    explanation = Explanation("7", "A lamp", sides, None, (), (), ())
    drawn = figure_bytes(explanation.figure(), "svg").decode()
    assert ">not an explanation<" in drawn
    assert "output ignores the content" in drawn
    assert dict(explanation.grid().rows[0].cells[2].figures)["content"] == "0.0"
