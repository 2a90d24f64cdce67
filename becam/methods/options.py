"""Options of the methods that becam is compared with."""

from __future__ import annotations

import math
from dataclasses import dataclass

from recsys.errors import InputError, shown


@dataclass(frozen=True, kw_only=True)
class MethodOptions:
    """How densely the baselines look at a picture; each records what it used.

    Attributes:
        window: side of the occlusion window, as a share of the input's side.
        stride: step of the occlusion window, likewise; at most ``window``.
        steps: points on the path of integrated gradients (captum's default).
        segments: superpixels that are asked for; a picture may give some fewer or more.
        compactness: of the superpixels: how much place counts against colour (slic's default).
        samples: random combinations of superpixels that LIME and KernelSHAP encode.
        ridge: penalty on the coefficients of LIME's linear model (that of its authors' code).

    Raises:
        InputError: a number outside its range.
    """

    window: float = 1 / 6
    stride: float = 1 / 12
    steps: int = 50
    segments: int = 50
    compactness: float = 10.0
    samples: int = 500
    ridge: float = 1.0

    def __post_init__(self) -> None:
        if not 0 < self.window <= 1:
            raise InputError(f"window {shown(self.window)}: expected a share above 0, at most 1")
        if not 0 < self.stride <= self.window:
            raise InputError(
                f"stride {shown(self.stride)}: expected a share above 0, at most the window's "
                f"({self.window:g})"
            )
        for name, least in (("steps", 1), ("segments", 2), ("samples", 3)):
            if getattr(self, name) < least:
                raise InputError(f"{name} {shown(getattr(self, name))}: expected at least {least}")
        if not (math.isfinite(self.compactness) and self.compactness > 0):
            raise InputError(f"compactness {shown(self.compactness)}: expected a number above 0")
        if not (math.isfinite(self.ridge) and self.ridge >= 0):
            raise InputError(f"ridge {shown(self.ridge)}: expected 0 or a number above it")
