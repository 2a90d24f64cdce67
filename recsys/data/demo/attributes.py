"""What a demo picture shows, and how it is drawn at random."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np

from recsys.data.demo.vocabulary import (
    CATEGORIES,
    COLOURS,
    DISTRACTORS,
    PATTERNS,
    PREFERRED_DISTRACTORS,
    PREFERRED_SCENES,
    SCENES,
)

_DISTRACTOR_COUNT: Final = (0.2, 0.35, 0.3, 0.15)  # probability of 0, 1, 2, 3


@dataclass(frozen=True)
class Attributes:
    """What a demo picture shows; ``distractors`` are distinct and in the vocabulary's order."""

    category: str
    colour: str
    pattern: str
    scene: str
    distractors: tuple[str, ...] = ()


def sample_attributes(rng: np.random.Generator, *, correlation: float) -> Attributes:
    """Draw what a picture shows.

    Category, colour and pattern are uniform. The scene and each distractor are, with probability
    ``correlation``, among the ones a shop would choose for the category; otherwise uniform.

    Raises:
        ValueError: ``correlation`` is outside 0..1.
    """
    if not 0.0 <= correlation <= 1.0:
        raise ValueError(f"correlation must be within 0..1, got {correlation}")
    category = _pick(rng, CATEGORIES)
    colour = _pick(rng, tuple(COLOURS))
    pattern = _pick(rng, PATTERNS)
    scene = _pick(rng, PREFERRED_SCENES[category] if rng.random() < correlation else SCENES)
    chosen: set[str] = set()
    for _ in range(rng.choice(len(_DISTRACTOR_COUNT), p=_DISTRACTOR_COUNT)):
        wanted = PREFERRED_DISTRACTORS[category] if rng.random() < correlation else DISTRACTORS
        left = [name for name in wanted if name not in chosen]
        chosen.add(_pick(rng, left or [name for name in DISTRACTORS if name not in chosen]))
    ordered = tuple(name for name in DISTRACTORS if name in chosen)
    return Attributes(category, colour, pattern, scene, ordered)


def _pick(rng: np.random.Generator, names: tuple[str, ...] | list[str]) -> str:
    return names[rng.integers(len(names))]
