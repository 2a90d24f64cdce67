"""How a heatmap is made, with nothing left open: the paper's way, or that of another project."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from recsys.errors import InputError, shown, unknown

if TYPE_CHECKING:
    from becam.masks import MaskRule

COSINE = "cosine"
# Names of `becam.scores.SCORES`, which needs torch.
SCORES = (
    *(COSINE, "excess", "predictor", "gate", "effective-length", "centred", "centred-length"),
    *("own-minus-others", "audience", "audience-length", "final", "neighbours"),
)
GATES = ("befa", "befa-reference", "identity-gate")  # adapters whose output is b times a gate
GATES_ONLY = ("gate",)  # scores that are defined for them alone
SCHEMES = ("predict", "variance", "gradient")
DEFAULT_SCHEME = "predict"
# Below this many encoded channels nothing is left to judge a prediction by.
FEWEST = 8


@dataclass(frozen=True, kw_only=True)
class Recipe:
    """Everything that turns a picture, an encoder and a target into a heatmap.

    Attributes:
        preset: whose way, or None for the paper's (BeFA, eq. 1-2) with the user's options.
        score: how masked content is compared with behaviour, see `becam.scores`.
        fill: what masked-out pixels become.
        weighting, temperature: how similarities become weights.
        rectify: keep only the positive part of the map.
        align_corners, stretch: how an activation becomes a mask, see `becam.masks.MaskRule`.
        passes: masked pictures encoded at most; None for one a channel (exact).
        channels: what is done about the other channels, see `SCHEMES`; None where exact.
    """

    preset: str | None = None
    score: str = COSINE
    fill: str = "mean"
    weighting: str = "raw"
    temperature: float = 1.0
    rectify: bool = False
    align_corners: bool = False
    stretch: str = "after"
    passes: int | None = None
    channels: str | None = None

    @property
    def rule(self) -> MaskRule:
        """How an activation becomes a mask."""
        from becam.masks import MaskRule

        return MaskRule(align_corners=self.align_corners, stretch=self.stretch)


PAPER = Recipe()

# Each as its project's code has it. Multiplying the normalised input by a mask is our fill "mean".
PRESETS: Mapping[str, Recipe] = {
    # pytorch_grad_cam.ScoreCAM (1.5): UpsamplingBilinear2d, then min-max; softmax of the scores.
    "scorecam-gradcam": Recipe(
        preset="scorecam-gradcam",
        weighting="softmax",
        rectify=True,
        align_corners=True,
    ),
    # torchcam.methods.ScoreCAM (0.5): min-max, then interpolate; softmax of the scores
    # minus that of the whole picture, which the softmax cancels.
    "scorecam-torchcam": Recipe(
        preset="scorecam-torchcam",
        weighting="softmax",
        rectify=True,
        stretch="before",
    ),
    # gScoreCAM (Chen et al., ACCV 2022): ScoreCAM on the 300 channels whose gradient has the
    # largest mean over space, sign included; the others enter the softmax with a score of 0.
    "gscorecam": Recipe(
        preset="gscorecam",
        weighting="softmax",
        rectify=True,
        align_corners=True,
        passes=300,
        channels="gradient",
    ),
}
# What a user may set beside a preset: the temperature belongs to the scale of the scores (CLIP's
# logits are 100 times the cosine: temperature 0.01), the passes are gScoreCAM's k.
FREE = {name: {"temperature"} for name in PRESETS} | {"gscorecam": {"temperature", "passes"}}


def recipe(preset: str | None, options: Mapping[str, Any]) -> Recipe:
    """Put a preset, or the paper's way, together with what the user chose.

    Args:
        preset: a name of `PRESETS`, or None.
        options: fields of `Recipe` by name; None where the user chose nothing.

    Raises:
        InputError: an unknown preset or score, an option that contradicts the preset, passes with
            another score than the cosine, a scheme without a number of passes, or a number that
            is too small.
    """
    if preset is not None and preset not in PRESETS:
        raise unknown("preset", preset, PRESETS)
    base = PAPER if preset is None else PRESETS[preset]
    chosen = {name: value for name, value in options.items() if value is not None}
    if preset is not None:
        for name, value in chosen.items():
            fixed = getattr(base, name)
            if name not in FREE[preset] and value != fixed:
                raise InputError(
                    f"{name} {shown(value)} contradicts preset {shown(preset)}; expected "
                    f"{'none' if fixed is None else repr(fixed)}, or no preset"
                )
    found = replace(base, **chosen)
    if found.score not in SCORES:
        raise unknown("score", found.score, SCORES)
    if found.channels is not None and found.channels not in SCHEMES:
        raise unknown("channels", found.channels, SCHEMES)
    if found.passes is None:
        if found.channels is not None:
            raise InputError(
                f"channels {shown(found.channels)} without passes: expected a number of passes too"
            )
        return found
    if found.score != COSINE:
        raise InputError(f"score {shown(found.score)} needs all channels; expected no passes")
    scheme = found.channels or DEFAULT_SCHEME
    least = FEWEST if scheme == "predict" else 1
    if found.passes < least:
        raise InputError(
            f"passes {shown(found.passes)}: expected at least {least} with channels {scheme!r}"
        )
    return replace(found, channels=scheme)
