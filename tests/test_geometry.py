"""Where a map lies on the picture."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from becam.encoders.preprocess import Preprocessing
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


@pytest.mark.parametrize(("x", "y"), [(0, 0), (3, 1), (5, 3)])
def test_a_hot_cell_lands_where_its_pixels_are(x: int, y: int) -> None:
    values = np.zeros((4, 6), np.float32)
    values[y, x] = 1
    laid = Geometry.squash((120, 40)).onto_picture(values)
    row, column = np.unravel_index(laid.argmax(), laid.shape)
    assert x * 20 <= column < (x + 1) * 20
    assert y * 10 <= row < (y + 1) * 10


RED, GREEN = 0, 1
SIZES = [(90, 60), (60, 90), (64, 64), (200, 40), (33, 131), (40, 30)]


def ramps(width: int, height: int) -> Image.Image:
    """A picture whose red tells the column and whose green tells the row."""
    pixels = np.zeros((height, width, 3), np.uint8)
    pixels[..., RED] = np.arange(width)[None, :]
    pixels[..., GREEN] = np.arange(height)[:, None]
    return Image.fromarray(pixels)


def preprocessing(size: tuple[int, int], resize: Any, **options: Any) -> Preprocessing:
    settings: dict[str, Any] = {"interpolation": "bicubic", "mean": (0, 0, 0), "std": (1, 1, 1)}
    return Preprocessing(size=size, resize=resize, **(settings | options))


@pytest.mark.parametrize("picture_size", SIZES)
@pytest.mark.parametrize("input_size", [(48, 48), (32, 56), (150, 150)])
@pytest.mark.parametrize("resize", ["shortest", "longest", "squash"])
@pytest.mark.parametrize("interpolation", ["bicubic", "bilinear"])
def test_the_input_laid_back_is_the_picture(
    picture_size: tuple[int, int], input_size: tuple[int, int], resize: str, interpolation: str
) -> None:
    """Each seen pixel gets back its own column and row: half a pixel off would show."""
    prepare = preprocessing(input_size, resize, interpolation=interpolation)
    picture = ramps(*picture_size)
    pixels = np.asarray(picture).astype(np.float32)
    # With its negative: the rounding of half grey values goes both ways then.
    seen = prepare(picture), prepare(Image.fromarray(255 - np.asarray(picture)))
    geometry = prepare.geometry(picture.size)
    # What is blurred with the padding, or stops at the border, is left out of the comparison.
    box = geometry.box
    scales = (box[3] - box[1]) / input_size[0], (box[2] - box[0]) / input_size[1]
    rims = [int(np.ceil(2 * max(scale, 1))) + 1 for scale in scales]
    for channel in (RED, GREEN):
        positive, negative = (geometry.onto_picture(each[channel].numpy() * 255) for each in seen)
        off = (positive + 255 - negative) / 2 - pixels[..., channel]
        rows, columns = (np.nonzero(~np.isnan(off).all(axis=axis))[0] for axis in (1, 0))
        inside = off[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]
        inside = inside[rims[0] : -rims[0], rims[1] : -rims[1]]
        assert inside.size
        assert abs(inside.mean()) < 0.05
        assert np.abs(inside).max() < 1.2


@pytest.mark.parametrize("picture_size", SIZES)
def test_what_a_crop_leaves_out_is_unseen(picture_size: tuple[int, int]) -> None:
    width, height = picture_size
    prepare = preprocessing((48, 48), "shortest")
    laid = prepare.geometry(picture_size).onto_picture(np.ones((6, 6), np.float32))
    short = min(picture_size)
    assert abs(int((laid == 1).sum()) - short * short) <= 2 * short * max(1, short / 48)
    columns, rows = np.nonzero((laid == 1).any(axis=0))[0], np.nonzero((laid == 1).any(axis=1))[0]
    tolerance = 0.5 * short / 48 + 1
    assert abs(columns.mean() - (width - 1) / 2) <= tolerance
    assert abs(rows.mean() - (height - 1) / 2) <= tolerance
    everything = preprocessing((48, 48), "longest").geometry(picture_size)
    assert not np.isnan(everything.onto_picture(np.ones((6, 6), np.float32))).any()


@pytest.mark.parametrize("picture_size", [*SIZES, (48, 48), (48, 500), (1, 1), (7, 3), (49, 47)])
@pytest.mark.parametrize("input_size", [(48, 48), (32, 56), (57, 31)])
@pytest.mark.parametrize("resize", ["shortest", "longest", "squash"])
def test_preprocessing_is_open_clips_own_to_the_pixel(
    picture_size: tuple[int, int], input_size: tuple[int, int], resize: str
) -> None:
    transform = pytest.importorskip("open_clip.transform")
    picture = noise_picture(*picture_size)
    for interpolation in ("bicubic", "bilinear"):
        options: Any = {
            "interpolation": interpolation,
            "mean": (0.48, 0.45, 0.4),
            "std": (0.26, 0.27, 0.28),
        }
        config = transform.PreprocessCfg(
            size=input_size if input_size[0] != input_size[1] else input_size[0],
            resize_mode=resize,
            fill_color=99,
            **options,
        )
        expected = transform.image_transform_v2(config, is_train=False)(picture)
        found = preprocessing(input_size, resize, fill=99, **options)(picture)
        torch.testing.assert_close(found, expected, rtol=0, atol=1e-6)


def test_a_part_that_no_patch_covers_is_cut_off() -> None:
    whole, part = (preprocessing((64, 64), "shortest", used=u) for u in (None, (56, 63)))
    picture = noise_picture(100, 80)
    torch.testing.assert_close(part(picture), whole(picture)[:, :56, :63])
    assert part.input_size == (56, 63)
    box, cut = whole.geometry(picture.size).box, part.geometry(picture.size).box
    assert cut[:2] == box[:2]
    assert cut[2:] == pytest.approx((box[2] - 80 / 64, box[3] - 8 * 80 / 64))
