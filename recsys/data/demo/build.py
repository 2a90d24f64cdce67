"""Writing the demo catalogue: a folder in the catalogue format, plus exact label maps."""

from __future__ import annotations

import contextlib
import csv
import json
import multiprocessing
import os
import signal
from collections.abc import Callable, Generator, Iterable, Sequence
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from dataclasses import asdict
from pathlib import Path
from typing import Any, Final, TypeAlias

import cv2
import numpy as np
import numpy.typing as npt

from recsys.data.demo.attributes import Attributes, sample_attributes
from recsys.data.demo.behaviour import simulate_choices
from recsys.data.demo.captions import title
from recsys.data.demo.config import BEHAVIOUR_STREAM, CATALOGUE_STREAM, GENERATOR
from recsys.data.demo.config import DemoConfig as DemoConfig
from recsys.data.demo.names import MANIFEST
from recsys.data.demo.picture import LEGEND, draw_picture
from recsys.errors import InputError, shown
from recsys.files import draft_folder

Progress: TypeAlias = Callable[[int, int], None]

SCHEMA: Final = 1

_JPEG: Final = (
    cv2.IMWRITE_JPEG_QUALITY,
    92,
    cv2.IMWRITE_JPEG_SAMPLING_FACTOR,
    cv2.IMWRITE_JPEG_SAMPLING_FACTOR_444,
)
_CHUNK: Final = 16  # pictures a worker draws before it reports


def build_demo(
    folder: Path,
    config: DemoConfig | None = None,
    *,
    progress: Progress | None = None,
    workers: int | None = None,
) -> Path:
    """Write the demo catalogue to ``folder``, unless it is there already.

    The folder appears complete or not at all, and its bytes depend on ``config`` alone. Two
    processes may build the same folder at once.

    Args:
        folder: Where to; its parents are made.
        config: What to build; None for the default catalogue.
        progress: Called with the number of pictures drawn and their total.
        workers: Processes that draw; None for one per available core.

    Returns:
        ``folder``.

    Raises:
        InputError: ``folder`` exists and holds anything but this very catalogue.
        ValueError: ``workers`` is below 1.
        OSError: the disk is full or not writable.
    """
    config = DemoConfig() if config is None else config
    if workers is not None and workers < 1:
        raise ValueError(f"workers must be at least 1, got {workers}")
    if _is_built(folder, config):
        return folder
    with draft_folder(folder) as draft:
        _write_catalogue(draft, config, progress, workers or available_cores())
        _publish(draft, folder, config)
    return folder


def item_attributes(config: DemoConfig) -> list[Attributes]:
    """What each item of the catalogue shows, without drawing it."""
    return [_item(config, index)[0] for index in range(config.items)]


def available_cores() -> int:
    """Number of cores this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def _item(config: DemoConfig, index: int) -> tuple[Attributes, np.random.Generator]:
    """An item's attributes, and the generator to draw its picture with."""
    rng = np.random.default_rng([config.seed, CATALOGUE_STREAM, index])
    return sample_attributes(rng, correlation=config.correlation), rng


def _manifest(config: DemoConfig) -> dict[str, Any]:
    manifest = {"schema": SCHEMA, "generator": GENERATOR, "config": asdict(config)}
    plain: dict[str, Any] = json.loads(json.dumps(manifest))  # tuples as a file gives them back
    return plain


def _is_built(folder: Path, config: DemoConfig) -> bool:
    """Whether ``folder`` holds this catalogue; an error if it holds something else."""
    if not folder.exists() or (folder.is_dir() and next(folder.iterdir(), None) is None):
        return False
    try:
        found = json.loads((folder / MANIFEST).read_text(encoding="utf-8"))
    except (FileNotFoundError, NotADirectoryError, ValueError):
        raise InputError(
            f"{shown(folder)} exists and is not a demo catalogue; name another folder"
        ) from None
    if found != _manifest(config):
        raise InputError(
            f"{shown(folder)} holds a demo catalogue of another configuration or version; "
            "remove it or name another folder"
        )
    return True


def _publish(draft: Path, folder: Path, config: DemoConfig) -> None:
    """Give the finished draft its name, unless another process was first."""
    with contextlib.suppress(OSError):
        folder.rmdir()  # an empty folder may stand in the way
    try:
        draft.replace(folder)
    except OSError:
        if not _is_built(folder, config):
            raise


def _write_catalogue(
    folder: Path, config: DemoConfig, progress: Progress | None, workers: int
) -> None:
    for name in ("images", "masks", "labels"):
        (folder / name).mkdir()
    # Closed on the way out, so that no worker writes into a folder that is being removed.
    with contextlib.closing(_draw_all(folder, config, workers)) as drawing:
        for done in drawing:
            if progress is not None:
                progress(done, config.items)
    items = item_attributes(config)
    _write_csv(
        folder / "items.csv",
        ("item_id", "image", "title", "category", "mask"),
        (
            (str(index), f"images/{stem}.jpg", title(item), item.category, f"masks/{stem}.png")
            for index, item in enumerate(items)
            for stem in (_stem(config, index),)
        ),
    )
    _write_csv(
        folder / "attributes.csv",
        ("item_id", "category", "colour", "pattern", "scene", "distractors"),
        (
            (str(i), x.category, x.colour, x.pattern, x.scene, " ".join(x.distractors))
            for i, x in enumerate(items)
        ),
    )
    _write_interactions(folder / "interactions.csv", config, items)
    legend = {str(value): name for value, name in LEGEND.items()}
    _write_json(folder / "labels.json", {"schema": 1, "legend": legend})
    _write_json(folder / MANIFEST, _manifest(config))


def _write_interactions(path: Path, config: DemoConfig, items: Sequence[Attributes]) -> None:
    choices = simulate_choices(
        items,
        np.random.default_rng([config.seed, BEHAVIOUR_STREAM]),
        users=config.users,
        per_user=config.interactions,
        taste=config.taste,
    )
    rows = zip(
        choices.users.tolist(), choices.items.tolist(), choices.timestamps.tolist(), strict=True
    )
    _write_csv(path, ("user_id", "item_id", "timestamp"), rows)


def _draw_all(folder: Path, config: DemoConfig, workers: int) -> Generator[int, None, None]:
    """Draw every picture; yield the number done so far."""
    chunks = [
        range(start, min(start + _CHUNK, config.items)) for start in range(0, config.items, _CHUNK)
    ]
    left = iter(chunks)
    if min(workers, len(chunks)) > 1:
        pool = ProcessPoolExecutor(
            min(workers, len(chunks)), multiprocessing.get_context("spawn"), _start_worker
        )
        try:
            jobs = [pool.submit(_draw_chunk, folder, config, chunk) for chunk in chunks]
            for job, chunk in zip(jobs, chunks, strict=True):
                job.result()
                next(left)
                yield chunk.stop
        except BrokenProcessPool:
            pass  # no workers to be had, as in a script without a main guard: go on in this process
        finally:
            pool.shutdown(cancel_futures=True)
    for chunk in left:
        _draw_chunk(folder, config, chunk)
        yield chunk.stop


def _start_worker() -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is the parent's to handle
    cv2.setNumThreads(1)


def _draw_chunk(folder: Path, config: DemoConfig, indices: Iterable[int]) -> None:
    for index in indices:
        attributes, rng = _item(config, index)
        picture = draw_picture(attributes, rng, config.size)
        stem = _stem(config, index)
        bgr = np.ascontiguousarray(picture.image[:, :, ::-1])
        _write_picture(folder / "images" / f"{stem}.jpg", bgr, _JPEG)
        _write_picture(folder / "masks" / f"{stem}.png", np.uint8(255) * picture.mask)
        _write_picture(folder / "labels" / f"{stem}.png", picture.labels)


def _stem(config: DemoConfig, index: int) -> str:
    return f"{index:0{max(4, len(str(config.items - 1)))}d}"


def _write_picture(path: Path, pixels: npt.NDArray[np.uint8], options: Sequence[int] = ()) -> None:
    _, data = cv2.imencode(path.suffix, pixels, options)
    path.write_bytes(data.tobytes())


def _write_csv(path: Path, header: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(header)
        writer.writerows(rows)


def _write_json(path: Path, content: object) -> None:
    path.write_text(json.dumps(content, indent=1) + "\n", encoding="utf-8", newline="\n")
