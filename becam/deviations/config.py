"""What a user can choose for deviations. Needs no torch."""

from __future__ import annotations

from dataclasses import dataclass, field

from becam.before_after import BeforeAfterConfig
from becam.map_config import option
from recsys.errors import InputError, shown


@dataclass(frozen=True, kw_only=True)
class DeviationConfig(BeforeAfterConfig):
    """Everything that `becam.deviation` and `becam deviation` need to know.

    Raises:
        InputError: a value outside its range or a name that does not exist.
    """

    exponent: float = field(
        default=2.0,
        metadata=option(
            "Exponent of the deviation f = (1 - cos)^exponent (eq. 6, garbled in the copy that "
            "becam was written from).",
            metavar="NUMBER",
        ),
    )

    def __post_init__(self) -> None:
        super().__post_init__()
        # The same check as `becam.deviations.values.check_exponent`, which needs torch.
        if not 0 < self.exponent < float("inf"):
            raise InputError(f"exponent {shown(self.exponent)}: expected a number greater than 0")
