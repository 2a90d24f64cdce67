"""All methods: one call, one result, nothing left behind."""

from __future__ import annotations

import dataclasses
import json
import math
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from becam import Attribution, BeCAM, InputError, MapConfig
from becam.explanation import Explanation, Side
from becam.fewer_passes.rank_correlation import spearman
from becam.figures.files import figure_bytes
from becam.methods import KINDS, METHODS, NEEDS, MethodOptions, method_of
from becam.metrics import centre_prior, pixel_auc
from becam.question import Question
from tests.questions import OTHER, PRODUCT, TARGET, planted_question, project, question
from tests.small import SmallEncoder

QUICK = MethodOptions(steps=8, segments=6, samples=30)
# Those that fill or differentiate the picture themselves, whatever is shared already.
PASSES = [name for name, method in METHODS.items() if method.kind == "baseline"]
WEIGHING = [
    name
    for name, method in METHODS.items()
    if method.family in {"becam", "scores", "activations", "content"}
]


class Breakable(SmallEncoder):
    """Its last but one module fails when told to."""

    def __init__(self) -> None:
        super().__init__()
        self.broken = broken = [False]

        class Fails(nn.Module):
            def forward(self, values: Tensor) -> Tensor:
                if broken[0]:
                    raise RuntimeError("broken")
                return values

        self.tower.insert(4, Fails())


def left_behind(asked: Question) -> list[Any]:
    """Everything that a method may have changed."""
    tower: nn.Module = asked.encoder.tower
    kinds = ("_forward_hooks", "_forward_pre_hooks", "_backward_hooks", "_backward_pre_hooks")
    hooks = [len(getattr(module, kind)) for module in tower.modules() for kind in kinds]
    weights = [(p.requires_grad, p.grad is None, float(p.sum())) for p in tower.parameters()]
    tensors = [asked.input, asked.target.vector]
    return [
        hooks,
        weights,
        [(t.requires_grad, t.grad is None, float(t.sum())) for t in tensors],
        torch.is_grad_enabled(),
        torch.get_rng_state().sum().item(),
        [module.training for module in tower.modules()],
    ]


@pytest.mark.parametrize("name", METHODS)
def test_a_method_leaves_nothing_behind_also_where_the_model_fails(name: str) -> None:
    encoder = Breakable()
    asked = question(encoder, options=QUICK)
    before = left_behind(asked)
    METHODS[name].run(asked)
    assert left_behind(asked) == before
    encoder.broken[0] = True
    with pytest.raises(RuntimeError, match="broken"):
        METHODS[name].run(question(encoder, options=QUICK))
    assert left_behind(asked) == before
    if name in PASSES:
        # What is shared is there: now it fails inside the method's own passes.
        with pytest.raises(RuntimeError, match="broken"):
            METHODS[name].run(asked)
        assert left_behind(asked) == before


@pytest.mark.parametrize("name", METHODS)
def test_the_result_says_what_it_is_draws_and_comes_back_from_a_file(
    name: str, tmp_path: Path
) -> None:
    asked = question(options=QUICK, model="bm3", modality="image", model_seed=4)
    found = METHODS[name].run(asked)
    facts = found.provenance
    assert (facts.method, facts.model, facts.seed) == (name, "bm3", 4)
    assert ("seed" in facts.options) == METHODS[name].seeded
    assert np.isfinite(found.heatmap).all()
    assert found.on_picture().shape == (35, 50)
    assert len(found.weights) == (6 if name in WEIGHING else 0)
    assert found.health.channels == len(found.weights)
    if name in {"unweighted"}:
        assert "this is the unweighted activation map, not an explanation" in str(found.warning)
        assert "--weighting" not in str(found.warning)
    elif found.health.channels == 0:
        assert not found.health.degenerate
        assert found.warning is None
        assert math.isnan(found.health.spread)
        assert 0 <= found.health.distance <= 2
    written = found.save(tmp_path / "one")
    assert "NaN" not in written.read_text()
    loaded = Attribution.load(written)
    assert loaded.provenance == facts
    assert np.array_equal(loaded.heatmap, found.heatmap)
    if name in {"becam", "occlusion"}:
        assert loaded._repr_mimebundle_() == found._repr_mimebundle_()
    numbers = [dataclasses.asdict(each.health) for each in (loaded, found)]
    for unmeasured in ("content", "recognition"):
        assert [each.pop(unmeasured) for each in numbers] == [None, None]
    np.testing.assert_array_equal(*(list(each.values()) for each in numbers))


@pytest.mark.parametrize("name", METHODS)
def test_the_same_question_has_the_same_answer_and_the_seed_is_used(name: str) -> None:
    run, encoder = METHODS[name].run, SmallEncoder()
    first = run(question(encoder, options=QUICK, seed=5))
    torch.rand(3)  # the global generator has no say
    again = run(question(encoder, options=QUICK, seed=5))
    assert np.array_equal(first.heatmap, again.heatmap)
    other = run(question(encoder, options=QUICK, seed=6))
    assert np.array_equal(first.heatmap, other.heatmap) != METHODS[name].seeded
    alone = run(question(encoder, options=QUICK, seed=5, config=MapConfig(batch=1)))
    np.testing.assert_allclose(first.heatmap, alone.heatmap, atol=1e-4)


@pytest.mark.parametrize("name", METHODS)
def test_asked_with_the_true_target_a_method_finds_the_planted_square(name: str) -> None:
    asked = planted_question(
        config=MapConfig(temperature=0.1), options=MethodOptions(samples=200, segments=20)
    )
    mask = np.zeros((24, 24), bool)
    mask[PRODUCT] = True
    auc = pixel_auc(METHODS[name].run(asked).on_picture(), mask)
    if METHODS[name].kind in {"becam", "baseline"}:
        assert auc > 0.93
        green = dataclasses.replace(asked, target=asked.others[0][1])
        assert pixel_auc(METHODS[name].run(green).on_picture(), mask) < 0.4
    elif name in {"unweighted", "centre", "other-item", "self-similarity"}:
        assert auc < 0.85


def test_the_registry_is_whole_and_says_what_a_method_needs() -> None:
    for name, method in METHODS.items():
        assert method.name == name
        assert method.kind in KINDS
        assert method.needs <= set(NEEDS)
    bare = {"category": None, "others": (), "behaviour": None, "options": QUICK}
    for name, method in METHODS.items():
        if method.needs & {"others", "category", "behaviour"}:
            with pytest.raises(InputError, match=f"method '{name}' needs"):
                method.run(question(**bare))
        else:
            method.run(question(**bare))


def test_the_centre_prior_is_that_of_the_metrics() -> None:
    found = METHODS["centre"].run(question()).on_picture()
    np.testing.assert_allclose(found, centre_prior((35, 50)), atol=0.02)


def test_masked_features_are_computed_once_for_all_that_share_them() -> None:
    encoder = SmallEncoder()
    asked = question(encoder)
    METHODS["becam"].run(asked)
    before = encoder.calls
    shared = [name for name, m in METHODS.items() if "masked features" in m.needs]
    for name in [*shared, "unweighted", "centre", "random-weights"]:
        METHODS[name].run(asked)
    assert encoder.calls == before
    given = question(encoder, masked=asked.shared)
    METHODS["becam"].run(given)
    assert encoder.calls == before


def test_becam_and_the_other_item_are_what_the_facade_gives() -> None:
    asked = question(config=MapConfig(weighting="contrast", rectify=True))
    cam = BeCAM(SmallEncoder(), asked.config)
    for name, target in (("becam", TARGET), ("other-item", OTHER)):
        expected = cam.attribute(asked.picture, project, target)
        found = METHODS[name].run(asked)
        assert np.array_equal(found.heatmap, expected.heatmap)
        assert found.provenance.target_id == target.id
        assert found.provenance.weighting == "contrast"


def test_self_similarity_and_text_prompt_compare_content_with_content() -> None:
    asked = question()
    rows = asked.shared.features
    found = METHODS["self-similarity"].run(asked)
    expected = torch.cosine_similarity(rows, asked.shared.content[None])
    np.testing.assert_allclose(found.similarities, expected.numpy(), atol=1e-6)
    assert found.content_similarity == pytest.approx(1)
    text = METHODS["text-prompt"].run(asked)
    prompt = asked.encoder.encode_texts(["a photo of a shoe"])
    np.testing.assert_allclose(
        text.similarities, torch.cosine_similarity(rows, prompt).numpy(), atol=1e-6
    )
    assert text.provenance.target_id == "a photo of a shoe"


def test_an_encoder_without_a_text_tower_is_refused_in_a_line() -> None:
    class Mute(SmallEncoder):
        def encode_texts(self, texts: Any) -> Tensor:
            raise NotImplementedError

    class Elsewhere(SmallEncoder):
        def encode_texts(self, texts: Any) -> Tensor:
            return torch.zeros(len(texts), 9)

    for encoder, message in ((Mute(), "'small' has none"), (Elsewhere(), "9 numbers for a text")):
        with pytest.raises(InputError, match=message) as caught:
            METHODS["text-prompt"].run(question(encoder))
        assert "\n" not in str(caught.value)


def test_shuffled_content_keeps_the_weights_and_loses_their_place() -> None:
    asked = question(SmallEncoder(channels=40))
    found, own = METHODS["shuffled-content"].run(asked), METHODS["becam"].run(asked)
    np.testing.assert_array_equal(np.sort(found.weights), np.sort(own.weights))
    assert (found.weights != own.weights).mean() > 0.5
    expected = torch.einsum("n,nhw->hw", torch.from_numpy(found.weights), asked.activations)
    np.testing.assert_allclose(found.heatmap, expected.numpy(), atol=1e-5)


def test_channels_left_out_stay_so_when_content_is_shuffled() -> None:
    config = MapConfig(passes=10, channels="variance")
    asked = question(SmallEncoder(channels=40), config=config)
    found, own = METHODS["shuffled-content"].run(asked), METHODS["becam"].run(asked)
    np.testing.assert_array_equal(found.weights == 0, own.weights == 0)
    assert (found.weights != 0).sum() == 10
    assert not np.array_equal(found.weights, own.weights)


def test_a_random_embedding_is_as_long_as_the_own_and_guides_the_adapter_if_it_can() -> None:
    seen: list[Tensor] = []

    def guide(vector: Tensor) -> Any:
        seen.append(vector)
        return project

    found = METHODS["random-embedding"].run(question(guide=guide))
    assert float(seen[0].norm()) == pytest.approx(float(TARGET.vector.norm()), rel=1e-5)
    assert found.provenance.options["guided"] is True
    assert found.provenance.target_kind == "random"
    plain = METHODS["random-embedding"].run(question())
    assert np.array_equal(found.heatmap, plain.heatmap)


def test_a_constant_picture_has_a_defined_answer_from_every_method() -> None:
    from PIL import Image

    picture = Image.new("RGB", (50, 35), (90, 120, 30))
    for name, method in METHODS.items():
        found = method.run(question(picture=picture, options=QUICK))
        assert np.isfinite(found.heatmap).all(), name
        if np.ptp(found.heatmap) == 0:
            assert found.warning, name


def test_values_that_are_not_finite_are_refused_in_a_line() -> None:
    def nowhere(content: Tensor) -> Tensor:
        return project(content) * float("nan")

    with pytest.raises(InputError, match=r"method 'occlusion': .* not finite"):
        METHODS["occlusion"].run(question(projection=nowhere))


def test_results_from_before_there_were_methods_load(tmp_path: Path) -> None:
    path = METHODS["becam"].run(question()).save(tmp_path / "old")
    written = json.loads(path.read_text())
    del written["attribution"]["provenance"]["method"]
    del written["attribution"]["provenance"]["options"]
    path.write_text(json.dumps(written))
    loaded = Attribution.load(path)
    assert (loaded.provenance.method, loaded.provenance.options) == ("becam", {})
    written["attribution"]["provenance"]["colour"] = "red"
    path.write_text(json.dumps(written))
    with pytest.raises(InputError, match="is not an attribution of becam") as caught:
        Attribution.load(path)
    assert "\n" not in str(caught.value)


def test_maps_of_two_methods_are_not_subtracted() -> None:
    asked = question()
    with pytest.raises(ValueError, match=r"differ in .*method"):
        _ = METHODS["becam"].run(asked) - METHODS["centre"].run(asked)


def test_before_and_after_draw_for_a_method_without_channels(tmp_path: Path) -> None:
    maps = [METHODS["occlusion"].run(question(model=model)) for model in ("bm3", "bm3+befa")]
    sides = tuple(
        Side(role, "bm3", each, None) for role, each in zip(("before", "after"), maps, strict=True)
    )
    explanation = Explanation("7", "", sides, None, (), (), ())
    figure = explanation.figure()
    words = " ".join(text.get_text() for text in figure.texts)
    assert "method occlusion" in words
    assert "nan" not in words
    assert "spread" not in words
    assert "channels" not in words
    assert figure_bytes(figure, "png").startswith(b"\x89PNG")
    assert '"spread": null' in explanation.save(tmp_path / "both").read_text()


def test_score_cam_differs_from_becam_by_more_than_rounding() -> None:
    asked = question(config=MapConfig(temperature=0.05))
    maps = {n: torch.from_numpy(METHODS[n].run(asked).heatmap) for n in ("becam", "score-cam")}
    assert spearman(maps["becam"], maps["score-cam"]) < 0.99
    assert float(maps["score-cam"].min()) >= 0


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"window": 0.0}, "window '0.0': expected a share above 0, at most 1"),
        ({"window": 0.1, "stride": 0.2}, "stride '0.2': .* at most the window's"),
        ({"window": float("nan")}, "window 'nan'"),
        ({"steps": 0}, "steps '0': expected at least 1"),
        ({"segments": 1}, "segments '1': expected at least 2"),
        ({"samples": 2}, "samples '2': expected at least 3"),
        ({"compactness": -1.0}, "compactness '-1.0'"),
        ({"ridge": float("inf")}, "ridge 'inf'"),
    ],
)
def test_bad_options_are_told_in_a_line(options: dict[str, Any], message: str) -> None:
    with pytest.raises(InputError, match=message):
        MethodOptions(**options)


def test_an_unknown_method_names_the_nearest() -> None:
    with pytest.raises(InputError, match=r"unknown method 'oclusion'; did you mean occlusion\?"):
        method_of("oclusion")


def test_the_names_are_known_without_waiting_for_torch() -> None:
    code = (
        "import sys; from becam.methods import METHODS; assert 'lime' in METHODS;"
        "assert not {'torch', 'captum', 'skimage'} & set(sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
