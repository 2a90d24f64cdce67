"""What determines the demo catalogue."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final

from recsys.errors import InputError, shown

GENERATOR: Final = 1  # raised whenever the same config gives another catalogue
SMALLEST_SIZE: Final = 64  # pixels: below it a pattern cannot be told

# Second words of the random seeds. Training pictures take a stream of their own, so that none of
# them is ever a picture of the catalogue.
CATALOGUE_STREAM: Final = 101
BEHAVIOUR_STREAM: Final = 102
TRAINING_STREAM: Final = 201


@dataclass(frozen=True)
class TasteConfig:
    """How users choose.

    Attributes:
        category: Utility of an item in a category the user likes (each likes 1 or 2).
        colour: Utility of a colour the user likes (1 or 2).
        pattern: Utility of the pattern the user likes (1).
        popularity: Standard deviation of the items' log popularity; it ignores the attributes.
    """

    category: float = 5.0
    colour: float = 4.0
    pattern: float = 3.0
    popularity: float = 0.7


@dataclass(frozen=True)
class DemoConfig:
    """What determines the demo catalogue, to the byte.

    Attributes:
        seed: Of everything drawn at random.
        items: Number of items, each with one picture.
        users: Number of simulated users.
        size: Side of the square pictures, in pixels.
        correlation: Probability that scene and distractors follow the category, 0..1.
        interactions: Least and most interactions of a user.
        taste: How users choose.

    Raises:
        InputError: a value is out of range.
    """

    seed: int = 0
    items: int = 1000
    users: int = 2000
    size: int = 224
    correlation: float = 0.6
    interactions: tuple[int, int] = (5, 10)
    taste: TasteConfig = field(default_factory=TasteConfig)

    def __post_init__(self) -> None:
        least, most = self.interactions
        for name, good, expected in (
            ("seed", self.seed >= 0, "0 or more"),
            ("items", self.items >= 1, "at least 1"),
            ("users", self.users >= 1, "at least 1"),
            ("size", self.size >= SMALLEST_SIZE, f"at least {SMALLEST_SIZE} pixels"),
            ("correlation", 0.0 <= self.correlation <= 1.0, "within 0..1"),
            ("interactions", 1 <= least <= most <= self.items, "least and most, at most `items`"),
        ):
            if not good:
                value = shown(getattr(self, name))
                raise InputError(f"demo catalogue: {name} must be {expected}, got {value}")
