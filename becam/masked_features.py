"""Masked features: the content of every masked picture, independent of any recommender."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass, replace
from functools import cached_property
from typing import Any

import torch
from PIL import Image
from torch import Tensor

from becam.device import dtype_name
from becam.encoders.base import Encoder, Layer
from becam.encoders.layers import check_picture_size
from becam.engine import Engine
from becam.fewer_passes.partial import Partial
from becam.heatmap import unweighted_map
from becam.masks import PAPER_RULE, MaskRule
from becam.store import TensorStore
from recsys.hashing import content_key

VERSION = 3  # raised whenever the same picture would give other values


@dataclass(frozen=True, eq=False)
class MaskedFeatures:
    """What one picture, encoder, layer and fill give; every recommender shares it.

    Attributes:
        features: z, content of the picture under each channel's mask, (N, D) float32.
        activations: A, (N, h, w) float32.
        content: content of the whole picture, (D,) float32.
        fill_content: content of the fill alone, (D,) float32; constant channels have it too.
        picture: SHA-256 of the picture, see `picture_hash`.
        precision: that of the masked pictures, e.g. ``bfloat16``.
        key: content key of these values.
        cached: whether they came from the store.
        partial: which channels were encoded, where not all were; see `becam.fewer_passes`.
    """

    features: Tensor
    activations: Tensor
    content: Tensor
    fill_content: Tensor
    picture: str
    precision: str
    key: str
    cached: bool
    partial: Partial | None = None

    @cached_property
    def rows(self) -> Tensor:
        """Features, the fill's and the whole picture's, as one (N + 2, D) float32."""
        return torch.cat([self.features, self.fill_content[None], self.content[None]])

    @cached_property
    def unweighted(self) -> Tensor:
        """The mean activation, (h, w) float32: the map that knows no behaviour."""
        return unweighted_map(self.activations)


def picture_hash(picture: Image.Image) -> str:
    """SHA-256 of a picture's size and RGB pixels, hex."""
    digest = hashlib.sha256(f"{picture.size}".encode())
    digest.update(picture.tobytes())
    return digest.hexdigest()


def compute(
    encoder: Encoder,
    picture: Tensor,
    layer: Layer,
    fill: str,
    *,
    rule: MaskRule = PAPER_RULE,
    precision: str = "auto",
    batch_size: int | None = None,
) -> dict[str, Tensor]:
    """Encode the picture under each channel's mask (BeFA, eq. 1: z_i = f(x * M_i)).

    Args:
        encoder: the frozen encoder.
        picture: preprocessed, (3, H, W) float32.
        layer: the target layer.
        fill: what masked-out pixels become.
        rule, precision, batch_size: see `becam.engine.Engine`.

    Returns:
        ``features``, ``activations``, ``content`` and ``fill_content``, float32 on the CPU.

    Raises:
        InputError: values that are not finite.
        MemoryError: one masked picture is too much.
    """
    engine = Engine(encoder, layer, fill, rule=rule, precision=precision, batch_size=batch_size)
    return compute_many(engine, [picture])[0]


def compute_many(engine: Engine, pictures: list[Tensor]) -> list[dict[str, Tensor]]:
    """Do what `compute` does for several pictures, whose channels share the chunks."""
    seen = engine.look(pictures)
    encoded = engine.encode([each.picture for each in seen], [each.activations for each in seen])
    return [
        {
            "features": plain_tensor(features),
            "activations": plain_tensor(each.activations),
            "content": plain_tensor(each.content),
            "fill_content": plain_tensor(fill),
        }
        for each, (features, fill) in zip(seen, encoded, strict=True)
    ]


def plain_tensor(values: Tensor) -> Tensor:
    """Copy a result to the CPU, such that it computes like one that was stored."""
    # A contiguous tensor of its own, as it comes back from the store: sums over views round
    # otherwise, and one made in inference mode can't be used for gradients.
    return values.to("cpu", copy=True, memory_format=torch.contiguous_format)


def masked_features(
    encoder: Encoder,
    picture: Image.Image,
    layer: Layer,
    fill: str,
    *,
    rule: MaskRule = PAPER_RULE,
    precision: str = "auto",
    batch_size: int | None = None,
    store: TensorStore | None = None,
) -> MaskedFeatures:
    """Return a picture's masked features, from the store if they are there.

    Raises:
        InputError: values that are not finite.
        MemoryError: one masked picture is too much.
        OSError: the store can't be written.
    """
    engine = Engine(encoder, layer, fill, rule=rule, precision=precision, batch_size=batch_size)
    return next(masked_features_of_many(engine, [picture], store=store))


def masked_features_of_many(
    engine: Engine, pictures: Iterable[Image.Image], *, store: TensorStore | None = None
) -> Iterator[MaskedFeatures]:
    """Yield the masked features of each picture in turn, from the store where they are there.

    Channels of several pictures share the chunks where a chunk holds more than one picture's.
    Results are those of one picture at a time up to rounding (see `Engine`), and no more
    pictures are held than one pass takes.

    The key covers the picture's pixels, the encoder's weights and preprocessing, layer, fill,
    mask rule, precisions and kind of device, but not the chunk, which changes rounding alone:
    the job is idempotent and may run anywhere.

    Raises:
        InputError: values that are not finite.
        MemoryError: one masked picture is too much.
        OSError: the store can't be written.
    """
    waiting: list[Job] = []
    missing: dict[str, Image.Image] = {}
    for picture in pictures:
        job = job_of(engine, picture)
        stored = store.get(job.key) if store and job.key not in missing else None
        waiting.append(replace(job, stored=stored))
        if stored is None:
            missing[job.key] = picture
        if not missing or len(missing) >= engine.pictures:
            yield from _finished(engine, waiting, missing, store)
            waiting, missing = [], {}
    yield from _finished(engine, waiting, missing, store)


@dataclass(frozen=True, eq=False)
class Job:
    """One picture's masked features: the unit of work."""

    picture: str
    key: str
    about: dict[str, Any]
    stored: dict[str, Tensor] | None = None


def job_of(engine: Engine, picture: Image.Image, more: Mapping[str, Any] | None = None) -> Job:
    """Describe the unit of work; ``more`` is what else determines its result.

    Raises:
        InputError: a picture smaller than a patch.
    """
    encoder, digest = engine.encoder, picture_hash(picture)
    check_picture_size(picture.size, encoder, engine.layer)
    about = {
        "what": "masked features",
        "version": VERSION,
        "picture": digest,
        "encoder": encoder.name,
        "weights": encoder.weights_hash,
        "preprocessing": encoder.preprocessing,
        "layer": engine.layer.name,
        "fill": engine.fill,
        "masks": asdict(engine.rule),
        "dtype": dtype_name(encoder.dtype),
        "precision": dtype_name(engine.dtype),
        "device": encoder.device.type,
        **(more or {}),
    }
    return Job(digest, content_key(about), about)


def _finished(
    engine: Engine,
    jobs: list[Job],
    missing: dict[str, Image.Image],
    store: TensorStore | None,
) -> Iterator[MaskedFeatures]:
    """Compute what is missing in one go, store it, and yield everything in its order."""
    pictures = [engine.encoder.preprocess(picture) for picture in missing.values()]
    computed = dict(zip(missing, compute_many(engine, pictures), strict=True))
    abouts = {job.key: job.about for job in jobs}
    if store:
        for key, tensors in computed.items():
            store.put(key, tensors, abouts[key])
    for job in jobs:
        tensors = computed[job.key] if job.stored is None else job.stored
        yield MaskedFeatures(
            features=tensors["features"],
            activations=tensors["activations"],
            content=tensors["content"],
            fill_content=tensors["fill_content"],
            picture=job.picture,
            precision=dtype_name(engine.dtype),
            key=job.key,
            cached=job.stored is not None,
        )
