"""Figures: text from outside, the shared scale, formats."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from matplotlib.figure import Figure
from PIL import Image

from becam import InputError
from becam.figures.files import figure_bytes, save_figure
from becam.figures.panels import (
    overlaid,
    show_map,
    symmetric_limit,
)
from becam.figures.text import fit_for_figure, put


@settings(max_examples=60, deadline=None)
@given(st.text(max_size=200), st.integers(5, 60), st.integers(1, 3))
def test_any_text_fits_and_draws(text: str, width: int, lines: int) -> None:
    fitted = fit_for_figure(text, width=width, lines=lines)
    assert fitted.count("\n") < lines
    assert all(len(line) <= width for line in fitted.split("\n"))
    assert not any(ord(character) < 32 and character != "\n" for character in fitted)


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize(
    "title", ["$x^2$ $", "\\frac{", "<script>", "😀 東京", "a\x00b\u202ec", "", "_" * 400]
)
def test_titles_are_drawn_not_interpreted(title: str) -> None:
    figure = Figure(figsize=(4, 1))
    put(figure.suptitle(fit_for_figure(title)))
    assert figure_bytes(figure, "png").startswith(b"\x89PNG")


def test_one_scale_for_all_maps() -> None:
    small, large = np.full((4, 4), 0.5, np.float32), np.full((4, 4), -3.0, np.float32)
    unseen = small.copy()
    unseen[0] = np.nan
    assert symmetric_limit([small, large, unseen]) == 3
    assert symmetric_limit([np.zeros((2, 2), np.float32)]) > 0


def test_overlay_is_hot_red_cold_blue_and_leaves_the_unseen_grey() -> None:
    picture = np.full((2, 2, 3), 128, np.uint8)
    values = np.array([[2, -2], [0, np.nan]], np.float32)
    shown = overlaid(picture, values, 2.0)
    assert shown.dtype == np.uint8
    assert int(shown[0, 0, 0]) > int(shown[0, 0, 2]) + 25
    assert int(shown[0, 1, 2]) > int(shown[0, 1, 0]) + 25
    assert np.ptp(shown[1, 1]) == 0


def test_a_panel_with_mask_and_unseen_part_draws() -> None:
    figure = Figure()
    axes = figure.subplots()
    values = np.random.default_rng(0).standard_normal((20, 30)).astype(np.float32)
    values[:, :5] = np.nan
    mask = np.zeros((20, 30), bool)
    mask[5:10, 10:20] = True
    show_map(axes, np.zeros((20, 30, 3), np.uint8), values, 2.0, mask)
    assert len(figure_bytes(figure, "png")) > 1000


def test_formats_by_ending(tmp_path: Path) -> None:
    starts = {"png": b"\x89PNG", "pdf": b"%PDF", "svg": b"<?xml"}
    for ending, start in starts.items():
        path = save_figure(Figure(figsize=(1, 1)), tmp_path / "new" / f"a.{ending.upper()}")
        assert path.read_bytes().startswith(start)
    with Image.open(save_figure(Figure(figsize=(1, 1)), tmp_path / "a.png", dpi=70)) as picture:
        assert picture.size == (70, 70)
    with pytest.raises(InputError, match=r"'.*a\.jpg': expected an ending \.png, \.pdf or \.svg"):
        save_figure(Figure(), tmp_path / "a.jpg")
    assert len(list(tmp_path.iterdir())) == 2
