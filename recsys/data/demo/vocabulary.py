"""The closed lists the demo catalogue is made of. The order is part of the format: append only."""

from __future__ import annotations

from typing import Final, TypeAlias

RGB: TypeAlias = tuple[int, int, int]

CATEGORIES: Final[tuple[str, ...]] = (
    "shirt",
    "trousers",
    "dress",
    "shoe",
    "bag",
    "mug",
    "lamp",
    "chair",
    "hat",
    "bottle",
)

COLOURS: Final[dict[str, RGB]] = {
    "red": (206, 32, 44),
    "orange": (242, 128, 20),
    "yellow": (246, 212, 40),
    "green": (34, 140, 66),
    "blue": (30, 84, 196),
    "purple": (124, 48, 158),
    "black": (34, 34, 38),
    "white": (243, 243, 240),
}

# The second tone of a pattern: the named colour covers most of the product, this one the rest.
CONTRASTS: Final[dict[str, RGB]] = {
    "red": (250, 236, 226),
    "orange": (92, 44, 8),
    "yellow": (86, 66, 14),
    "green": (226, 244, 208),
    "blue": (226, 236, 252),
    "purple": (240, 222, 250),
    "black": (184, 184, 188),
    "white": (104, 104, 112),
}

PATTERNS: Final[tuple[str, ...]] = ("plain", "striped", "dotted", "checked")

SCENES: Final[tuple[str, ...]] = (
    "kitchen",
    "bedroom",
    "living-room",
    "street",
    "lawn",
    "beach",
    "desk",
    "bathroom",
    "bookshelf",
    "brick-wall",
)

DISTRACTORS: Final[tuple[str, ...]] = ("face", "plant", "logo", "sticker")

# What a shop's photographer would reach for; `sample_attributes` follows it with a probability.
PREFERRED_SCENES: Final[dict[str, tuple[str, str]]] = {
    "shirt": ("bedroom", "street"),
    "trousers": ("street", "brick-wall"),
    "dress": ("beach", "bedroom"),
    "shoe": ("lawn", "street"),
    "bag": ("brick-wall", "beach"),
    "mug": ("kitchen", "desk"),
    "lamp": ("desk", "bookshelf"),
    "chair": ("living-room", "lawn"),
    "hat": ("beach", "living-room"),
    "bottle": ("bathroom", "kitchen"),
}

PREFERRED_DISTRACTORS: Final[dict[str, tuple[str, ...]]] = {
    "shirt": ("face", "logo"),
    "trousers": ("face",),
    "dress": ("face",),
    "shoe": ("logo", "sticker"),
    "bag": ("logo", "face"),
    "mug": ("sticker", "plant"),
    "lamp": ("plant",),
    "chair": ("plant",),
    "hat": ("face", "sticker"),
    "bottle": ("logo", "sticker"),
}

# Label map: 0 is the scene, 1..31 are parts of the product, 32.. are distractors.
FIRST_DISTRACTOR: Final = 32
