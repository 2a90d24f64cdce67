"""Captions: a sentence about the whole picture, product, scene and distractors alike.

Words are lower case, separated by single blanks, without punctuation.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

import numpy as np

from recsys.data.demo.attributes import Attributes

# In each list the first phrase is the canonical one.
_CATEGORIES: Final[Mapping[str, Sequence[str]]] = {
    "shirt": ("shirt", "top"),
    "trousers": ("trousers", "pants"),
    "dress": ("dress", "gown"),
    "shoe": ("shoe", "sneaker"),
    "bag": ("bag", "handbag"),
    "mug": ("mug", "cup"),
    "lamp": ("lamp", "table lamp"),
    "chair": ("chair", "dining chair"),
    "hat": ("hat", "brimmed hat"),
    "bottle": ("bottle", "flask"),
}
_COLOURS: Final[Mapping[str, Sequence[str]]] = {
    "red": ("red", "bright red"),
    "orange": ("orange", "bright orange"),
    "yellow": ("yellow", "bright yellow"),
    "green": ("green", "deep green"),
    "blue": ("blue", "deep blue"),
    "purple": ("purple", "violet"),
    "black": ("black", "jet black"),
    "white": ("white", "snow white"),
}
_PATTERNS: Final[Mapping[str, Sequence[str]]] = {
    "plain": ("plain", "unpatterned", "solid"),
    "striped": ("striped", "stripy"),
    "dotted": ("dotted", "spotted"),
    "checked": ("checked", "chequered"),
}
_SCENES: Final[Mapping[str, Sequence[str]]] = {
    "kitchen": ("in a kitchen", "on a kitchen counter"),
    "bedroom": ("in a bedroom", "near a bed in a bedroom"),
    "living-room": ("in a living room", "near a sofa in a living room"),
    "street": ("in a street", "out in the street"),
    "lawn": ("on a lawn", "on the grass of a lawn"),
    "beach": ("on a beach", "at the beach by the sea"),
    "desk": ("on a desk", "on an office desk"),
    "bathroom": ("in a bathroom", "in a tiled bathroom"),
    "bookshelf": ("in front of a bookshelf", "before a shelf of books"),
    "brick-wall": ("in front of a brick wall", "before a wall of bricks"),
}
_DISTRACTORS: Final[Mapping[str, Sequence[str]]] = {
    "face": ("a face", "a person", "a smiling face"),
    "plant": ("a plant", "a potted plant"),
    "logo": ("a logo", "a brand logo"),
    "sticker": ("a sticker", "a text sticker"),
}
_DECORATIONS: Final[Mapping[str, Sequence[str]]] = {
    "plain": ("without a pattern", "in one colour"),
    "striped": ("with stripes", "with wide stripes"),
    "dotted": ("with dots", "with round dots"),
    "checked": ("with checks", "with a checked pattern"),
}
_OPENINGS: Final = ("", "", "a photo of", "a picture of", "a snapshot of")
_LINKS: Final = ("next to", "with", "beside", "near")
_THERE: Final = "there is"
_AND: Final = "and"
_ARTICLES: Final = ("a", "an", "a pair of")
_PLURAL: Final = ("trousers", "pants")


def caption(attributes: Attributes, rng: np.random.Generator) -> str:
    """Describe the whole picture in one of several phrasings."""

    def pick(phrases: Sequence[str]) -> str:
        return phrases[int(rng.integers(len(phrases)))]

    category = pick(_CATEGORIES[attributes.category])
    colour = pick(_COLOURS[attributes.colour])
    style = rng.random()
    if style < 0.5:
        product = _with_article(f"{pick(_PATTERNS[attributes.pattern])} {colour} {category}")
    elif style < 0.75:
        product = _with_article(f"{colour} {pick(_PATTERNS[attributes.pattern])} {category}")
    else:
        product = _with_article(f"{colour} {category} {pick(_DECORATIONS[attributes.pattern])}")
    scene = pick(_SCENES[attributes.scene])
    beside = _beside([pick(_DISTRACTORS[name]) for name in attributes.distractors], pick(_LINKS))
    if rng.random() < 0.25:
        return _joined(scene, _THERE, product, beside)
    return _joined(pick(_OPENINGS), product, scene, beside)


def title(attributes: Attributes) -> str:
    """Describe the whole picture in the canonical phrasing: the item's title."""
    product = _with_article(
        f"{_PATTERNS[attributes.pattern][0]} {_COLOURS[attributes.colour][0]} "
        f"{_CATEGORIES[attributes.category][0]}"
    )
    beside = _beside([_DISTRACTORS[name][0] for name in attributes.distractors], _LINKS[0])
    return _joined(product, _SCENES[attributes.scene][0], beside)


def vocabulary() -> tuple[str, ...]:
    """Every word that can occur in a caption or a title, sorted."""
    tables = (_CATEGORIES, _COLOURS, _PATTERNS, _SCENES, _DISTRACTORS, _DECORATIONS)
    phrases = [phrase for table in tables for choices in table.values() for phrase in choices]
    phrases += [*_OPENINGS, *_LINKS, *_ARTICLES, _THERE, _AND]
    return tuple(sorted({word for phrase in phrases for word in phrase.split()}))


def _with_article(noun: str) -> str:
    if any(word in _PLURAL for word in noun.split()):
        return f"{_ARTICLES[2]} {noun}"
    return f"{_ARTICLES[1] if noun[0] in 'aeiou' else _ARTICLES[0]} {noun}"


def _beside(distractors: Sequence[str], link: str) -> str:
    return f"{link} {f' {_AND} '.join(distractors)}" if distractors else ""


def _joined(*phrases: str) -> str:
    return " ".join(phrase for phrase in phrases if phrase)
