"""The gallery's page of several catalogues and picks: names for paths, filters, reasons."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from becam.galleries.page import write_page
from becam.galleries.page.origins import short_names
from recsys.errors import InputError
from tests.chromium import chromium, opened
from tests.page_galleries import content, ids, origins, small_gallery, write_content

if TYPE_CHECKING:
    from playwright.sync_api import Browser

FIRST, SECOND = "one/shop", "two/shop"


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as started:
        yield started


@pytest.fixture(scope="module")
def gallery(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_page(small_gallery(tmp_path_factory.mktemp("gallery"), **origins()))


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        (["demo"], ["demo"]),
        (["/data/shop/"], ["shop"]),
        (["shop", "/data/shop"], ["shop", "data/shop"]),
        (["/a/x/shop", "/b/x/shop"], ["a/x/shop", "b/x/shop"]),
        ([r"C:\data\shop", "demo:interactions=20"], ["shop", "demo:interactions=20"]),
        (["shop", "shop/"], ["shop", "shop/"]),
        (["/"], ["/"]),
    ],
)
def test_names_are_as_long_as_it_takes(given: list[str], expected: list[str]) -> None:
    assert list(short_names(given).values()) == expected


def test_the_page_holds_no_path_of_a_catalogue(gallery: Path) -> None:
    text = gallery.read_text("utf-8")
    assert "/data/" not in text
    assert "/data/one/shop" in (gallery.parent / "gallery.json").read_text()
    assert f"{SECOND}: z" in text  # of an item that failed


def test_ids_filters_and_search_know_the_catalogue(browser: Browser, gallery: Path) -> None:
    with opened(browser, gallery) as page:
        assert page.locator("#provenance").inner_text().startswith(f"data {FIRST}, {SECOND} · ")
        assert ids(page)[:3] == [f"{FIRST}: a", f"{SECOND}: a", f"{FIRST}: b"]
        assert page.locator("#catalogue option").all_inner_texts() == [
            *("All catalogues", f"{FIRST} · 3", f"{SECOND} · 3")
        ]
        page.locator("#catalogue").select_option(f"={SECOND}")
        assert ids(page) == [f"{SECOND}: {letter}" for letter in "abc"]
        page.locator("#pick").select_option("=typical")
        assert ids(page) == [f"{SECOND}: b"]
        assert page.evaluate("location.hash") == "#catalogue=two%2Fshop&pick=typical"
        page.locator("#clear").evaluate("(one) => one.click()")
        assert len(ids(page)) == 6
        page.locator("#q").fill("two/shop")
        assert len(ids(page)) == 3
    link = "#item=two/shop: a&catalogue=one/shop&pick=drift"
    with opened(browser, gallery, link) as page:
        page.locator("#detail[open]").wait_for()
        assert page.locator("#detail-title").inner_text().startswith("Blue shoe")
        page.keyboard.press("Escape")
        assert ids(page) == [f"{FIRST}: a", f"{FIRST}: c"]
    with opened(browser, gallery, "#catalogue=three&pick=luck") as page:
        told = page.get_by_role("alert").inner_text()
        assert "catalogue “three”" in told
        assert "pick “luck”" in told


def test_an_item_says_why_it_is_there(browser: Browser, gallery: Path) -> None:
    with opened(browser, gallery, "#item=two/shop: a") as page:
        page.locator("#detail[open]").wait_for()
        assert page.locator("#facts").inner_text().startswith(f"{SECOND}: a · ")
        told = page.locator("#picked").inner_text()
        assert told == "Picked: largest drift before, among 41 items drawn at random"
        page.locator("#previous").click()
        told = page.locator("#picked").inner_text()
        assert told == "Picked: largest drift before, among 40 items"  # which is all of them
        page.keyboard.press("Escape")
        first = page.locator(".card .meta").first.inner_text()
        assert first == f"{FIRST}: a · shoes · picked: drift"


def test_axe_finds_nothing(browser: Browser, gallery: Path) -> None:
    axe = pytest.importorskip("axe_playwright_python.sync_playwright").Axe()
    for fragment in ("", "#item=two/shop: a"):
        with opened(browser, gallery, fragment) as page:
            found = axe.run(page, options={"resultTypes": ["violations"]})
            assert found.violations_count == 0, found.generate_report()
            page.keyboard.press("Escape")
            page.locator("#open-figures").click()
            found = axe.run(page, options={"resultTypes": ["violations"]})
            assert found.violations_count == 0, found.generate_report()


def test_one_catalogue_and_one_pick_need_no_filter(browser: Browser, tmp_path: Path) -> None:
    data = content()
    for item in data["items"]:
        item |= {"data": "/data/shop", "picked": "random"}
    data["items"][0]["id"] = "/data/shop: 1"  # an id like any other
    with opened(browser, write_page(small_gallery(tmp_path, **data))) as page:
        assert ids(page)[0] == "/data/shop: 1"
        for name in ("catalogue", "pick"):
            assert not page.locator(f"#{name}").is_visible()
        assert "picked" not in page.locator(".card .meta").first.inner_text()
        page.locator(".card a").first.click()
        assert page.locator("#picked").inner_text() == "Picked: random"


def test_an_id_is_unique_in_its_catalogue(tmp_path: Path) -> None:
    data = origins()
    data["items"][2]["id"] = data["items"][0]["id"]
    with pytest.raises(InputError, match=r"items\[2\]\.id: expected an id that no other item"):
        write_page(write_content(tmp_path, data))
    data = json.loads(json.dumps(origins()))
    data["about"]["catalogues"]["/data/one/shop"]["ways"]["drift"] = 3
    with pytest.raises(InputError, match=r"ways\.drift: expected a text, got '3'"):
        write_page(write_content(tmp_path, data))
