"""The page of a gallery that is one figure or table, in a real Chromium: wide, and on a phone."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from matplotlib.figure import Figure

from becam.galleries.plain_page import plain_page
from becam.tables.finished import Finished
from becam.tables.table import Cell, Column, Row, Table
from recsys.statistics import estimate
from tests.chromium import WIDE, chromium, opened

if TYPE_CHECKING:
    from playwright.sync_api import Browser

PHONE = {"width": 390, "height": 800}
INCHES = 7.0


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as started:
        yield started


def write(folder: Path, files: Sequence[str] = (), *, inches: float = INCHES) -> Path:
    columns = tuple(Column(f"figure {n}", "", f"figure {n}", 3) for n in range(9))
    cells = tuple(Cell(estimate([0.1 * n])) for n in range(9))
    rows = (Row("shop", "bm3", "bm3", cells),)
    figure = Figure(figsize=(inches, 3))
    figure.text(0.1, 0.5, "words of 8 points", fontsize=8)
    finished = Finished(
        Table("distribution", "A caption.", columns, rows), {}, [], [], figure=figure
    )
    for name in files:
        (folder / name).parent.mkdir(exist_ok=True)
        (folder / name).write_text("a figure")
    path = folder / "index.html"
    page = plain_page(finished, title="Fig. 9", files=files, options={"items": 500})
    path.write_text(page, encoding="utf-8")
    return path


def test_on_a_phone_the_figure_keeps_its_size_and_scrolls(browser: Browser, tmp_path: Path) -> None:
    path = write(tmp_path)
    with opened(browser, path, viewport=PHONE, is_mobile=True, has_touch=True) as page:
        assert page.evaluate("visualViewport.width") == PHONE["width"]
        assert page.evaluate("document.documentElement.scrollWidth") == PHONE["width"]
        image = page.locator("figure img").bounding_box()
        assert image
        assert image["width"] == pytest.approx(96 * INCHES, abs=1)  # text of 8 points is legible
        box = page.get_by_role("region", name="Figure distribution")
        assert box.evaluate("(one) => one.scrollWidth > one.clientWidth")
        box.focus()
        box.evaluate("(one) => one.scrollTo(300, 0)")
        assert box.evaluate("(one) => one.scrollLeft") == 300
    with opened(browser, path) as page:
        image = page.locator("figure img").bounding_box()
        assert image
        assert image["width"] == pytest.approx(
            WIDE["width"] - 32, abs=1
        )  # as wide as there is room
    with opened(browser, write(tmp_path, inches=3.3)) as page:
        image = page.locator("figure img").bounding_box()
        assert image
        assert image["width"] == pytest.approx(3.3 * 170, abs=1)  # and never blown up


@pytest.mark.parametrize(
    ("files", "linked"),
    [
        (("figures/d.png", "figures/d.pdf", "figures/d.svg", "tables/t.csv"), "figures/d.svg"),
        (("figures/d.png", "figures/d.pdf"), "figures/d.pdf"),
        (("tables/t.csv", "tables/picture.svg"), None),
    ],
)
def test_the_figure_alone_is_linked(
    browser: Browser, tmp_path: Path, files: Sequence[str], linked: str | None
) -> None:
    with opened(browser, write(tmp_path, files)) as page:
        link = page.get_by_role("link", name="The figure alone")
        assert link.count() == (linked is not None)
        if linked is not None:
            assert link.get_attribute("href") == linked


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing(browser: Browser, tmp_path: Path, scheme: Any) -> None:
    axe = pytest.importorskip("axe_playwright_python.sync_playwright").Axe()
    for viewport in (WIDE, PHONE):
        path = write(tmp_path, ["figures/d.svg"])
        with opened(browser, path, color_scheme=scheme, viewport=viewport) as page:
            found = axe.run(page, options={"resultTypes": ["violations"]})
            assert found.violations_count == 0, found.generate_report()
