"""Which items' heatmaps are looked at, and how means over them are told."""

from __future__ import annotations

from dataclasses import dataclass, field, fields
from typing import Any, ClassVar

from becam.config import ExplainConfig, ExplainerConfig, check_explainable
from becam.map_config import MapConfig, check_temperature, option
from becam.presets import COSINE
from recsys.errors import InputError, shown, unknown
from recsys.models.names import ModelName

DEFAULT_ITEMS = 200
HALVES = ("first", "second")
_EXPLAIN = {entry.name: entry.metadata for entry in fields(ExplainConfig)}


def items_option(default: int) -> dict[str, Any]:
    """Describe how many items are drawn, to the command line."""
    return option(
        "How many items, drawn at random by --item-seed "
        f"[default: {default}, or all where there are fewer].",
        metavar="NUMBER",
    )


@dataclass(frozen=True, kw_only=True)
class DrawnConfig(ExplainerConfig):
    """Whose heatmaps of which items, and how means over items are told.

    Raises:
        InputError: a value outside its range or a name that does not exist.
    """

    default_items: ClassVar[int] = DEFAULT_ITEMS
    model: str = field(default=ExplainConfig.model, metadata=_EXPLAIN["model"])
    items: int | None = field(default=None, metadata=items_option(DEFAULT_ITEMS))
    ids: tuple[str, ...] = field(
        default=(),
        metadata=option(
            "Item to take instead of drawn ones, may be repeated; without --items and --half.",
            metavar="ID",
            flag="--item",
        ),
    )
    item_seed: int = field(
        default=0, metadata=option("Seed of the draw of items.", metavar="NUMBER")
    )
    half: str | None = field(
        default=None,
        metadata=option(
            "Draw from one half of the catalogue's items, first or second, so that options can "
            "be chosen on one and reported on the other [default: from all].",
            metavar="NAME",
        ),
    )
    resamples: int = field(
        default=2000, metadata=option("Resamples of the bootstrap.", metavar="NUMBER")
    )
    confidence: float = field(
        default=0.95, metadata=option("Level of the confidence intervals.", metavar="NUMBER")
    )

    def __post_init__(self) -> None:
        super().__post_init__()
        if isinstance(self.ids, str):
            raise TypeError("ids must be a tuple of texts, as in ('17',), not a text")
        check_explainable(ModelName.parse(self.model))
        if self.recipe.score != COSINE:
            raise InputError(
                f"score {shown(self.recipe.score)}: here scores are methods; expected "
                f"--methods becam,{self.recipe.score}"
            )
        if not 0 <= self.item_seed < 2**63:
            raise InputError(
                f"item-seed {shown(self.item_seed)}: expected a whole number from 0 to 2^63-1"
            )
        if self.items is not None and self.items < 1:
            raise InputError(f"items {shown(self.items)}: expected at least 1")
        for place, name in enumerate(self.ids):
            if name in self.ids[:place]:
                raise InputError(f"item {shown(name)} is given twice; expected it once")
        if self.half is not None and self.half not in HALVES:
            raise unknown("half", self.half, HALVES)
        for name, drawn in (("items", self.items), ("half", self.half)):
            if self.ids and drawn is not None:
                raise InputError(
                    f"{name} {shown(drawn)} is of items that are drawn, and item "
                    f"{shown(self.ids[0])} is named; expected one of the two"
                )
        if self.resamples < 100:
            raise InputError(f"resamples {shown(self.resamples)}: expected at least 100")
        if not 0 < self.confidence < 1:
            raise InputError(
                f"confidence {shown(self.confidence)}: expected a share between 0 and 1"
            )

    def check_methods_temperature(self, methods: str) -> None:
        """Raise InputError where a temperature is given that none of the methods has a use for.

        Args:
            methods: as for `becam.measuring.methods.methods_of`.
        """
        if self.temperature != MapConfig.temperature:  # looking methods up imports torch
            from becam.measuring.methods import methods_of, takes_temperature

            if not any(map(takes_temperature, methods_of(methods))):
                check_temperature(self)
