"""Every recommender with every adapter is trained, and explains an item's picture."""

from __future__ import annotations

import numpy as np
import pytest

from becam.explainer import Explainer
from becam.progress import Reporter
from recsys.configs import TrainingConfig
from recsys.errors import InputError
from recsys.models.names import ModelName
from recsys.models.registry import uses_content
from tests.shops import make_shop
from tests.small import SmallEncoder
from tests.test_recommenders import NAMES

ABLE = [name for name in NAMES if uses_content(ModelName.parse(name).recommender)]


@pytest.fixture(scope="module")
def explainer(tmp_path_factory: pytest.TempPathFactory) -> Explainer:
    """One catalogue and encoder for all; a training is an epoch."""
    folder = tmp_path_factory.mktemp("data")
    found = Explainer(
        data=str(make_shop(folder / "shop")),
        cache=folder / "cache",
        training=TrainingConfig(max_epochs=1, batch=32),
        reporter=Reporter(quiet=True),
    )
    found.__dict__["encoder"] = SmallEncoder()
    return found


def test_these_are_all_of_them() -> None:
    assert len(NAMES) == 31
    assert set(NAMES) - set(ABLE) == {"lightgcn"}


@pytest.mark.parametrize("name", ABLE)
def test_it_gives_a_heatmap_of_each_side(name: str, explainer: Explainer) -> None:
    explanation = explainer.explain("i3", name)
    sides = explanation.sides
    assert [side.model for side in sides] == [
        str(each) for each in ModelName.parse(name).before_and_after
    ]
    for side in sides:
        shown = side.attribution.on_picture()
        assert shown.shape == (24, 32)
        assert np.isfinite(shown).all()
        assert np.ptp(shown) > 0
        assert side.attribution.provenance.model == side.model
    first = next(iter(sides)).attribution
    if len(sides) == 2:
        assert not np.array_equal(first.similarities, sides[1].attribution.similarities)


def test_one_without_content_says_so(explainer: Explainer) -> None:
    with pytest.raises(InputError, match="model 'lightgcn' takes no content: there is nothing"):
        explainer.explain("i3", "lightgcn")
