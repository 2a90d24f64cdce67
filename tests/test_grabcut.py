"""Product masks of photos by GrabCut: found, repeatable, and defined where nothing is found."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
from PIL import Image

from becam.metrics import EstimatedMask, grabcut_mask


def photo(width: int = 120, height: int = 90) -> tuple[Image.Image, np.ndarray]:
    """A blue disc with noise on a grey, noisy ground."""
    rng = np.random.default_rng(0)
    rows, columns = np.mgrid[:height, :width]
    product = (rows - 0.55 * height) ** 2 + (columns - 0.4 * width) ** 2 < (0.3 * height) ** 2
    colours = np.where(product[..., None], (30, 60, 180), (190, 185, 180))
    noisy = colours + rng.normal(0, 8, colours.shape)
    return Image.fromarray(noisy.clip(0, 255).astype(np.uint8)), product


def iou(found: EstimatedMask, product: np.ndarray) -> float:
    assert found.mask is not None
    return float((found.mask & product).sum() / (found.mask | product).sum())


@pytest.mark.parametrize("size", [(120, 90), (900, 600)])
def test_a_product_on_a_plain_ground_is_found(size: tuple[int, int]) -> None:
    picture, product = photo(*size)
    found = grabcut_mask(picture)
    assert found.mask is not None
    assert found.mask.shape == product.shape
    assert found.mask.dtype == bool
    assert iou(found, product) > 0.9
    assert "estimated" in found.label


def test_it_is_repeatable_and_leaves_the_callers_random_numbers_alone() -> None:
    picture, _ = photo()

    def drawn() -> np.ndarray:
        return cv2.randu(np.zeros((4, 4)), 0, 1)

    cv2.setRNGSeed(5)
    expected = [drawn(), drawn()]
    cv2.setRNGSeed(5)
    first = drawn()
    masks = [grabcut_mask(picture).mask for _ in range(3)]
    second = drawn()
    np.testing.assert_array_equal(expected, [first, second])
    for mask in masks[1:]:
        np.testing.assert_array_equal(masks[0], mask)


@pytest.mark.parametrize(
    ("picture", "reason"),
    [
        (Image.new("RGB", (5, 50)), "smaller than 8 pixels"),
        (Image.new("RGB", (4000, 20)), "too narrow"),
        (Image.new("RGB", (60, 60), (10, 200, 30)), "GrabCut f"),
    ],
)
def test_without_a_product_there_is_no_mask(picture: Image.Image, reason: str) -> None:
    found = grabcut_mask(picture)
    assert found.mask is None
    assert found.reason is not None
    assert reason in found.reason


def test_all_or_nothing_is_no_mask(monkeypatch: pytest.MonkeyPatch) -> None:
    picture, _ = photo()
    for label, reason in ((cv2.GC_PR_FGD, "nothing but product"), (cv2.GC_BGD, "no product")):

        def fixed(
            _pixels: np.ndarray, labels: np.ndarray, box: tuple, *_: object, label: int = label
        ) -> None:
            left, top, width, height = box
            labels[top : top + height, left : left + width] = label

        monkeypatch.setattr(cv2, "grabCut", fixed)
        found = grabcut_mask(picture)
        assert found.mask is None
        assert reason in (found.reason or "")


def test_a_failure_inside_opencv_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    def fails(*_: object) -> None:
        raise cv2.error("no")

    monkeypatch.setattr(cv2, "grabCut", fails)
    assert grabcut_mask(photo()[0]).reason == "GrabCut fails on this picture"
