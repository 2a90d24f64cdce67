"""The gallery's page in a real Chromium: what a reader can do with it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from becam.galleries.page import write_page
from tests.chromium import chromium, opened
from tests.page_galleries import (
    EVIL,
    ITEMS,
    NOTHING,
    content,
    ids,
    open_item,
    small_gallery,
)

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as started:
        yield started


@pytest.fixture(scope="module")
def gallery(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_page(small_gallery(tmp_path_factory.mktemp("gallery")))


@pytest.fixture
def page(browser: Browser, gallery: Path) -> Iterator[Page]:
    with opened(browser, gallery) as one:
        yield one


def hash_of(page: Page) -> str:
    return str(page.evaluate("location.hash"))


def split(page: Page) -> float:
    """Where the divider is, as a share of the stage's width."""
    stage, handle = page.locator("#stage").bounding_box(), page.locator(".handle").bounding_box()
    assert stage
    assert handle
    return (handle["x"] + handle["width"] / 2 - stage["x"]) / stage["width"]


def test_maps_lie_over_the_grey_picture(page: Page) -> None:
    page.locator(".card img.heat").first.wait_for()
    assert page.locator(".card").count() == len(ITEMS)
    grey, heat = page.evaluate(
        """() => ["ground", "heat"].map((kind) =>
            getComputedStyle(document.querySelector(`.card img.${kind}`)))
            .map((style, i) => i ? style.opacity : style.filter)"""
    )
    assert "#grey" in grey
    assert heat == "0.62"
    # The pictures are there: none was replaced by the words for a missing one.
    page.wait_for_function(
        "[...document.images].filter((i) => i.complete && i.naturalWidth === 40).length > 6"
    )
    assert page.locator(".missing").count() == 0
    # Red (200, 40, 90): luminance 93.3 of 255, lightened to .25 + .75 L.
    drawn = page.evaluate(
        """() => { const canvas = Object.assign(document.createElement("canvas"),
            { width: 1, height: 1 });
            const values = document.querySelector("#grey feColorMatrix").values.baseVal;
            return [...values].map((one) => one.value); }"""
    )
    assert drawn[:5] == pytest.approx([0.75 * 0.299, 0.75 * 0.587, 0.75 * 0.114, 0, 0.25], abs=1e-6)
    assert drawn[15:] == [0, 0, 0, 1, 0]


def test_click_opens_an_item_and_back_closes_it(page: Page) -> None:
    open_item(page, "a1")
    assert page.locator("#detail-title").inner_text() == "Red shoe"
    assert "item=a1" in hash_of(page)
    page.go_back()
    page.locator("#detail").wait_for(state="hidden")
    assert "item" not in hash_of(page)
    page.go_forward()
    page.locator("#detail[open]").wait_for()
    page.locator("#close").click()
    page.locator("#detail").wait_for(state="hidden")
    page.wait_for_function("!location.hash.includes('item')")
    assert page.evaluate("document.activeElement.textContent") == "Red shoe"


def test_an_item_that_opens_again_before_its_closing_is_told_stays_open(page: Page) -> None:
    """The event comes after the steps that closed and opened it: it must not close it again."""
    open_item(page, "a1")
    page.evaluate(
        """() => { const one = document.querySelector("#detail");
            one.close(); one.showModal(); return new Promise((f) => setTimeout(f, 200)); }"""
    )
    assert page.locator("#detail[open]").is_visible()
    assert "item=a1" in hash_of(page)


def test_choices_made_in_an_item_stay_when_it_is_closed(page: Page) -> None:
    open_item(page, "a1")
    page.locator("#detail-model").select_option("bm3+befa")
    page.keyboard.press("Escape")
    page.wait_for_function("location.hash === '#model=bm3%2Bbefa'")
    assert page.locator("#model").input_value() == "bm3+befa"
    assert page.locator(".card .warned").count() == len(ITEMS)


def test_slider_by_mouse_and_by_keyboard(page: Page) -> None:
    open_item(page, "a1")
    assert split(page) == pytest.approx(0.5, abs=0.01)
    box = page.locator("#stage").bounding_box()
    assert box
    middle = box["y"] + box["height"] / 2
    page.mouse.move(box["x"] + 0.5 * box["width"], middle)
    page.mouse.down()
    page.mouse.move(box["x"] + 0.2 * box["width"], middle, steps=4)
    page.mouse.up()
    assert split(page) == pytest.approx(0.2, abs=0.02)
    clip = page.evaluate("getComputedStyle(document.getElementById('right')).clipPath")
    assert clip == "inset(0px 0px 0px 20%)"
    slider = page.get_by_role("slider", name="before: bm3 against after: bm3+lora")
    slider.press("ArrowRight")
    assert split(page) == pytest.approx(0.21, abs=0.02)
    assert slider.get_attribute("aria-valuetext") == "21 % before: bm3, 79 % after: bm3+lora"
    slider.press("End")
    assert split(page) == pytest.approx(1.0, abs=0.01)
    # The arrow moved the divider, not on to the next item.
    assert page.locator("#detail-title").inner_text() == "Red shoe"


def test_left_side_can_be_the_picture_or_another_map(page: Page) -> None:
    open_item(page, "a1")
    page.locator("#left-side").select_option("picture")
    assert page.locator("#left img").count() == 1
    assert page.locator("#tag-left").inner_text() == "picture"
    page.locator("#left-side").select_option("demo-rn bm3+befa")
    assert "maps/4/0.jpg" in (page.locator("#left .heat").get_attribute("src") or "")
    assert "left=demo-rn+bm3%2Bbefa" in hash_of(page)


def test_opacity_and_outline(page: Page) -> None:
    open_item(page, "a1")
    assert page.locator("#right .line").count() == 1
    page.locator("#detail-outline").uncheck()
    assert page.locator("#right .line").count() == 0
    page.locator("#detail-opacity").fill("30")
    opacity = "getComputedStyle(document.querySelector('#right .heat')).opacity"
    assert page.evaluate(opacity) == "0.3"
    assert "outline=off" in hash_of(page)
    assert "heat=30" in hash_of(page)
    page.reload()
    page.locator("#detail[open]").wait_for()
    assert page.evaluate(opacity) == "0.3"
    assert page.locator("#right .line").count() == 0


def test_an_item_without_outline_asks_for_none(browser: Browser, gallery: Path) -> None:
    with opened(browser, gallery, "#item=a2") as page:
        assert page.locator("#right img").count() == 2


def test_sorting(page: Page) -> None:
    orders = {
        "map:drift": ["b2", "a2", "a1", "b1", "c1", "c2"],
        "before:drift": ["b1", "b2", "a1", "a2", "c1", "c2"],
        "gain:drift": ["b1", "a1", "c1", "b2", "a2", "c2"],
        "interactions": ["c2", "c1", "b2", "b1", "a2", "a1"],
        "gallery": ["a1", "a2", "b1", "b2", "c1", "c2"],
    }
    for choice, order in orders.items():
        page.locator("#sort").select_option(choice)
        assert ids(page) == order, choice
        page.locator("#direction").click()
        # What is not defined (c2) comes last either way.
        turned = order[:-1][::-1] + order[-1:] if ":" in choice else order[::-1]
        assert ids(page) == turned, choice


def test_improvements_without_a_verdict_come_last(browser: Browser, tmp_path: Path) -> None:
    items = content()["items"]
    items[2]["warnings"][1] = NOTHING  # b1 improves most, by a map that explains nothing
    with opened(browser, write_page(small_gallery(tmp_path, items=items))) as page:
        page.locator("#sort").select_option("gain:drift")
        assert ids(page) == ["a1", "c1", "b2", "a2", "b1", "c2"]
        page.locator("#direction").click()
        assert ids(page) == ["a2", "b2", "c1", "a1", "b1", "c2"]
        page.locator("#sort").select_option("before:drift")
        assert ids(page)[0] == "b1"
        assert page.locator("#sort optgroup").first.get_attribute("label") == (
            "Improvement (with a warning: last)"
        )


def test_sorting_by_improvement_needs_a_map_before(page: Page) -> None:
    page.locator("#sort").select_option("gain:drift")
    page.locator("#model").select_option("bm3")
    assert page.locator("#sort").input_value() == "map:drift"
    assert ids(page)[0] == "b1"
    assert page.locator("#sort option[value^=gain]").count() == 0


def test_search_filters_and_an_empty_result(page: Page) -> None:
    page.locator("#q").fill("  CAFE chair ")
    assert ids(page) == ["c1"]
    page.locator("#q").fill("shoes a2")
    assert ids(page) == ["a2"]
    page.locator("#q").fill("nothing of the kind")
    assert page.locator("#empty").is_visible()
    assert page.locator("#count").inner_text() == "0 of 6 items"
    page.locator("#clear").click()
    page.locator("#category").select_option("=bags & <b>more</b>")
    assert ids(page) == ["b1", "b2"]
    page.locator("#category").select_option("=")
    assert ids(page) == ["c1"]
    page.locator("#category").select_option("all")
    page.locator("#show").select_option("worse:drift")
    assert ids(page) == ["a2", "b2"]
    page.locator("#show").select_option("warned")
    assert ids(page) == []
    page.locator("#model").select_option("bm3+befa")
    assert len(ids(page)) == len(ITEMS)


def test_choices_are_steps_of_the_history(page: Page) -> None:
    page.locator("#sort").select_option("map:drift")
    page.locator("#category").select_option("=shoes")
    assert ids(page) == ["a2", "a1"]
    page.go_back()
    assert len(ids(page)) == len(ITEMS)
    page.go_back()
    assert page.locator("#sort").input_value() == "gallery"
    assert ids(page)[0] == "a1"


def test_a_deep_link_holds_everything(browser: Browser, gallery: Path) -> None:
    with opened(browser, gallery) as page:
        page.locator("#encoder").select_option("demo-rn")
        page.locator("#sort").select_option("gain:omission")
        page.locator("#direction").click()
        page.locator("#q").fill("shoe")
        page.locator("#view input[value=after]").check()
        open_item(page, "a1")
        link, order = hash_of(page), ids(page)
    with opened(browser, gallery, link) as page:
        page.locator("#detail[open]").wait_for()
        assert hash_of(page) == link
        assert page.locator("#tag-right").inner_text() == "after: bm3+befa"
        assert page.locator("#position").inner_text() == "1 of 2"
        page.keyboard.press("Escape")
        assert page.locator("#encoder").input_value() == "demo-rn"
        assert page.locator("#sort").input_value() == "gain:omission"
        assert page.locator("#q").input_value() == "shoe"
        assert page.locator("#view input[value=after]").is_checked()
        assert ids(page) == order


def test_a_link_to_what_is_not_there_says_so(browser: Browser, gallery: Path) -> None:
    with opened(browser, gallery, "#item=nope&model=bm4&sort=map:speed&view=side&heat=900") as page:
        assert len(ids(page)) == len(ITEMS)
        told = page.get_by_role("alert").inner_text()
        for name in ["item “nope”", "model “bm4”", "sort “map:speed”", "view “side”", "heat “900”"]:
            assert name in told


def test_keyboard(page: Page) -> None:
    page.keyboard.press("/")
    page.keyboard.type("shoe")
    assert ids(page) == ["a1", "a2"]
    page.keyboard.press("Escape")
    assert len(ids(page)) == len(ITEMS)
    page.locator(".card a").first.focus()
    page.keyboard.press("ArrowRight")
    page.keyboard.press("Enter")
    page.locator("#detail[open]").wait_for()
    assert "item=a2" in hash_of(page)
    page.keyboard.press("ArrowLeft")
    assert "item=a1" in hash_of(page)
    page.keyboard.press("ArrowLeft")
    assert "item=a1" in hash_of(page)
    page.keyboard.press("m")
    assert page.locator("#tag-right").inner_text().startswith("after: bm3+befa")
    page.keyboard.press("e")
    assert page.locator("#detail-encoder").input_value() == "demo-rn"
    page.keyboard.press("f")
    assert split(page) == pytest.approx(0, abs=0.01)
    page.keyboard.press("?")
    assert page.locator("#help").is_visible()
    page.keyboard.press("Escape")
    assert page.locator("#detail").is_visible()
    page.keyboard.press("Escape")
    page.locator("#detail").wait_for(state="hidden")
    assert page.evaluate("document.activeElement.textContent") == "Red shoe"
    page.keyboard.press("End")
    assert page.evaluate("document.activeElement.textContent") == "item c2"


def test_letters_can_be_turned_off(page: Page) -> None:
    page.keyboard.press("?")
    page.locator("#single-keys").uncheck()
    page.keyboard.press("Escape")
    page.keyboard.press("m")
    assert page.locator("#model").input_value() == "bm3+lora"


def test_figures_before_and_after(page: Page) -> None:
    open_item(page, "b1")
    row = page.locator("#numbers tbody tr").first
    assert row.inner_text().split() == [
        "drift",
        "lower",
        "is",
        "better",
        "0.80",
        "0.20",
        "−0.60",
        "better",
    ]
    page.keyboard.press("Escape")
    assert "0.46 → 0.34 better in 60 %" in page.locator("#means").inner_text()
    open_item(page, "c2")
    assert page.locator("#numbers tbody tr").first.inner_text().split()[4:] == ["–", "–", "–"]


def test_settings_failures_and_figures_are_told(page: Page) -> None:
    line = "data demo · simulated behaviour · fill mean · weighting raw · seed 7"
    assert page.locator("#provenance").inner_text() == line
    page.locator("#open-failures").click()
    about = page.locator("#about").inner_text()
    for words in ["blocks.4", "Behaviour is simulated.", "z9", "images/z9.jpg: truncated"]:
        assert words in about
    page.keyboard.press("Escape")
    page.locator("#open-figures").click()
    link = page.get_by_role("link", name="figures/fig 6.pdf")
    assert link.get_attribute("href") == "figures/fig%206.pdf"
    page.keyboard.press("Escape")
    assert not page.locator("#figures-sheet").is_visible()
    assert page.locator(".ends").first.inner_text().split() == ["−3.1", "0", "+3.1"]


@pytest.mark.parametrize("fragment", ["", "#item=b1", "#view=all&category=bags+%26+%3Cb%3Emore"])
def test_markup_in_the_data_is_text(browser: Browser, gallery: Path, fragment: str) -> None:
    with opened(browser, gallery, fragment) as page:
        page.locator("#q").fill(EVIL)
        assert page.evaluate("window.hit") is None
        assert page.locator("img[onerror], b:text-is('more')").count() == 0
        title = page.locator(".card a", has_text="script").first.inner_text()
        assert "</script><script>window.hit=1</script>" in title
