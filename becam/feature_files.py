"""Content features as files: ``NAME.npy``, the ids of its rows, and ``NAME.json``.

The array and the ids are what a catalogue's ``features/`` folder takes (see
`recsys.data.modality_files`); the manifest says where the numbers come from and carries the
checksums of both.
"""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from recsys.data import npy
from recsys.files import write_atomic, write_text
from recsys.hashing import file_hash

SCHEMA = 1


def ids_file(ids: Sequence[str]) -> tuple[str, str]:
    """Return the ending and the text of the file for ``ids``.

    ``.ids.txt``, one a line, or ``.ids.csv`` where an id could not be a line.
    """
    text = "".join(f"{item_id}\n" for item_id in ids)
    if text.splitlines() == list(ids) and all(item_id == item_id.strip() for item_id in ids):
        return ".ids.txt", text
    buffer = io.StringIO()
    writer = csv.writer(buffer, lineterminator="\n", quoting=csv.QUOTE_ALL)
    writer.writerows([["item_id"], *([item_id] for item_id in ids)])
    return ".ids.csv", buffer.getvalue()


def write_features(
    folder: Path,
    name: str,
    values: NDArray[np.float32],
    ids: Sequence[str],
    about: Mapping[str, Any],
) -> list[Path]:
    """Write features with their ids and provenance; return the paths.

    Each file is put in place whole, the manifest last; a kill in between leaves a manifest that
    does not fit, which `recsys.data.modality_files.check_manifest` refuses.

    Args:
        folder: where to; it is made if it is missing.
        name: the modality.
        values: (items, D).
        ids: the items' ids, in the order of the rows.
        about: where the values come from, as JSON can hold it.

    Raises:
        OSError: the folder can't be written.
    """
    folder.mkdir(parents=True, exist_ok=True)
    path, manifest = folder / f"{name}.npy", folder / f"{name}.json"
    ending, text = ids_file(ids)
    beside = folder / f"{name}{ending}"
    write_atomic(path, lambda temporary: npy.write_features(temporary, values))
    write_text(beside, text)
    for other in {".ids.txt", ".ids.csv"} - {ending}:  # of an earlier run; two would be refused
        (folder / f"{name}{other}").unlink(missing_ok=True)
    document = {
        "schema": SCHEMA,
        "modality": name,
        "shape": list(values.shape),
        "dtype": str(values.dtype),
        **about,
        "sha256": {file.name: file_hash(file) for file in (path, beside)},
    }
    write_text(manifest, json.dumps(document, indent=2, ensure_ascii=False) + "\n")
    return [path, beside, manifest]
