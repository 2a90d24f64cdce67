"""Tiny catalogue folders for the tests."""

from __future__ import annotations

import csv
from collections.abc import Collection
from pathlib import Path

import numpy as np

from tests.small import noise_picture

USERS, ITEMS = 24, 18


def write_csv(path: Path, rows: list[list[str]]) -> None:
    with path.open("w", newline="", encoding="utf-8") as file:
        csv.writer(file).writerows(rows)


def make_shop(
    folder: Path,
    *,
    items: int = ITEMS,
    without_picture: Collection[int] = (),
    without_title: Collection[int] = (),
    split: bool = False,
) -> Path:
    """A catalogue of noise pictures; users of a group like the items of the group.

    Item ids count down, so that no order but that of ``items.csv`` is right.
    """
    (folder / "images").mkdir(parents=True)
    names = [f"i{items - place}" for place in range(items)]
    rows = [["item_id", "image", "title"]]
    for place, name in enumerate(names):
        image = f"images/{place}.png"
        if place in without_picture:
            image = ""
        else:
            noise_picture(32, 24, seed=place).save(folder / image)
        rows.append([name, image, "" if place in without_title else "x" * (place + 1)])
    write_csv(folder / "items.csv", rows)

    rng = np.random.default_rng(0)
    pairs = [["user_id", "item_id"] + (["split"] if split else [])]
    for user in range(USERS):
        group = np.arange(user % 3, items, 3)
        for place, item in enumerate(rng.permutation(group)[:5]):
            part = [["train", "train", "train", "valid", "test"][place]] if split else []
            pairs.append([f"u{user}", names[item], *part])
    write_csv(folder / "interactions.csv", pairs)
    return folder
