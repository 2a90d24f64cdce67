"""Captions: a sentence about the whole picture, product, scene and distractors alike.

Words are lower case, separated by single blanks, without punctuation.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

import numpy as np

from recsys.data.demo.attributes import Attributes
from recsys.errors import unknown

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
_ATTRIBUTES: Final[Mapping[str, Mapping[str, Sequence[str]]]] = {
    "category": _CATEGORIES,
    "colour": _COLOURS,
    "pattern": _PATTERNS,
    "scene": _SCENES,
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
    category = _pick(_CATEGORIES[attributes.category], rng)
    colour = _pick(_COLOURS[attributes.colour], rng)
    style = rng.random()
    if style < 0.5:
        product = _with_article(f"{_pick(_PATTERNS[attributes.pattern], rng)} {colour} {category}")
    elif style < 0.75:
        product = _with_article(f"{colour} {_pick(_PATTERNS[attributes.pattern], rng)} {category}")
    else:
        decoration = _pick(_DECORATIONS[attributes.pattern], rng)
        product = _with_article(f"{colour} {category} {decoration}")
    scene = _pick(_SCENES[attributes.scene], rng)
    distractors = [_pick(_DISTRACTORS[name], rng) for name in attributes.distractors]
    beside = _beside(distractors, _pick(_LINKS, rng))
    if rng.random() < 0.25:
        return _joined(scene, _THERE, product, beside)
    return _joined(_pick(_OPENINGS, rng), product, scene, beside)


def product_caption(attributes: Attributes, rng: np.random.Generator) -> str:
    """Describe the product alone, in one of several wordings: "striped red mug"."""
    pattern = _pick(_PATTERNS[attributes.pattern], rng)
    colour = _pick(_COLOURS[attributes.colour], rng)
    return _joined(pattern, colour, _pick(_CATEGORIES[attributes.category], rng))


def attribute_caption(name: str, value: str, rng: np.random.Generator) -> str:
    """Describe one attribute alone: "a photo of a mug", "stripy", "on a desk".

    Args:
        name: ``category``, ``colour``, ``pattern`` or ``scene``.
        value: What the picture shows of it.
        rng: Picks the wording.

    Raises:
        InputError: there is no such attribute or value.
    """
    if name not in _ATTRIBUTES:
        raise unknown("attribute", name, _ATTRIBUTES)
    if value not in _ATTRIBUTES[name]:
        raise unknown(name, value, _ATTRIBUTES[name])
    opening, phrase = _pick(_OPENINGS, rng), _pick(_ATTRIBUTES[name][value], rng)
    return _joined(opening, _with_article(phrase) if name == "category" else phrase)


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


def _pick(phrases: Sequence[str], rng: np.random.Generator) -> str:
    return phrases[int(rng.integers(len(phrases)))]


def _with_article(noun: str) -> str:
    if any(word in _PLURAL for word in noun.split()):
        return f"{_ARTICLES[2]} {noun}"
    return f"{_ARTICLES[1] if noun[0] in 'aeiou' else _ARTICLES[0]} {noun}"


def _beside(distractors: Sequence[str], link: str) -> str:
    return f"{link} {f' {_AND} '.join(distractors)}" if distractors else ""


def _joined(*phrases: str) -> str:
    return " ".join(phrase for phrase in phrases if phrase)
