"""The gallery's page as a file: what is refused, what is in it, how large it is."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

from becam.galleries.page import write_page
from recsys.errors import InputError
from tests.page_galleries import EVIL, NOTHING, content, large_content, write_content


def embedded(page: Path) -> Any:
    found = re.search(
        r'<script type="application/json" id="data">(.*?)</script>', page.read_text("utf-8")
    )
    assert found
    return json.loads(found[1])


def changed(path: str, value: Any) -> dict[str, Any]:
    """A gallery.json with one value exchanged; the path's parts are joined by points."""
    data = json.loads(json.dumps(content()))
    *way, last = path.split(".")
    place: Any = data
    for part in way:
        place = place[int(part) if part.isdigit() else part]
    place[int(last) if last.isdigit() else last] = value
    return data


def test_the_same_gallery_gives_the_same_bytes(tmp_path: Path) -> None:
    pages = [write_page(write_content(tmp_path / name, content())) for name in "ab"]
    assert pages[0] == tmp_path / "a" / "index.html"
    assert pages[0].read_bytes() == pages[1].read_bytes()
    assert sorted(path.name for path in pages[0].parent.iterdir()) == ["gallery.json", "index.html"]


def test_nothing_from_the_data_can_leave_its_script_element(tmp_path: Path) -> None:
    data = changed("title", EVIL)
    data["about"][EVIL] = EVIL
    data["columns"][0]["model"] = EVIL
    data["failures"][0]["message"] = EVIL
    text = write_page(write_content(tmp_path, data)).read_text("utf-8")
    assert text.count("<script") == 2
    assert text.count("</script") == 2
    assert "<img src=x" not in text
    assert "\u2028" not in text[text.index("<script") :]


def test_placeholders_in_the_data_are_not_filled(tmp_path: Path) -> None:
    page = write_page(write_content(tmp_path, changed("items.0.title", "{{script}}")))
    assert embedded(page)["items"][0][1] == "{{script}}"
    titled = write_page(write_content(tmp_path, changed("title", "{{data}}")))
    assert "<title>{{data}}</title>" in titled.read_text("utf-8")


def test_a_lone_surrogate_in_a_title_is_written(tmp_path: Path) -> None:
    data = json.dumps(content()).replace("Red shoe", "Red \\ud83d shoe")
    (tmp_path / "gallery.json").write_text(data.replace("Before &", "\\ud83d Before"))
    assert "\\ud83d shoe" in write_page(tmp_path).read_text("utf-8")


def test_warnings_and_values_are_packed_without_loss(tmp_path: Path) -> None:
    packed = embedded(write_page(write_content(tmp_path, content())))
    template, *numbers = packed["items"][0][8][2]
    parts = packed["warnings"][template].split("\0")
    whole = "".join(part + (numbers[i] if i < len(numbers) else "") for i, part in enumerate(parts))
    assert whole == NOTHING
    assert len(packed["warnings"]) == 1
    assert packed["items"][0][7][4:8] == [0.4, 0.2, 0.8, 0.1235]
    assert packed["items"][5][7][0] is None


def test_two_thousand_items_are_below_three_megabytes(tmp_path: Path) -> None:
    page = write_page(write_content(tmp_path, large_content(2000)))
    assert page.stat().st_size < 3e6


def test_a_gallery_without_items_has_a_page(tmp_path: Path) -> None:
    data = {"schema": 1, "becam": "0.1.0", "kind": "table", "name": "table1", "title": None}
    page = write_page(write_content(tmp_path, {**data, "figures": ["figures/t.png"]}))
    assert "<title>table1</title>" in page.read_text("utf-8")


@pytest.mark.parametrize(
    ("path", "value", "message"),
    [
        ("schema", 2, "gallery.json: schema: expected schema 1, got '2'"),
        ("name", None, "gallery.json: name: expected a text, got null"),
        ("items", {}, "gallery.json: items: expected a list, got '{}'"),
        ("items.3.width", 0, "gallery.json: items[3].width: expected a whole number from 1"),
        ("items.3.width", True, "items[3].width: expected a whole number, got 'True'"),
        ("items.3.outline", 1, "items[3].outline: expected true or false, got '1'"),
        ("items.1.id", "a1", "items[1].id: expected an id that no other item has, got 'a1'"),
        ("items.2.values", [[]], "items[2].values: expected 5 columns, got 1"),
        ("items.2.values.1", [0.1], "items[2].values[1]: expected 4 metrics, got 1"),
        ("items.2.values.1.0", "0.1", "items[2].values[1][0]: expected a number, got '0.1'"),
        ("items.2.warnings.4", 3, "items[2].warnings[4]: expected a text, got '3'"),
        ("columns.1.role", "beside", "columns[1].role: expected 'before' or 'after'"),
        ("columns.1.before", 9, "columns[1].before: expected the position of one of 5 columns"),
        ("columns.1.model", "bm3", "columns[1]: expected one column an encoder and model"),
        ("metrics.1.key", "drift", "metrics[1].key: expected a key that no other metric has"),
        ("metrics.1.better", "up", "metrics[1].better: expected 'lower', 'higher' or null"),
        ("about.limit", 0, "about.limit: expected a number above 0, got '0'"),
        ("figures.0", "javascript:alert(1)", "figures[0]: expected a path inside the gallery's"),
        ("figures.0", "https://a/b.png", "figures[0]: expected a path inside the gallery's"),
        ("figures.0", "../other.pdf", "figures[0]: expected a path inside the gallery's"),
        ("figures.0", "/etc/passwd", "figures[0]: expected a path inside the gallery's"),
    ],
)
def test_wrong_values_are_named_in_one_line(
    tmp_path: Path, path: str, value: Any, message: str
) -> None:
    with pytest.raises(InputError) as caught:
        write_page(write_content(tmp_path, changed(path, value)))
    assert message in str(caught.value)
    assert "\n" not in str(caught.value)
    assert not (tmp_path / "index.html").exists()


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("{", "is not valid JSON"),
        ('{"schema": NaN}', "NaN is no JSON number"),
        ("[" * 100_000, "is not valid JSON"),
        ("\udce9", "is not valid JSON"),
        ("[]", "gallery.json: expected an object, got '[]'"),
    ],
)
def test_a_file_that_is_no_gallery_is_refused(tmp_path: Path, text: str, message: str) -> None:
    (tmp_path / "gallery.json").write_bytes(text.encode("utf-8", "surrogateescape"))
    with pytest.raises(InputError, match=re.escape(message)):
        write_page(tmp_path)


def test_a_folder_without_a_gallery_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"holds no gallery\.json"):
        write_page(tmp_path)
