"""How a heatmap is made, as options that Python and the command line share."""

from __future__ import annotations

import math
from dataclasses import dataclass, field, fields
from typing import Any

from becam.presets import COSINE, PRESETS, SCORES, Recipe, recipe
from recsys.errors import InputError, shown, unknown

FILLS = ("mean", "black", "blur")
WEIGHTINGS = ("raw", "contrast", "delta", "softmax")
DTYPES = ("float32", "bfloat16", "float16")
PRECISIONS = ("auto", *DTYPES)
_OTHERS = [score for score in SCORES if score not in (COSINE, "neighbours")]


def option(help: str, *, metavar: str | None = None, flag: str | None = None) -> dict[str, Any]:
    """Describe a field to the command line: its help text, its metavar, another flag name."""
    return {"option": {"help": help, "metavar": metavar, "flag": flag}}


@dataclass(frozen=True, kw_only=True)
class MapConfig:
    """How a heatmap is made (design: BeFA, eq. 1-2).

    Raises:
        InputError: an unknown name, a number outside its range, an option that contradicts the
            preset.
    """

    preset: str | None = field(
        default=None,
        metadata=option(
            f"Make the map as another project does: {', '.join(PRESETS)} [default: as BeFA does].",
            metavar="NAME",
        ),
    )
    layer: str | None = field(
        default=None,
        metadata=option(
            "Target layer of the encoder, by module name [default: the encoder's own].",
            metavar="NAME",
        ),
    )
    fill: str | None = field(
        default=None,
        metadata=option(
            f"What masked-out pixels become: {', '.join(FILLS)} [default: mean].", metavar="FILL"
        ),
    )
    weighting: str | None = field(
        default=None,
        metadata=option(
            "How similarities weigh the activations: raw (eq. 2), contrast (minus their mean), "
            "delta (minus the fill's), softmax [default: raw, or the preset's].",
            metavar="NAME",
        ),
    )
    score: str | None = field(
        default=None,
        metadata=option(
            "How masked content is compared with behaviour: by the cosine with b (eq. 2), by "
            "neighbours (the contents of items that behaviour holds alike; also where an adapter "
            f"answers with b itself), or by {', '.join(_OTHERS)} [default: cosine].",
            metavar="NAME",
        ),
    )
    temperature: float = field(
        default=1.0,
        metadata=option("Temperature of the softmax weighting.", metavar="NUMBER"),
    )
    rectify: bool | None = field(
        default=None,
        metadata=option(
            "Keep only what agrees (a ReLU on the map) [default: no, or the preset's]."
        ),
    )
    passes: int | None = field(
        default=None,
        metadata=option(
            "Encode the picture under so many masks at most, for an approximate map with an "
            "estimate of its error [default: one a channel, exact; 300 for gscorecam].",
            metavar="NUMBER",
        ),
    )
    channels: str | None = field(
        default=None,
        metadata=option(
            "With --passes, what is done about the other channels: predict (from the encoded "
            "ones), or left out, by variance or by gradient (gScoreCAM) [default: predict].",
            metavar="NAME",
        ),
    )
    precision: str = field(
        default="auto",
        metadata=option(
            f"Precision of the masked pictures: {', '.join(PRECISIONS)}; auto is the fastest that "
            "the device has for large encoders, else --dtype.",
            metavar="NAME",
        ),
    )
    batch: int | None = field(
        default=None,
        metadata=option(
            "Masked pictures encoded at once [default: by a memory budget].", metavar="NUMBER"
        ),
    )

    def __post_init__(self) -> None:
        if self.fill is not None and self.fill not in FILLS:
            raise unknown("fill", self.fill, FILLS)
        if self.weighting is not None and self.weighting not in WEIGHTINGS:
            raise unknown("weighting", self.weighting, WEIGHTINGS)
        _ = self.recipe
        if self.precision not in PRECISIONS:
            raise unknown("precision", self.precision, PRECISIONS)
        if self.batch is not None and self.batch < 1:
            raise InputError(f"batch {shown(self.batch)}: expected at least 1")
        if not (math.isfinite(self.temperature) and self.temperature > 0):
            raise InputError(
                f"temperature {shown(self.temperature)}: expected a number greater than 0"
            )

    @property
    def map_options(self) -> MapConfig:
        """The same without what a subclass adds."""
        return MapConfig(**{each.name: getattr(self, each.name) for each in fields(MapConfig)})

    @property
    def recipe(self) -> Recipe:
        """How the map is made, with nothing left open."""
        names = ("score", "fill", "weighting", "temperature", "rectify", "passes", "channels")
        return recipe(self.preset, {name: getattr(self, name) for name in names})


def check_temperature(*configs: MapConfig) -> None:
    """Raise InputError where a temperature is given that none of these maps has a use for.

    Not where a config is made: methods beside BeCAM may use the temperature of one that does not.
    """
    first = configs[0]
    given = first.temperature != MapConfig.temperature
    if given and all(config.recipe.weighting != "softmax" for config in configs):
        raise InputError(
            f"temperature {shown(first.temperature)} belongs to the weighting 'softmax', not to "
            f"{first.recipe.weighting!r}; expected --weighting softmax too"
        )
