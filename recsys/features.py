"""Content features from outside, checked."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import torch
from torch import Tensor

from recsys.errors import InputError, shown


def checked_features(
    features: Mapping[str, np.ndarray[Any, Any] | Tensor], n_items: int
) -> dict[str, Tensor]:
    """Return ``features`` as float32 tensors on the CPU, in the order given.

    Args:
        features: By modality, real numbers (n_items, D), one row per item.
        n_items: Rows expected.

    Raises:
        TypeError: Neither an array nor a tensor.
        InputError: A wrong shape or dtype, or a number that is not finite in float32; it names
            the modality and the row.
    """
    return {modality: _checked(modality, given, n_items) for modality, given in features.items()}


def _checked(modality: str, given: np.ndarray[Any, Any] | Tensor, n_items: int) -> Tensor:
    named = f"features of modality {shown(modality)}"
    if isinstance(given, np.ndarray):
        if given.dtype.kind not in "fiu":
            raise InputError(f"{named} have dtype {given.dtype}; expected real numbers")
        with np.errstate(over="ignore"):  # too large for float32: found below, with its row
            # Copied where it is read-only, as a memory map is: torch has no such tensors.
            values = torch.from_numpy(np.require(given, np.float32, ["C", "W"]))
    elif isinstance(given, Tensor):
        if given.is_complex() or given.dtype == torch.bool:
            raise InputError(f"{named} have dtype {given.dtype}; expected real numbers")
        values = given.detach().to("cpu", torch.float32).contiguous()
    else:
        raise TypeError(f"{named} must be an array or a tensor, not {type(given).__name__}")
    if values.ndim != 2 or values.shape[1] == 0:
        raise InputError(f"{named} have shape {tuple(values.shape)}; expected ({n_items}, D)")
    if len(values) != n_items:
        raise InputError(
            f"{named} have {len(values)} rows; expected {n_items}, one per item in catalogue order"
        )
    bad = ~torch.isfinite(values)
    if bad.any():
        row, column = bad.nonzero()[0].tolist()
        value = float(given[row, column])
        raise InputError(
            f"{named} have the value {value} in row {row}, column {column} "
            "(both from 0); expected finite float32 numbers"
        )
    return values
