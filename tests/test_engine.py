"""The engine: exactness, packing, memory, precision, no waiting, running out of memory."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor, nn
from torch.utils._python_dispatch import TorchDispatchMode

from becam.chunks import chunk_size, is_out_of_memory
from becam.engine import Engine
from becam.fills import fill_picture
from becam.masked_features import compute, compute_many, masked_features_of_many
from becam.masking import Masker, blend
from becam.masks import MaskRule, masks, upsampled
from becam.precision import native_dtype, resolve_precision, twin
from becam.upsampling import extreme_positions, upsampling_matrix
from recsys.errors import InputError
from tests.small import SmallEncoder, noise_picture

RULES = [MaskRule(a, s) for a in (False, True) for s in ("after", "before")]
SIDES = st.integers(1, 9)


def random(*shape: int, seed: int = 0) -> Tensor:
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed))


def built(grid: tuple[int, int], size: tuple[int, int], rule: MaskRule) -> Masker:
    return Masker.build(grid, size, rule=rule, device=torch.device("cpu"), dtype=torch.float32)


@settings(max_examples=40, deadline=None)
@given(SIDES, SIDES, st.integers(1, 40), st.integers(1, 40), st.booleans(), st.integers(0, 999))
def test_upsampling_is_interpolation_and_its_extremes_are_found(
    h: int, w: int, height: int, width: int, corners: bool, seed: int
) -> None:
    maps = random(2, h, w, seed=seed).double()
    rows = upsampling_matrix(h, height, align_corners=corners)
    columns = upsampling_matrix(w, width, align_corners=corners)
    large = upsampled(maps, (height, width), align_corners=corners)
    torch.testing.assert_close(rows @ maps @ columns.T, large, atol=1e-12, rtol=0)
    down = extreme_positions(h, height, align_corners=corners)
    across = extreme_positions(w, width, align_corners=corners)
    assert len(down) <= 2 * h
    few = large[:, down][:, :, across]
    torch.testing.assert_close(few.amin((1, 2)), large.amin((1, 2)), atol=1e-14, rtol=0)
    torch.testing.assert_close(few.amax((1, 2)), large.amax((1, 2)), atol=1e-14, rtol=0)


@settings(max_examples=40, deadline=None)
@given(st.sampled_from(RULES), st.integers(2, 7), st.integers(2, 7), st.integers(0, 999))
def test_masked_pictures_are_those_of_the_definition(
    rule: MaskRule, h: int, w: int, seed: int
) -> None:
    maps = random(4, h, w, seed=seed) * 10.0 ** (seed % 7 - 3) + 50 * (seed % 2)
    maps[1] = 0.3
    picture, background = random(3, 19, 23, seed=seed + 1), random(3, 19, 23, seed=seed + 2)
    buffer = torch.full((4, 3, 19, 23), torch.nan)
    masker = built((h, w), (19, 23), rule)
    stretched, flat = masker.stretched(maps)
    masker.upsample_into(buffer, stretched)
    blend(buffer, picture, background)
    shares = masks(maps.double(), (19, 23), rule)[:, None]
    expected = torch.lerp(background.double().expand(4, -1, -1, -1), picture.double(), shares)
    assert flat.tolist() == [False, True, False, False]
    torch.testing.assert_close(buffer.double(), expected, atol=2e-5, rtol=0)
    assert torch.equal(buffer[1], background)


def definition(encoder: SmallEncoder, picture: Tensor, maps: Tensor, fill: str) -> Tensor:
    background = fill_picture(picture, fill, encoder.mean, encoder.std).double()
    shares = masks(maps.double(), encoder.input_size)[:, None]
    masked = torch.lerp(background.expand(len(maps), -1, -1, -1), picture.double(), shares)
    # The layers again rather than a copy: the tower must stay as it is.
    first, last = encoder.tower[0], encoder.tower[4]
    hidden = nn.functional.conv2d(
        masked, first.weight.double(), None if first.bias is None else first.bias.double(), stride=4
    )
    pooled = nn.functional.adaptive_avg_pool2d(hidden.relu(), 2).flatten(1)
    return nn.functional.linear(pooled, last.weight.double(), last.bias.double())


@pytest.mark.parametrize("fill", ["mean", "black", "blur"])
def test_features_are_the_definition_in_float64(fill: str) -> None:
    encoder = SmallEncoder(channels=9)
    encoder.tower[0].weight.data[4] = 0
    picture = encoder.preprocess(noise_picture())
    made = compute(encoder, picture, encoder.layer(), fill)
    expected = definition(encoder, picture, made["activations"], fill)
    assert (made["features"] - expected).abs().max() < 2e-6 * expected.abs().max()
    assert torch.equal(made["features"][4], made["fill_content"])
    assert not made["features"].is_inference()


def test_packed_pictures_give_what_they_give_alone() -> None:
    encoder = SmallEncoder(channels=7)
    engine = Engine(encoder, encoder.layer(), "black", batch_size=10)
    pictures = [encoder.preprocess(noise_picture(seed=seed)) for seed in range(5)]
    encoder.calls = 0
    packed = compute_many(engine, pictures)
    assert encoder.calls == 5 + 5 * (7 + 1)  # nothing twice, nothing padded
    for picture, found in zip(pictures, packed, strict=True):
        alone = compute(encoder, picture, encoder.layer(), "black")
        for name, values in alone.items():
            torch.testing.assert_close(found[name], values, atol=1e-5, rtol=1e-5)


def test_many_come_in_order_with_repetitions_and_stored_ones() -> None:
    encoder = SmallEncoder()
    engine = Engine(encoder, encoder.layer(), batch_size=64)
    order = [0, 1, 1, 2, 0, 3, 1]
    found = list(masked_features_of_many(engine, (noise_picture(seed=s) for s in order)))
    one = [
        compute(encoder, encoder.preprocess(noise_picture(seed=s)), encoder.layer(), "mean")
        for s in range(4)
    ]
    assert engine.pictures > 1
    for seed, each in zip(order, found, strict=True):
        torch.testing.assert_close(each.features, one[seed]["features"], atol=1e-5, rtol=1e-5)
        assert each.key == found[order.index(seed)].key
    assert list(masked_features_of_many(engine, [])) == []


class Recorder(TorchDispatchMode):
    """Counts the elements of the largest tensor created, and what waits for the device."""

    WAITS = ("_local_scalar_dense", "nonzero", "item", "masked_select", "is_nonzero", "_to_copy")

    def __init__(self) -> None:
        super().__init__()
        self.largest, self.waits, self.inside = 0, [], False

    def __torch_dispatch__(
        self, func: Any, types: Any, args: Any = (), kwargs: dict[str, Any] | None = None
    ) -> Any:
        name = func.overloadpacket.__name__
        if self.inside and name in self.WAITS:
            self.waits.append(name)
        result = func(*args, **(kwargs or {}))
        if isinstance(result, Tensor) and result._base is None:
            self.largest = max(self.largest, result.untyped_storage().nbytes())
        return result


class Watched(SmallEncoder):
    """Tells the recorder when the loop over masked pictures starts."""

    def __init__(self, recorder: Recorder, channels: int, size: int = 24) -> None:
        super().__init__(channels=channels, size=size)
        self.recorder = recorder
        self.hooks: list[int] = []

    def encode_pictures(self, pictures: Tensor) -> Tensor:
        if self.recorder.inside:
            self.hooks.append(sum(len(module._forward_hooks) for module in self.tower.modules()))
        return super().encode_pictures(pictures)


def test_nothing_in_the_loop_waits_and_no_hook_is_on(monkeypatch: pytest.MonkeyPatch) -> None:
    recorder = Recorder()
    encoder = Watched(recorder, channels=9)
    engine = Engine(encoder, encoder.layer(), batch_size=2)
    run = engine._run

    def watched(*args: Any) -> Tensor:
        recorder.inside = True
        try:
            return run(*args)
        finally:
            recorder.inside = False

    monkeypatch.setattr(engine, "_run", watched)
    with recorder:
        compute_many(engine, [encoder.preprocess(noise_picture(seed=s)) for s in (0, 1)])
    assert recorder.waits == []
    assert len(engine.working.hooks) == 10
    assert set(engine.working.hooks) == {0}


def test_the_recorder_notices_waiting() -> None:
    recorder = Recorder()
    recorder.inside = True
    with recorder:
        _ = float(torch.ones(3).sum())
        _ = torch.ones(3).nonzero()
    assert {"_local_scalar_dense", "nonzero"} <= set(recorder.waits)


def test_memory_does_not_grow_with_channels_or_pictures() -> None:
    largest = {}
    for channels, count in ((8, 1), (64, 1), (64, 3)):
        recorder = Recorder()
        encoder = Watched(recorder, channels=channels, size=96)
        engine = Engine(encoder, encoder.layer(), batch_size=4)
        pictures = [encoder.preprocess(noise_picture(seed=s)) for s in range(count)]
        small = [random(channels, 3, 3, seed=s) for s in range(count)]
        with recorder:
            found = engine.encode(pictures, small)
        assert found[0][0].shape == (channels, 5)
        largest[channels, count] = recorder.largest - 4 * channels * 24 * 24 * 4
    buffer = 4 * 3 * 96 * 96 * 4
    assert largest[8, 1] <= buffer
    # One chunk's activations inside the encoder are all that is larger with more channels.
    assert max(largest.values()) <= buffer


class Limited(SmallEncoder):
    """Runs out of memory above a number of pictures."""

    def __init__(self, most: int, error: Callable[[], BaseException]) -> None:
        super().__init__(channels=9)
        self.most, self.error, self.sizes = most, error, list[int]()

    def encode_pictures(self, pictures: Tensor) -> Tensor:
        self.sizes.append(len(pictures))
        if len(pictures) > self.most:
            raise self.error()
        return super().encode_pictures(pictures)


ERRORS = [
    lambda: torch.cuda.OutOfMemoryError("CUDA out of memory."),
    lambda: RuntimeError("[enforce fail] DefaultCPUAllocator: can't allocate memory: you tried"),
    lambda: RuntimeError("MPS backend out of memory (MPS allocated: 1 GB)"),
    lambda: MemoryError(),
]


@pytest.mark.parametrize("error", ERRORS)
def test_out_of_memory_halves_the_chunk_and_remembers(
    error: Callable[[], BaseException],
) -> None:
    encoder = Limited(3, error)
    picture = encoder.preprocess(noise_picture())
    engine = Engine(encoder, encoder.layer(), batch_size=8)
    found = compute_many(engine, [picture])[0]
    roomy = SmallEncoder(channels=9)
    expected = compute(roomy, picture, roomy.layer(), "mean")
    torch.testing.assert_close(found["features"], expected["features"], atol=1e-5, rtol=1e-5)
    assert engine.chunk == 2
    sizes = engine.working.sizes
    assert sizes == [1, 8, 4, 2, 2, 2, 2, 2]
    sizes.clear()
    compute_many(engine, [picture])
    assert max(sizes) == 2


def test_other_failures_and_too_little_memory_are_told() -> None:
    encoder = Limited(0, lambda: torch.cuda.OutOfMemoryError("CUDA out of memory."))
    engine = Engine(encoder, encoder.layer(), batch_size=4)
    with pytest.raises(MemoryError, match="one masked picture with small"):
        engine.encode([torch.zeros(3, 24, 24)], [random(2, 6, 6)])
    broken = Limited(0, lambda: RuntimeError("shapes cannot be multiplied"))
    with pytest.raises(RuntimeError, match="cannot be multiplied"):
        Engine(broken, broken.layer(), batch_size=4).encode(
            [torch.zeros(3, 24, 24)], [random(2, 6, 6)]
        )
    assert not is_out_of_memory(KeyError("out of memory"))


def test_values_that_are_not_finite_are_told() -> None:
    encoder = SmallEncoder()
    picture = encoder.preprocess(noise_picture())
    layer = encoder.layer()
    encoder.tower[4].weight.data[0, 0] = torch.nan
    with pytest.raises(InputError, match="masked pictures give values that are not finite"):
        compute(encoder, picture, layer, "mean")
    encoder.tower[0].weight.data[0, 0] = torch.inf
    with pytest.raises(InputError, match="layer '0' give"):
        compute(encoder, picture, layer, "mean")


@pytest.mark.parametrize("name", ["bfloat16", "float16"])
def test_reduced_precision_converts_a_twin_and_leaves_the_encoder(name: str) -> None:
    encoder = SmallEncoder(channels=32)
    picture = encoder.preprocess(noise_picture())
    layer = encoder.layer()
    before = {key: value.clone() for key, value in encoder.tower.state_dict().items()}
    exact = compute(encoder, picture, layer, "mean")
    reduced = compute(encoder, picture, layer, "mean", precision=name)
    for key, value in encoder.tower.state_dict().items():
        assert value.dtype == torch.float32
        assert torch.equal(value, before[key])
    assert torch.equal(exact["activations"], reduced["activations"])
    assert torch.equal(exact["content"], reduced["content"])
    scale = exact["features"].abs().max()
    error = (exact["features"] - reduced["features"]).abs().max() / scale
    assert 0 < error < 0.03


def test_a_twin_shares_what_it_need_not_convert() -> None:
    encoder = SmallEncoder()
    other = twin(encoder, encoder.layer(), torch.float32)
    assert other.tower[4].weight.data_ptr() == encoder.tower[4].weight.data_ptr()
    half = twin(encoder, encoder.layer(), torch.bfloat16)
    assert half.tower[0].weight.dtype == half.dtype == torch.bfloat16
    assert encoder.dtype == torch.float32


def test_auto_keeps_small_encoders_exact(monkeypatch: pytest.MonkeyPatch) -> None:
    encoder = SmallEncoder()
    layer = encoder.layer()
    monkeypatch.setattr("becam.precision._cpu_has_bfloat16", lambda: True)
    assert native_dtype(torch.device("cpu")) == torch.bfloat16
    assert resolve_precision("auto", encoder, layer) == torch.float32
    monkeypatch.setattr("becam.precision.SMALL", 10)
    assert resolve_precision("auto", encoder, layer) == torch.bfloat16
    monkeypatch.setattr("becam.precision._cpu_has_bfloat16", lambda: False)
    assert resolve_precision("auto", encoder, layer) == torch.float32
    encoder.dtype = torch.float16
    assert resolve_precision("auto", encoder, layer) == torch.float16
    del encoder.tower
    with pytest.raises(InputError, match="precision 'bfloat16': encoder 'small' can't be"):
        resolve_precision("bfloat16", encoder, layer)


def test_chunks_follow_the_budget() -> None:
    assert [chunk_size(10, budget) for budget in (0, 10, 39, 40, 10**9)] == [1, 1, 2, 4, 1024]
    encoder = SmallEncoder()
    first, second = (Engine(encoder, encoder.layer()) for _ in range(2))
    assert first.pictures == 1
    assert first.chunk == second.chunk > 1
    assert Engine(encoder, encoder.layer(), precision="bfloat16").chunk >= first.chunk
    with pytest.raises(ValueError, match="batch_size 0: expected at least 1"):
        Engine(encoder, encoder.layer(), batch_size=0)


@pytest.mark.skipif(not torch.cuda.is_available(), reason="no CUDA device")
def test_cuda_does_not_wait_in_the_loop() -> None:
    from becam.encoders.registry import load_encoder

    encoder = load_encoder("demo-rn", device="cuda")
    engine = Engine(encoder, encoder.layer(), precision="bfloat16", batch_size=32)
    seen = engine.look([encoder.preprocess(noise_picture())])
    engine.encode([seen[0].picture], [seen[0].activations])  # lazy initialisation may wait
    run = engine._run

    def strict(*args: Any) -> Tensor:
        torch.cuda.set_sync_debug_mode("error")
        try:
            return run(*args)
        finally:
            torch.cuda.set_sync_debug_mode("default")

    engine._run = strict
    engine.encode([seen[0].picture], [seen[0].activations])
