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
class Round:
    """One run of the optimiser: warm-up, and a cosine to zero over all steps.

    Every round has a new optimiser and new generators; it goes on from the weights of the round
    before it.

    Attributes:
        window_steps, whole_steps: steps on windows, then on whole pictures.
        learning_rate: its peak.
        seed_offset: is added to the seed of the training.
        stop_after: step that is the last one, short of the schedule's end; None: the end.
        plain_attention: transformers attend by plain matrix products, see :mod:`.forward`.
    """

    window_steps: int
    whole_steps: int
    learning_rate: float
    seed_offset: int = 0
    stop_after: int | None = None
    plain_attention: bool = False

    def __post_init__(self) -> None:
        if self.schedule < 1 or min(self.window_steps, self.whole_steps) < 0:
            raise ValueError(f"no steps: {self.window_steps} + {self.whole_steps}")
        if self.stop_after is not None and not 1 <= self.stop_after < self.schedule:
            raise ValueError(
                f"stop_after must be within 1..{self.schedule - 1}, got {self.stop_after}"
            )

    @property
    def schedule(self) -> int:
        """Steps that the learning rate is planned for."""
        return self.window_steps + self.whole_steps

    @property
    def steps(self) -> int:
        """Steps that are taken."""
        return self.stop_after or self.schedule


@dataclass(frozen=True, kw_only=True)
class Recipe:
    """How an encoder is trained: AdamW, in one round or several.

    Attributes:
        rounds: one after the other.
        window: side of the windows, in cells.
        warmup: steps of each round until the learning rate is at its peak.
        clip: largest norm of the gradient.
        attribute_weights: of each attribute's contrast in the loss.
        caption_weight: of the captions' contrast in the loss.
        mimetic: initialise the transformer's attention as in :mod:`.initialise`.
        half: compute in bfloat16; weights, loss and optimiser stay in float32.
        check_every: steps between two checks. They draw windows and words from the generator of
            the training, so that another number makes another run.
        check_pictures: pictures of a check.
    """

    rounds: tuple[Round, ...]
    window: int
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
        if not self.rounds:
            raise ValueError("no rounds")

    def rate(self, one: Round, step: int) -> float:
        """Learning rate of a step of a round, counted from 0."""
        warm = min(1.0, (step + 1) / self.warmup)
        return one.learning_rate * warm * 0.5 * (1 + math.cos(math.pi * step / one.schedule))

    def done(self, number: int, step: int, vision: VisionConfig) -> float:
        """Share of the work that is done after so many steps of a round, by the cells seen.

        Args:
            number: of the round, counted from 1.
            step: its steps that are done.
            vision: the tower's sizes.
        """

        def seen(one: Round, steps: int) -> int:
            windows = min(steps, one.window_steps)
            return self.window**2 * windows + vision.grid**2 * (steps - windows)

        work = [seen(one, one.steps) for one in self.rounds]
        return (sum(work[: number - 1]) + seen(self.rounds[number - 1], step)) / sum(work)


RECIPES: Final[Mapping[str, Recipe]] = {
    "demo-vit": Recipe(
        rounds=(
            Round(window_steps=2000, whole_steps=300, learning_rate=1e-3, stop_after=1750),
            Round(
                window_steps=600,
                whole_steps=550,
                learning_rate=7e-4,
                seed_offset=1,
                stop_after=900,
                plain_attention=True,
            ),
            Round(
                window_steps=1700,
                whole_steps=260,
                learning_rate=7e-4,
                seed_offset=2,
                plain_attention=True,
            ),
            Round(
                window_steps=0,
                whole_steps=450,
                learning_rate=5e-4,
                seed_offset=3,
                plain_attention=True,
            ),
        ),
        window=8,
        mimetic=True,
    ),
    "demo-rn": Recipe(
        rounds=(Round(window_steps=1000, whole_steps=300, learning_rate=2e-3),), window=4
    ),
}
PICTURES: Final = 40_000
PROBE_PICTURES: Final = 4_500
