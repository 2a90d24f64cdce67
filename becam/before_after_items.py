"""What deviations and distributions share: data sets in turn, and a row an item."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, Protocol, TypeVar

from becam.config import DataConfig
from becam.dataset import Dataset
from becam.tables.tidy import write_tidy
from recsys.models.names import ModelName


class ItemSide(Protocol):
    """What was measured of one trained recommender and one of its modalities."""

    @property
    def data(self) -> str:
        """The data set."""

    @property
    def model(self) -> ModelName:
        """Recommender and adapter."""

    @property
    def modality(self) -> str:
        """Whose content."""

    @property
    def seed(self) -> int:
        """What was drawn with."""

    @property
    def items(self) -> tuple[str, ...]:
        """Ids of the items measured."""


S = TypeVar("S", bound=ItemSide)


def measure_each(
    configs: Iterable[DataConfig],
    measure: Callable[[DataConfig, Sequence[str]], tuple[list[S], dict[str, Any]]],
) -> tuple[list[S], list[dict[str, Any]]]:
    """Measure one data set after the other.

    Args:
        configs: what to open.
        measure: gives the sides of a data set and what it is, as `becam.tables.opened.about_data`
            has it; its second argument is the names that are taken.
    """
    sides: list[S] = []
    about: list[dict[str, Any]] = []
    for each in configs:
        found, of_data = measure(each, [of["name"] for of in about])
        sides += found
        about.append(of_data)
    return sides, about


def name_beside(dataset: Dataset, data: str, taken: Sequence[str]) -> str:
    """Return what rows call a data set: its name, or ``data`` where that is taken."""
    return data if dataset.name in taken else dataset.name


def write_items(
    path: str | Path,
    sides: Sequence[S],
    columns: Mapping[str, Callable[[S], Iterable[float]]],
) -> Path:
    """Write a row an item, model, modality and seed as .csv or .parquet.

    Args:
        path: the file.
        sides: what was measured.
        columns: by name, how to get a side's numbers, in the order of its items.

    Raises:
        InputError: another ending.
        OSError: it can't be written.
    """
    kinds: dict[str, Any] = {
        **{"data": str, "recommender": str, "adapter": str, "modality": str, "seed": int},
        **{"item": str, **dict.fromkeys(columns, float)},
    }
    rows = [
        (
            *(side.data, side.model.recommender, side.model.adapter or "", side.modality),
            *(side.seed, item, *map(float, numbers)),
        )
        for side in sides
        for item, *numbers in zip(side.items, *(get(side) for get in columns.values()), strict=True)
    ]
    return write_tidy(Path(path), kinds, rows)
