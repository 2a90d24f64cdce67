r"""Tmall's release 140281: a product table and a log, fields separated by \x01, pictures."""

from __future__ import annotations

from pathlib import Path

from recsys.data.importers.files import entries, left_out, pictures_by_id
from recsys.data.importers.items import read_items
from recsys.data.importers.log import LogFormat, LogReader
from recsys.data.importers.source import Reading, Source, SourceItem
from recsys.data.tables import Layout, display
from recsys.errors import InputError

EXPECTED = r"*product* and *log* (.txt or .csv, fields separated by \x01), pictures by item id"
PREPARED = False

_MARK = "\x01"
_ENDINGS = (".txt", ".csv")


def matches(names: list[str]) -> bool:
    """Tell by a folder's entries whether it is in this format."""
    return bool(_named(names, "product") and _named(names, "log"))


def read(folder: Path, reading: Reading) -> Source:
    r"""Read the product table, the log (one file or several, by name) and the pictures.

    Headers may be missing. ``--actions`` chooses the kinds of rows (such as click, collect,
    cart, alipay) that count as interactions; all do without it.

    Raises InputError as `LogReader` and `read_items` do.
    """
    names = entries(folder)
    tables, logs = _named(names, "product"), _named(names, "log")
    for found, what in ((tables, "product table (*product*)"), (logs, "log (*log*)")):
        if not found:
            raise InputError(f"{display(folder)} has no {what}; expected {EXPECTED}")
    layout = Layout(
        delimiter=_MARK, quotes=False, header="maybe", strangers=reading.options.strangers
    )
    columns = ("item_id", "title", "pict_url", "category", "brand_id", "seller_id")
    products = read_items([folder / name for name in tables], columns, layout, reading)
    form = LogFormat(
        required=("item_id", "user_id", "action", "vtime"),
        roles={"user": "user_id", "item": "item_id", "time": "vtime", "action": "action"},
        layout=layout,
        table=" and ".join(tables),
    )
    items = {fields[0]: place for place, fields in enumerate(products)}
    reader = LogReader(form, reading, items)
    log = reader.read([folder / name for name in logs])
    pictures, entry = pictures_by_id(folder, items, reading.notes)
    for line in left_out(folder, (*tables, *logs, entry)):
        reading.note(line)
    return Source(
        name=folder.name,
        items=[
            SourceItem(fields[0], fields[1], fields[3], pictures.get(fields[0]))
            for fields in products
        ],
        user_ids=list(reader.users),
        log=log,
    )


def _named(names: list[str], what: str) -> list[str]:
    return [name for name in names if what in name.lower() and name.endswith(_ENDINGS)]
