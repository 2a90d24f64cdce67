"""Small sources in the exact layouts of the raw releases."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from recsys.data import import_catalogue
from recsys.errors import InputError

Pair = tuple[int, int]

HM_COLUMNS = (
    "article_id,product_code,prod_name,product_type_no,product_type_name,product_group_name,"
    "graphical_appearance_no,graphical_appearance_name,colour_group_code,colour_group_name,"
    "perceived_colour_value_id,perceived_colour_value_name,perceived_colour_master_id,"
    "perceived_colour_master_name,department_no,department_name,index_code,index_name,"
    "index_group_no,index_group_name,section_no,section_name,garment_group_no,"
    "garment_group_name,detail_desc"
)
MARK = "\x01"


def picture(path: Path, shade: int = 0) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.new("RGB", (4, 3), (shade % 256, 0, 0)).save(path)


def some_pairs(users: int = 12, items: int = 8, per_user: int = 5, seed: int = 0) -> list[Pair]:
    """Distinct pairs, those of one user together."""
    rng = np.random.default_rng(seed)
    return [
        (user, int(item)) for user in range(users) for item in rng.permutation(items)[:per_user]
    ]


def mmrec(
    folder: Path,
    pairs: Sequence[Pair] = (),
    *,
    header: str = "userID\titemID\trating\ttimestamp\tx_label",
    end: str = "\n",
    features: Sequence[str] = ("image_feat", "text_feat"),
) -> Path:
    """NAME.inter with the columns of ``header``, and features."""
    folder.mkdir(parents=True, exist_ok=True)
    pairs = pairs or some_pairs()
    lines = [header]
    seen: dict[int, int] = {}
    for place, (user, item) in enumerate(pairs):
        at = seen[user] = seen.get(user, -1) + 1
        label = {0: "2", 1: "1"}.get(at, "0")
        fields = {"userID": user, "itemID": item, "rating": 5.0, "timestamp": 1000 + place}
        fields["x_label"] = label
        lines.append("\t".join(str(fields.get(name, "?")) for name in header.split("\t")))
    (folder / f"{folder.name}.inter").write_bytes((end.join(lines) + end).encode())
    n_items = max(item for _, item in pairs) + 1
    for place, name in enumerate(features):
        values = np.arange(n_items * (place + 2)).reshape(n_items, -1)
        np.save(folder / f"{name}.npy", values.astype(["f4", "f8"][place % 2]))
    return folder


def microlens(
    folder: Path,
    pairs: Sequence[Pair] = (),
    *,
    header: str = "user,item,timestamp",
    title_file: str = "MicroLens-50k_titles.csv",
    title_header: str = "item,title",
    end: str = "\n",
) -> Path:
    """MicroLens: pairs, titles, covers; items from 1 on."""
    folder.mkdir(parents=True, exist_ok=True)
    pairs = pairs or some_pairs()
    lines = [header] if header else []
    lines += [f"{u},{i + 1},{1_583_378_629_552 + at}" for at, (u, i) in enumerate(pairs)]
    (folder / "MicroLens-50k_pairs.csv").write_bytes((end.join(lines) + end).encode())
    items = sorted({item + 1 for _, item in pairs})
    lines = [title_header] if title_header else []
    lines += [f'{item},"Video {item}, the ""best"" #fun"' for item in items]
    (folder / title_file).write_bytes((end.join(lines) + end).encode())
    for item in items:
        picture(folder / "MicroLens-50k_covers" / f"{item}.jpg", item)
    return folder


def article(item: int) -> str:
    return f"{108_775_015 + 1_000_000 * item:010d}"


def hm(folder: Path, pairs: Sequence[Pair] = (), *, end: str = "\n") -> Path:
    """H&M: transactions, articles with their 25 columns, pictures by the first three digits."""
    folder.mkdir(parents=True, exist_ok=True)
    pairs = pairs or some_pairs()
    lines = ["t_dat,customer_id,article_id,price,sales_channel_id"]
    lines += [
        f"2018-09-{20 + at % 10},{user:064x},{article(item)},0.0508305084745762,2"
        for at, (user, item) in enumerate(pairs)
    ]
    (folder / "transactions_train.csv").write_bytes((end.join(lines) + end).encode())
    lines = [HM_COLUMNS]
    for item in sorted({item for _, item in pairs}):
        fields = ["x"] * 25
        fields[0], fields[2], fields[4] = article(item), f"Strap top {item}", "Vest top"
        fields[24] = '"Jersey top, with narrow straps."' if item else ""
        lines.append(",".join(fields))
        picture(folder / "images" / article(item)[:3] / f"{article(item)}.jpg", item)
    (folder / "articles.csv").write_bytes((end.join(lines) + end).encode())
    return folder


def tmall(
    folder: Path,
    pairs: Sequence[Pair] = (),
    *,
    header: bool = True,
    time: str = "2014-06-10 18:54:31",
    end: str = "\n",
) -> Path:
    """Tmall's product table and log in two parts, pictures by item id."""
    folder.mkdir(parents=True, exist_ok=True)
    pairs = pairs or some_pairs()
    actions = ("click", "collect", "cart", "alipay")
    rows = [
        MARK.join((str(500 + item), f"u{user}", actions[at % 4], time))
        for at, (user, item) in enumerate(pairs)
    ]
    top = [MARK.join(("item_id", "user_id", "action", "vtime"))] if header else []
    for name, part in (("parta", rows[::2]), ("partb", rows[1::2])):
        path = folder / f"tianchi_2014001_rec_tmall_log_{name}.txt"
        path.write_bytes((end.join([*top, *part]) + end).encode())
    columns = ("item_id", "title", "pict_url", "category", "brand_id", "seller_id")
    lines = [MARK.join(columns)] if header else []
    for item in sorted({item for _, item in pairs}):
        title = f'Ladies" dress, {item}'  # a lone quote is a character as any other here
        lines.append(MARK.join((str(500 + item), title, f"img/{item}.jpg", "50", "b1", "s1")))
        picture(folder / "pictures" / f"{500 + item}.jpg", item)
    path = folder / "tianchi_2014002_rec_tmall_product.txt"
    path.write_bytes((end.join(lines) + end).encode())
    return folder


def catalogue(folder: Path, pairs: Sequence[Pair] = ()) -> Path:
    """A catalogue folder with masks, labels, features and an item without picture and text."""
    folder.mkdir(parents=True, exist_ok=True)
    pairs = pairs or some_pairs()
    items = sorted({item for _, item in pairs})
    lines = ["item_id,image,title,category,mask"]
    for item in items:
        if item == items[0]:
            lines.append(f"i{item},,,Nothing,")
            continue
        lines.append(f"i{item},images/{item}.png,Thing {item},Things,masks/{item}.png")
        for kind in ("images", "masks", "labels"):
            picture(folder / kind / f"{item}.png", item)
    (folder / "items.csv").write_text("\n".join(lines) + "\n")
    (folder / "labels.json").write_text('{"schema": 1, "legend": {"1": "product/body"}}')
    rows = [f"u{user},i{item},{10 + at}" for at, (user, item) in enumerate(pairs)]
    (folder / "interactions.csv").write_text("\n".join(["user_id,item_id,timestamp", *rows]) + "\n")
    (folder / "features").mkdir(exist_ok=True)
    values = np.arange(len(items) * 3, dtype=np.float32).reshape(-1, 3)
    np.save(folder / "features" / "audio.npy", values)
    return folder


def refusal(source: Path, out: Path, **options: object) -> str:
    """Import what is to be refused; return the one line that it says."""
    with pytest.raises(InputError) as caught:
        import_catalogue(source, out, **options)
    message = str(caught.value)
    assert "\n" not in message
    assert len(message) < 900
    return message


def everything(folder: Path) -> dict[str, bytes]:
    """All files of a folder, by their paths in it."""
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


MAKERS = {
    "catalogue": catalogue,
    "mmrec": mmrec,
    "microlens": microlens,
    "hm": hm,
    "tmall": tmall,
}
