"""Where a map lies on the picture."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from becam.encoders.preprocess import preprocess
from becam.geometry import Geometry
from tests.small import noise_picture


@settings(max_examples=40, deadline=None)
@given(st.integers(1, 60), st.integers(1, 60), st.integers(1, 9), st.integers(1, 9))
def test_laying_a_map_on_agrees_with_bilinear_upsampling(
    width: int, height: int, h: int, w: int
) -> None:
    values = np.random.default_rng(0).standard_normal((h, w)).astype(np.float32)
    laid = Geometry.squash((width, height)).onto_picture(values)
    assert laid.shape == (height, width)
    if width >= w and height >= h:
        expected = torch.nn.functional.interpolate(
            torch.from_numpy(values)[None, None], (height, width), mode="bilinear"
        )[0, 0]
        np.testing.assert_allclose(laid, expected.numpy(), atol=1e-5)


def test_centre_crop_leaves_the_rest_unseen() -> None:
    geometry = Geometry.centre_crop((100, 60))
    assert geometry.box == (20, 0, 80, 60)
    laid = geometry.onto_picture(np.ones((7, 7), np.float32))
    assert np.isnan(laid[:, :20]).all()
    assert np.isnan(laid[:, 80:]).all()
    assert (laid[:, 20:80] == 1).all()


@pytest.mark.parametrize(("x", "y"), [(0, 0), (3, 1), (5, 3)])
def test_a_hot_cell_lands_where_its_pixels_are(x: int, y: int) -> None:
    values = np.zeros((4, 6), np.float32)
    values[y, x] = 1
    laid = Geometry.squash((120, 40)).onto_picture(values)
    row, column = np.unravel_index(laid.argmax(), laid.shape)
    assert x * 20 <= column < (x + 1) * 20
    assert y * 10 <= row < (y + 1) * 10


def test_a_square_is_found_where_it_was_drawn() -> None:
    picture = noise_picture(90, 60)
    picture.paste((255, 0, 0), (60, 15, 75, 30))
    geometry = Geometry.squash(picture.size)
    mean, std = torch.zeros(3), torch.ones(3)
    encoded = preprocess(picture, geometry, (12, 18), mean, std)
    redness = (encoded[0] - encoded[1] - encoded[2]).numpy()
    laid = geometry.onto_picture(redness)
    row, column = np.unravel_index(laid.argmax(), laid.shape)
    assert 60 <= column < 75
    assert 15 <= row < 30
