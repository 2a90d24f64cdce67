"""Writing a source, or what is kept of it, as a catalogue folder."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import stat
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from recsys.data.folder import INTERACTIONS, ITEMS, MANIFEST
from recsys.data.importers.source import Placed, Reading, Source, SourceItem
from recsys.data.interactions import SPLIT_NAMES
from recsys.data.modality_files import FEATURES
from recsys.data.npy import read_features, write_features
from recsys.errors import shown

_ROWS = 1 << 17
_MARKS = (",", '"', "\r", "\n")


@dataclass(frozen=True)
class Written:
    """How many items have a picture and a text, and the dimensions of the features by name."""

    pictures: int
    texts: int
    modalities: dict[str, int]


def write_catalogue(
    folder: Path, source: Source, items: npt.NDArray[np.int64], reading: Reading
) -> Written:
    """Write the ``items`` (indices) of a source, with pictures, and the rows of its log.

    Every row of ``source.log`` must be of one of the ``items``; the users and items of the log
    are indices into the whole source.

    Raises InputError for features that can't be used, OSError where the folder can't be written.
    """
    _write_interactions(folder / INTERACTIONS, source, reading)
    modalities = _write_features(folder, source, items, reading)
    kept = [source.items[index] for index in items.tolist()]
    placed = _place_pictures(folder, kept, reading)
    columns = ["item_id", "image", "title"]
    columns += ["category"] if any(item.category for item in kept) else []
    columns += ["mask"] if any(mask for _, mask in placed) else []

    def rows() -> Iterator[list[str]]:
        for item, (image, mask) in zip(kept, placed, strict=True):
            fields = {"category": item.category, "mask": mask}
            yield [item.item_id, image, item.title, *(fields[name] for name in columns[3:])]

    texts = sum(bool(item.title.strip()) for item in kept)
    _write_csv(folder / ITEMS, columns, rows())
    if reading.options.pictures != "none":
        for file in source.extra:
            _place(folder, file, "copy")
    return Written(sum(bool(image) for image, _ in placed), texts, modalities)


def write_manifest(folder: Path, document: dict[str, Any]) -> None:
    """Write ``import.json``."""
    text = json.dumps(document, indent=2, ensure_ascii=False)
    with (folder / MANIFEST).open("x", encoding="utf-8") as file:
        file.write(text + "\n")


def _write_csv(path: Path, columns: Sequence[str], rows: Iterable[Sequence[str]]) -> None:
    # "x": a name that is there already may be a link to a file of the source.
    with path.open("x", encoding="utf-8", newline="") as file:
        file.write(",".join(columns) + "\n")
        file.writelines(",".join(map(_quoted, row)) + "\n" for row in rows)


def _quoted(text: str) -> str:
    """Return a field as it is written: quoted where it has to be, a lone carriage return too."""
    if any(mark in text for mark in _MARKS):
        text = text.replace('"', '""')
        return f'"{text}"'
    return text


def _write_interactions(path: Path, source: Source, reading: Reading) -> None:
    """Write the log; ids are quoted once each, because rows are many."""
    log = source.log
    users = [_quoted(user_id) for user_id in source.user_ids]
    items = [_quoted(item.item_id) for item in source.items]
    columns = ["user_id", "item_id"]
    columns += ["timestamp"] if log.times is not None else []
    columns += ["split"] if log.splits is not None else []
    parts = [slice(start, start + _ROWS) for start in range(0, len(log), _ROWS)]
    whole = log.times is not None and all(_is_whole(log.times[part]) for part in parts)
    with path.open("x", encoding="utf-8", newline="") as file:
        file.write(",".join(columns) + "\n")
        for part in parts:
            fields: list[Iterable[str]] = [
                [users[index] for index in log.users[part].tolist()],
                [items[index] for index in log.items[part].tolist()],
            ]
            if log.times is not None:
                times = log.times[part].astype(np.int64) if whole else log.times[part]
                fields.append(map(repr, times.tolist()))
            if log.splits is not None:
                fields.append([SPLIT_NAMES[code] for code in log.splits[part].tolist()])
            file.write("\n".join(map(",".join, zip(*fields, strict=True))) + "\n")
            reading.progress("writing interactions", min(part.stop, len(log)), len(log))


def _is_whole(times: npt.NDArray[np.float64]) -> bool:
    return bool((times == np.floor(times)).all() and np.abs(times).max(initial=0) < 2**53)


def _write_features(
    folder: Path, source: Source, items: npt.NDArray[np.int64], reading: Reading
) -> dict[str, int]:
    """Write the rows of the kept items, with their ids beside them."""
    dims: dict[str, int] = {}
    ids = [item.item_id for item in source.items]
    for name, path in source.features.items():
        (folder / FEATURES).mkdir(exist_ok=True)
        reading.progress(f"reading {path.name}", 0, 0)
        features = read_features(path, ids)
        dims[name] = features.shape[1]
        write_features(folder / FEATURES / f"{name}.npy", features[items])
        rows = ([ids[index]] for index in items.tolist())
        _write_csv(folder / FEATURES / f"{name}.ids.csv", ["item_id"], rows)
    return dims


def _place_pictures(
    folder: Path, items: Sequence[SourceItem], reading: Reading
) -> list[tuple[str, str]]:
    """Put pictures and masks into the folder; return their paths for ``items.csv``, "" for none."""
    how = reading.options.pictures
    paths: list[tuple[str, str]] = []
    for done, item in enumerate(items):
        if how == "none" or item.image is None:
            paths.append(("", ""))
            continue
        image = _placed(folder, item.image, item, "picture", reading)
        mask = _placed(folder, item.mask, item, "mask", reading) if image and item.mask else ""
        paths.append((image, mask))
        for file in item.beside if image else ():
            _place(folder, file, how)
        if done % 100 == 0:
            reading.progress("placing pictures", done, len(items))
    return paths


def _placed(folder: Path, file: Placed, item: SourceItem, kind: str, reading: Reading) -> str:
    try:
        info = file.file.stat()
    except OSError:
        problem = f"the {kind} file is missing"
    else:
        problem = "" if info.st_size else f"the {kind} file is empty"
        if not stat.S_ISREG(info.st_mode):
            problem = f"the {kind} is a folder or a device, not a file"
    if problem:
        reading.drops.add(f"{kind}s", problem, 1, f"item {shown(item.item_id)}, {file.path}")
        return ""
    _place(folder, file, reading.options.pictures)
    return file.path


def _place(folder: Path, file: Placed, how: str) -> None:
    target = folder / file.path
    if target.exists():  # items may share a picture
        return
    target.parent.mkdir(parents=True, exist_ok=True)
    if how == "link":
        # No hard links there, or too many: a copy is as good.
        with contextlib.suppress(OSError):
            os.link(file.file.resolve(), target)
            return
    shutil.copyfile(file.file, target)
