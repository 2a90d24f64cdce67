"""What holds for every recommender with every adapter: it trains, saves, loads, resumes."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

from adapters.registry import ADAPTERS
from recsys.configs import Features, ModelConfig, TrainingConfig
from recsys.errors import InputError
from recsys.fit import Fitted, fit
from recsys.models.names import ModelName
from recsys.models.registry import RECOMMENDERS, uses_content
from tests.test_training import Recorder, same_weights, small_features, small_split

NAMES = [
    f"{recommender}{adapter}"
    for recommender in RECOMMENDERS
    for adapter in ("", *(f"+{name}" for name in ADAPTERS))
    if not adapter or uses_content(recommender)
]


def run(name: str, epochs: int = 1, *, features: Features = "trainable", **options) -> Fitted:
    content = small_features() if uses_content(ModelName.parse(name).recommender) else {}
    return fit(
        name,
        small_split(),
        content,
        model_config=ModelConfig(dim=8, features=features),
        training_config=TrainingConfig(batch=64, max_epochs=epochs, lr=0.01),
        **options,
    )


@pytest.mark.parametrize("name", NAMES)
def test_it_trains_saves_and_loads(name: str, tmp_path: Path) -> None:
    fitted = run(name, cache=tmp_path)
    loaded = run(name, cache=tmp_path)
    assert loaded.cached
    assert same_weights(fitted, loaded)
    for ours, theirs in zip(fitted.model.embeddings(), loaded.model.embeddings(), strict=True):
        assert torch.equal(ours, theirs)
    assert loaded.metrics == fitted.metrics


@pytest.mark.parametrize("name", [n for n in NAMES if "+" not in n or n.endswith("+befa")])
def test_interrupted_training_goes_on_to_the_same_weights(name: str, tmp_path: Path) -> None:
    whole = run(name, 5)
    with pytest.raises(KeyboardInterrupt):
        run(name, 5, cache=tmp_path, progress=Recorder(stop_at=2))
    recorder = Recorder()
    resumed = run(name, 5, cache=tmp_path, progress=recorder)
    assert recorder.epochs[0][0] == 3
    assert same_weights(whole, resumed)
    assert whole.history == resumed.history


@pytest.mark.parametrize("name", [n for n in NAMES if uses_content(ModelName.parse(n).recommender)])
def test_frozen_features_stay_as_they_are(name: str) -> None:
    fitted = run(name, features="frozen")
    assert not any("features" in weight for weight in fitted.model.state_dict())
    for modality, given in small_features().items():
        kept = fitted.model.branch(modality).features
        assert torch.equal(kept, torch.as_tensor(given, dtype=torch.float32))


@pytest.mark.parametrize("name", [n for n in RECOMMENDERS if uses_content(n)])
def test_no_modality_is_behaviour_alone(name: str) -> None:
    fitted = fit(name, small_split(), {}, training_config=TrainingConfig(max_epochs=1))
    assert fitted.model.modalities == ()
    with pytest.raises(InputError, match="needs at least one modality"):
        fit(f"{name}+befa", small_split(), {})


@pytest.mark.parametrize("name", [n for n in NAMES if "+" not in n])
def test_it_learns(name: str) -> None:
    fitted = run(name, 60)
    # A third of the items is liked; six are left after masking, among 25 candidates.
    assert fitted.metrics["test"]["recall@10"] > 0.5
