"""What a user can choose for measuring heatmaps."""

from __future__ import annotations

from dataclasses import dataclass, field, fields
from typing import TYPE_CHECKING, Any

from becam.config import ExplainConfig, ExplainerConfig, check_explainable
from becam.map_config import MapConfig, check_temperature, option
from becam.presets import COSINE
from recsys.errors import InputError, shown, unknown
from recsys.models.names import ModelName
from recsys.settings import parse_settings, read_field

if TYPE_CHECKING:
    from becam.methods import MethodOptions
    from becam.metrics import MetricSettings

DEFAULT_ITEMS = 200
HALVES = ("first", "second")
TESTS = ("t", "wilcoxon")
MASKS = ("catalogue", "grabcut")
METRIC, METHOD = "metric", "method"  # scopes of settings
_EXPLAIN = {entry.name: entry.metadata for entry in fields(ExplainConfig)}


@dataclass(frozen=True, kw_only=True)
class MeasureConfig(ExplainerConfig):
    """Everything that `becam.measure` and `becam metrics` need to know.

    Raises:
        InputError: a value outside its range or a name that does not exist.
    """

    model: str = field(default=ExplainConfig.model, metadata=_EXPLAIN["model"])
    items: int | None = field(
        default=None,
        metadata=option(
            "How many items, drawn at random by --item-seed "
            f"[default: {DEFAULT_ITEMS}, or all where there are fewer].",
            metavar="NUMBER",
        ),
    )
    ids: tuple[str, ...] = field(
        default=(),
        metadata=option(
            "Item to measure instead of drawn ones, may be repeated; without --items and --half.",
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
    methods: str = field(
        default="becam",
        metadata=option(
            "Methods, comma-separated, or scores, baselines, sanity, all. The controls are "
            "measured in any case.",
            metavar="NAMES",
        ),
    )
    metrics: str | None = field(
        default=None,
        metadata=option(
            "Metrics, comma-separated, or mask (against the product's mask), score (by changes of "
            "the picture), stability (every method made again for changed pictures), health, all "
            "[default: mask,health with product masks, score,health without].",
            metavar="NAMES",
        ),
    )
    mask: str = field(
        default="catalogue",
        metadata=option(
            "Product masks: the catalogue's own, or grabcut: estimated from the pictures (and "
            "said so).",
            metavar="NAME",
        ),
    )
    others: int = field(
        default=1,
        metadata=option(
            "Other items whose maps on the same picture an item's own is compared with.",
            metavar="NUMBER",
        ),
    )
    settings: tuple[str, ...] = field(
        default=(),
        metadata=option(
            "Option of the metrics or of the baselines, may be repeated: metric.steps=20, "
            "method.samples=1000, ...",
            metavar="KEY=VALUE",
            flag="--set",
        ),
    )
    resamples: int = field(
        default=2000, metadata=option("Resamples of the bootstrap.", metavar="NUMBER")
    )
    confidence: float = field(
        default=0.95, metadata=option("Level of the confidence intervals.", metavar="NUMBER")
    )
    test: str = field(
        default="t",
        metadata=option("Paired test over items: t or wilcoxon (signed ranks).", metavar="NAME"),
    )

    def __post_init__(self) -> None:
        super().__post_init__()
        if isinstance(self.ids, str) or isinstance(self.settings, str):
            raise TypeError("ids and settings must be tuples of texts, as in ('17',), not texts")
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
        if self.temperature != MapConfig.temperature:  # looking methods up imports torch
            from becam.measuring.methods import methods_of, takes_temperature

            if not any(map(takes_temperature, methods_of(self.methods))):
                check_temperature(self)
        if self.settings:  # reading them imports torch, which `--help` need not
            _ = self.metric_settings, self.method_options
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
        if self.mask not in MASKS:
            raise unknown("mask", self.mask, MASKS)
        if self.others < 1:
            raise InputError(f"others {shown(self.others)}: expected at least 1")
        if self.test not in TESTS:
            raise unknown("test over items", self.test, TESTS)
        if self.resamples < 100:
            raise InputError(f"resamples {shown(self.resamples)}: expected at least 100")
        if not 0 < self.confidence < 1:
            raise InputError(
                f"confidence {shown(self.confidence)}: expected a share between 0 and 1"
            )

    @property
    def metric_settings(self) -> MetricSettings:
        """How metrics are computed that have a choice, with ``item_seed`` as their seed."""
        from becam.metrics import MetricSettings

        given = self._given(METRIC, MetricSettings)
        return MetricSettings(**{"seed": self.item_seed} | given)

    @property
    def method_options(self) -> MethodOptions:
        """How densely the baselines look at a picture."""
        from becam.methods import MethodOptions

        return MethodOptions(**self._given(METHOD, MethodOptions))

    def _given(self, scope: str, config: type[Any]) -> dict[str, Any]:
        """Return the settings with a scope, in the types of a dataclass."""
        found = parse_settings(self.settings, (METRIC, METHOD), f"{METRIC}.steps=20")
        return {
            setting.key: read_field(config, setting, f"the {scope}s", f"{scope}.")
            for setting in found
            if setting.scope == scope
        }


def named(what: str, text: str) -> tuple[str, ...]:
    """Split a list of names.

    Raises:
        InputError: an empty name, or a name twice.
    """
    names = tuple(name.strip() for name in text.split(","))
    for place, name in enumerate(names):
        if not name or name in names[:place]:
            wrong = f"{shown(name)} twice" if name else "an empty name"
            raise InputError(f"{what}s {shown(text)} have {wrong}; expected different names")
    return names
