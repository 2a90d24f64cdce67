"""What a user can choose for measuring heatmaps."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from becam.map_config import option
from becam.measuring.drawn import DrawnConfig
from recsys.errors import InputError, shown, unknown
from recsys.settings import parse_settings, read_field

if TYPE_CHECKING:
    from becam.methods import MethodOptions
    from becam.metrics import MetricSettings

TESTS = ("t", "wilcoxon")
MASKS = ("catalogue", "grabcut")
METRIC, METHOD = "metric", "method"  # scopes of settings


@dataclass(frozen=True, kw_only=True)
class MeasureConfig(DrawnConfig):
    """Everything that `becam.measure` and `becam metrics` need to know.

    Raises:
        InputError: a value outside its range or a name that does not exist.
    """

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
    test: str = field(
        default="t",
        metadata=option("Paired test over items: t or wilcoxon (signed ranks).", metavar="NAME"),
    )

    def __post_init__(self) -> None:
        super().__post_init__()
        if isinstance(self.settings, str):
            raise TypeError("settings must be a tuple of texts, as in ('metric.steps=9',)")
        self.check_methods_temperature(self.methods)
        if self.settings:  # reading them imports torch, which `--help` need not
            _ = self.metric_settings, self.method_options
        if self.mask not in MASKS:
            raise unknown("mask", self.mask, MASKS)
        if self.others < 1:
            raise InputError(f"others {shown(self.others)}: expected at least 1")
        if self.test not in TESTS:
            raise unknown("test over items", self.test, TESTS)

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
