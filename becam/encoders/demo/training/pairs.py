"""Fresh picture-caption pairs to train and to probe on, drawn by several processes."""

from __future__ import annotations

import dataclasses
import multiprocessing
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from typing import Final, TypeAlias

import numpy as np
import numpy.typing as npt

from becam.encoders.demo.tokenizer import Tokenizer, demo_tokenizer
from recsys.data.demo.attributes import Attributes, sample_attributes
from recsys.data.demo.captions import caption
from recsys.data.demo.vocabulary import CATEGORIES, COLOURS, DISTRACTORS, PATTERNS, SCENES

Bytes: TypeAlias = npt.NDArray[np.uint8]
Ids: TypeAlias = npt.NDArray[np.int16]

CHOICES: Final[dict[str, tuple[str, ...]]] = {
    "category": CATEGORIES,
    "colour": tuple(COLOURS),
    "pattern": PATTERNS,
    "scene": SCENES,
}
CAPTIONS: Final = 4  # phrasings kept of each picture's caption
# A negative differs from the caption in one attribute. The product's are hard to tell among
# clutter, above all its shape; the scene is easy, and other pictures of a batch teach it.
SWAPPED: Final = (*("category",) * 5, *("colour",) * 4, *("pattern",) * 3, "scene")
CHUNK: Final = 64
# Keeps the encoder's pictures apart from any catalogue of the same seed.
_KEY: Final = 0x656E636F


@dataclass(frozen=True, eq=False)
class Pairs:
    """Pictures with what is known about them.

    Attributes:
        pictures: (n, S, S, 3) uint8 RGB.
        attributes: (n, 5) int16: category, colour, pattern, scene as positions in ``CHOICES``,
            then the distractors as bits.
        captions: (n, CAPTIONS, L) int16 token ids: the whole picture in several phrasings.
        negatives: (n, len(SWAPPED), L) int16 token ids: captions with one attribute swapped.
    """

    pictures: Bytes
    attributes: Ids
    captions: Ids
    negatives: Ids

    def __len__(self) -> int:
        return len(self.attributes)


@dataclass(frozen=True, kw_only=True)
class PairsConfig:
    """Which pairs are drawn; the same config gives the same pairs, whatever the workers.

    ``stream`` tells sets with one seed apart: their pictures are independent.
    """

    count: int
    seed: int
    stream: int
    size: int = 224
    correlation: float = 0.0
    context_length: int = 32


def draw_pairs(
    config: PairsConfig,
    *,
    workers: int = 1,
    seconds: float | None = None,
    report: Callable[[str], None] = print,
) -> Pairs:
    """Draw the pairs, at most for about ``seconds``: fewer come back where time is short.

    Raises:
        RuntimeError: not one chunk was done in time.
    """
    start = time.monotonic()
    pictures: Bytes | None = None
    kept: list[Pairs] = []
    done = 0
    said = start
    for part in _parts(config, workers):
        if pictures is None:  # only now: the pages are touched as they are filled
            pictures = np.empty((config.count, *part.pictures.shape[1:]), np.uint8)
        pictures[done : done + len(part)] = part.pictures
        # An empty array of its own: a view would keep the chunk's pictures in memory.
        kept.append(dataclasses.replace(part, pictures=np.empty(0, np.uint8)))
        done += len(part)
        now = time.monotonic()
        if now - said > 10 or done == config.count:
            said = now
            report(f"drew {done}/{config.count} pictures in {now - start:.0f} s")
        if seconds is not None and now - start > seconds and done < config.count:
            report(f"out of time: going on with {done} of {config.count} pictures")
            break
    if pictures is None:
        raise RuntimeError("no picture was drawn")
    return Pairs(
        pictures[:done],
        np.concatenate([part.attributes for part in kept]),
        np.concatenate([part.captions for part in kept]),
        np.concatenate([part.negatives for part in kept]),
    )


def _parts(config: PairsConfig, workers: int) -> Iterator[Pairs]:
    chunks = [
        range(first, min(first + CHUNK, config.count)) for first in range(0, config.count, CHUNK)
    ]
    draw = partial(draw_chunk, config)
    if workers <= 1:
        yield from map(draw, chunks)
        return
    # spawn, not fork: the parent may hold a GPU and threads.
    with multiprocessing.get_context("spawn").Pool(workers, _one_thread) as pool:
        yield from pool.imap(draw, chunks)


def _one_thread() -> None:
    import cv2

    cv2.setNumThreads(1)


def draw_chunk(config: PairsConfig, indices: range) -> Pairs:
    """Draw some pictures of the set by their positions."""
    from recsys.data.demo.picture import draw_picture

    tokenizer = demo_tokenizer()
    pictures, attributes, captions, negatives = [], [], [], []
    for index in indices:
        key = (_KEY, config.stream, index)
        rng = np.random.default_rng(np.random.SeedSequence(config.seed, spawn_key=key))
        shown = sample_attributes(rng, correlation=config.correlation)
        pictures.append(draw_picture(shown, rng, config.size).image)
        attributes.append(attribute_ids(shown))
        captions.append([caption(shown, rng) for _ in range(CAPTIONS)])
        negatives.append([_swapped_caption(shown, name, rng) for name in SWAPPED])
    return Pairs(
        np.stack(pictures),
        np.array(attributes, np.int16),
        _tokens(captions, tokenizer, config.context_length),
        _tokens(negatives, tokenizer, config.context_length),
    )


def attribute_ids(attributes: Attributes) -> list[int]:
    """Return the attributes as numbers, see :class:`Pairs`."""
    ids = [CHOICES[name].index(getattr(attributes, name)) for name in CHOICES]
    bits = sum(1 << DISTRACTORS.index(name) for name in attributes.distractors)
    return [*ids, bits]


def attributes_of(ids: npt.NDArray[np.int16]) -> Attributes:
    """Read one row of ``Pairs.attributes``."""
    values = {name: choices[ids[at]] for at, (name, choices) in enumerate(CHOICES.items())}
    bits = int(ids[len(CHOICES)])
    there = tuple(name for at, name in enumerate(DISTRACTORS) if bits >> at & 1)
    return Attributes(**values, distractors=there)


def _swapped_caption(attributes: Attributes, name: str, rng: np.random.Generator) -> str:
    others = [value for value in CHOICES[name] if value != getattr(attributes, name)]
    swap = {name: others[rng.integers(len(others))]}
    return caption(dataclasses.replace(attributes, **swap), rng)  # type: ignore[arg-type]


def _tokens(texts: list[list[str]], tokenizer: Tokenizer, length: int) -> Ids:
    flat = tokenizer([text for row in texts for text in row], length)
    return flat.astype(np.int16).reshape(len(texts), -1, length)
