"""Small galleries' folders for tests of the page, and what is done on it again and again."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

from PIL import Image

if TYPE_CHECKING:
    from playwright.sync_api import Page

EVIL = '</script><script>window.hit=1</script><img src=x onerror="window.hit=1">\u2028"\'&'
NOTHING = (
    "the weights are nearly equal (spread 0.00031 around 0.998): this is the unweighted "
    "activation map, not an explanation; try --weighting contrast"
)
COLUMNS = [
    {"encoder": "demo-vit", "model": "bm3", "role": "before", "before": None},
    {"encoder": "demo-vit", "model": "bm3+lora", "role": "after", "before": 0},
    {"encoder": "demo-vit", "model": "bm3+befa", "role": "after", "before": 0},
    {"encoder": "demo-rn", "model": "bm3", "role": "before", "before": None},
    {"encoder": "demo-rn", "model": "bm3+befa", "role": "after", "before": 3},
]
METRICS = [
    {"key": "drift", "label": "drift", "better": "lower"},
    {"key": "omission", "label": "omission", "better": "lower"},
    {"key": "auc", "label": "pixel AUC", "better": "higher"},
    {"key": "spread", "label": "spread of the weights"},
]
# (id, title, category, drift before, drift after LoRA)
ITEMS = [
    ("a1", "Red shoe", "shoes", 0.50, 0.40),
    ("a2", "Blue shoe with a very long title " * 20, "shoes", 0.30, 0.45),
    ("b1", EVIL, "bags & <b>more</b>", 0.80, 0.20),
    ("b2", "كرسي خشبي مع وسادة حمراء", "bags & <b>more</b>", 0.60, 0.61),
    ("c1", "Café chair", None, 0.10, 0.05),
    ("c2", "", "chairs", None, None),
]


def content(**changes: Any) -> dict[str, Any]:
    """Return a gallery.json of six items, two encoders and five columns."""
    items = []
    for index, (item_id, title, category, before, after) in enumerate(ITEMS):
        row = [before, 0.25, 0.75, 0.1]
        lora = [after, 0.2, 0.8, 0.123456]
        befa = [0.7, 0.9, 0.5, 0.00031]
        items.append(
            {
                "id": item_id,
                "title": title,
                "category": category,
                "interactions": 5 + index,
                "width": 40,
                "height": 30,
                "outline": index != 1,
                "values": [row, lora, befa, row, befa],
                "warnings": [None, None, NOTHING, None, None],
            }
        )
    return {
        "schema": 1,
        "becam": "0.1.0",
        "kind": "items",
        "name": "test",
        "title": "Before & after <the> adapter",
        "about": {
            "data": "demo",
            "simulated": True,
            "seed": 7,
            "fill": "mean",
            "weighting": "raw",
            "layer": {"demo-vit": "blocks.4", "demo-rn": "layer4"},
            "limit": 3.1,
            "notes": ["Behaviour is simulated."],
        },
        "columns": COLUMNS,
        "metrics": METRICS,
        "items": items,
        "failures": [{"item": "z9", "message": "images/z9.jpg: truncated"}],
        "figures": ["figures/fig 6.pdf"],
        **changes,
    }


def write_content(folder: Path, data: Any) -> Path:
    """Write ``data`` as the gallery.json of ``folder``."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "gallery.json").write_text(json.dumps(data), encoding="utf-8")
    return folder


def origins() -> dict[str, Any]:
    """Return a gallery.json of two catalogues of one name, with two picks of each."""
    catalogues = ["/data/one/shop", "/data/two/shop"]
    data = content()
    ways = {"drift": "largest drift before", "typical": "nearest to the medians"}
    for index, item in enumerate(data["items"]):
        item["data"] = catalogues[index % 2]
        item["picked"] = list(ways)[index // 2 % 2]
        item["id"] = f"{item['data']}: {item['id'][0]}"  # two pairs share an id
    data["about"] |= {
        "data": ", ".join(catalogues),
        "catalogues": {
            name: {"ways": ways, "pool": ["1"] * (40 + place), "drawn": place > 0}
            for place, name in enumerate(catalogues)
        },
        "sources": [{"data": name, "encoder": "demo-vit"} for name in catalogues],
    }
    data["failures"] = [{"item": f"{catalogues[1]}: z", "message": "images/z.jpg: truncated"}]
    return data


def small_gallery(folder: Path, **changes: Any) -> Path:
    """Write a gallery's folder with tiny pictures, maps and outlines."""
    data = {**content(), **changes}
    write_content(folder, data)
    kinds = ["pictures", *(f"maps/{column}" for column in range(len(COLUMNS)))]
    for position, kind in enumerate(kinds):
        (folder / kind).mkdir(parents=True, exist_ok=True)
        for index in range(len(ITEMS)):
            colour = (200 - 30 * position, 30 * index + 40, 90)
            Image.new("RGB", (40, 30), colour).save(folder / kind / f"{index}.jpg")
    (folder / "outlines").mkdir(exist_ok=True)
    for index in range(len(ITEMS)):
        Image.new("RGBA", (40, 30)).save(folder / "outlines" / f"{index}.png")
    return folder


def large_content(count: int) -> dict[str, Any]:
    """Return a gallery.json of ``count`` items times eight columns, each map with a warning."""
    columns = [
        {
            "encoder": encoder,
            "model": f"bm3{adapter}",
            "role": "after" if adapter else "before",
            "before": 4 * side if adapter else None,
        }
        for side, encoder in enumerate(["demo-vit", "demo-rn"])
        for adapter in ["", "+lora", "+soft-prompt", "+befa"]
    ]
    items = []
    for index in range(count):
        values = [
            [
                ((index * 7919 + 104729 * c + 31 * m) % 99991) / 99991
                for m in range(len(METRICS) + 2)
            ]
            for c in range(len(columns))
        ]
        warning = NOTHING.replace("0.00031", f"{(index + 1) / 7e6:.2g}")
        items.append(
            {
                "id": f"{100000 + index}",
                "title": f"item number {index} with a title as shops write them, and longer",
                "category": f"category {index % 23}",
                "data": "demo",
                "picked": "random",
                "interactions": index % 50,
                "width": 512,
                "height": 384,
                "outline": True,
                "figures": [f"figures/many-item-{index}.{end}" for end in ("pdf", "png", "tex")],
                "values": values,
                "warnings": [warning if c % 4 else None for c in range(len(columns))],
            }
        )
    more = [{"key": "distance", "label": "distance"}, {"key": "content", "label": "content"}]
    return content(columns=columns, items=items, metrics=[*METRICS, *more], title="Many items")


def ids(page: Page) -> list[str]:
    """Ids of the cards in the order of the page."""
    return page.locator(".card .meta bdi:first-child").all_inner_texts()


def open_item(page: Page, item_id: str) -> None:
    """Click an item's card and wait for it to open."""
    page.locator(".card", has_text=item_id).locator("a").first.click()
    page.locator("#detail[open]").wait_for()
