"""MMRec's format: ``NAME.inter``, tab-separated, and ``.npy`` features with row = itemID."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np

from recsys.data.core import Log
from recsys.data.importers.files import entries, left_out, one_file
from recsys.data.importers.log import LogFormat, LogReader
from recsys.data.importers.source import Reading, Source, SourceItem
from recsys.data.modality_files import check_modality
from recsys.data.npy import open_npy
from recsys.data.tables import Layout, display
from recsys.errors import InputError, shown

EXPECTED = "NAME.inter, and features as *.npy"
PREPARED = True

_SUFFIX = "_feat"  # image_feat.npy holds the modality image
_ROW = re.compile(r"0|[1-9][0-9]{0,17}")
_GRAPHS = ("user_graph_dict.npy",)  # Python objects of one of MMRec's models, no features


def matches(names: list[str]) -> bool:
    """Tell by a folder's entries whether it is in this format."""
    return any(name.endswith(".inter") for name in names)


def read(folder: Path, reading: Reading) -> Source:
    """Read ``NAME.inter`` and every ``.npy`` beside it.

    The header decides the columns: ``userID`` and ``itemID``, and, if they are there,
    ``timestamp`` and ``x_label`` (0 train, 1 valid, 2 test); ``rating`` is not used. The items
    are 0 to the largest itemID, and every features file has a row for each.

    Raises InputError for item ids that are not such numbers, features that do not fit, and as
    `LogReader` does.
    """
    path = reading.file or one_file(folder, (".inter",), "interactions file")
    files = _features(folder)
    largest = _most_rows(files)

    def problem(item_id: str) -> str:
        if not _ROW.fullmatch(item_id):
            return f"{shown(item_id)}, expected a whole number from 0: the item's row in the .npy"
        if largest is not None and int(item_id) >= largest[1]:
            return (
                f"item {item_id} has no row in {largest[0].name}, which has {largest[1]:,} rows "
                f"(0 to {largest[1] - 1})"
            )
        return ""

    form = LogFormat(
        required=("userID", "itemID"),
        optional=("timestamp", "x_label"),
        roles={"user": "userID", "item": "itemID", "time": "timestamp", "split": "x_label"},
        layout=Layout(
            delimiter="\t", quotes=False, known=("rating",), strangers=reading.options.strangers
        ),
        splits=("0", "1", "2"),
        item_problem=problem,
    )
    reader = LogReader(form, reading, {})
    log = reader.read([path])
    numbers = np.array([int(item_id) for item_id in reader.items], dtype=np.int64)
    n_items = int(numbers.max()) + 1
    if n_items > 2 * len(numbers) + 1_000_000:
        raise InputError(
            f"{display(path)}: the largest itemID is {n_items - 1:,}, of {len(numbers):,} items; "
            "expected numbers without such gaps (rows of the .npy)"
        )
    for file in files.values():
        reading.scan(file, table=False)
        rows = len(open_npy(file))
        if rows != n_items:
            raise InputError(
                f"{display(file)}: {rows:,} rows, but the items of {path.name} are 0 to "
                f"{n_items - 1}: expected {n_items:,} rows"
            )
    used = [path.name, *(file.name for file in files.values())]
    for line in left_out(folder, used):
        reading.note(line)
    return Source(
        name=path.stem,
        items=[SourceItem(str(number)) for number in range(n_items)],
        user_ids=list(reader.users),
        log=Log(log.users, numbers[log.items].astype(np.int32), log.times, log.splits),
        features=files,
        split_column=form.roles["split"],
    )


def _features(folder: Path) -> dict[str, Path]:
    """Find the features files, by modality."""
    files: dict[str, Path] = {}
    for name in entries(folder):
        if not name.endswith(".npy") or name in _GRAPHS:
            continue
        path = folder / name
        modality = check_modality(path.stem.removesuffix(_SUFFIX), path)
        if modality in files:
            raise InputError(
                f"{display(path)} and {files[modality].name} both hold the modality "
                f"{shown(modality)}; expected one of them"
            )
        files[modality] = path
    return files


def _most_rows(files: dict[str, Path]) -> tuple[Path, int] | None:
    """Check every features file, and return the one with the most rows."""
    sizes = [(file, len(open_npy(file))) for file in files.values()]
    return max(sizes, key=lambda size: size[1]) if sizes else None
