"""H&M Personalized Fashion Recommendations: transactions, articles and pictures."""

from __future__ import annotations

from pathlib import Path

from recsys.data.importers.files import entries, left_out
from recsys.data.importers.items import read_items
from recsys.data.importers.log import LogFormat, LogReader
from recsys.data.importers.source import Placed, Reading, Source, SourceItem
from recsys.data.tables import Layout, display
from recsys.errors import InputError, shown

EXPECTED = "transactions_train.csv, articles.csv, images/0XX/0XXXXXXXXX.jpg"
PREPARED = False

_LOG, _ITEMS, _IMAGES = "transactions_train.csv", "articles.csv", "images"
_DIGITS = 10
_ARTICLES = (
    "product_code", "product_type_no", "product_group_name", "graphical_appearance_no",
    "graphical_appearance_name", "colour_group_code", "colour_group_name",
    "perceived_colour_value_id", "perceived_colour_value_name", "perceived_colour_master_id",
    "perceived_colour_master_name", "department_no", "department_name", "index_code",
    "index_name", "index_group_no", "index_group_name", "section_no", "section_name",
    "garment_group_no", "garment_group_name",
)  # fmt: skip


def matches(names: list[str]) -> bool:
    """Tell by a folder's entries whether it is in this format."""
    return _LOG in names


def read(folder: Path, reading: Reading) -> Source:
    """Read articles, transactions and the names of the pictures.

    An item's title is the product's name and, after a full stop, its description; its category
    is the product type. Customers' data are not read.

    Raises InputError for an article_id that lost its leading zero, and as `LogReader` and
    `read_items` do.
    """
    names = entries(folder)
    for name in (_LOG, _ITEMS):
        if name not in names:
            raise InputError(f"{display(folder)} has no {name}; expected {EXPECTED}")
    strangers = reading.options.strangers
    articles = read_items(
        [folder / _ITEMS],
        ("article_id", "prod_name"),
        Layout(known=_ARTICLES, strangers=strangers),
        reading,
        optional=("product_type_name", "detail_desc"),
        id_problem=_id_problem,
    )
    form = LogFormat(
        required=("t_dat", "customer_id", "article_id"),
        roles={"user": "customer_id", "item": "article_id", "time": "t_dat"},
        layout=Layout(known=("price", "sales_channel_id"), strangers=strangers),
        item_problem=_id_problem,
        table=_ITEMS,
    )
    reader = LogReader(form, reading, {fields[0]: at for at, fields in enumerate(articles)})
    log = reader.read([folder / _LOG])
    for line in left_out(folder, (_LOG, _ITEMS, _IMAGES)):
        reading.note(line)
    pictures = _pictures(folder / _IMAGES)
    return Source(
        name=folder.name,
        items=[
            SourceItem(article, _title(name, about), kind, pictures.get(article))
            for article, name, kind, about in articles
        ],
        user_ids=list(reader.users),
        log=log,
    )


def _id_problem(article: str) -> str:
    if article.isascii() and article.isdigit() and len(article) == _DIGITS:
        return ""
    lost = article.isdigit() and len(article) == _DIGITS - 1
    hint = " (its leading zero is lost: was the file saved by another program?)" if lost else ""
    return f"{shown(article)}, expected {_DIGITS} digits{hint}"


def _title(name: str, about: str) -> str:
    return ". ".join(part for part in (name.strip(), about.strip()) if part)


def _pictures(images: Path) -> dict[str, Placed]:
    """Find ``0XX/0XXXXXXXXX.jpg``, a look per folder."""
    found: dict[str, Placed] = {}
    for inner in entries(images) if images.is_dir() else []:
        if not (images / inner).is_dir():
            continue
        for name in entries(images / inner):
            article = name.removesuffix(".jpg")
            if article != name and article.startswith(inner):
                found[article] = Placed(images / inner / name, f"images/{inner}/{name}")
    return found
