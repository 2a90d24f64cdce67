"""Queries over the columns of items."""

from __future__ import annotations

import pytest

from becam.galleries.items.query import compile_query
from recsys.errors import InputError

ROW = {
    "item_id": "007",
    "category": "shoes",
    "title": "a red shoe",
    "interactions": 12,
    "price": "19.90",
    "brand": None,
    "has_mask": True,
}


@pytest.mark.parametrize(
    ("query", "holds"),
    [
        ('category == "shoes"', True),
        ("category != 'shoes'", False),
        ("category in ['bag', 'shoes']", True),
        ("category not in ('bag', 'shoes')", False),
        ("'red' in title and not 'blue' in title", True),
        ("interactions >= 12", True),
        ("10 < interactions < 12", False),
        ("price < 20", True),
        ("price == '19.90'", True),
        ("price > -1", True),
        ("interactions in [11, 12]", True),
        ("has_mask == True", True),
        ("category == 'bag' or (has_mask and interactions > 3)", True),
        ("item_id == '7'", False),
        ("item_id == 7", True),
        ("brand == 'x'", False),
        ("brand != 'x'", True),
        ("brand < 3", False),
        ("'x' in brand", False),
        ("category < 3", False),
        ("category in []", False),
    ],
)
def test_what_a_query_finds(query: str, holds: bool) -> None:
    assert bool(compile_query(query, tuple(ROW))(ROW)) is holds


@pytest.mark.parametrize(
    "query",
    [
        *("", "category", "'shoes'", "3", "category = 'shoes'", "category == ", "len(title) > 3"),
        *("title.upper() == 'A'", "__import__('os').system('true') == 0", "title[0] == 'a'"),
        *("[x for x in title] == []", "(lambda: 1)() == 1", "interactions + 1 > 2"),
        *("title is None", "f'{title}' == 'a'", "not " * 600 + "has_mask", "category == b'x'"),
        *("(" * 900 + "1" + ")" * 900 + " == 1", "a" * 3000),
    ],
)
def test_what_is_no_query_is_refused_in_a_line(query: str) -> None:
    with pytest.raises(InputError) as caught:
        compile_query(query, tuple(ROW))
    assert "\n" not in str(caught.value)


def test_an_unknown_column_names_the_nearest() -> None:
    with pytest.raises(InputError, match="did you mean category"):
        compile_query("categroy == 'shoes'", tuple(ROW))
    with pytest.raises(InputError, match="texts stand in quotes"):
        compile_query("category == zzzz", tuple(ROW))
