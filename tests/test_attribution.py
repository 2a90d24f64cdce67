"""The facade, its frozen result, and what is saved of it."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path

import numpy as np
import pytest
import torch

from becam import Attribution, BeCAM, InputError, MapConfig, Target
from becam.metrics import mask_metrics
from tests.small import SmallEncoder, noise_picture

PICTURE = noise_picture(50, 35)
G = torch.randn(4, 5, generator=torch.Generator().manual_seed(1))
TARGET = Target(torch.tensor([0.3, -1.0, 0.2, 0.9]), "item", "7")


def attribute(config: MapConfig | None = None, **facts: str) -> Attribution:
    return BeCAM(SmallEncoder(), config).attribute(PICTURE, lambda z: z @ G.T, TARGET, **facts)


def test_it_is_eq_2_of_befa() -> None:
    encoder = SmallEncoder()
    cam = BeCAM(encoder)
    masked = cam.masked_features(PICTURE)
    found = attribute()
    projected = masked.features.double() @ G.double().T
    cosines = torch.nn.functional.cosine_similarity(projected, TARGET.vector.double()[None])
    np.testing.assert_allclose(found.similarities, cosines.numpy(), atol=1e-6)
    expected = torch.einsum("n,nhw->hw", cosines, masked.activations.double())
    np.testing.assert_allclose(found.heatmap, expected.numpy(), atol=1e-5)
    assert found.on_picture().shape == (35, 50)


def test_it_is_frozen_and_deterministic() -> None:
    first, second = attribute(), attribute()
    assert np.array_equal(first.heatmap, second.heatmap)
    with pytest.raises(dataclasses.FrozenInstanceError):
        first.heatmap = first.unweighted


@pytest.mark.parametrize("weighting", ["raw", "contrast", "delta", "softmax"])
@pytest.mark.parametrize("rectify", [False, True])
def test_options_change_the_map_and_are_recorded(weighting: str, rectify: bool) -> None:
    config = MapConfig(weighting=weighting, rectify=rectify, temperature=0.1, fill="black")
    found = attribute(config)
    facts = found.provenance
    assert (facts.weighting, facts.rectify, facts.fill) == (weighting, rectify, "black")
    assert (found.heatmap.min() >= 0) == rectify or weighting == "softmax"
    if weighting != "raw":
        assert not np.allclose(found.weights, found.similarities)


def test_the_target_matters() -> None:
    other = Target(-TARGET.vector, "user", "3")
    opposite = BeCAM(SmallEncoder()).attribute(PICTURE, lambda z: z @ G.T, other)
    np.testing.assert_allclose(opposite.heatmap, -attribute().heatmap, atol=1e-6)
    assert (opposite.provenance.target_kind, opposite.provenance.target_id) == ("user", "3")


def test_saved_and_loaded_it_is_the_same(tmp_path: Path) -> None:
    found = attribute(model="bm3", modality="image")
    written = found.save(tmp_path / "a.b")
    assert sorted(p.name for p in tmp_path.iterdir()) == ["a.b.json", "a.b.safetensors"]
    for name in (written, tmp_path / "a.b", tmp_path / "a.b.safetensors"):
        loaded = Attribution.load(name)
        assert loaded.provenance == found.provenance
        assert loaded.health == found.health
        assert loaded.geometry == found.geometry
        assert np.array_equal(loaded.on_picture(), found.on_picture())
        assert loaded._repr_mimebundle_() == found._repr_mimebundle_()
    assert json.loads(written.read_text())["attribution"]["provenance"]["model"] == "bm3"


def test_damaged_or_foreign_files_are_refused_in_a_line(tmp_path: Path) -> None:
    path = attribute().save(tmp_path / "result")
    tensors = tmp_path / "result.safetensors"
    whole, manifest = tensors.read_bytes(), path.read_text()
    tensors.write_bytes(whole[:-1])
    with pytest.raises(InputError, match="damaged"):
        Attribution.load(path)
    tensors.unlink()
    with pytest.raises(InputError, match="No such file"):
        Attribution.load(path)
    tensors.write_bytes(whole)
    for wrong in ("{", "[]", '{"schema": 99}', manifest.replace('"attribution"', '"other"')):
        path.write_text(wrong)
        with pytest.raises(InputError) as caught:
            Attribution.load(path)
        assert "\n" not in str(caught.value)


def test_difference_only_of_comparable_results() -> None:
    first, second = attribute(model="bm3"), attribute(model="bm3+befa")
    assert np.abs(first - second).max() < 1e-6
    with pytest.raises(ValueError, match="differ in fill, weighting"):
        _ = first - attribute(MapConfig(fill="black", weighting="contrast"))


@pytest.mark.parametrize("config", [MapConfig(), MapConfig(passes=8)])
def test_a_target_that_is_not_finite_gives_no_map(config: MapConfig) -> None:
    nowhere = Target(torch.full((4,), float("nan")), "user", "u1")
    cam = BeCAM(SmallEncoder(channels=20), config)
    with pytest.raises(InputError, match="heatmap of user 'u1' by bm3: the embedding of user 'u1'"):
        cam.attribute(PICTURE, lambda z: z @ G.T, nowhere, model="bm3")


def test_a_target_of_another_length_is_named() -> None:
    cam = BeCAM(SmallEncoder(channels=20))
    short = Target(torch.ones(3), "user", "u1")
    with pytest.raises(InputError, match=r"target user 'u1' has shape \(3,\); expected \(4,\)"):
        cam.attribute(PICTURE, lambda z: z @ G.T, short)


def test_channels_left_out_are_not_taken_for_faults() -> None:
    cam = BeCAM(SmallEncoder(channels=20), MapConfig(passes=8, channels="variance"))
    assert np.isfinite(cam.attribute(PICTURE, lambda z: z @ G.T, TARGET).heatmap).all()


def test_activations_that_are_not_finite_give_no_map() -> None:
    cam = BeCAM(SmallEncoder())
    masked = cam.masked_features(PICTURE)
    masked.activations[2, 0, 0] = float("inf")
    with pytest.raises(InputError, match="layer '0' of encoder 'small' gives activations"):
        cam.attribute(PICTURE, lambda z: z @ G.T, TARGET, masked=masked)


def test_a_map_constant_up_to_rounding_is_told_as_in_the_metrics() -> None:
    flat = np.full((6, 6), 0.3, np.float32)
    flat[0, 0] = np.nextafter(np.float32(0.3), np.float32(1))
    health = dataclasses.replace(attribute().health, spread=0.5, distance=1.0)
    found = dataclasses.replace(attribute(), heatmap=flat, health=health)
    assert found.warning == "the map is constant: it says nothing about the picture"
    product = np.zeros((35, 50), bool)
    product[10:20, 10:20] = True
    on_picture = found.on_picture()
    assert mask_metrics(on_picture, on_picture, product).undefined == "the map is constant"


def test_the_effective_number_of_channels_stands_under_the_map() -> None:
    found = attribute()
    texts = [text.get_text() for text in found.figure().texts]
    effective = round(found.health.effective_channels)
    assert texts[texts.index("channels") + 1] == f"{effective} of 6"


def test_an_unknown_layer_names_the_nearest() -> None:
    with pytest.raises(InputError, match="unknown layer '00'; "):
        BeCAM(SmallEncoder(), MapConfig(layer="00"))
    with pytest.raises(InputError, match="layer '4' gives no spatial map but"):
        BeCAM(SmallEncoder(), MapConfig(layer="4"))


def test_metrics_fit_the_map_on_the_picture() -> None:
    found = attribute()
    product = np.zeros((35, 50), bool)
    product[5:20, 5:20] = True
    numbers = mask_metrics(found.on_picture(), found.on_picture(unweighted=True), product)
    assert 0 <= numbers.auc <= 1


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"fill": "blak"}, "unknown fill 'blak'; did you mean black, blur?"),
        ({"weighting": "contrst"}, "unknown weighting 'contrst'; did you mean contrast"),
        ({"temperature": 0.0}, "temperature '0.0': expected a number greater than 0"),
        ({"temperature": float("nan")}, "temperature 'nan'"),
    ],
)
def test_bad_options(options: dict[str, object], message: str) -> None:
    with pytest.raises(InputError, match=message.replace("?", r"\?")):
        MapConfig(**options)
