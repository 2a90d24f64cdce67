"""The interactive view: in a real browser, twice on a page, and where scripts are blocked."""

from __future__ import annotations

import html
import json
import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from becam.attribution import BeCAM
from becam.explanation import Explanation, Side
from becam.geometry import Geometry
from becam.metrics import mask_metrics
from becam.target import Target
from becam.view.layers import heat, outline, overlay
from recsys.errors import InputError
from tests.chromium import chromium
from tests.small import SmallEncoder, noise_picture

torch = pytest.importorskip("torch")
SCRIPT = "</script><script>document.title='broken'</script>"
HOSTILE = f"\"'><img src=x onerror=document.title='broken'>{SCRIPT}"


def explanation(*, sides: int = 2, title: str = "a lamp", item: str = "7") -> Explanation:
    generator = torch.Generator().manual_seed(0)
    cam, picture = BeCAM(SmallEncoder()), noise_picture(60, 40)
    matrices = [torch.randn(4, 5, generator=generator) for _ in range(sides)]
    target = Target(torch.randn(4, generator=generator), "item", item)
    names = ["bm3", "bm3+lora"][:sides]
    found = [
        cam.attribute(picture, lambda z, m=m: z @ m.T, target, model=name)
        for name, m in zip(names, matrices, strict=True)
    ]
    # Nothing speaks against these maps.
    trusted = {"spread": 0.2, "mean_weight": 0.5, "distance": 0.8}
    found = [replace(each, health=replace(each.health, **trusted)) for each in found]
    mask = np.zeros((40, 60), np.bool_)
    mask[10:30, 20:44] = True
    both = [
        Side(role, name, each, mask_metrics(each.on_picture(), each.on_picture(), mask))
        for role, name, each in zip(("before", "after"), names, found, strict=False)
    ]
    return Explanation(item, title, tuple(both), mask, (), (), ())


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    with chromium() as found:
        yield found


def opened(browser: Any, path: Path, **options: Any) -> tuple[Any, list[str]]:
    page = browser.new_context(**options).new_page()
    errors: list[str] = []
    page.on("console", lambda message: errors.append(message.text))
    page.on("pageerror", lambda error: errors.append(str(error)))
    page.on(
        "request", lambda r: None if r.url.startswith(("file:", "data:")) else errors.append(r.url)
    )
    page.goto(path.as_uri())
    return page, errors


def clip(page: Any, place: int) -> str:
    style = page.locator("img.heat").nth(place).evaluate("e => getComputedStyle(e).clipPath")
    assert isinstance(style, str)
    return style


def test_sliding_fading_and_the_outline(browser: Any, tmp_path: Path) -> None:
    path = explanation().view(width=300).save(tmp_path / "view.html")
    page, errors = opened(browser, path)
    divider = page.get_by_label("before ◂▸ after")
    assert clip(page, 0) == "inset(0px 50% 0px 0px)"
    assert clip(page, 1) == "inset(0px 0px 0px 50%)"
    divider.focus()
    page.keyboard.press("Home")
    assert clip(page, 1) == "inset(0px 0px 0px 0%)"  # all of it after
    page.keyboard.press("ArrowRight")
    assert clip(page, 1) == "inset(0px 0px 0px 1%)"
    assert "1 %" in divider.get_attribute("aria-valuetext")

    box = page.locator(".stage").bounding_box()
    assert abs(box["width"] - 300) < 1
    assert abs(box["height"] - 200) < 2  # as the picture, 60 by 40
    y = box["y"] + box["height"] / 2
    page.mouse.move(box["x"] + 0.2 * box["width"], y)
    page.mouse.down()
    page.mouse.move(box["x"] + 0.75 * box["width"], y, steps=3)
    page.mouse.up()
    page.mouse.move(box["x"] + 0.1 * box["width"], y)  # not held any more
    assert divider.input_value() == "75"

    page.get_by_label("map's opacity").fill("0")
    assert page.locator("img.heat").first.evaluate("e => getComputedStyle(e).opacity") == "0"
    lines = page.locator("svg.outline")
    assert lines.is_visible()
    page.get_by_label("product's outline").uncheck()
    assert not lines.is_visible()
    page.get_by_label("picture in colour").check()
    photo = page.locator(".stage > img").first
    assert photo.evaluate("e => getComputedStyle(e).filter") == "none"
    assert page.locator("table").get_by_text("pixel AUC", exact=True).is_visible()
    assert errors == []


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_it_is_accessible(browser: Any, tmp_path: Path, scheme: str) -> None:
    from axe_playwright_python.sync_playwright import Axe

    page, _ = opened(browser, explanation().view().save(tmp_path / "v.html"), color_scheme=scheme)
    page.locator("img.heat").first.wait_for()
    # Of a page, not of something that is put into one.
    found = Axe().run(page, options={"rules": {"page-has-heading-one": {"enabled": False}}})
    assert found.violations_count == 0, found.generate_report()


def test_two_on_one_page_do_not_mix(browser: Any, tmp_path: Path) -> None:
    view = explanation().view()
    assert not re.search(r"\bid=", html.unescape(view.html).split('"style": "')[0])
    path = tmp_path / "two.html"
    # As a notebook does: put in by innerHTML, which runs no script elements.
    path.write_text(
        '<meta charset="utf-8"><body><p>before</p><div></div><div></div><script>'
        f"for (const e of document.querySelectorAll('div')) e.innerHTML = {json.dumps(view.html)}"
        "</script></body>"
    )
    page, errors = opened(browser, path)
    dividers = page.get_by_label("before ◂▸ after")
    dividers.nth(1).wait_for()
    assert dividers.count() == 2
    dividers.nth(1).fill("20")
    assert (dividers.nth(0).input_value(), clip(page, 0)) == ("50", "inset(0px 50% 0px 0px)")
    assert clip(page, 2) == "inset(0px 80% 0px 0px)"
    # The view's style stays in the view.
    assert page.locator("p").first.evaluate("e => getComputedStyle(e).borderLeftWidth") == "0px"
    assert errors == []


def test_pages_that_demand_trusted_types_show_it_too(browser: Any, tmp_path: Path) -> None:
    path = explanation().view().save(tmp_path / "view.html")
    policy = "require-trusted-types-for 'script'"
    strict = f'<meta http-equiv="Content-Security-Policy" content="{policy}">'
    path.write_text(path.read_text(encoding="utf-8").replace("<title>", f"{strict}<title>"))
    page, errors = opened(browser, path)
    page.get_by_label("before ◂▸ after").wait_for()
    assert errors == []


def test_without_scripts_both_maps_stand_beside_each_other(browser: Any, tmp_path: Path) -> None:
    warned = explanation(title="a lamp")
    path = replace(warned, notes=("no interactions",)).view().save(tmp_path / "view.html")
    page, _ = opened(browser, path, java_script_enabled=False)
    pictures = page.locator("img")
    assert pictures.count() == 2
    boxes = [pictures.nth(place).bounding_box() for place in range(2)]
    assert boxes[0]["width"] > 100
    assert boxes[1]["x"] > boxes[0]["x"] + 100
    for text in ("before: bm3", "after: bm3+lora", "no interactions"):
        assert page.get_by_text(text, exact=True).is_visible()


def test_one_side_has_no_divider(browser: Any, tmp_path: Path) -> None:
    page, errors = opened(browser, explanation(sides=1).view().save(tmp_path / "one.html"))
    page.get_by_label("map's opacity").wait_for()
    assert page.get_by_label("before ◂▸ after").count() == 0
    assert clip(page, 0) == "none"
    assert errors == []


def doubtful() -> Explanation:
    """An explanation whose map after the adapter is the unweighted one."""
    found = explanation()
    before, after = found.sides
    equal = replace(after.attribution.health, spread=1e-5, mean_weight=1.0)
    attribution = replace(after.attribution, health=equal)
    return replace(found, sides=(before, replace(after, attribution=attribution)))


def test_a_map_that_explains_nothing_is_marked(browser: Any, tmp_path: Path) -> None:
    page, errors = opened(browser, doubtful().view(width=300).save(tmp_path / "view.html"))
    page.get_by_label("before ◂▸ after").fill("30")
    filters = page.locator("img.heat").evaluate_all("es => es.map(e => getComputedStyle(e).filter)")
    assert filters == ["none", "saturate(0.3)"]
    stripes = page.locator(".stripes")
    assert stripes.count() == 1
    style = stripes.evaluate("e => [getComputedStyle(e).backgroundImage, e.style.clipPath]")
    assert "repeating-linear-gradient" in style[0]
    assert style[1] == clip(page, 1) == "inset(0px 0px 0px 30%)"  # as much of them as of the map
    tags = page.locator(".tags")
    assert tags.inner_text() == "before: bm3\nafter: bm3+lora\n⚠ not an explanation"
    assert "after: bm3+lora (not an explanation)" in (
        page.locator(".stage").get_attribute("aria-label")
    )
    assert page.locator(".warning .option").inner_text() == "--weighting contrast"
    box, stage = tags.bounding_box(), page.locator(".stage").bounding_box()
    assert box["y"] + box["height"] <= stage["y"]  # the words leave the picture alone
    assert errors == []
    page, _ = opened(browser, tmp_path / "view.html", java_script_enabled=False)
    assert page.get_by_text("after: bm3+lora (not an explanation)", exact=True).is_visible()


def test_without_scripts_its_map_is_pale_and_striped() -> None:
    picture = np.full((60, 60, 3), 255, np.uint8)
    values = np.full((60, 60), 2.0, np.float32)
    pixels = []
    for mark in (False, True):
        with Image.open(_bytes(overlay(picture, values, 2.0, (60, 60), doubtful=mark))) as drawn:
            pixels.append(np.asarray(drawn.convert("HSV")).astype(int))
    plain, marked = pixels
    assert np.median(marked[..., 1]) < 0.5 * np.median(plain[..., 1])  # saturation
    assert marked[..., 2].std() > 10 > plain[..., 2].std()


def test_text_from_the_data_stays_text(browser: Any, tmp_path: Path) -> None:
    view = replace(explanation(title=HOSTILE, item=HOSTILE), notes=(HOSTILE,)).view()
    page, errors = opened(browser, view.save(tmp_path / "view.html"))
    page.get_by_label("before ◂▸ after").wait_for()
    assert page.title() == f"item {HOSTILE} — {HOSTILE}"
    assert page.locator("img[src=x]").count() == 0
    assert page.locator(".warning").first.inner_text() == HOSTILE
    assert errors == []
    page, _ = opened(browser, tmp_path / "view.html", java_script_enabled=False)
    assert page.locator("img").count() == 2


def test_heat_has_the_scale_s_colours_and_leaves_the_unseen_open() -> None:
    values = np.zeros((20, 30), np.float32)
    values[:, 10:], values[:, 20:] = -2.0, np.nan
    data = heat(values, 2.0, (30, 20))
    with Image.open(_bytes(data)) as drawn:
        pixels = np.asarray(drawn.convert("RGBA"))
    middle, cold, unseen = pixels[5, 3], pixels[5, 14], pixels[:, 22:]
    assert np.abs(middle[:3].astype(int) - 247).max() <= 3  # nearly white, in the middle
    assert cold[2] > 2 * cold[0]
    assert 0.6 < (unseen[..., 3] == 0).mean() < 0.95, "hatched, transparent between"
    assert (pixels[:, :19, 3] == 255).all()


def _bytes(address: str) -> Any:
    import base64
    import io

    return io.BytesIO(base64.b64decode(address.partition(",")[2]))


def test_an_outline_goes_round_every_part_and_hole() -> None:
    mask = np.zeros((30, 30), np.bool_)
    assert outline(mask) == ""
    mask[5:25, 5:25] = True
    assert outline(mask).count("M") == 1
    mask[10:20, 10:20] = False
    assert outline(mask).count("M") == 2


def test_a_large_picture_is_shrunk_for_the_screen() -> None:
    small = explanation()
    attribution = small.before
    large = replace(
        attribution,
        picture=np.zeros((2000, 3000, 3), np.uint8),
        geometry=Geometry((3000, 2000), attribution.geometry.box),
    )
    shown = Explanation("7", "", (Side("before", "bm3", large, None),), None, (), (), ()).view()
    data = json.loads(html.unescape(re.findall(r'data-becam-view="([^"]*)"', shown.html)[0]))
    with Image.open(_bytes(data["photo"])) as photo:
        assert photo.size == (640, 427)
    assert (data["width"], data["height"]) == (3000, 2000)


def test_bad_input_is_a_line(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="at least 100"):
        explanation().view(width=20)
    with pytest.raises(InputError, match=r"\.html"):
        explanation().view().save(tmp_path / "view.png")
