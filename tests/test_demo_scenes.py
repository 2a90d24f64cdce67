from __future__ import annotations

import csv
import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from recsys.data.catalogue import Catalogue, load_catalogue
from recsys.data.demo import contact_sheet as sheet_module
from recsys.data.demo.canvas import Canvas, rounded
from recsys.data.demo.contact_sheet import DISTRACTOR_COLOUR, PRODUCT_COLOUR, contact_sheet
from recsys.data.demo.distractors import draw_distractor
from recsys.data.demo.lettering import font, printable, wrapped
from recsys.data.demo.scenes import draw_scene
from recsys.data.demo.vocabulary import DISTRACTORS, SCENES
from recsys.errors import InputError

SEEDS = range(12)


@pytest.mark.parametrize("name", SCENES)
def test_scene_is_a_varied_reproducible_picture(name: str) -> None:
    pictures = [draw_scene(name, np.random.default_rng(seed), 224) for seed in SEEDS]
    for picture in pictures:
        assert picture.shape == (224, 224, 3)
        assert picture.dtype == np.uint8
        assert picture.std() > 20  # cluttered, not one colour
        assert (picture.max(axis=(0, 1)) > 0).all()
    assert len({picture.tobytes() for picture in pictures}) == len(pictures)
    again = draw_scene(name, np.random.default_rng(SEEDS[3]), 224)
    assert again.tobytes() == pictures[3].tobytes()


@pytest.mark.parametrize("name", SCENES)
def test_scene_contains_saturated_colours(name: str) -> None:
    """Product colours must occur in the clutter, or colour alone would mark the product."""
    hues = set()
    for seed in SEEDS:
        pixels = draw_scene(name, np.random.default_rng(seed), 112).astype(int)
        top, low = pixels.max(axis=2), pixels.min(axis=2)
        strong = (top > 110) & (top - low > 0.5 * top)
        red, green, blue = pixels[strong].T
        if strong.mean() > 0.01:
            order = np.stack([red, green, blue]).argsort(axis=0)
            hues |= set((order[2] * 3 + order[1]).tolist())
    assert len(hues) >= 5  # of the six orders of the channels


@pytest.mark.parametrize("name", DISTRACTORS)
def test_distractor_is_a_tight_reproducible_patch(name: str) -> None:
    patches = [draw_distractor(name, np.random.default_rng(seed), 72) for seed in SEEDS]
    for patch in patches:
        assert patch.shape == (72, 72, 4)
        assert patch.dtype == np.uint8
        alpha = patch[:, :, 3]
        assert (alpha == 255).mean() > 0.15
        assert ((alpha > 0) & (alpha < 255)).any()  # anti-aliased
        assert not patch[alpha == 0].any()
        touched = [alpha[0].any() and alpha[-1].any(), alpha[:, 0].any() and alpha[:, -1].any()]
        assert any(touched)
    assert len({patch.tobytes() for patch in patches}) == len(patches)
    again = draw_distractor(name, np.random.default_rng(SEEDS[3]), 72)
    assert again.tobytes() == patches[3].tobytes()


def test_distractor_edges_have_the_colour_of_the_thing_not_of_black() -> None:
    for seed in SEEDS:
        patch = draw_distractor("face", np.random.default_rng(seed), 96).astype(float)
        alpha = patch[:, :, 3]
        edge = (alpha > 40) & (alpha < 128)
        inside = alpha == 255
        assert patch[edge][:, :3].max(axis=1).mean() > 0.45 * patch[inside][:, :3].max(axis=1).min()


@given(seed=st.integers(0, 2**32), size=st.sampled_from([16, 33, 64, 97, 224]))
@settings(max_examples=25, deadline=None)
def test_any_size_and_seed(seed: int, size: int) -> None:
    rng = np.random.default_rng(seed)
    for name in SCENES[seed % 2 :: 2]:
        assert draw_scene(name, rng, size).shape == (size, size, 3)
    for name in DISTRACTORS:
        assert draw_distractor(name, rng, size)[:, :, 3].any()


def test_bad_names_and_sizes() -> None:
    rng = np.random.default_rng(0)
    with pytest.raises(InputError, match="kitchen"):
        draw_scene("kitchn", rng, 64)
    with pytest.raises(InputError, match="sticker"):
        draw_distractor("stiker", rng, 64)
    with pytest.raises(ValueError, match="15"):
        draw_scene("kitchen", rng, 15)
    with pytest.raises(ValueError, match="7"):
        draw_distractor("face", rng, 7)


def test_shapes_lie_where_they_are_asked_for() -> None:
    canvas = Canvas(100)
    canvas.circle((0.5, 0.3), 0.2, (255, 0, 0))
    canvas.circle((0.2, 0.8), 0.1, (0, 255, 0))  # a small one is a polygon
    canvas.rect((0.7, 0.7, 0.9, 0.8), (0, 0, 255))
    for channel, centre, area in ((0, (50, 30), 1257), (1, (20, 80), 314), (2, (80, 75), 200)):
        y, x = np.nonzero(canvas.pixels[:, :, channel] > 127)
        assert (x.mean() + 0.5, y.mean() + 0.5) == pytest.approx(centre, abs=0.5)
        assert len(x) == pytest.approx(area, rel=0.1)  # OpenCV's polygons are a little fat
    outline = rounded((0.1, 0.2, 0.5, 0.4), 0.05)
    assert np.allclose([outline.min(axis=0), outline.max(axis=0)], [[0.1, 0.2], [0.5, 0.4]])


def test_printable_and_wrapped() -> None:
    assert printable("a\n\tb \x00\x1b[1m\u202e c") == "a b [1m c"
    assert printable("café über") == "cafe uber"
    assert printable("x 👩‍👩‍👧😀 y 日本") == "x ? y ?"
    assert printable("") == ""
    assert len(printable("<script>" * 1000)) <= 400
    text = "a checked purple dress on a beach next to a face and a sticker"
    lines = wrapped(text, 13, 150, 2)
    assert len(lines) == 2
    assert lines[1].endswith("...")
    assert all(font(13).getlength(line) <= 150 for line in lines)
    assert " ".join(wrapped(text, 13, 150, 9)) == text
    assert wrapped("w" * 300, 13, 100, 3)[2].endswith("...")
    assert wrapped("", 13, 100, 2) == []
    assert wrapped("abc", 13, 1, 2)  # a line too narrow for anything still ends


def _catalogue(folder: Path, titles: list[str], *, labels: bool = False) -> Catalogue:
    sizes = [(60, 40), (40, 90), (1, 1), (500, 3), (50, 50), (80, 80)]
    (folder / "images").mkdir(parents=True)
    rows = []
    for index, title in enumerate(titles):
        size = sizes[index % len(sizes)]
        colour = (40 * index % 256, 90, 200)
        Image.new("RGB", size, colour).save(folder / "images" / f"{index}.png")
        rows.append({"item_id": f"id-{index}", "image": f"images/{index}.png", "title": title})
    if labels:
        (folder / "labels").mkdir()
        legend = {"1": "product/body", "32": "distractor/face"}
        (folder / "labels.json").write_text(json.dumps({"schema": 1, "legend": legend}))
        for index in range(len(titles)):
            width, height = sizes[index % len(sizes)]
            values = np.zeros((height, width), np.uint8)
            values[height // 4 : height // 2, : width // 2] = 1
            values[height // 2 :, width // 2 :] = 32
            Image.fromarray(values).save(folder / "labels" / f"{index}.png")
    with (folder / "items.csv").open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, ["item_id", "image", "title"])
        writer.writeheader()
        writer.writerows(rows)
    with (folder / "interactions.csv").open("w", newline="", encoding="utf-8") as file:
        table = csv.writer(file)
        table.writerow(["user_id", "item_id"])
        table.writerows([f"u{k % 3}", f"id-{k % len(titles)}"] for k in range(6))
    return load_catalogue(folder)


TITLES = ["red mug", "x" * 300, "<script>../x</script>", "😀 日本語", "", "six"]


def _has_colour(image: Image.Image, colour: tuple[int, int, int], top: int = 62) -> bool:
    pixels = np.asarray(image)[top:].astype(int)
    return bool((np.abs(pixels - colour).max(axis=2) < 8).any())


def test_contact_sheet_without_masks(tmp_path: Path) -> None:
    catalogue = _catalogue(tmp_path / "shop", TITLES)
    image = contact_sheet(catalogue, rows=2, columns=3, seed=0, side=64)
    assert image.mode == "RGB"
    assert not _has_colour(image, PRODUCT_COLOUR, top=0)  # no legend for what is not there
    assert image.tobytes() == contact_sheet(catalogue, rows=2, columns=3, seed=0, side=64).tobytes()


def test_contact_sheet_with_labels_is_wider_and_outlined(tmp_path: Path) -> None:
    plain = contact_sheet(_catalogue(tmp_path / "a", TITLES), rows=2, columns=3, side=96)
    marked = contact_sheet(
        _catalogue(tmp_path / "b", TITLES, labels=True), rows=2, columns=3, side=96
    )
    assert marked.width > plain.width + 250
    assert _has_colour(marked, PRODUCT_COLOUR)
    assert _has_colour(marked, DISTRACTOR_COLOUR)
    assert not _has_colour(plain, PRODUCT_COLOUR)


def test_contact_sheet_seed_chooses_items(tmp_path: Path) -> None:
    catalogue = _catalogue(tmp_path / "shop", TITLES)
    images = {
        contact_sheet(catalogue, rows=1, columns=2, seed=s, side=48).tobytes() for s in range(6)
    }
    assert len(images) > 1


def test_contact_sheet_smaller_than_asked(tmp_path: Path) -> None:
    catalogue = _catalogue(tmp_path / "shop", ["only", "two"])
    assert contact_sheet(catalogue, rows=9, columns=9, side=48).height < 250


def test_contact_sheet_shows_what_cannot_be_read(tmp_path: Path) -> None:
    catalogue = _catalogue(tmp_path / "shop", ["good", "bad"])
    before = contact_sheet(catalogue, rows=1, columns=2, side=120)
    (tmp_path / "shop" / "images" / "1.png").write_bytes(b"no picture")
    after = contact_sheet(catalogue, rows=1, columns=2, side=120)
    assert after.size == before.size
    assert after.tobytes() != before.tobytes()


@pytest.mark.parametrize(
    "options", [{"rows": 0}, {"columns": -1}, {"side": 31}, {"rows": 6, "side": 9000}]
)
def test_contact_sheet_bad_options(tmp_path: Path, options: dict[str, int]) -> None:
    catalogue = _catalogue(tmp_path / "shop", TITLES)
    with pytest.raises(InputError, match=str(next(reversed(options.values())))):
        contact_sheet(catalogue, **options)


def test_drawing_needs_no_torch() -> None:
    code = (
        "import sys, recsys.data.demo.scenes, recsys.data.demo.distractors, "
        f"{sheet_module.__name__}; sys.exit('torch' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
