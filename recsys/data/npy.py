"""Content features in ``.npy`` files, read strictly: numbers alone, one row an item."""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from recsys.data.tables import check_regular, display, file_error
from recsys.errors import InputError, shown

EXPECTED = "a .npy file of numbers, (items, D)"

_BLOCK = 1 << 22  # numbers converted and checked at a time
_STARTS = {
    b"PK\x03\x04": "an archive (.npz or .pt), save each array with numpy.save",
    b"\x80": "a pickle, which is not read because it can run code; save with numpy.save",
    b"\x89HDF": "an HDF5 file, save the array with numpy.save",
    b"version https://git-lfs": "a Git LFS pointer, fetch the file itself",
}


def open_npy(path: Path) -> npt.NDArray[Any]:
    """Map a ``.npy`` file of real numbers into memory: (n, D), any order of axes and bytes.

    Raises InputError, which names the file, where it is missing, no ``.npy`` file, truncated
    or too long, holds Python objects or anything else that is not a real number, or where its
    shape is not (n, D).
    """
    size = check_regular(path, EXPECTED)
    _check_start(path, size)
    try:
        with path.open("rb") as file:
            shape, _, dtype = _header(file)
            start = file.tell()
    except OSError as error:
        raise file_error(path, error) from error
    except Exception as error:  # numpy's header parser raises many kinds for damaged files
        raise InputError(f"{display(path)}: damaged header; expected {EXPECTED}") from error
    if dtype.hasobject:
        raise InputError(
            f"{display(path)}: holds Python objects, which are not read because they can run "
            "code; save numbers, such as array.astype('float32')"
        )
    if dtype.kind not in "fiu":
        raise InputError(f"{display(path)}: dtype {shown(dtype)}, expected real numbers")
    if len(shape) != 2 or shape[1] == 0:
        raise InputError(f"{display(path)}: shape {shape}, expected (items, D)")
    expected = start + math.prod(shape) * dtype.itemsize
    if size != expected:
        problem = "truncated" if size < expected else "too long"
        raise InputError(
            f"{display(path)}: {problem}; {size:,} bytes, expected {expected:,} for shape {shape}"
        )
    if shape[0] == 0:
        return np.empty(shape, dtype=dtype)
    mapped: npt.NDArray[Any] = np.load(path, mmap_mode="r", allow_pickle=False)
    return mapped


def _check_start(path: Path, size: int) -> None:
    if size == 0:
        raise InputError(f"{display(path)}: empty file, expected {EXPECTED}")
    try:
        with path.open("rb") as file:
            start = file.read(32)
    except OSError as error:
        raise file_error(path, error) from error
    if not start.startswith(np.lib.format.MAGIC_PREFIX):
        is_what = next((what for mark, what in _STARTS.items() if start.startswith(mark)), "")
        raise InputError(
            f"{display(path)}: is {is_what}"
            if is_what
            else f"{display(path)}: not a .npy file, expected {EXPECTED}"
        )


def _header(file: Any) -> tuple[tuple[int, ...], bool, np.dtype[Any]]:
    version = np.lib.format.read_magic(file)
    if version == (1, 0):
        found = np.lib.format.read_array_header_1_0(file)
    else:
        found = np.lib.format.read_array_header_2_0(file)
    shape, in_columns, dtype = found
    if any(isinstance(side, bool) or side < 0 for side in shape):
        raise ValueError("a negative side")
    return shape, in_columns, dtype


def read_features(path: Path, item_ids: Sequence[str]) -> npt.NDArray[np.float32]:
    """Read content features: (n_items, D) float32, contiguous, row i for item i.

    Floating-point numbers and integers of any size and byte order, and arrays stored by
    columns, are converted.

    Raises InputError as `open_npy` does, for another number of rows than items, and for a
    value that is not finite in float32; it names the first such row and its item.
    """
    stored = open_npy(path)
    if len(stored) != len(item_ids):
        raise InputError(
            f"{display(path)}: {len(stored):,} rows, expected {len(item_ids):,}, one per item in "
            "the items' order"
        )
    features = np.empty(stored.shape, dtype=np.float32)
    rows = max(1, _BLOCK // stored.shape[1])
    for start in range(0, len(stored), rows):
        block = features[start : start + rows]
        with np.errstate(over="ignore", invalid="ignore"):  # found below, with its row
            block[...] = stored[start : start + rows]
        finite = np.isfinite(block)
        if not finite.all():
            row, column = (int(place[0]) for place in np.nonzero(~finite))
            value = float(stored[start + row, column])
            raise InputError(
                f"{display(path)}: row {start + row} (from 0; item "
                f"{shown(item_ids[start + row])}), column {column} is {value}, expected a "
                "finite number in float32's range"
            )
    return features


def write_features(path: Path, features: npt.NDArray[np.float32]) -> None:
    """Write content features as a plain ``.npy`` file. Raises OSError where that fails."""
    with path.open("wb") as file:
        np.lib.format.write_array(file, np.ascontiguousarray(features, "<f4"), allow_pickle=False)
