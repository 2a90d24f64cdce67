"""How each demo encoder is trained: the numbers that made the bundled weights."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from becam.encoders.demo.config import VisionConfig
from becam.encoders.demo.training.augment import AugmentConfig
from becam.encoders.demo.training.pairs import CHOICES


@dataclass(frozen=True, kw_only=True)
class Recipe:
    """How an encoder is trained: AdamW, warm-up, and a cosine to zero over all steps.

    Attributes:
        window_steps, whole_steps: steps on windows, then on whole pictures.
        window: side of the windows, in cells.
        learning_rate: its peak.
        warmup: steps until the learning rate is there.
        clip: largest norm of the gradient.
        attribute_weights: of each attribute's contrast in the loss.
        caption_weight: of the captions' contrast in the loss.
        mimetic: initialise the transformer's attention as in :mod:`.initialise`.
        half: compute in bfloat16; weights, loss and optimiser stay in float32.
        check_every: steps between two checks. They draw windows and words from the generator of
            the training, so that another number makes another run.
        check_pictures: pictures of a check.
    """

    window_steps: int
    whole_steps: int
    window: int
    learning_rate: float
    batch: int = 128
    warmup: int = 200
    weight_decay: float = 0.05
    clip: float = 1.0
    attribute_weights: Mapping[str, float] = field(
        default_factory=lambda: {"category": 1.0, "colour": 0.5, "pattern": 0.5, "scene": 0.5}
    )
    caption_weight: float = 0.5
    mimetic: bool = False
    half: bool = True
    check_every: int = 50
    check_pictures: int = 400
    augment: AugmentConfig = field(default_factory=AugmentConfig)

    def __post_init__(self) -> None:
        if set(self.attribute_weights) != set(CHOICES):
            raise ValueError(f"attribute_weights must name {', '.join(CHOICES)}")
        if self.steps < 1 or min(self.window_steps, self.whole_steps) < 0:
            raise ValueError(f"no steps: {self.window_steps} + {self.whole_steps}")

    @property
    def steps(self) -> int:
        """All steps."""
        return self.window_steps + self.whole_steps

    def rate(self, step: int) -> float:
        """Learning rate of a step, counted from 0."""
        warm = min(1.0, (step + 1) / self.warmup)
        return self.learning_rate * warm * 0.5 * (1 + math.cos(math.pi * step / self.steps))

    def done(self, step: int, vision: VisionConfig) -> float:
        """Share of the work that is done after so many steps, by the cells seen."""
        windows, whole = self.window**2, vision.grid**2
        seen = windows * min(step, self.window_steps) + whole * max(0, step - self.window_steps)
        return seen / (windows * self.window_steps + whole * self.whole_steps)


RECIPES: Final[Mapping[str, Recipe]] = {
    "demo-vit": Recipe(
        window_steps=2000, whole_steps=300, window=8, learning_rate=1e-3, mimetic=True
    ),
    "demo-rn": Recipe(window_steps=1000, whole_steps=300, window=4, learning_rate=2e-3),
}
PICTURES: Final = 40_000
PROBE_PICTURES: Final = 4_500
