"""MicroLens-50k and -100k: pairs, titles and covers of short videos."""

from __future__ import annotations

from pathlib import Path

from recsys.data.importers.files import left_out, one_file, optional_file, pictures_by_id
from recsys.data.importers.items import by_id, read_items
from recsys.data.importers.log import LogFormat, LogReader
from recsys.data.importers.source import Reading, Source, SourceItem
from recsys.data.tables import Layout

EXPECTED = "*_pairs.csv, *_titles.csv or *_title_en.csv, covers as <item>.jpg in a folder"
PREPARED = False

_PAIRS = ("_pairs.csv",)
_TITLES = ("_titles.csv", "_title.csv", "_titles_en.csv", "_title_en.csv")
_NAMES = {"userID": "user", "user_id": "user", "videoID": "item", "itemID": "item",
          "item_id": "item", "video": "item"}  # fmt: skip


def matches(names: list[str]) -> bool:
    """Tell by a folder's entries whether it is in this format."""
    return any(name.endswith(_PAIRS) for name in names)


def read(folder: Path, reading: Reading) -> Source:
    """Read pairs, titles and covers; headers may be missing, titles and covers too.

    The items are those of the titles, in their order, then the others of the pairs, by number.

    Raises InputError as `LogReader` and `read_items` do.
    """
    strangers = reading.options.strangers
    pairs = one_file(folder, _PAIRS, "file of pairs")
    titles = optional_file(folder, _TITLES, "file of titles")
    if titles is None:
        reading.note("no file of titles: the items have no text")
    # A title may hold commas that nobody quoted.
    layout = Layout(header="maybe", names=_NAMES, strangers=strangers, rest=True)
    texts = read_items([titles] if titles else [], ("item", "title"), layout, reading)
    items = {fields[0]: place for place, fields in enumerate(texts)}
    title_of = {fields[0]: fields[1] for fields in texts}
    form = LogFormat(
        required=("user", "item"),
        optional=("timestamp",),
        roles={"user": "user", "item": "item", "time": "timestamp"},
        layout=Layout(header="maybe", names=_NAMES, strangers=strangers),
    )
    reader = LogReader(form, reading, items)
    log = reader.read([pairs])
    order, log = by_id(items, log, len(texts))
    covers, entry = pictures_by_id(folder, items, reading.notes)
    for line in left_out(folder, [pairs.name, *([titles.name] if titles else []), entry]):
        reading.note(line)
    return Source(
        name=pairs.name.removesuffix("_pairs.csv") or folder.name,
        items=[
            SourceItem(item_id, title_of.get(item_id, ""), image=covers.get(item_id))
            for item_id in order
        ],
        user_ids=list(reader.users),
        log=log,
    )
