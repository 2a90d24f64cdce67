"""The cache of finished models: what it keeps, what it trusts, and what goes into a key."""

from __future__ import annotations

import json
import threading
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from adapters.registry import BeFAConfig
from recsys.configs import BM3Config, ModelConfig, TrainingConfig
from recsys.data.splits import Split
from recsys.errors import InputError
from recsys.files import write_atomic
from recsys.fit import Fitted, fit
from recsys.models.names import ModelName

N_USERS, N_ITEMS = 12, 9
CONFIG = TrainingConfig(max_epochs=2)
MODEL = ModelConfig(dim=8)


def small_split(seed: int = 0) -> Split:
    rng = np.random.default_rng(seed)
    items = np.array([rng.permutation(N_ITEMS)[:5] for _ in range(N_USERS)])
    users = np.repeat(np.arange(N_USERS), 3)
    one = np.arange(N_USERS)
    return Split(
        np.stack([users, items[:, :3].ravel()], axis=1),
        np.stack([one, items[:, 3]], axis=1),
        np.stack([one, items[:, 4]], axis=1),
        N_USERS,
        N_ITEMS,
    )


def small_features() -> dict[str, np.ndarray]:
    return {"image": np.random.default_rng(1).normal(size=(N_ITEMS, 6)).astype(np.float32)}


def run(cache: Path | None = None, **changes) -> Fitted:
    options = {
        "model": "bm3+befa",
        "split": small_split(),
        "features": small_features(),
        "model_config": MODEL,
        "training_config": CONFIG,
        **changes,
    }
    return fit(cache=cache, **options)


def test_the_second_fit_loads_what_the_first_stored(tmp_path: Path) -> None:
    first = run(tmp_path / "deep" / "cache")
    second = run(tmp_path / "deep" / "cache")
    assert (first.cached, second.cached) == (False, True)
    assert first.folder == second.folder
    assert first.folder is not None
    assert first.folder.name == f"bm3+befa-{first.key[:16]}"
    assert sorted(path.name for path in first.folder.iterdir()) == [
        "history.csv",
        "last.safetensors",
        "manifest.json",
        "weights.safetensors",
    ]
    for name, value in first.model.state_dict().items():
        assert torch.equal(value, second.model.state_dict()[name])
    assert (first.manifest, first.metrics, first.history) == (
        second.manifest,
        second.metrics,
        second.history,
    )
    assert json.dumps(first.manifest)
    assert torch.equal(first.model.embeddings()[0], second.model.embeddings()[0])


@pytest.mark.parametrize(
    "name", ["weights.safetensors", "last.safetensors", "manifest.json", "history.csv"]
)
@pytest.mark.parametrize("damage", ["truncate", "flip", "remove", "empty"])
def test_what_is_damaged_is_trained_again(name: str, damage: str, tmp_path: Path) -> None:
    folder = run(tmp_path).folder
    assert folder is not None
    path = folder / name
    data = path.read_bytes()
    if damage == "remove":
        path.unlink()
    else:
        middle = len(data) // 2
        changed = bytes([data[middle] ^ 1])
        path.write_bytes(
            {
                "truncate": data[:-3],
                "empty": b"",
                "flip": data[:middle] + changed + data[middle + 1 :],
            }[damage]
        )
    again = run(tmp_path)
    assert not again.cached
    assert run(tmp_path).cached
    assert [path.name for path in tmp_path.iterdir()] == [folder.name]


def test_a_manifest_with_another_number_is_not_trusted(tmp_path: Path) -> None:
    folder = run(tmp_path).folder
    assert folder is not None
    manifest = json.loads((folder / "manifest.json").read_text())
    manifest["metrics"]["test"]["recall@20"] = 0.999
    (folder / "manifest.json").write_text(json.dumps(manifest))
    assert not run(tmp_path).cached


def test_everything_that_determines_the_result_changes_the_key() -> None:
    features = small_features()
    renamed = {"text": features["image"]}
    two = {"a": features["image"], "b": features["image"][:, :3]}
    changes = [
        {},
        {"model": "bm3"},
        {"model": "bm3+befa-reference"},
        {"split": small_split(1)},
        {"features": {"image": features["image"] * 2}},
        {"features": renamed},
        {"features": two},
        {"features": dict(reversed(two.items()))},
        {"model": "bm3", "features": {}},
        {"model_config": replace(MODEL, dim=4)},
        {"model_config": replace(MODEL, features="frozen")},
        {"model_config": replace(MODEL, recommender=BM3Config(layers=2))},
        {"model_config": replace(MODEL, adapter=BeFAConfig(k=2))},
        {"training_config": replace(CONFIG, seed=1)},
        {"training_config": replace(CONFIG, dtype="float64")},
        {"training_config": replace(CONFIG, mask="train")},
        {"training_config": replace(CONFIG, lr=0.01)},
    ]
    keys = [run(**change).key for change in changes]
    assert len(set(keys)) == len(keys)


def test_spelling_out_the_defaults_does_not_change_the_key() -> None:
    spelled = replace(MODEL, recommender=BM3Config(), adapter=BeFAConfig())
    assert run().key == run(model=ModelName("bm3", "befa"), model_config=spelled).key
    assert run().key == run(features={"image": torch.as_tensor(small_features()["image"])}).key


def test_two_fits_at_once_are_safe(tmp_path: Path) -> None:
    found: list[Fitted] = []
    errors: list[BaseException] = []

    def work() -> None:
        try:
            found.append(run(tmp_path))
        except BaseException as error:
            errors.append(error)

    workers = [threading.Thread(target=work) for _ in range(4)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    assert not errors
    weights = [fitted.model.state_dict() for fitted in found]
    assert all(torch.equal(weights[0][n], other[n]) for other in weights for n in other)
    assert run(tmp_path).cached
    assert [path.name for path in tmp_path.iterdir()] == [f"bm3+befa-{found[0].key[:16]}"]


def test_a_cache_that_is_a_file_is_refused_before_training(tmp_path: Path) -> None:
    (tmp_path / "cache").write_text("")
    with pytest.raises(OSError, match="cannot write to cache folder"):
        run(tmp_path / "cache")


def test_a_disk_that_fills_up_costs_the_store_and_not_the_model(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object, **__: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("safetensors.torch.save_file", full)
    with pytest.warns(UserWarning, match="cannot be stored.*No space left"):
        fitted = run(tmp_path)
    assert fitted.folder is None
    assert not list(tmp_path.iterdir())


def test_without_a_cache_nothing_is_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert run().folder is None
    assert not list(tmp_path.iterdir())


def test_a_model_without_modalities() -> None:
    fitted = run(model="bm3", features=None)
    assert fitted.model.modalities == ()
    assert fitted.manifest["parameters"] == (N_USERS + N_ITEMS) * 8 + 8 * 8 + 8


def test_an_adapter_needs_a_modality() -> None:
    with pytest.raises(InputError, match="'bm3\\+befa' needs at least one modality"):
        run(features={})


@pytest.mark.parametrize(
    ("features", "message"),
    [
        (np.zeros((8, 6)), "modality 'image' have 8 rows; expected 9"),
        (np.zeros(9), r"shape \(9,\)"),
        (np.zeros((9, 0)), r"shape \(9, 0\)"),
        (np.zeros((9, 2), dtype=complex), "dtype complex128"),
        (np.full((9, 2), "a", dtype=object), "dtype object"),
        (np.full((9, 2), 1e300), r"value 1e\+300 in row 0"),
        (torch.zeros(9, 2, dtype=torch.bool), "dtype torch.bool"),
    ],
)
def test_features_that_do_not_fit_are_refused(features: object, message: str) -> None:
    with pytest.raises(InputError, match=message):
        run(features={"image": features})


@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_features_that_are_not_finite_are_found(value: float) -> None:
    features = small_features()
    features["image"][4, 2] = value
    with pytest.raises(InputError, match=f"'image' have the value {value} in row 4, column 2"):
        run(features=features)
    with pytest.raises(TypeError, match="list"):
        run(features={"image": [[1.0]]})


def test_training_does_not_change_the_features_given() -> None:
    features = small_features()
    kept = features["image"].copy()
    run(features=features)
    assert (features["image"] == kept).all()
    tensor = torch.as_tensor(kept.copy())
    run(features={"image": tensor})
    assert torch.equal(tensor, torch.as_tensor(kept))


@pytest.mark.parametrize("part", ["train", "valid", "test"])
def test_an_empty_part_is_refused(part: str) -> None:
    split = replace(small_split(), **{part: np.empty((0, 2), dtype=np.int64)})
    with pytest.raises(InputError, match=f"no {part} interactions"):
        run(split=split)


def test_unknown_devices_are_refused() -> None:
    for device in ("cpuu", "cuda:99", "meta"):
        with pytest.raises(InputError, match="is not available; available: cpu"):
            run(device=device)


def test_atomic_writes_leave_the_old_file_or_the_new(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_text("old")

    def broken(temporary: Path) -> None:
        temporary.write_text("ne")
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        write_atomic(path, broken)
    assert path.read_text() == "old"
    write_atomic(path, lambda temporary: temporary.write_text("new"))
    assert path.read_text() == "new"
    assert list(tmp_path.iterdir()) == [path]
