"""What a user can choose for the study. Needs no torch."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

from becam.config import DEVICES
from becam.map_config import FILLS, WEIGHTINGS
from becam.presets import SCORES
from recsys.configs import FEATURES, TrainingConfig
from recsys.data.demo.config import DemoConfig
from recsys.data.demo.names import demo_config, demo_name
from recsys.errors import InputError, shown, unknown
from recsys.models.names import ADAPTERS, ModelName
from recsys.models.registry import RECOMMENDERS, uses_content

NONE: Final = "none"
"""What stands for a recommender without an adapter."""
CONTROLS: Final = ("self-similarity", "content-neighbours", "text-prompt", "random-weights")
"""Measured beside the scores, in the encoder's own space, without the recommender's projection
and adapter: the cosine of masked with whole content; the score ``neighbours``, whose neighbours
behaviour chooses, there; the cosine with "a photo of a {category}"; and weights drawn at random."""
CONTENT_BLIND: Final = ("self-similarity", "random-weights")
"""Controls that can't tell an item's own content from another item's."""
BASELINES: Final = ("unweighted", "centre prior")
"""Maps without any weights, measured once a picture."""


@dataclass(frozen=True, kw_only=True)
class Block:
    """Cells of the study: every combination of these.

    Attributes:
        name: of the block.
        recommenders, adapters: what is trained; ``none`` is the recommender alone.
        data: catalogues, the demo catalogue by name.
        encoders: of the pictures.
        fills: what masked-out pixels become; all of them are measured in each cell.
        lr, patience: of the training.
        seeds: how many of the study's; all of them without.
        after: how many seeds later than the others the block begins: decides the order alone.
    """

    name: str
    recommenders: tuple[str, ...] = ("bm3", "freedom", "lattice", "mgcn")
    adapters: tuple[str, ...] = (NONE, "befa")
    data: tuple[str, ...] = ("demo",)
    encoders: tuple[str, ...] = ("demo-vit",)
    fills: tuple[str, ...] = ("mean",)
    lr: float = TrainingConfig.lr
    patience: int = TrainingConfig.patience
    seeds: int | None = None
    after: int = 0

    def __post_init__(self) -> None:
        _known("recommender", self.recommenders, [n for n in RECOMMENDERS if uses_content(n)])
        _known("adapter", self.adapters, (NONE, *ADAPTERS))
        _known("fill", self.fills, FILLS)
        for name in self.data:
            demo_config(name)
        _different("data", self.data)
        _different("encoders", self.encoders)
        TrainingConfig(lr=self.lr, patience=self.patience)
        if self.seeds is not None and self.seeds < 1:
            raise InputError(f"seeds {shown(self.seeds)}: expected at least 1")
        if self.after < 0:
            raise InputError(f"after {shown(self.after)}: expected 0 or more")


@dataclass(frozen=True, kw_only=True)
class Options:
    """What all cells of the study have in common.

    Attributes:
        seeds: how many, from 0: each has its own split, initial weights and batches.
        items: how many of each half of the catalogue: map settings are chosen on the first
            half's and reported on the second's.
        item_seed: of the halves, the draw and what is drawn for an item.
        scores, weightings: what is compared.
        features: whether content features are frozen or trained along.
        stride: maps are compared with masks at every so many rows and columns of the picture.
        device, cache: where to compute, and where to keep it.
    """

    seeds: int = 5
    items: int = 50
    item_seed: int = 0
    scores: tuple[str, ...] = SCORES
    weightings: tuple[str, ...] = ("raw", "contrast", "delta")
    features: str = "frozen"
    stride: int = 2
    device: str = "auto"
    cache: Path | None = None

    def __post_init__(self) -> None:
        for name in ("seeds", "items", "stride"):
            if getattr(self, name) < 1:
                raise InputError(f"{name} {shown(getattr(self, name))}: expected at least 1")
        if self.item_seed < 0:
            raise InputError(f"item_seed {shown(self.item_seed)}: expected 0 or more")
        _known("score", self.scores, SCORES)
        _known("weighting", self.weightings, WEIGHTINGS)
        if self.features not in FEATURES:
            raise unknown("features option", self.features, FEATURES)
        if self.device.partition(":")[0] not in DEVICES:
            raise unknown("device", self.device, DEVICES)


@dataclass(frozen=True, kw_only=True)
class Cell:
    """One trained recommender, measured.

    Attributes:
        data: the demo catalogue by its shortest name.
        encoder, recommender, adapter, seed: of the cell; the adapter may be ``none``.
        lr, patience: of the training.
        fills: under which maps are made.
    """

    data: str
    encoder: str
    recommender: str
    adapter: str
    seed: int
    lr: float
    patience: int
    fills: tuple[str, ...]

    @property
    def model(self) -> ModelName:
        """What is trained."""
        return ModelName(self.recommender, None if self.adapter == NONE else self.adapter)

    @property
    def catalogue(self) -> DemoConfig:
        """What determines the catalogue."""
        return demo_config(self.data)

    def __str__(self) -> str:
        return f"{self.model}, {self.data}, {self.encoder}, lr {self.lr:g}, seed {self.seed}"


def cells_of(blocks: Sequence[Block], seeds: int) -> tuple[Cell, ...]:
    """Return all cells in the order in which they are done, each once.

    Seed by seed, so that what is done first is a whole; within a seed block by block. Cells
    that several blocks have are measured under all of their fills.
    """
    ordered: dict[Cell, tuple[str, ...]] = {}
    last = seeds + max((block.after for block in blocks), default=0)
    for turn in range(last):
        for block in blocks:
            seed = turn - block.after
            if 0 <= seed < min(seeds, block.seeds or seeds):
                for cell in _cells(block, seed):
                    bare = replace(cell, fills=())
                    kept = ordered.get(bare, ())
                    ordered[bare] = (*kept, *(fill for fill in cell.fills if fill not in kept))
    return tuple(replace(cell, fills=_sorted(fills)) for cell, fills in ordered.items())


def _cells(block: Block, seed: int) -> Iterable[Cell]:
    for data in block.data:
        for encoder in block.encoders:
            for recommender in block.recommenders:
                for adapter in block.adapters:
                    yield Cell(
                        data=demo_name(demo_config(data)),
                        encoder=encoder,
                        recommender=recommender,
                        adapter=adapter,
                        seed=seed,
                        lr=block.lr,
                        patience=block.patience,
                        fills=block.fills,
                    )


def _sorted(fills: Iterable[str]) -> tuple[str, ...]:
    return tuple(sorted(fills, key=FILLS.index))


def _known(what: str, names: Sequence[str], choices: Sequence[str]) -> None:
    """Raise InputError unless these are different names, at least one, all of them known."""
    for name in names:
        if name not in choices:
            raise unknown(what, name, choices)
    _different(f"{what}s", names)


def _different(what: str, names: Sequence[str]) -> None:
    if not names:
        raise InputError(f"{what}: expected at least one")
    for place, name in enumerate(names):
        if name in names[:place]:
            raise InputError(f"{what}: {shown(name)} is given twice; expected it once")
