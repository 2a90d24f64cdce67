"""Maps in reduced precision keep their order: trained encoders, drawn pictures, many targets."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import product

import numpy as np
import pytest
import torch
from PIL import Image
from torch import Tensor

from becam.device import full_precision, resolve_dtype
from becam.encoders.base import Layer
from becam.encoders.registry import load_encoder
from becam.engine import Engine
from becam.fewer_passes.rank_correlation import spearman
from becam.masked_features import compute_many
from becam.similarity import cosine_similarity
from becam.weights import weights
from recsys.data.demo.attributes import sample_attributes
from recsys.data.demo.picture import draw_picture
from recsys.errors import InputError

CHANNELS, TARGETS = 64, 8


def drawn(count: int) -> list[Image.Image]:
    rng = np.random.default_rng(0)
    return [
        Image.fromarray(draw_picture(sample_attributes(rng, correlation=0.6), rng, 224).image)
        for _ in range(count)
    ]


def some_channels(layer: Layer) -> Layer:
    def thinned(output: Tensor) -> Tensor:
        maps = layer.to_grid(output)
        return maps[:, torch.linspace(0, maps.shape[1] - 1, CHANNELS).round().long()]

    return Layer(layer.name, layer.module, thinned, layer.grid)


@pytest.mark.parametrize("name", ["demo-vit", "demo-rn"])
def test_bfloat16_keeps_the_order_of_a_map(name: str) -> None:
    encoder = load_encoder(name, device="cpu")
    layer = some_channels(encoder.layer())
    inputs = [encoder.preprocess(picture) for picture in drawn(2)]
    exact, reduced = (
        compute_many(Engine(encoder, layer, precision=precision), inputs)
        for precision in ("float32", "bfloat16")
    )
    for weighting, centred in product(("raw", "contrast"), (True, False)):
        found = agreement(exact, reduced, weighting, centred)
        assert 0.99 <= sum(found) / len(found) < 1, (weighting, centred)


def agreement(
    exact: list[dict[str, Tensor]], reduced: list[dict[str, Tensor]], weighting: str, centred: bool
) -> list[float]:
    """Spearman correlations of maps over pictures and targets."""
    generator = torch.Generator().manual_seed(0)
    found = []
    for one, other in zip(exact, reduced, strict=True):
        # Without their mean, what is left of the features is what masks, and rounding, change.
        mean = one["features"].mean(0) * float(centred)
        for _ in range(TARGETS):
            projection = torch.randn(one["features"].shape[1], 64, generator=generator)
            target = torch.randn(64, generator=generator)
            maps = []
            for each in (one, other):
                similar = cosine_similarity((each["features"] - mean) @ projection, target)
                weighed = weights(similar, weighting)
                maps.append(torch.einsum("n,nhw->hw", weighed, each["activations"]))
            found.append(spearman(*maps))
    return found


def allowed() -> tuple[bool, bool]:
    """Whether convolutions and matrix products of float32 may be rounded to TensorFloat-32."""
    return torch.backends.cudnn.allow_tf32, torch.backends.cuda.matmul.allow_tf32


@pytest.fixture
def rounding() -> Iterator[Callable[[bool], None]]:
    """Set what `allowed` tells; put back afterwards."""

    def put(convolutions: bool, products: bool) -> None:
        torch.backends.cudnn.allow_tf32 = convolutions
        torch.backends.cuda.matmul.allow_tf32 = products

    before = allowed()
    yield lambda value: put(value, value)
    put(*before)


@pytest.mark.parametrize("before", [True, False])
def test_float32_is_not_rounded_on_the_way(before: bool, rounding: Callable[[bool], None]) -> None:
    rounding(before)
    cuda = torch.device("cuda:1")
    with full_precision(cuda, torch.float32):
        assert allowed() == (False, False)
    assert allowed() == (before, before), "outside it is the user's choice"
    with pytest.raises(ZeroDivisionError), full_precision(cuda, torch.float32):
        raise ZeroDivisionError
    assert allowed() == (before, before), "whatever happens"
    for device, dtype in ((cuda, torch.bfloat16), (torch.device("cpu"), torch.float32)):
        with full_precision(device, dtype):
            assert allowed() == (before, before)


def test_an_unknown_dtype_is_named_with_the_nearest() -> None:
    with pytest.raises(InputError, match="unknown dtype 'float8'; did you mean float"):
        resolve_dtype("float8")
