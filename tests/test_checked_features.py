"""Content features from Python: what is taken as it is, and what is refused."""

from __future__ import annotations

import warnings

import numpy as np
import pytest
import torch

from recsys.errors import InputError
from recsys.features import checked_features


def test_a_read_only_array_is_copied_without_a_word() -> None:
    given = np.arange(6, dtype=np.float32).reshape(3, 2)
    given.setflags(write=False)  # as of a memory map
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        found = checked_features({"image": given}, 3)["image"]
    found[0, 0] = 9
    assert given[0, 0] == 0


@pytest.mark.parametrize("lay_out", [np.asfortranarray, torch.from_numpy])
def test_rows_stay_rows(lay_out) -> None:
    given = np.arange(6, dtype=np.float64).reshape(2, 3).T
    found = checked_features({"image": lay_out(given)}, 3)["image"]
    assert found.is_contiguous()
    assert found.tolist() == given.tolist()


def test_a_number_too_large_for_float32_is_named() -> None:
    given = np.ones((3, 2))
    given[2, 1] = 1e39
    with pytest.raises(InputError, match=r"the value 1e\+39 in row 2, column 1"):
        checked_features({"image": given}, 3)
