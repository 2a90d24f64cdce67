"""On a CUDA device everything is as on the CPU, but for rounding; skipped where there is none."""

from __future__ import annotations

import copy
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
import torch
from torch import Tensor

import becam
from becam.cli.main import run as command
from becam.encoders.registry import load_encoder
from becam.engine import Engine
from becam.explainer import Explainer
from becam.fewer_passes.rank_correlation import spearman
from becam.masked_features import compute_many
from becam.progress import Reporter
from recsys.configs import TrainingConfig
from recsys.evaluation import evaluate
from recsys.models.names import ModelName
from tests.test_precision import agreement, drawn
from tests.test_recommenders import NAMES
from tests.test_recommenders import run as trained
from tests.test_training import Recorder, same_weights, small_split

DEVICE = "cuda"
QUIET = Reporter(quiet=True)
SHORT = TrainingConfig(max_epochs=20, batch=64, lr=0.01)
SMALL = ("metric.steps=4", "metric.samples=4", "method.samples=40", "method.steps=8")
PLAIN = [name for name in NAMES if "+" not in name or name.endswith("+befa")]

if not torch.cuda.is_available():
    pytest.skip("needs a CUDA device", allow_module_level=True)


@pytest.mark.parametrize("name", NAMES)
def test_training_twice_gives_the_same_bytes(name: str) -> None:
    one, other = (trained(name, 3, device=DEVICE) for _ in range(2))
    assert same_weights(one, other)
    assert one.history == other.history
    assert one.metrics == other.metrics


@pytest.mark.parametrize("name", PLAIN)
def test_interrupted_training_goes_on_to_the_same_weights(name: str, tmp_path: Path) -> None:
    whole = trained(name, 5, device=DEVICE)
    with pytest.raises(KeyboardInterrupt):
        trained(name, 5, device=DEVICE, cache=tmp_path, progress=Recorder(stop_at=2))
    resumed = trained(name, 5, device=DEVICE, cache=tmp_path, progress=Recorder())
    assert same_weights(whole, resumed)


@pytest.mark.parametrize("name", NAMES)
def test_a_recommender_is_the_same_on_both(name: str, tmp_path: Path) -> None:
    """A model trained on one device serves on the other, and ranks alike."""
    here = trained(name, 2, cache=tmp_path).model
    loaded = trained(name, 2, cache=tmp_path, device=DEVICE)
    assert loaded.cached
    there = copy.deepcopy(here).to(DEVICE)
    for model in (loaded.model, there):
        assert model.user_embedding.device.type == DEVICE
        for ours, theirs in zip(here.embeddings(), model.embeddings(), strict=True):
            torch.testing.assert_close(theirs.cpu(), ours, rtol=1e-4, atol=1e-6)
        one, other = (evaluate(each, small_split()) for each in (here, model))
        for part, found in one.items():
            assert other[part].metrics == pytest.approx(found.metrics, abs=0.05)


@pytest.mark.parametrize("name", ["demo-vit", "demo-rn"])
def test_float32_is_float32(name: str) -> None:
    """No TensorFloat-32 in between, of whose ten bits centred features would show."""
    found = []
    for device in ("cpu", DEVICE):
        encoder = load_encoder(name, device=device)
        inputs = [encoder.preprocess(picture) for picture in drawn(1)]
        found += compute_many(Engine(encoder, encoder.layer(), precision="float32"), inputs)
    for key, ours in found[0].items():
        torch.testing.assert_close(found[1][key], ours, rtol=1e-3, atol=2e-5, msg=key)
    for weighting in ("raw", "contrast"):
        same = agreement([found[0]], [found[1]], weighting, centred=True)
        assert min(same) >= 0.9999, weighting


@pytest.mark.parametrize("precision", ["bfloat16", "float16"])
@pytest.mark.parametrize("name", ["demo-vit", "demo-rn"])
def test_reduced_precision_keeps_the_order_of_a_map(name: str, precision: str) -> None:
    encoder = load_encoder(name, device=DEVICE)
    inputs = [encoder.preprocess(picture) for picture in drawn(2)]
    exact, reduced = (
        compute_many(Engine(encoder, encoder.layer(), precision=each), inputs)
        for each in ("float32", precision)
    )
    for weighting in ("raw", "contrast"):
        found = agreement(exact, reduced, weighting, centred=True)
        assert 0.99 <= sum(found) / len(found) < 1, weighting


def test_less_memory_than_asked_for_halves_the_chunk() -> None:
    encoder = load_encoder("demo-rn", device=DEVICE)
    inputs = [encoder.preprocess(picture) for picture in drawn(1)]
    free = Engine(encoder, encoder.layer(), precision="float32")
    (whole,) = compute_many(free, inputs)
    large = Engine(encoder, encoder.layer(), precision="float32", batch_size=512)
    torch.cuda.empty_cache()
    reserved = torch.cuda.memory_reserved()
    total = torch.cuda.get_device_properties(0).total_memory
    torch.cuda.set_per_process_memory_fraction((reserved + (200 << 20)) / total)
    try:
        (found,) = compute_many(large, inputs)
    finally:
        torch.cuda.set_per_process_memory_fraction(1.0)
    assert large.chunk < 512
    torch.testing.assert_close(found["features"], whole["features"], rtol=1e-3, atol=2e-5)


def opened(catalogue: Path, cache: Path, device: str, encoder: str = "demo-vit") -> Explainer:
    return Explainer(
        data=str(catalogue),
        encoder=encoder,
        cache=cache,
        device=device,
        training=SHORT,
        reporter=QUIET,
    )


@pytest.fixture(scope="module")
def caches(catalogue: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Two caches with the same recommenders, but nothing else in common."""
    folder = tmp_path_factory.mktemp("caches")
    here, there = folder / "cpu", folder / DEVICE
    explainer = opened(catalogue, here, "cpu")
    for name in ("bm3", "bm3+befa"):
        explainer.fitted(ModelName.parse(name))
    shutil.copytree(here / "models", there / "models")
    shutil.copytree(here / "features", there / "features")
    return {"cpu": here, DEVICE: there}


def explained(
    catalogue: Path, caches: dict[str, Path], encoder: str, maps: dict[str, str]
) -> Iterator[Tensor]:
    """The maps of an item on both devices, by bm3 and by bm3+befa."""
    for device, cache in caches.items():
        explainer = opened(catalogue, cache, device, encoder).with_maps(**maps)
        item = explainer.catalogue.items[explainer.eligible[0]].item_id
        sides = explainer.explain(item, "bm3+befa").sides
        yield torch.stack([torch.as_tensor(side.attribution.heatmap) for side in sides])


@pytest.mark.parametrize(
    ("encoder", "fill"),
    [("demo-vit", "mean"), ("demo-vit", "blur"), ("demo-vit", "black"), ("demo-rn", "mean")],
)
def test_a_heatmap_is_the_same_on_both(
    encoder: str, fill: str, catalogue: Path, caches: dict[str, Path]
) -> None:
    for weighting in ("raw", "contrast"):
        maps = {"fill": fill, "weighting": weighting}
        here, there = explained(catalogue, caches, encoder, maps)
        assert spearman(here[0], there[0]) >= 0.9999
        assert spearman(here[1], there[1]) >= 0.99  # little of the content is left after BeFA


def test_every_method_and_metric_gives_what_it_gives_on_the_cpu(
    catalogue: Path, caches: dict[str, Path]
) -> None:
    found: dict[str, dict[tuple[str, str, str], float | None]] = {}
    for device, cache in caches.items():
        if found:  # the same recommender, not the same training
            shutil.copytree(caches["cpu"] / "models", cache / "models", dirs_exist_ok=True)
        measured = becam.measure(
            data=str(catalogue),
            model="bm3",
            methods="all",
            metrics="mask,score,health",
            items=1,
            settings=SMALL,
            device=device,
            cache=cache,
            reporter=QUIET,
        )
        found[device] = {
            (each.item, each.method, each.metric): each.value.value for each in measured.observed
        }
    here, there = found.values()
    assert here.keys() == there.keys()
    assert len({method for _, method, _ in here}) > 20
    far = {
        key: (value, there[key])
        for key, value in here.items()
        if (value is None) != (there[key] is None)
        or (value is not None and there[key] != pytest.approx(value, rel=0.05, abs=0.02))
    }
    assert not far


def test_the_commands_take_the_device(catalogue: Path, tmp_path: Path) -> None:
    about = ["--data", str(catalogue), "--cache", str(tmp_path / "cache"), "--device", DEVICE]
    picture = tmp_path / "item.png"
    for line in (
        ["train", *about, "--model", "lattice+befa", "--max-epochs", "2"],
        ["render", *about, "--item", "1", "--model", "bm3+befa", "--out", str(picture)],
        ["features", *about, "--encoder", "demo-rn"],
    ):
        assert command([*line, "--quiet"]) == 0
    assert picture.stat().st_size > 1000


def test_a_gallery_of_two_processes_is_that_of_one(
    catalogue: Path, caches: dict[str, Path], tmp_path: Path
) -> None:
    spec = tmp_path / "small.toml"
    spec.write_text(
        f"data = '{catalogue}'\nmodels = ['bm3']\n[items]\npick = 'random'\ncount = 4\n"
    )
    pages = []
    for workers in ("1", "2"):
        out, cache = tmp_path / f"out{workers}", tmp_path / f"cache{workers}"
        shutil.copytree(caches[DEVICE] / "models", cache / "models")
        about = ["--out", str(out), "--cache", str(cache), "--device", DEVICE]
        assert command(["gallery", str(spec), *about, "--workers", workers, "--quiet"]) == 0
        pages.append((out / "index.html").read_bytes())
    assert pages[0] == pages[1]
