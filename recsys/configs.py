"""The options of recommenders and of their training, shared by Python and the command line.

Needs no torch. Every class is frozen and checks its values when it is created.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal

from adapters.registry import AdapterConfig
from recsys.errors import InputError, shown, unknown

Features = Literal["trainable", "frozen"]
Mask = Literal["train+valid", "train"]
DType = Literal["float32", "float64"]

FEATURES: tuple[Features, ...] = ("trainable", "frozen")
MASKS: tuple[Mask, ...] = ("train+valid", "train")
DTYPES: tuple[DType, ...] = ("float32", "float64")
METRICS: tuple[str, ...] = ("recall", "ndcg", "precision", "map", "hit")


def parse_metric(text: str) -> tuple[str, int]:
    """Read a metric with its cut-off, as in ``recall@20``: ``("recall", 20)``.

    Raises:
        InputError: Not ``NAME@K`` with a known name and a whole K >= 1.
    """
    name, _, cutoff = text.partition("@")
    if name not in METRICS:
        raise unknown("metric", name, METRICS)
    if not cutoff.isascii() or not cutoff.isdigit() or int(cutoff) < 1:
        raise InputError(f"metric {shown(text)} needs a cut-off of at least 1, as in '{name}@20'")
    return name, int(cutoff)


def _check_choice(option: str, value: str, choices: tuple[str, ...]) -> None:
    if value not in choices:
        raise unknown(option, value, choices)


def _check_whole(option: str, value: int, least: int) -> None:
    if isinstance(value, bool) or not isinstance(value, int):
        raise TypeError(f"{option} must be an int, not {value!r}")
    if value < least:
        raise InputError(f"{option} must be at least {least}, not {value}")


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
            counted from 0, trains with ``lr * lr_decay ** (t / 50)``.
        batch: Interactions in a batch.
        max_epochs: Epochs at most.
        patience: Evaluations in a row without a better metric after which training stops.
        evaluate_every: Epochs between evaluations; the last epoch is always evaluated.
        metric: What decides, on validation items, as in ``"recall@20"``.
        mask: What is taken out of the ranking when test items are ranked.
        seed: Source of initial weights, order of batches and dropout.
        dtype: Floating-point type of everything that is trained.
    """

    lr: float = 1e-3
    lr_decay: float = 1.0
    batch: int = 2048
    max_epochs: int = 1000
    patience: int = 10
    evaluate_every: int = 1
    metric: str = "recall@20"
    mask: Mask = "train+valid"
    seed: int = 0
    dtype: DType = "float32"

    def __post_init__(self) -> None:
        if not (math.isfinite(self.lr) and self.lr > 0):
            raise InputError(f"lr must be a positive number, not {self.lr}")
        if not 0 < self.lr_decay <= 1:
            raise InputError(f"lr_decay must be in (0, 1], not {self.lr_decay}")
        _check_whole("batch", self.batch, 1)
        _check_whole("max_epochs", self.max_epochs, 1)
        _check_whole("patience", self.patience, 1)
        _check_whole("evaluate_every", self.evaluate_every, 1)
        _check_whole("seed", self.seed, 0)
        parse_metric(self.metric)
        _check_choice("mask", self.mask, MASKS)
        _check_choice("dtype", self.dtype, DTYPES)
