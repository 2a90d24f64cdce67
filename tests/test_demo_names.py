"""The demo catalogue with other parameters, by name."""

from __future__ import annotations

from pathlib import Path

import pytest

import becam
from becam.catalogues import open_catalogue
from becam.progress import Reporter
from becam.workspace import Workspace
from recsys.data.demo.config import DemoConfig
from recsys.data.demo.names import demo_config, demo_name, is_demo
from recsys.errors import InputError

SMALL = "demo:items=30,users=40,size=96"


def test_a_name_is_read_and_written_back_in_its_shortest_form() -> None:
    assert demo_config("demo") == DemoConfig()
    config = demo_config("demo:interactions=20, correlation=0.90")
    assert config == DemoConfig(correlation=0.9, interactions=(20, 20))
    assert demo_name(config) == "demo:correlation=0.9,interactions=20"
    assert demo_name(demo_config("demo:interactions=5-10,seed=0")) == "demo"
    assert demo_name(demo_config("demo:interactions=3-4,correlation=1")) == (
        "demo:correlation=1,interactions=3-4"
    )
    assert demo_config(demo_name(demo_config("demo:seed=7,items=50"))).seed == 7
    assert [is_demo(each) for each in ("demo", "demo:items=5", "demos", "./demo")] == [
        *(True, True, False, False)
    ]


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("demo:", "'demo:': expected 'demo' or 'demo:KEY=VALUE,...'"),
        (
            "demo:corelation=1",
            "unknown parameter of the demo catalogue 'corelation'; .*correlation",
        ),
        ("demo:taste=1", "unknown parameter of the demo catalogue 'taste'"),
        ("demo:items", "expected KEY=VALUE with commas between them.* not 'items'"),
        ("demo:items=5,items=6", "'items' is given twice"),
        ("demo:items=many", "items must be a whole number, got 'many'"),
        ("demo:correlation=2", r"correlation must be within 0..1, got '2.0'"),
        ("demo:correlation=nan", r"correlation must be within 0..1"),
        ("demo:interactions=5-", "interactions must be a whole number or LEAST-MOST, got '5-'"),
        ("demo:interactions=9-5", "interactions must be least and most"),
        ("demo:users=0", "users must be at least 1"),
    ],
)
def test_a_wrong_name_is_refused_in_a_line(name: str, message: str) -> None:
    with pytest.raises(InputError, match=message) as caught:
        demo_config(name)
    assert "\n" not in str(caught.value)


def test_fewer_interactions_are_among_the_more_and_the_pictures_stay(tmp_path: Path) -> None:
    opened = [
        open_catalogue(name, Workspace(tmp_path), Reporter(quiet=True))
        for name in (f"{SMALL},interactions=4", f"{SMALL},interactions=8")
    ]
    few, many = (
        set(zip(each.interactions.users.tolist(), each.interactions.items.tolist(), strict=True))
        for each in opened
    )
    assert len(few) == 40 * 4
    assert few < many
    for one, other in zip(opened[0].items, opened[1].items, strict=True):
        assert one.image is not None
        assert other.image is not None
        assert one.image.read_bytes() == other.image.read_bytes()
    assert opened[0].name == "demo:items=30,users=40,size=96,interactions=4"


def test_correlation_changes_the_pictures_and_neither_items_nor_interactions(
    tmp_path: Path,
) -> None:
    opened = [
        open_catalogue(name, Workspace(tmp_path), Reporter(quiet=True))
        for name in (f"{SMALL},correlation=0", f"{SMALL},correlation=1")
    ]
    one, other = (each.interactions for each in opened)
    assert (one.users == other.users).all()
    assert (one.items == other.items).all()
    assert [each.category for each in opened[0].items] == [
        each.category for each in opened[1].items
    ]
    first = opened[0].items[0].image
    second = opened[1].items[0].image
    assert first is not None
    assert second is not None
    assert first.read_bytes() != second.read_bytes()


def test_the_plain_name_is_the_catalogue_that_it_was(tmp_path: Path) -> None:
    from dataclasses import asdict

    from recsys.data.demo.config import GENERATOR
    from recsys.hashing import content_key

    key = content_key({"generator": GENERATOR, **asdict(demo_config("demo"))})
    assert key.startswith("4d4ffa665957e384")  # as it was before there were parameters
    with pytest.raises(InputError, match="demo catalogue: items must be at least 1"):
        becam.explain(item="1", data="demo:items=0", cache=tmp_path, reporter=Reporter(quiet=True))
