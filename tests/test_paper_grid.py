"""Grids for papers: exact widths, one scale, letters, marks, pages; read back from the files."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

import matplotlib as mpl
import numpy as np
import pytest
from matplotlib.collections import LineCollection
from matplotlib.figure import Figure
from PIL import Image

from becam.figures.files import figure_bytes
from becam.figures.paper import (
    Cell,
    Grid,
    GridRow,
    PaperStyle,
    Scales,
    grid_figure,
    grid_figures,
    save_grid,
)
from becam.figures.paper.grid import letter
from becam.figures.paper.layout import WIDE, fill
from becam.figures.paper.save import pages
from becam.figures.paper.scale import MAP_COLOURS, difference_scale, map_scale
from becam.figures.paper.venues import VENUES
from tests.paper_cells import flat, map_of, picture_cell, product, ramp, small_grid

# What the classes print for \columnwidth and \textwidth, in TeX points.
PRINTED = {
    ("acm", "column"): 241.14749,
    ("acm", "text"): 506.295,
    ("ieee", "column"): 252.0,
    ("ieee", "text"): 516.0,
    ("aaai", "column"): 239.39438,
    ("aaai", "text"): 505.89,
    ("neurips", "column"): 397.48499,
    ("neurips", "text"): 397.48499,
}
pdftotext = pytest.mark.skipif(not shutil.which("pdftotext"), reason="needs poppler's pdftotext")


def texts(figure: Figure) -> list[str]:
    return [text.get_text() for text in figure.texts]


@pytest.mark.parametrize(("venue", "width"), PRINTED)
def test_the_figure_is_exactly_as_wide_as_the_column(venue: str, width: str) -> None:
    style = PaperStyle(venue=venue, width=width, font="DejaVu Sans")
    figure = grid_figure(small_grid(1), style)
    wanted = PRINTED[venue, width] / 72.27 * 72  # PDF points
    box = re.search(rb"/MediaBox \[ ?0 0 ([0-9.]+)", figure_bytes(figure, "pdf"))
    assert box is not None
    assert float(box[1]) == pytest.approx(wanted, abs=0.002)
    svg = re.search(rb'<svg [^>]*?width="([0-9.]+)pt"', figure_bytes(figure, "svg"), re.DOTALL)
    assert svg is not None
    assert float(svg[1]) == pytest.approx(wanted, abs=0.002)


def test_a_user_s_own_matplotlib_settings_do_not_change_the_figure() -> None:
    style = PaperStyle(venue="ieee", width="column", font="DejaVu Sans")
    usual = figure_bytes(grid_figure(small_grid(1), style), "pdf")
    own = {"savefig.bbox": "tight", "font.size": 20, "axes.titlesize": 30, "lines.linewidth": 5}
    with mpl.rc_context(own):
        assert figure_bytes(grid_figure(small_grid(1), style), "pdf") == usual


@pytest.mark.parametrize("ending", ["png", "pdf", "svg"])
def test_the_same_grid_gives_the_same_bytes(ending: str, tmp_path: Path) -> None:
    for name in "ab":
        save_grid(small_grid(), tmp_path / f"{name}.{ending}", PaperStyle(venue="acm"))
    first, second = ((tmp_path / f"{name}.{ending}").read_bytes() for name in "ab")
    assert first == second


def test_png_has_the_chosen_dots(tmp_path: Path) -> None:
    style = PaperStyle(width="3in", dpi=200)
    (path,) = save_grid(small_grid(), tmp_path / "a.png", style)
    with Image.open(path) as picture:
        assert picture.width == 600


def test_text_stays_text(tmp_path: Path) -> None:
    svg, pdf = (tmp_path / f"a.{ending}" for ending in ("svg", "pdf"))
    style = PaperStyle(font="DejaVu Sans")
    for path in (svg, pdf):
        save_grid(small_grid(notes=("Über uns & <b> $x^2$ \\frac{",)), path, style)
    drawn = svg.read_text()
    assert ">before: bm3</text>" in drawn
    assert "Über uns &amp; &lt;b&gt; $x^2$ \\frac{</text>" in drawn  # nothing is interpreted
    data = pdf.read_bytes()
    assert b"/FontFile2" in data  # TrueType
    assert b"/Type3" not in data


@pdftotext
def test_a_reader_can_search_the_pdf(tmp_path: Path) -> None:
    path = tmp_path / "a.pdf"
    save_grid(small_grid(), path, PaperStyle(venue="acm", width="column"))
    done = subprocess.run(["pdftotext", "-layout", path, "-"], capture_output=True, check=True)
    found = done.stdout.decode()
    for words in ("before: bm3", "(a)", "(h)", "drift", "0.21", "not an explanation"):
        assert words in found
    assert "(c), (g): the weights are nearly equal." in " ".join(found.split())


def test_all_maps_share_a_scale_and_differences_have_their_own() -> None:
    weak, strong = ramp(-1.5, 1.5), ramp(-3, 3)
    cells = (map_of(weak), map_of(strong), Cell(kind="difference", picture=flat(), values=weak / 9))
    grid = Grid(heads=("a", "b", "c"), rows=(GridRow("", cells), GridRow("", cells)))
    scales = Scales.of(grid, PaperStyle())
    assert scales.map is not None
    assert scales.difference is not None
    assert scales.map.limit == pytest.approx(3, rel=0.01)
    assert scales.difference.limit == pytest.approx(1.5 / 9, rel=0.01)
    assert scales.map.colours != scales.difference.colours
    # Drawn by it: the weak map's hottest pixel is paler than the strong map's.
    images = grid_figure(grid).axes[0].images
    reddest = [
        int((image.get_array()[..., 0] - 0.0 - image.get_array()[..., 2]).max())
        for image in images[:2]
    ]
    assert reddest[0] < reddest[1]
    ends = [text for text in texts(grid_figure(grid)) if text in ("−3", "3", "0.17")]
    assert sorted(ends) == ["0.17", "3", "−3"]


def test_a_scale_can_end_where_it_is_told() -> None:
    grid = small_grid()
    scales = Scales.of(grid, PaperStyle(), limit=5.0, difference=0.3)
    assert scales.map is not None
    assert scales.difference is not None
    assert (scales.map.limit, scales.map.level) == (5.0, 1.0)
    assert (scales.difference.limit, scales.difference.level) == (0.3, 0.1)
    short = Scales.of(grid, PaperStyle(), limit=1.0).map
    assert short is not None
    assert short.level == 0.5, "within the scale, so that a grey print tells hot from cold"


def test_pages_share_the_scale_and_go_on_with_the_letters() -> None:
    rows = [
        GridRow(f"item {row}", (picture_cell(), map_of(ramp(-row - 1, row + 1))))
        for row in range(9)
    ]
    grid = Grid(heads=("picture", "bm3"), rows=tuple(rows))
    style = PaperStyle(venue="neurips", font="DejaVu Sans")
    figures = grid_figures(grid, style)
    assert len(figures) > 1
    assert all(figure.get_figheight() <= style.tallest for figure in figures)
    shown = [text for figure in figures for text in texts(figure) if re.fullmatch(r"\(\w+\)", text)]
    assert shown == [f"({letter(place)})" for place in range(18)]
    assert all("9" in texts(figure) for figure in figures)  # the limit, set by the last row
    split = pages(grid, style, style.face())
    assert [row.label for page in split for row in page.rows] == [row.label for row in rows]


@pytest.mark.parametrize(
    ("columns", "rows", "across"),
    [(4, 9, 1), (3, 9, 2), (2, 9, 2), (1, 9, 4), (2, 1, 1), (1, 2, 2)],
)
def test_few_columns_put_rows_beside_each_other(columns: int, rows: int, across: int) -> None:
    """No panel is wider than two inches, and letters go on from left to right."""
    cells = (picture_cell(), map_of(), map_of(), map_of())[:columns]
    grid = Grid(
        heads=("a", "b", "c", "d")[:columns],
        rows=tuple(GridRow(f"item {row}", cells) for row in range(rows)),
    )
    style = PaperStyle(venue="aaai", font="DejaVu Sans")
    filled = fill(grid, style)
    assert filled.across == across
    assert [row.label for page in pages(filled, style, style.face()) for row in page.rows] == [
        row.label for row in grid.rows
    ]
    figures = grid_figures(filled, style)
    assert len(figures) <= len(grid_figures(grid, style))
    figure = figures[0]
    assert figure.get_figwidth() == pytest.approx(style.inches)
    boxes = [image.get_extent() for image in figure.axes[0].images][: columns * across]
    assert all(right - left <= 72 * WIDE + 1e-6 for left, right, *_ in boxes)
    lefts = [left for left, *_ in boxes]
    assert lefts == sorted(lefts), "on one line, in order"
    assert len({round(top, 6) for *_, top in boxes}) == 1
    assert texts(figure).count("a") == min(across, rows), "a row's own heads"
    width = 72 * style.inches
    assert lefts[0] - 0 < width / 2 < boxes[-1][1] <= width + 1e-6


def test_long_grids_are_saved_a_file_a_page(tmp_path: Path) -> None:
    written = save_grid(
        small_grid(12), tmp_path / "long.pdf", PaperStyle(width="column"), caption="c"
    )
    names = [path.name for path in written]
    assert names[0] == "long-1.pdf"
    assert names[-1] == "long.tex"
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted(names)
    tex = written[-1].read_text()
    assert tex.count(r"\includegraphics") == len(names) - 1
    assert tex.count(r"\addtocounter{figure}{-1}") == len(names) - 2
    assert tex.count(r"\label") == tex.count(r"\label{fig:long}") == 1


def test_unseen_parts_are_hatched_and_that_is_said() -> None:
    seen = Grid(heads=("a",), rows=(GridRow("", (map_of(),)),))
    values = ramp()
    values[:, :10] = np.nan
    partly = Grid(heads=("a",), rows=(GridRow("", (map_of(values),)),))
    hatched = [
        bool(re.search(rb"<pattern", figure_bytes(grid_figure(grid), "svg")))
        for grid in (seen, partly)
    ]
    assert hatched == [False, True]
    assert not any("Hatched" in text for text in texts(grid_figure(seen)))
    assert "Hatched: not seen by the encoder." in texts(grid_figure(partly))
    image = grid_figure(partly).axes[0].images[0].get_array()
    assert np.ptp(image[:, :10], axis=2).max() == 0  # grey


def test_letters_and_outline_can_be_left_out() -> None:
    plain = PaperStyle(letters=False, outline=False)
    with_all, without = (
        figure_bytes(grid_figure(small_grid(), s), "svg") for s in (PaperStyle(), plain)
    )
    assert b">(a)<" in with_all
    assert b">(a)<" not in without
    assert b"the product" in with_all
    assert b"the product" not in without
    assert b"Not an explanation: the weights are nearly equal." in without


def test_letters_go_on_after_z() -> None:
    assert [letter(place) for place in (0, 25, 26, 27, 701, 702)] == [
        "a",
        "z",
        "aa",
        "ab",
        "zz",
        "aaa",
    ]


@pytest.mark.parametrize("text", ["$x^2$", "😀 東京", "a\x00b\u202ec", "_" * 400, "", "\\frac{"])
@pytest.mark.filterwarnings("error")
def test_text_of_all_kinds_is_drawn_within_the_figure(text: str) -> None:
    cells = (map_of(lines=(text,), alarm=text or None, figures=((text or "x", "1"),)),)
    grid = Grid(heads=(text,), rows=(GridRow(text, cells),), title=text, notes=(text,))
    figure = grid_figure(grid, PaperStyle(width="2in"))
    figure.canvas.draw()
    for drawn in figure.texts:
        box = drawn.get_window_extent().transformed(figure.transFigure.inverted())
        assert box.x0 > -0.01
        assert box.x1 < 1.01


def test_nothing_overlaps_in_a_narrow_column() -> None:
    figure = grid_figure(small_grid(2), PaperStyle(venue="aaai", width="column"))
    figure.canvas.draw()
    boxes = [(text.get_text(), text.get_window_extent()) for text in figure.texts]
    for place, (first, a) in enumerate(boxes):
        for second, b in boxes[:place]:
            across = min(a.x1, b.x1) - max(a.x0, b.x0)
            down = min(a.y1, b.y1) - max(a.y0, b.y0)
            assert across < 1 or down < 0.25 * min(a.height, b.height), (first, second)


def luminances(image: np.ndarray) -> np.ndarray:
    return np.asarray(image, dtype=float)[..., :3] @ np.array([0.2126, 0.7152, 0.0722])


def test_the_grey_scale_keeps_the_order_in_a_grey_print() -> None:
    values = ramp(-3, 3, 200)
    for scale in (map_scale([values], grey=True), difference_scale([values], grey=True)):
        row = luminances(scale.blend(flat(size=200), values))[0]
        assert np.all(np.diff(row) >= -1)  # never darker; a step of rounding apart
        assert row[-1] - row[0] > 80
        # And the picture under it does not pass for heat.
        checks = np.repeat(np.indices((200, 200)).sum(0)[..., None] // 20 % 2 * 255, 3, axis=2)
        shown = luminances(scale.blend(checks.astype(np.uint8), values))
        assert np.corrcoef(shown.ravel(), values.ravel())[0, 1] > 0.95


def test_the_colour_scale_is_told_apart_in_grey_by_its_lines() -> None:
    values = ramp(-3, 3, 200)
    scale = map_scale([values])
    row = luminances(scale.blend(flat(size=200), values))[0]
    assert abs(row[10] - row[-11]) < 25  # in grey both ends look alike, so lines must tell
    axes = grid_figure(Grid(heads=("a",), rows=(GridRow("", (map_of(values),)),))).axes[0]
    dashes = {
        lines.get_linestyle()[0][1] is None: lines.get_segments()[0] for lines in axes.collections
    }
    left, right = (np.mean([dashes[solid][:, 0].mean()]) for solid in (False, True))
    assert left < right  # dashed below the mean, solid above
    assert scale.colours == MAP_COLOURS


def test_lines_lie_where_the_map_has_their_value() -> None:
    values = ramp(-3, 3, 201)
    figure = grid_figure(
        Grid(heads=("a",), rows=(GridRow("", (map_of(values),)),)), PaperStyle(letters=False)
    )
    axes = figure.axes[0]
    left, right, _, _ = axes.images[0].get_extent()
    found = sorted(
        (lines.get_segments()[0][:, 0].mean() - left) / (right - left) for lines in axes.collections
    )
    assert found == pytest.approx([(3 - 1) / 6, (3 + 1) / 6], abs=0.01)


def test_a_difference_of_nothing_and_a_constant_map_are_drawn() -> None:
    still = np.zeros((20, 20), np.float32)
    picture = flat(size=20)
    cells = (
        Cell(kind="map", picture=picture, values=still),
        Cell(kind="difference", picture=picture, values=still),
        Cell(kind="map", picture=picture, values=np.full((20, 20), np.nan, np.float32)),
    )
    assert figure_bytes(grid_figure(Grid(heads=("a", "b", "c"), rows=(GridRow("", cells),))), "png")


def test_pictures_of_any_shape_have_panels_and_large_ones_are_reduced() -> None:
    for shape in ((600, 900), (900, 30), (30, 900)):
        picture = np.zeros((*shape, 3), np.uint8)
        values = np.zeros(shape, np.float32)
        values[: shape[0] // 2] = 1
        grid = Grid(
            heads=("a",), rows=(GridRow("", (Cell(kind="map", picture=picture, values=values),)),)
        )
        image = grid_figure(grid, PaperStyle(width="2in", dpi=100)).axes[0].images[0]
        left, right, bottom, top = image.get_extent()
        assert abs(bottom - top) / (right - left) == pytest.approx(shape[0] / shape[1], rel=0.01)
        assert image.get_array().shape[1] <= 200


def test_cells_and_grids_that_make_no_sense_are_refused() -> None:
    with pytest.raises(ValueError, match="a map needs values"):
        Cell(kind="map", picture=flat())
    with pytest.raises(ValueError, match="a picture has no values"):
        Cell(kind="picture", picture=flat(), values=ramp())
    with pytest.raises(ValueError, match="not of the picture's size"):
        Cell(kind="picture", picture=flat(), mask=product(7 * 5))
    with pytest.raises(ValueError, match="has 1 cells, expected 2"):
        Grid(heads=("a", "b"), rows=(GridRow("", (None,)),))
    with pytest.raises(ValueError, match="at least one"):
        Grid(heads=("a",), rows=())


def test_every_venue_leaves_room_for_a_caption() -> None:
    for name, venue in VENUES.items():
        style = PaperStyle(venue=name)
        assert 0.7 * venue.height < style.tallest * 72.27 < 0.9 * venue.height


def test_lines_around_next_to_nothing_are_left_out() -> None:
    def closed_lines(half: int) -> int:
        values = np.zeros((96, 96), np.float32)
        values[48 - half : 49 + half, 48 - half : 49 + half] = 4
        grid = Grid(heads=("map",), rows=(GridRow("", (map_of(values),)),))
        found = grid_figure(grid, PaperStyle(venue="ieee", width="column", font="DejaVu Sans"))
        (axes,) = found.axes
        drawn = (len(each.get_segments()) for each in axes.findobj(LineCollection))
        return sum(drawn)

    assert (closed_lines(0), closed_lines(6)) == (0, 1)
