"""What a user can choose for a map, as dataclasses that Python and the command line share."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from recsys.configs import FEATURES
from recsys.errors import InputError, shown, unknown
from recsys.models.names import ModelName

FILLS = ("mean", "black", "blur")
WEIGHTINGS = ("raw", "contrast", "delta", "softmax")
DTYPES = ("float32", "bfloat16", "float16")
DEVICES = ("auto", "cpu", "cuda", "mps")


def option(help: str, *, metavar: str | None = None, flag: str | None = None) -> dict[str, Any]:
    """Describe a field to the command line: its help text, its metavar, another flag name."""
    return {"option": {"help": help, "metavar": metavar, "flag": flag}}


@dataclass(frozen=True, kw_only=True)
class MapConfig:
    """How a heatmap is made (design: BeFA, eq. 1-2).

    Raises:
        InputError: an unknown fill or weighting, or a temperature that is not positive.
    """

    layer: str | None = field(
        default=None,
        metadata=option(
            "Target layer of the encoder, by module name [default: the encoder's own].",
            metavar="NAME",
        ),
    )
    fill: str = field(
        default="mean",
        metadata=option(f"What masked-out pixels become: {', '.join(FILLS)}.", metavar="FILL"),
    )
    weighting: str = field(
        default="raw",
        metadata=option(
            "How similarities weigh the activations: raw (eq. 2), contrast (minus their mean), "
            "delta (minus the fill's), softmax.",
            metavar="NAME",
        ),
    )
    temperature: float = field(
        default=1.0,
        metadata=option("Temperature of the softmax weighting.", metavar="NUMBER"),
    )
    rectify: bool = field(
        default=False, metadata=option("Keep only what agrees (a ReLU on the map).")
    )

    def __post_init__(self) -> None:
        if self.fill not in FILLS:
            raise unknown("fill", self.fill, FILLS)
        if self.weighting not in WEIGHTINGS:
            raise unknown("weighting", self.weighting, WEIGHTINGS)
        if not (math.isfinite(self.temperature) and self.temperature > 0):
            raise InputError(
                f"temperature {shown(self.temperature)}: expected a number greater than 0"
            )


@dataclass(frozen=True, kw_only=True)
class ExplainConfig(MapConfig):
    """Everything that `becam.explain` and `becam render` need to know.

    Raises:
        InputError: a value outside its range or a name that does not exist.
    """

    item: str = field(metadata=option("Item id in the catalogue.", metavar="ID"))
    model: str = field(
        default="bm3+befa",
        metadata=option(
            "Recommender, and adapter after a plus: bm3, bm3+befa, ...", metavar="MODEL"
        ),
    )
    data: str = field(
        default="demo",
        metadata=option("'demo' or a catalogue folder (items.csv, interactions.csv, images/)."),
    )
    encoder: str = field(
        default="demo-vit", metadata=option("Encoder: demo-vit or demo-rn.", metavar="NAME")
    )
    features: str = field(
        default="frozen",
        metadata=option(
            "Content features inside the recommender: frozen (the projection is trained on what "
            "the encoder gives, as the masked pictures are) or trainable (as published).",
            metavar="NAME",
        ),
    )
    seed: int = field(
        default=0, metadata=option("Seed of the split and of the training.", metavar="NUMBER")
    )
    device: str = field(
        default="auto",
        metadata=option(f"Where to compute: {', '.join(DEVICES)} or cuda:N.", metavar="NAME"),
    )
    dtype: str = field(
        default="float32",
        metadata=option(f"Precision of the encoder: {', '.join(DTYPES)}.", metavar="NAME"),
    )
    cache: Path | None = field(
        default=None,
        metadata=option(
            "Folder for what is computed once [default: $BECAM_CACHE or the user's cache folder].",
            metavar="DIR",
        ),
    )

    def __post_init__(self) -> None:
        super().__post_init__()
        ModelName.parse(self.model)
        if self.features not in FEATURES:
            raise unknown("features option", self.features, FEATURES)
        if self.dtype not in DTYPES:
            raise unknown("dtype", self.dtype, DTYPES)
        if self.device.partition(":")[0] not in DEVICES:
            raise unknown("device", self.device, DEVICES)
        if not 0 <= self.seed < 2**63:
            raise InputError(f"seed {shown(self.seed)}: expected a whole number from 0 to 2^63-1")
        if not self.item:
            raise InputError("item '': expected an item id of the catalogue")
