"""The content-addressed store: damage, kills and two writers at once."""

from __future__ import annotations

import multiprocessing
import os
import signal
import subprocess
import sys
import time
import tracemalloc
from pathlib import Path

import pytest
import torch

from becam.masked_features import masked_features
from becam.store import TensorStore
from recsys.hashing import content_key
from tests.small import SmallEncoder, noise_picture

TENSORS = {name: torch.arange(6.0).reshape(2, 3) + ord(name) for name in "gcahebfd"}
KEY = content_key({"what": "test"})


def test_what_is_put_comes_back(tmp_path: Path) -> None:
    store = TensorStore(tmp_path)
    assert store.get(KEY) is None
    store.put(KEY, TENSORS, {"what": "test"})
    found = store.get(KEY)
    assert found is not None
    assert all(torch.equal(found[name], TENSORS[name]) for name in TENSORS)
    assert list(found) == sorted(found)  # the order of modalities decides what a seed gives
    assert [path.name for path in tmp_path.rglob("*") if path.is_file()] == [f"{KEY}.safetensors"]


def test_any_damage_counts_as_absent(tmp_path: Path) -> None:
    store = TensorStore(tmp_path)
    store.put(KEY, TENSORS, {})
    whole = store.path(KEY).read_bytes()
    for cut in range(0, len(whole), 7):
        store.path(KEY).write_bytes(whole[:cut])
        assert store.get(KEY) is None
    for place in range(0, len(whole), 5):
        store.path(KEY).write_bytes(
            whole[:place] + bytes([whole[place] ^ 0xFF]) + whole[place + 1 :]
        )
        found = store.get(KEY)
        # A flipped byte may hit the free-text description; the values are never others.
        assert found is None or all(torch.equal(found[name], TENSORS[name]) for name in TENSORS)
    store.path(KEY).write_bytes(b"")
    assert store.get(KEY) is None


@pytest.mark.parametrize(
    "tensor",
    [
        *(torch.arange(5).to(dtype) for dtype in (torch.float64, torch.float16, torch.bfloat16)),
        *(torch.arange(5).to(dtype) for dtype in (torch.int64, torch.int32, torch.int16)),
        *(torch.arange(5).to(dtype) for dtype in (torch.int8, torch.uint8, torch.bool)),
        torch.tensor(3.5),
        torch.zeros(0, 4),
        torch.randn(300, 301),  # more than is read at once
    ],
    ids=lambda tensor: f"{tensor.dtype}-{tuple(tensor.shape)}",
)
def test_every_kind_of_tensor_comes_back(tmp_path: Path, tensor: torch.Tensor) -> None:
    store = TensorStore(tmp_path)
    store.put(KEY, {"b": tensor, "a": TENSORS["a"]}, {})
    found = store.get(KEY)
    assert found is not None
    assert (found["b"].dtype, found["b"].shape) == (tensor.dtype, tensor.shape)
    assert torch.equal(found["b"], tensor)
    # As it computes where it was made: on its own, aligned memory.
    assert found["b"].data_ptr() % 64 == 0
    found["a"] += 1


def test_more_bytes_than_the_header_says_count_as_damage(tmp_path: Path) -> None:
    store = TensorStore(tmp_path)
    store.put(KEY, TENSORS, {})
    with store.path(KEY).open("ab") as file:
        file.write(b"\0")
    assert store.get(KEY) is None


def test_what_is_read_is_held_once(tmp_path: Path) -> None:
    store = TensorStore(tmp_path)
    store.put(KEY, {"a": torch.randn(1 << 20)}, {})
    tracemalloc.start()
    store.get(KEY)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 1 << 20, "beside the tensor itself nothing of its size"


def test_an_entry_under_a_foreign_key_is_refused(tmp_path: Path) -> None:
    store = TensorStore(tmp_path)
    other = content_key({"what": "another"})
    store.put(other, TENSORS, {})
    store.path(KEY).parent.mkdir(parents=True, exist_ok=True)
    store.path(other).rename(store.path(KEY))
    assert store.get(KEY) is None


def _write_forever(folder: Path) -> None:
    store = TensorStore(folder)
    while True:
        store.put(KEY, {"a": torch.full((100, 100), 3.0)}, {})


def test_two_writers_and_a_kill_leave_a_whole_entry(tmp_path: Path) -> None:
    context = multiprocessing.get_context("fork")
    writers = [context.Process(target=_write_forever, args=(tmp_path,)) for _ in range(2)]
    for writer in writers:
        writer.start()
    store, seen, deadline = TensorStore(tmp_path), 0, time.monotonic() + 20
    try:
        while seen < 30 and time.monotonic() < deadline:
            if store.path(KEY).exists():
                found = store.get(KEY)
                assert found is not None
                assert bool((found["a"] == 3).all())
                seen += 1
    finally:
        for writer in writers:
            os.kill(int(writer.pid or 0), signal.SIGKILL)
            writer.join()
    assert seen == 30
    assert store.get(KEY) is not None


def test_masked_features_are_computed_once(tmp_path: Path) -> None:
    encoder, store, picture = SmallEncoder(), TensorStore(tmp_path), noise_picture()
    layer = encoder.layer()
    first = masked_features(encoder, picture, layer, "mean", store=store)
    encoder.calls = 0
    second = masked_features(encoder, picture, layer, "mean", store=store)
    assert (first.cached, second.cached, encoder.calls) == (False, True, 0)
    for name in ("features", "activations", "content", "fill_content"):
        assert torch.equal(getattr(first, name), getattr(second, name))

    stranger = SmallEncoder(seed=1)
    others = [
        masked_features(encoder, picture, layer, "black", store=store),
        masked_features(encoder, noise_picture(seed=1), layer, "mean", store=store),
        masked_features(encoder, picture, encoder.layer("1"), "mean", store=store),
        masked_features(stranger, picture, stranger.layer(), "mean", store=store),
    ]
    assert len({first.key, *(other.key for other in others)}) == 5
    assert not any(other.cached for other in others)

    path = store.path(first.key)
    path.write_bytes(path.read_bytes()[:-20])
    again = masked_features(encoder, picture, layer, "mean", store=store)
    assert not again.cached
    assert torch.equal(again.features, first.features)


def test_a_store_that_cannot_be_written_says_so(tmp_path: Path) -> None:
    blocked = tmp_path / "file"
    blocked.write_text("")
    with pytest.raises(OSError, match="file"):
        TensorStore(blocked).put(KEY, TENSORS, {})


def test_the_same_entry_has_the_same_bytes_in_every_process(tmp_path: Path) -> None:
    code = (
        "import sys, torch; from pathlib import Path; from becam.store import TensorStore\n"
        "entry = {'b': torch.arange(3.0), 'a': torch.ones(2, dtype=torch.float16)}\n"
        "TensorStore(Path(sys.argv[1])).put('k' * 64, entry, {'x': 1, 'y': [2], 'z': None})"
    )
    names = ("first", "second", "third")
    commands = [[sys.executable, "-c", code, str(tmp_path / name)] for name in names]
    started = [subprocess.Popen(command) for command in commands]
    assert [process.wait(timeout=120) for process in started] == [0, 0, 0]
    written = [TensorStore(tmp_path / name).path("k" * 64).read_bytes() for name in names]
    assert written[0] == written[1] == written[2]
    assert TensorStore(tmp_path / "first").about("k" * 64) == {"x": 1, "y": [2], "z": None}
