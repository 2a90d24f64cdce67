"""The options of recommenders and of their training, shared by Python and the command line.

Needs no torch. Every class is frozen and checks its values when it is created.
"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from typing import Literal

from adapters.registry import AdapterConfig
from recsys.errors import InputError, shown, unknown

Features = Literal["trainable", "frozen"]
Mask = Literal["train+valid", "train"]
DType = Literal["float32", "float64"]
Precision = Literal["full", "bfloat16"]

FEATURES: tuple[Features, ...] = ("trainable", "frozen")
MASKS: tuple[Mask, ...] = ("train+valid", "train")
DTYPES: tuple[DType, ...] = ("float32", "float64")
PRECISIONS: tuple[Precision, ...] = ("full", "bfloat16")
MOST = 2**31 - 1  # of any number that counts something
METRICS: tuple[str, ...] = ("recall", "ndcg", "precision", "map", "hit")


def parse_metric(text: str) -> tuple[str, int]:
    """Read a metric with its cut-off, as in ``recall@20``: ``("recall", 20)``.

    Raises:
        InputError: Not ``NAME@K`` with a known name and a whole K from 1 to `MOST`.
    """
    name, _, cutoff = text.partition("@")
    if name not in METRICS:
        raise unknown("metric", name, METRICS)
    # No leading zeros: a metric has one name.
    if not re.fullmatch(r"[1-9][0-9]{0,9}", cutoff) or int(cutoff) > MOST:
        raise InputError(
            f"metric {shown(text)} needs a cut-off from 1 to {MOST}, as in '{name}@20'"
        )
    return name, int(cutoff)


def _check_choice(option: str, value: str, choices: tuple[str, ...]) -> None:
    if value not in choices:
        raise unknown(option, value, choices)


def _check_whole(option: str, value: int, least: int, most: int = MOST) -> None:
    if isinstance(value, bool) or not isinstance(value, int):
        raise TypeError(f"{option} must be an int, not {value!r}")
    if value < least:
        raise InputError(f"{option} must be at least {least}, not {value}")
    if value > most:
        raise InputError(f"{option} must be at most {most}, not {value}")


def _check_weight(option: str, value: float) -> None:
    if not (math.isfinite(value) and value >= 0):
        raise InputError(f"{option} must be a finite number, at least 0, not {value}")


@dataclass(frozen=True)
class RecommenderConfig:
    """Options of a recommender; each recommender has its own subclass."""


@dataclass(frozen=True)
class BM3Config(RecommenderConfig):
    """Options of BM3.

    Attributes:
        layers: Layers of propagation over the user-item graph; 0 leaves it out.
        reg: Weight of the regularisation (the paper's lambda).
        cl: Weight of the two losses on modalities.
        dropout: Probability of dropping a number in the target view, in [0, 1).
    """

    layers: int = 1
    reg: float = 0.1
    cl: float = 2.0
    dropout: float = 0.3

    def __post_init__(self) -> None:
        _check_whole("layers", self.layers, 0)
        _check_weight("reg", self.reg)
        _check_weight("cl", self.cl)
        if not 0 <= self.dropout < 1:
            raise InputError(f"dropout must be in [0, 1), not {self.dropout}")


@dataclass(frozen=True)
class LATTICEConfig(RecommenderConfig):
    """Options of LATTICE.

    Attributes:
        layers: Layers of propagation over the user-item graph; 0 leaves it out.
        item_layers: Layers of propagation over the item graph; 0 leaves the graph out.
        k: Neighbours that an item keeps in each modality's graph, itself among them.
        initial: Share of the graph of the initial features in the mix with the learned one,
            in [0, 1] (the paper's lambda).
        reg: Weight of the regularisation.
    """

    layers: int = 2
    item_layers: int = 1
    k: int = 10
    initial: float = 0.9
    reg: float = 1e-4

    def __post_init__(self) -> None:
        _check_whole("layers", self.layers, 0)
        _check_whole("item_layers", self.item_layers, 0)
        _check_whole("k", self.k, 1)
        if not 0 <= self.initial <= 1:
            raise InputError(f"initial must be in [0, 1], not {self.initial}")
        _check_weight("reg", self.reg)


@dataclass(frozen=True)
class MGCNConfig(RecommenderConfig):
    """Options of MGCN.

    Attributes:
        layers: Layers of propagation over the user-item graph; 0 leaves it out.
        item_layers: Layers of propagation over each modality's item graph; 0 leaves them out.
        k: Neighbours that an item keeps in each modality's graph, itself among them.
        reg: Weight of the regularisation.
        cl: Weight of the contrastive loss.
        temperature: Temperature of the contrastive loss.
    """

    layers: int = 2
    item_layers: int = 1
    k: int = 10
    reg: float = 1e-4
    cl: float = 0.01
    temperature: float = 0.2

    def __post_init__(self) -> None:
        _check_whole("layers", self.layers, 0)
        _check_whole("item_layers", self.item_layers, 0)
        _check_whole("k", self.k, 1)
        _check_weight("reg", self.reg)
        _check_weight("cl", self.cl)
        if not (math.isfinite(self.temperature) and self.temperature > 0):
            raise InputError(f"temperature must be a positive number, not {self.temperature}")


@dataclass(frozen=True)
class LightGCNConfig(RecommenderConfig):
    """Options of LightGCN.

    Attributes:
        layers: Layers of propagation over the user-item graph.
        reg: Weight of the L2 term.
    """

    layers: int = 3
    reg: float = 1e-4

    def __post_init__(self) -> None:
        _check_whole("layers", self.layers, 0)
        _check_weight("reg", self.reg)


@dataclass(frozen=True)
class VBPRConfig(RecommenderConfig):
    """Options of VBPR.

    Attributes:
        reg: Weight of the L2 term.
    """

    reg: float = 1e-4

    def __post_init__(self) -> None:
        _check_weight("reg", self.reg)


@dataclass(frozen=True)
class FREEDOMConfig(RecommenderConfig):
    """Options of FREEDOM.

    Attributes:
        item_layers: Layers of propagation over the item-item graph.
        layers: Layers of propagation over the user-item graph.
        k: Neighbours of an item in each modality, itself included.
        image_weight: Share of one modality in the item-item graph, in [0, 1]; the others share
            the rest evenly. A single modality has all of it.
        weighted: The modality that ``image_weight`` belongs to. ``None``: the one named
            ``image`` or, where there is none, the second.
        dropout: Share of the user-item edges that are pruned in an epoch, in [0, 1).
        reg: Weight of each modality's ranking loss (the paper's lambda).
    """

    item_layers: int = 1
    layers: int = 2
    k: int = 10
    image_weight: float = 0.1
    weighted: str | None = None
    dropout: float = 0.8
    reg: float = 1e-3

    def __post_init__(self) -> None:
        _check_whole("item_layers", self.item_layers, 0)
        _check_whole("layers", self.layers, 0)
        _check_whole("k", self.k, 1)
        if not 0 <= self.image_weight <= 1:
            raise InputError(f"image_weight must be in [0, 1], not {self.image_weight}")
        if not 0 <= self.dropout < 1:
            raise InputError(f"dropout must be in [0, 1), not {self.dropout}")
        _check_weight("reg", self.reg)


@dataclass(frozen=True)
class ModelConfig:
    """What is built, beside the model's name.

    Attributes:
        dim: Dimension of embeddings and projected features.
        features: Whether content features are ``"trainable"``, as published, or ``"frozen"``.
        recommender: The recommender's options; its defaults where ``None``.
        adapter: The adapter's options; its defaults where ``None``.
    """

    dim: int = 64
    features: Features = "trainable"
    recommender: RecommenderConfig | None = None
    adapter: AdapterConfig | None = None

    def __post_init__(self) -> None:
        _check_whole("dim", self.dim, 1)
        _check_choice("features option", self.features, FEATURES)


@dataclass(frozen=True)
class TrainingConfig:
    """How a recommender is trained: Adam with early stopping on a validation metric.

    Attributes:
        lr: Learning rate at the first epoch.
        lr_decay: Factor on the learning rate over 50 epochs, spread evenly: epoch ``t``,
            counted from 0, trains with ``lr * lr_decay ** (t / 50)``; ``None`` for the
            recommender's published one (``recsys.models.registry.complete_training``).
        batch: Interactions in a batch.
        max_epochs: Epochs at most.
        patience: Evaluations in a row without a better metric after which training stops.
        evaluate_every: Epochs between evaluations; the last epoch is always evaluated.
        metric: What decides, on validation items, as in ``"recall@20"``.
        mask: What is taken out of the ranking when test items are ranked.
        seed: Source of initial weights, order of batches and dropout.
        dtype: Floating-point type of everything that is trained.
        precision: ``"bfloat16"`` has large linear layers multiply in bfloat16 while they are
            trained, which CPUs with AMX or AVX512-BF16 and GPUs do several times as fast;
            weights, their updates and evaluation keep ``dtype``. ``"full"`` multiplies in it.
    """

    lr: float = 1e-3
    lr_decay: float | None = None
    batch: int = 2048
    max_epochs: int = 1000
    patience: int = 10
    evaluate_every: int = 1
    metric: str = "recall@20"
    mask: Mask = "train+valid"
    seed: int = 0
    dtype: DType = "float32"
    precision: Precision = "full"

    def __post_init__(self) -> None:
        if not (math.isfinite(self.lr) and self.lr > 0):
            raise InputError(f"lr must be a positive number, not {self.lr}")
        if self.lr_decay is not None and not 0 < self.lr_decay <= 1:
            raise InputError(f"lr_decay must be in (0, 1], not {self.lr_decay}")
        _check_whole("batch", self.batch, 1)
        _check_whole("max_epochs", self.max_epochs, 1)
        _check_whole("patience", self.patience, 1)
        _check_whole("evaluate_every", self.evaluate_every, 1)
        _check_whole("seed", self.seed, 0, 2**63 - 1)
        parse_metric(self.metric)
        _check_choice("mask", self.mask, MASKS)
        _check_choice("dtype", self.dtype, DTYPES)
        _check_choice("precision", self.precision, PRECISIONS)
