"""What a user can choose for sanity checks."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, ClassVar

from becam.checking.checks import CHECKS, checks_of
from becam.map_config import option
from becam.measuring.config import METHOD
from becam.measuring.drawn import DrawnConfig, items_option
from recsys.errors import InputError, shown
from recsys.settings import parse_settings, read_field

if TYPE_CHECKING:
    from becam.methods import MethodOptions

DEFAULT_ITEMS = 20


@dataclass(frozen=True, kw_only=True)
class SanityConfig(DrawnConfig):
    """Everything that `becam.check_sanity` and `becam sanity` need to know.

    Raises:
        InputError: a value outside its range or a name that does not exist.
    """

    default_items: ClassVar[int] = DEFAULT_ITEMS
    items: int | None = field(default=None, metadata=items_option(DEFAULT_ITEMS))
    checks: str = field(
        default="all",
        metadata=option(f"Checks, comma-separated: {', '.join(CHECKS)}, or all.", metavar="NAMES"),
    )
    methods: str = field(
        default="becam",
        metadata=option(
            "Methods, comma-separated, or scores, controls, baselines, all. The unweighted map "
            "and the centre prior are checked in any case.",
            metavar="NAMES",
        ),
    )
    stages: int = field(
        default=6,
        metadata=option(
            "Stages of mprt at which maps are made, spread evenly over the encoder, at most as "
            "many as it has; the last one has all weights random.",
            metavar="NUMBER",
        ),
    )
    settings: tuple[str, ...] = field(
        default=(),
        metadata=option(
            "Option of the baselines, may be repeated: method.samples=100, ...",
            metavar="KEY=VALUE",
            flag="--set",
        ),
    )

    def __post_init__(self) -> None:
        super().__post_init__()
        if isinstance(self.settings, str):
            raise TypeError("settings must be a tuple of texts, as in ('method.samples=9',)")
        checks_of(self.checks)
        if self.stages < 1:
            raise InputError(f"stages {shown(self.stages)}: expected at least 1")
        self.check_methods_temperature(self.methods)
        if self.settings:  # reading them imports torch, which `--help` need not
            _ = self.method_options

    @property
    def method_options(self) -> MethodOptions:
        """How densely the baselines look at a picture."""
        from becam.methods import MethodOptions

        found = parse_settings(self.settings, (METHOD,), f"{METHOD}.samples=100")
        given = {
            each.key: read_field(MethodOptions, each, "the methods", f"{METHOD}.") for each in found
        }
        return MethodOptions(**given)
