"""Fresh demo pictures and what they show, drawn by several processes into memory maps."""

from __future__ import annotations

import dataclasses
import json
import multiprocessing
import shutil
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, Final, TypeAlias

import numpy as np
import numpy.typing as npt

from recsys.data.demo.attributes import Attributes, sample_attributes
from recsys.data.demo.config import GENERATOR, TRAINING_STREAM
from recsys.data.demo.vocabulary import CATEGORIES, COLOURS, DISTRACTORS, PATTERNS, SCENES
from recsys.errors import InputError, shown
from recsys.files import draft_folder

Bytes: TypeAlias = npt.NDArray[np.uint8]
Ids: TypeAlias = npt.NDArray[np.int16]
Boxes: TypeAlias = npt.NDArray[np.float32]

CHOICES: Final[dict[str, tuple[str, ...]]] = {
    "category": CATEGORIES,
    "colour": tuple(COLOURS),
    "pattern": PATTERNS,
    "scene": SCENES,
}
CHUNK: Final = 64
MANIFEST: Final = "pairs.json"
SCHEMA: Final = 1


@dataclass(frozen=True, kw_only=True)
class PairsConfig:
    """Which pictures are drawn; the same config gives the same bytes, whatever the workers.

    Attributes:
        count: how many.
        seed, stream: sets that differ in either have independent pictures.
        sizes: sides that each picture is resized to, in pixels.
        correlation: probability that scene and distractors follow the category, 0..1.
        drawn: side at which the pictures are drawn, in pixels.
    """

    count: int
    seed: int
    stream: int
    sizes: tuple[int, ...]
    correlation: float = 0.0
    drawn: int = 224


@dataclass(frozen=True, eq=False)
class Pairs:
    """Pictures with what is known about them; their captions are worded anew at every step.

    Attributes:
        pictures: side -> (n, side, side, 3) uint8 RGB, memory-mapped.
        attributes: (n, 5) int16: category, colour, pattern, scene as positions in ``CHOICES``,
            then the distractors as bits.
        boxes: (n, 4) float32: the product's left, top, right, bottom, as shares of the side.
    """

    pictures: Mapping[int, Bytes]
    attributes: Ids
    boxes: Boxes

    def __len__(self) -> int:
        return len(self.attributes)


def draw_pairs(
    folder: Path,
    config: PairsConfig,
    *,
    workers: int = 1,
    report: Callable[[str], None] = print,
) -> Pairs:
    """Draw the pairs into ``folder``, or open it where it holds them already.

    The folder appears complete or not at all. Pairs of another config or version are replaced.

    Raises:
        InputError: ``folder`` exists and holds something else.
        OSError: the disk is full or not writable.
    """
    manifest = _manifest(config)
    found = _found(folder)
    if found == manifest:
        report(f"{folder.name}: {config.count:,} pictures are there")
        return open_pairs(folder, config.sizes)
    with draft_folder(folder) as draft:
        _write(draft, config, workers, partial(_report, report, folder.name, config.count))
        (draft / MANIFEST).write_text(json.dumps(manifest, indent=2) + "\n", encoding="utf-8")
        if found is not None:
            shutil.rmtree(folder)
        draft.rename(folder)
    return open_pairs(folder, config.sizes)


def open_pairs(folder: Path, sizes: tuple[int, ...]) -> Pairs:
    """Open the pairs in a folder, their pictures as memory maps."""
    pictures = {side: np.load(folder / f"pictures-{side}.npy", mmap_mode="r") for side in sizes}
    return Pairs(pictures, np.load(folder / "attributes.npy"), np.load(folder / "boxes.npy"))


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


def draw_chunk(config: PairsConfig, indices: range) -> dict[str, npt.NDArray[Any]]:
    """Draw some pictures of the set by their positions; the arrays by the names of their files."""
    import cv2

    from recsys.data.demo.picture import draw_picture

    rows: dict[str, list[Any]] = {name: [] for name in _columns(config)}
    for index in indices:
        rng = np.random.default_rng([config.seed, TRAINING_STREAM, config.stream, index])
        attributes = sample_attributes(rng, correlation=config.correlation)
        picture = draw_picture(attributes, rng, config.drawn)
        rows["attributes"].append(attribute_ids(attributes))
        rows["boxes"].append(_box(picture.mask))
        for side in config.sizes:
            small = cv2.resize(picture.image, (side, side), interpolation=cv2.INTER_AREA)
            rows[f"pictures-{side}"].append(small)
    columns = _columns(config)
    return {name: np.array(values, columns[name][1]) for name, values in rows.items()}


def _box(mask: npt.NDArray[np.bool_]) -> list[float]:
    height, width = mask.shape
    ys, xs = np.nonzero(mask)
    return [xs.min() / width, ys.min() / height, (xs.max() + 1) / width, (ys.max() + 1) / height]


def _columns(config: PairsConfig) -> dict[str, tuple[tuple[int, ...], Any]]:
    """Shape and dtype of one row of each file."""
    return {
        **{f"pictures-{side}": ((side, side, 3), np.uint8) for side in config.sizes},
        "attributes": ((len(CHOICES) + 1,), np.int16),
        "boxes": ((4,), np.float32),
    }


def _write(
    folder: Path, config: PairsConfig, workers: int, report: Callable[[int, float], None]
) -> None:
    start, done = time.monotonic(), 0
    with ExitStack() as stack:
        files = {}
        for name, (shape, dtype) in _columns(config).items():
            file = files[name] = stack.enter_context((folder / f"{name}.npy").open("wb"))
            header = {
                "descr": np.lib.format.dtype_to_descr(np.dtype(dtype)),
                "fortran_order": False,
                "shape": (config.count, *shape),
            }
            np.lib.format.write_array_header_1_0(file, header)
        # Written in order, not through a writable memory map: a full disk is then an OSError.
        for chunk in _chunks(config, workers):
            for name, values in chunk.items():
                files[name].write(values.tobytes())
            done += len(chunk["boxes"])
            report(done, time.monotonic() - start)


def _chunks(config: PairsConfig, workers: int) -> Iterator[dict[str, npt.NDArray[Any]]]:
    ranges = [
        range(first, min(first + CHUNK, config.count)) for first in range(0, config.count, CHUNK)
    ]
    draw = partial(draw_chunk, config)
    if workers <= 1:
        yield from map(draw, ranges)
        return
    # spawn, not fork: the parent may hold threads.
    with multiprocessing.get_context("spawn").Pool(workers, _one_thread) as pool:
        yield from pool.imap(draw, ranges)


def _one_thread() -> None:
    import cv2

    cv2.setNumThreads(1)


def _report(
    report: Callable[[str], None], name: str, count: int, done: int, seconds: float
) -> None:
    if done // CHUNK % 32 == 0 or done == count:
        left = seconds * (count - done) / done
        report(f"{name}: drew {done:,} of {count:,} pictures, {left:.0f} s left")


def _manifest(config: PairsConfig) -> dict[str, Any]:
    values = dataclasses.asdict(config) | {"sizes": list(config.sizes)}
    return {"schema": SCHEMA, "generator": GENERATOR, "config": values}


def _found(folder: Path) -> Any:
    """The manifest of a folder of pairs; None if there is no such folder."""
    if not folder.exists():
        return None
    try:
        return json.loads((folder / MANIFEST).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        raise InputError(
            f"{shown(folder)} is in the way: it holds no demo pictures; choose another --work"
        ) from None
