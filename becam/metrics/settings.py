"""How metrics are computed that have a choice, as values that Python and the command line share."""

from __future__ import annotations

import math
from dataclasses import dataclass

from becam.map_config import FILLS
from recsys.errors import InputError, shown, unknown


@dataclass(frozen=True, kw_only=True)
class MetricSettings:
    """What insertion, deletion, ROAD, infidelity and sensitivity may be told.

    Attributes:
        steps: steps of the insertion and deletion curves, each of equally many pixels.
        removed: what removed pixels become, in deletion, average drop and infidelity.
        blank: what insertion starts from (Petsiuk et al.: blurred, which adds no edges).
        road_shares: shares of the pixels that ROAD removes, each within (0, 1).
        road_noise: standard deviation of ROAD's noise, in pixel values of [0, 1].
        samples: random changes that infidelity and sensitivity average or maximise over.
        window: side of the square that infidelity removes, as a share of the input's side.
        radius: largest change of a pixel for sensitivity, in pixel values of [0, 1].
        seed: of everything random: noise, squares, changes, the order of equally hot pixels.

    Raises:
        InputError: a number outside its range, an unknown fill.
    """

    steps: int = 50
    removed: str = "mean"
    blank: str = "blur"
    road_shares: tuple[float, ...] = (0.1, 0.2, 0.3, 0.5, 0.7, 0.9)
    road_noise: float = 0.01
    samples: int = 32
    window: float = 0.25
    radius: float = 0.02
    seed: int = 0

    def __post_init__(self) -> None:
        for name in ("steps", "samples"):
            if getattr(self, name) < 1:
                raise InputError(f"{name} {shown(getattr(self, name))}: expected at least 1")
        for fill in (self.removed, self.blank):
            if fill not in FILLS:
                raise unknown("fill", fill, FILLS)
        if not self.road_shares or not all(0 < share < 1 for share in self.road_shares):
            raise InputError(
                f"road_shares {shown(self.road_shares)}: expected shares between 0 and 1"
            )
        if not (math.isfinite(self.road_noise) and self.road_noise >= 0):
            raise InputError(f"road_noise {shown(self.road_noise)}: expected 0 or more")
        if not 0 < self.window <= 1:
            raise InputError(f"window {shown(self.window)}: expected a share above 0, at most 1")
        if not (math.isfinite(self.radius) and self.radius > 0):
            raise InputError(f"radius {shown(self.radius)}: expected more than 0")
        if self.seed < 0:
            raise InputError(f"seed {shown(self.seed)}: expected 0 or more")
