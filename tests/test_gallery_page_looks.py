"""The look of the gallery's page in a real Chromium: themes, phones, accessibility, size."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from becam.galleries.page import write_page
from tests.chromium import WIDE, chromium, opened
from tests.page_galleries import (
    NOTHING,
    content,
    ids,
    large_content,
    open_item,
    small_gallery,
    write_content,
)

if TYPE_CHECKING:
    from playwright.sync_api import Browser

LONG = "the decoder was fed with pictures of another kind than it has ever seen before; try others"
PHONE = {"width": 320, "height": 740}


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as started:
        yield started


@pytest.fixture(scope="module")
def gallery(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_page(small_gallery(tmp_path_factory.mktemp("gallery")))


def test_a_map_with_a_warning_never_looks_like_an_explanation(
    browser: Browser, gallery: Path
) -> None:
    with opened(browser, gallery, "#model=bm3%2Bbefa") as page:
        cell = page.locator(".card").first.locator(".cell").nth(1)
        assert cell.locator(".flag").inner_text().startswith("⚠ Not an explanation: weights nearly")
        assert NOTHING in cell.inner_text()
        assert cell.locator(".flag").get_attribute("title") == NOTHING
        styles = cell.locator(".tile").evaluate(
            "(it) => [getComputedStyle(it.querySelector('.heat')).filter,"
            " getComputedStyle(it, '::after').backgroundImage]"
        )
        assert styles[0] == "saturate(0.3)"
        assert "repeating-linear-gradient" in styles[1]
        # No verdict on its figures, and it is told above the grid.
        assert page.locator(".card [data-verdict]").count() == 0
        assert "all maps of bm3+befa carry a warning" in page.locator("#means").inner_text()
        open_item(page, "a1")
        assert NOTHING in page.locator("#warnings").inner_text()
        assert "not an explanation" in page.locator("#tag-right").inner_text()
        assert page.locator("#numbers [data-verdict]").count() == 0


@pytest.mark.parametrize("width", [320, 390, 1100])
@pytest.mark.parametrize("view", ["both", "after", "all"])
def test_words_of_a_warning_leave_the_map_alone(
    browser: Browser, tmp_path: Path, view: str, width: int
) -> None:
    """They stand below it in full, and cards with and without them are as high."""
    data = content()
    for index, item in enumerate(data["items"]):
        item["warnings"] = [None, None, LONG if index % 2 else None, None, None]
    page_file = write_page(small_gallery(tmp_path, items=data["items"]))
    fragment = f"#model=bm3%2Bbefa&view={view}"
    size = {"width": width, "height": 3000}
    with opened(browser, page_file, fragment, viewport=size) as page:
        assert page.locator(".card").count() == len(data["items"])
        assert page.locator(".flag[title]").count() == 3
        over, cut, cards = page.evaluate("""() => {
            const box = (one) => one.getBoundingClientRect();
            const flags = [...document.querySelectorAll(".flag[title]")];
            const cells = flags.map((flag) => [flag, flag.closest(".cell").querySelector(".tile")]);
            return [
                cells.filter(([flag, tile]) => box(flag).top < box(tile).bottom).length,
                flags.filter((one) => one.scrollWidth > one.clientWidth
                    || one.scrollHeight > one.clientHeight).length,
                [...document.querySelectorAll(".card")].map((one) =>
                    ["left", "top", "bottom"].map((side) => box(one)[side])
                        .concat(box(one.querySelector("h3")).top)),
            ];
        }""")
        assert (over, cut) == (0, 0)
        for left, top, bottom, title in cards:
            below = [other[1] for other in cards if other[0] == left and other[1] > top]
            assert all(bottom <= other for other in below)
            beside = [other[3] for other in cards if other[1] == top]
            assert view == "all" or all(abs(title - other) < 1 for other in beside)
        page.goto(page_file.as_uri() + "#model=bm3%2Bbefa&item=a2")
        page.locator("#detail[open]").wait_for()
        boxes = page.evaluate("""() => ["tags", "stage"].map((id) => {
            const box = document.getElementById(id).getBoundingClientRect();
            return [box.top, box.bottom];
        })""")
        assert boxes[0][1] <= boxes[1][0]  # the sides' names stand above the picture


def test_theme_follows_the_system_until_it_is_chosen(browser: Browser, gallery: Path) -> None:
    ground = "getComputedStyle(document.body).backgroundColor"
    with opened(browser, gallery, color_scheme="dark") as page:
        dark = page.evaluate(ground)
        page.get_by_role("button", name="Use light colours").click()
        light = page.evaluate(ground)
        page.reload()
        assert page.evaluate(ground) == light
    with opened(browser, gallery, color_scheme="light") as page:
        assert page.evaluate(ground) == light != dark


def test_a_phone_needs_no_sideways_scrolling(browser: Browser, gallery: Path) -> None:
    over = """[document.documentElement, document.getElementById("detail")]
        .map((one) => one.scrollWidth - one.clientWidth)"""
    phone = {"viewport": PHONE, "is_mobile": True, "has_touch": True}
    with opened(browser, gallery, **phone) as page:
        assert not page.locator("#sort").is_visible()
        page.locator("#more").click()
        page.locator("#sort").select_option("map:drift")
        assert ids(page)[0] == "b2"
        for fragment in ["#", "#view=after", "#view=all", "#item=a2", "#item=b1&view=all"]:
            page.evaluate("(fragment) => { location.hash = fragment; }", fragment)
            page.locator("#detail").wait_for(
                state="visible" if fragment.startswith("#item") else "hidden"
            )
            assert page.evaluate(over) == [0, 0], fragment
            assert page.evaluate("visualViewport.width") == PHONE["width"], fragment


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing(browser: Browser, gallery: Path, scheme: Any) -> None:
    axe = pytest.importorskip("axe_playwright_python.sync_playwright").Axe()

    def check(state: str) -> None:
        found = axe.run(page, options={"resultTypes": ["violations"]})
        assert found.violations_count == 0, f"{state}: {found.generate_report()}"

    with opened(browser, gallery, color_scheme=scheme) as page:
        check("grid")
        page.locator("#open-about").click()
        check("about")
        page.keyboard.press("Escape")
        page.keyboard.press("?")
        check("help")
        page.keyboard.press("Escape")
        page.locator("#model").select_option("bm3+befa")
        page.locator("#view input[value=all]").check()
        check("maps with warnings")
        open_item(page, "a1")
        check("item")
        page.keyboard.press("Escape")
        page.locator("#q").fill("nothing")
        check("empty")


def test_two_thousand_items_stay_light(browser: Browser, tmp_path: Path) -> None:
    path = write_page(write_content(tmp_path, large_content(2000)))
    context = browser.new_context(viewport=WIDE)
    page = context.new_page()
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.goto(path.as_uri())
    assert page.locator("#count").inner_text() == "2,000 items"
    assert 0 < len([url for url in asked if url.endswith((".jpg", ".png"))]) < 150
    assert page.locator(".card").count() < 60
    # At the end of the page is the last item, and the first is off it.
    page.evaluate("scrollTo(0, document.body.scrollHeight)")
    page.locator(".card[data-item='1999']").wait_for()
    assert page.locator(".card[data-item='0']").count() == 0
    assert page.locator(".card").count() < 60
    # Tabbing goes on past the cards that were there at first.
    page.evaluate("scrollTo(0, 0)")
    page.locator(".card a").first.focus()
    for _ in range(60):
        page.keyboard.press("Tab")
    assert int(page.evaluate("document.activeElement.closest('.card').dataset.item")) == 60
    context.close()


def test_a_gallery_s_figures_are_seen_and_linked(browser: Browser, tmp_path: Path) -> None:
    from PIL import Image

    figures = ["figures/fig 2.pdf", "figures/fig 2.png", "figures/fig 2.tex", "figures/b.pdf"]
    small_gallery(tmp_path, figures=figures)
    (tmp_path / "figures").mkdir()
    Image.new("RGB", (30, 20)).save(tmp_path / "figures" / "fig 2.png")
    with opened(browser, write_page(tmp_path)) as page:
        page.locator("#open-figures").click()
        page.wait_for_function("document.querySelector('#figures img').naturalWidth === 30")
        assert page.locator("#figures img").count() == 1
        links = page.locator("#figures a").all_inner_texts()
        assert links == figures
        assert page.locator("#figures a").first.get_attribute("href") == "figures/fig%202.pdf"
    small_gallery(tmp_path, figures=[])
    with opened(browser, write_page(tmp_path)) as page:
        assert not page.locator("#open-figures").is_visible()


def test_an_item_links_its_own_figures(browser: Browser, tmp_path: Path) -> None:
    own = ["figures/g-item-a b.pdf", "figures/g-item-a b.tex"]
    first, *rest = content()["items"]
    small_gallery(tmp_path, figures=[], items=[{**first, "figures": own}, *rest])
    with opened(browser, write_page(tmp_path)) as page:
        page.locator("#open-figures").click()
        assert "1 item has a figure of its own" in page.locator("#figures").inner_text()
        page.keyboard.press("Escape")
        open_item(page, first["id"])
        told = page.locator("#item-figures")
        assert told.inner_text() == "Figures for a paper: g-item-a b.pdf, g-item-a b.tex"
        assert told.locator("a").first.get_attribute("href") == "figures/g-item-a%20b.pdf"
        page.locator("#next").click()
        assert told.inner_text() == ""


def test_the_legend_has_the_colours_of_the_maps(
    browser: Browser, gallery: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def ends(path: Path) -> list[str]:
        with opened(browser, path) as page:
            shown = page.locator(".scale").first.evaluate(
                "(one) => getComputedStyle(one, '::before').backgroundImage"
            )
        found = re.findall(r"rgb\([^)]*\)", shown)
        assert len(found) > 8
        return [found[0], found[-1]]

    assert ends(gallery) == ["rgb(5, 48, 97)", "rgb(103, 0, 31)"]  # blue and red
    monkeypatch.setattr("becam.view.layers.COLOURS", "viridis")
    assert ends(write_page(small_gallery(tmp_path))) == ["rgb(68, 1, 84)", "rgb(253, 231, 37)"]


def test_a_gallery_without_items_says_so(browser: Browser, tmp_path: Path) -> None:
    small_gallery(tmp_path, items=[], columns=[], metrics=[])
    with opened(browser, write_page(tmp_path)) as page:
        assert page.locator("#empty").inner_text() == "This gallery has no items."
        assert not page.locator("#bar").is_visible()
