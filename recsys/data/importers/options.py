"""What an import can be told, checked before anything is read."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from recsys.errors import InputError, shown, unknown

FORMATS = ("catalogue", "mmrec", "microlens", "hm", "tmall")
SPLITS = ("keep", "none", "random", "time")
PICTURES = ("link", "copy", "none")


@dataclass(frozen=True, kw_only=True)
class ImportOptions:
    """How a source is imported.

    Attributes:
        format: One of `FORMATS`, or ``auto``: told by the names of the source's files.
        core: Users and items with fewer interactions are dropped, to a fixed point; 0 drops
            none. None is 10 for raw releases (microlens, hm, tmall), and 0 for formats whose
            data are prepared (catalogue, mmrec).
        split: The ``split`` column: ``keep`` the source's if it has one, ``none``, or 8:1:1 per
            user, ``random`` or by ``time``.
        seed: Of the random split, and of the order of equal timestamps.
        pictures: ``link`` (hard links; copies where the file system has none), ``copy`` or
            ``none``.
        actions: Kinds of rows that count as interactions (tmall alone); none named means all.
        skip_columns: Leave out columns that the format does not have, instead of refusing them.
        force: Replace an earlier import.

    Raises:
        InputError: a value outside its range or a name that does not exist.
    """

    format: str = "auto"
    core: int | None = None
    split: str = "keep"
    seed: int = 0
    pictures: str = "link"
    actions: tuple[str, ...] = ()
    skip_columns: bool = False
    force: bool = False

    def __post_init__(self) -> None:
        if self.format not in ("auto", *FORMATS):
            raise unknown("format", self.format, ("auto", *FORMATS))
        if self.split not in SPLITS:
            raise unknown("split", self.split, SPLITS)
        if self.pictures not in PICTURES:
            raise unknown("pictures option", self.pictures, PICTURES)
        if self.core is not None and not 0 <= self.core < 2**31:
            raise InputError(f"core {shown(self.core)}: expected a whole number from 0")
        if not 0 <= self.seed < 2**63:
            raise InputError(f"seed {shown(self.seed)}: expected a whole number from 0 to 2^63-1")

    @property
    def strangers(self) -> str:
        """How `recsys.data.tables.Layout` treats columns that a format does not have."""
        return "note" if self.skip_columns else "refuse"

    def to_dict(self) -> dict[str, Any]:
        """Return what decides the result, for a manifest."""
        return {
            "core": self.core,
            "split": self.split,
            "seed": self.seed if self.split in ("random", "time") else None,
            "pictures": self.pictures,
            "actions": list(self.actions),
        }
