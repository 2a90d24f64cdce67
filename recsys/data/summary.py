"""A catalogue in numbers: what papers print as their table of data sets."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from recsys.data.catalogue import Catalogue
from recsys.data.interactions import Interactions
from recsys.data.splits import MIN_INTERACTIONS, split_random
from recsys.errors import InputError


@dataclass(frozen=True)
class Spread:
    """Least, median, mean and most of some counts."""

    least: int
    median: float
    mean: float
    most: int

    @classmethod
    def of(cls, counts: npt.NDArray[np.int64]) -> Spread:
        """Summarise counts; all 0 where there are none."""
        if not len(counts):
            return cls(0, 0.0, 0.0, 0)
        return cls(
            int(counts.min()), float(np.median(counts)), float(counts.mean()), int(counts.max())
        )

    def __str__(self) -> str:
        return f"mean {self.mean:.2f}, median {self.median:g}, from {self.least:,} to {self.most:,}"


@dataclass(frozen=True, kw_only=True)
class Summary:
    """A catalogue in numbers.

    Attributes:
        density: Interactions / (users x items); 1 minus it is the sparsity.
        parts: Interactions in train, valid and test, None where they are too few for an 8:1:1
            split.
        split: Where the parts come from: ``column``, or ``8:1:1``, the sizes of which are the
            same for every seed.
        cold_items: Items without any interaction.
        few_users: Users with fewer than 3 interactions, all of which an 8:1:1 split keeps in
            train.
        modalities: Ready-made features by name, with their dimensions.
    """

    name: str
    users: int
    items: int
    interactions: int
    density: float
    parts: tuple[int, int, int] | None
    split: str
    per_user: Spread
    per_item: Spread
    cold_items: int
    few_users: int
    without_picture: int
    without_text: int
    modalities: Mapping[str, int]

    @property
    def sparsity(self) -> float:
        """Share of the (user, item) pairs without an interaction."""
        return 1 - self.density

    def to_dict(self) -> dict[str, Any]:
        """Return plain numbers, for JSON."""
        train, valid, test = self.parts or (None, None, None)
        plain = {**asdict(self), "sparsity": self.sparsity}
        plain["parts"] = {"train": train, "valid": valid, "test": test}
        return plain

    def row(self) -> dict[str, Any]:
        """Return one flat row, for a table of several catalogues."""
        train, valid, test = self.parts or ("", "", "")
        return {
            "name": self.name,
            "users": self.users,
            "items": self.items,
            "interactions": self.interactions,
            "sparsity": self.sparsity,
            "train": train,
            "valid": valid,
            "test": test,
            "per_user": self.per_user.mean,
            "per_item": self.per_item.mean,
            "without_picture": self.without_picture,
            "without_text": self.without_text,
            "modalities": " ".join(f"{name}:{dim}" for name, dim in self.modalities.items()),
        }

    def lines(self) -> list[tuple[str, str]]:
        """Return labels and values, to print."""
        features = ", ".join(f"{name} ({dim})" for name, dim in self.modalities.items())
        parts = "too few for train, valid and test"
        if self.parts is not None:
            of = "by the split column" if self.split == "column" else "8:1:1 per user"
            train, valid, test = self.parts
            parts = f"train {train:,}, valid {valid:,}, test {test:,} ({of})"
        return [
            ("catalogue", self.name),
            ("users", f"{self.users:,}"),
            ("items", f"{self.items:,}"),
            ("interactions", f"{self.interactions:,}"),
            ("sparsity", f"{self.sparsity:.4%} (density {self.density:.4%})"),
            ("split", parts),
            ("per user", str(self.per_user)),
            ("per item", str(self.per_item)),
            ("users with fewer than 3", f"{self.few_users:,}"),
            ("items without interaction", f"{self.cold_items:,}"),
            ("items without picture", f"{self.without_picture:,}"),
            ("items without text", f"{self.without_text:,}"),
            ("ready-made features", features or "none"),
        ]


def summarise(catalogue: Catalogue) -> Summary:
    """Count a catalogue. Its ready-made features are read whole, so that they are checked too.

    Raises InputError for features that can't be used.
    """
    rows = catalogue.interactions
    per_user = np.bincount(rows.users, minlength=rows.n_users)
    per_item = np.bincount(rows.items, minlength=rows.n_items)
    pairs = rows.n_users * rows.n_items
    return Summary(
        name=catalogue.name,
        users=rows.n_users,
        items=rows.n_items,
        interactions=rows.n,
        density=rows.n / pairs if pairs else 0.0,
        parts=_parts(rows),
        split="8:1:1" if rows.splits is None else "column",
        per_user=Spread.of(per_user),
        per_item=Spread.of(per_item),
        cold_items=int((per_item == 0).sum()),
        few_users=int((per_user < MIN_INTERACTIONS).sum()),
        without_picture=sum(item.image is None for item in catalogue.items),
        without_text=sum(not item.has_text for item in catalogue.items),
        modalities={
            name: catalogue.stored_features(name).shape[1] for name in catalogue.modality_files
        },
    )


def _parts(rows: Interactions) -> tuple[int, int, int] | None:
    """Count the parts, a given split's also where one is empty, which no training takes."""
    if rows.splits is not None:
        train, valid, test = np.bincount(rows.splits, minlength=3).tolist()
        return train, valid, test
    try:
        split = split_random(rows, seed=0)
    except InputError:
        return None
    return len(split.train), len(split.valid), len(split.test)
