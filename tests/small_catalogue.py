"""A catalogue folder of two items, and how it is refused."""

import pytest
from PIL import Image

from recsys.data.catalogue import load_catalogue
from recsys.errors import InputError

ITEMS = "item_id,image,title\n007,images/7.png,A lamp\n7,images/8.png,\n"
INTERACTIONS = "user_id,item_id\nu2,7\nu1,007\nu1,7\n"


def build(folder, items=ITEMS, interactions=INTERACTIONS, pictures=("7", "8")):
    folder.mkdir(exist_ok=True)
    for name, text in (("items.csv", items), ("interactions.csv", interactions)):
        if text is not None:
            (folder / name).write_bytes(text if isinstance(text, bytes) else text.encode())
    (folder / "images").mkdir(exist_ok=True)
    for index, name in enumerate(pictures):
        Image.new("RGB", (4, 3), (index, 0, 0)).save(folder / "images" / f"{name}.png")
    return folder


def refusal(folder):
    with pytest.raises(InputError) as caught:
        load_catalogue(folder)
    message = str(caught.value)
    assert "\n" not in message
    return message
