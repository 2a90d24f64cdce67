"""What every recommender is: embeddings of users and items, and one branch per modality."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import ClassVar

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from adapters.base import Adapter
from adapters.layers import Start, linear
from recsys.configs import RecommenderConfig
from recsys.errors import unknown


@dataclass(frozen=True, eq=False)
class Ingredients:
    """What a recommender is built from.

    Attributes:
        n_users: Number of users.
        n_items: Number of items.
        train: Training pairs of (user, item), int64 (n, 2).
        features: Content features by modality, float (n_items, D) each, D its own.
        dim: Dimension of embeddings and projected features.
        trainable: Whether content features are trained.
        dtype: Floating-point type of all weights.
        generator: Source of the initial weights (a CPU generator).
        new_adapter: Creates one adapter; ``None`` for a recommender without.
        start: Initial weights of the projections (``adapters.layers.linear``).
    """

    n_users: int
    n_items: int
    train: Tensor
    features: Mapping[str, Tensor]
    dim: int
    trainable: bool
    dtype: torch.dtype
    generator: torch.Generator
    new_adapter: Callable[[], Adapter] | None
    start: Start = "xavier"


class Branch(nn.Module):
    """One modality of a recommender: content features, their projection, and the adapter.

    Trainable features are a parameter, as published; frozen ones move with the model but are
    no part of its weights.

    Attributes:
        sparse_gradients: Whether ``content`` gives trainable features a sparse gradient, of the
            rows that were looked up, instead of a table of mostly zeros.
    """

    def __init__(self, features: Tensor, parts: Ingredients) -> None:
        super().__init__()
        self.sparse_gradients = False
        features = features.to(parts.dtype, copy=True, memory_format=torch.contiguous_format)
        if parts.trainable:
            self.features: Tensor = nn.Parameter(features)
        else:
            self.register_buffer("features", features, persistent=False)
        projection = linear(
            features.shape[1], parts.dim, start=parts.start, generator=parts.generator
        )
        self.projection = projection.to(parts.dtype)
        self.adapter: Adapter | None = None

    def content(self, items: Tensor) -> Tensor:
        """Return the content features of ``items``, int64 (n,): float (n, D)."""
        if self.sparse_gradients:
            return F.embedding(items, self.features, sparse=True)
        return self.features.index_select(0, items)

    def adapt(
        self, projected: Tensor, behavioural: Tensor, generator: torch.Generator | None = None
    ) -> Tensor:
        """Apply the adapter, if any, to ``projected`` (n, dim); return the type of the weights."""
        adapted: Tensor = projected
        if self.adapter is not None:
            adapted = self.adapter(projected, behavioural, generator)
        return adapted.to(behavioural.dtype)

    def forward(
        self, items: Tensor, behavioural: Tensor, generator: torch.Generator | None = None
    ) -> Tensor:
        """Return the adapted features of ``items`` alone.

        Args:
            items: Indices of items, int64 (n,).
            behavioural: Their behavioural embeddings, float (n, dim).
            generator: Source of the adapter's dropout.
        """
        return self.adapt(self.projection(self.content(items)), behavioural, generator)


class Recommender(nn.Module, ABC):
    """A recommender over users, items and any number of modalities, also none.

    A score is the inner product of a user's and an item's row of ``embeddings()``.

    Attributes:
        start: Initial weights of its linear layers (``adapters.layers.linear``); adapters are
            alike in all recommenders.
    """

    name: ClassVar[str]
    start: ClassVar[Start] = "xavier"

    def __init__(self, parts: Ingredients, config: RecommenderConfig) -> None:
        super().__init__()
        self.config = config
        self.n_users, self.n_items, self.dim = parts.n_users, parts.n_items, parts.dim
        self.modalities: tuple[str, ...] = tuple(parts.features)
        self.user_embedding = self._embedding(parts.n_users, parts)
        self.item_embedding = self._embedding(parts.n_items, parts)
        self.branches = nn.ModuleList(
            Branch(features, parts) for features in parts.features.values()
        )
        self._build(parts)
        # Adapters draw last: with one seed, a recommender starts alike with and without them.
        if parts.new_adapter is not None:
            for branch in self.branches:
                branch.adapter = parts.new_adapter().to(parts.dtype)

    @staticmethod
    def _embedding(rows: int, parts: Ingredients) -> nn.Parameter:
        weights = torch.empty(rows, parts.dim)
        nn.init.xavier_uniform_(weights, generator=parts.generator)
        return nn.Parameter(weights.to(parts.dtype))

    @abstractmethod
    def _build(self, parts: Ingredients) -> None:
        """Create what this recommender has beside embeddings, projections and adapters."""

    @abstractmethod
    def loss(
        self,
        users: Tensor,
        items: Tensor,
        *,
        generator: torch.Generator | None = None,
    ) -> Tensor:
        """Return the loss of one batch; a pairwise recommender draws its negatives itself.

        Args:
            users: Users of the batch's interactions, int64 (B,).
            items: Their items, int64 (B,).
            generator: Source of everything random, on the model's device; torch's own where
                ``None``.

        Returns:
            A scalar.
        """

    @abstractmethod
    def embeddings(self) -> tuple[Tensor, Tensor]:
        """Return what scores are made of: users (n_users, dim) and items (n_items, dim)."""

    def start_epoch(self, generator: torch.Generator) -> None:
        """Prepare for an epoch of training, for models that redraw or rebuild a graph."""
        del generator

    def behavioural_embeddings(self) -> Tensor:
        """Return the items' ID embeddings, float (n_items, dim): BeCAM's ``b``."""
        return self.item_embedding

    def branch(self, modality: str) -> Branch:
        """Return the branch of ``modality`` (``InputError`` where there is none)."""
        if modality not in self.modalities:
            raise unknown("modality", modality, self.modalities)
        found = self.branches[self.modalities.index(modality)]
        assert isinstance(found, Branch)
        return found

    def project(self, modality: str, content: Tensor) -> Tensor:
        """Project content features (n, D) of ``modality`` to (n, dim), without the adapter."""
        projected: Tensor = self.branch(modality).projection(content)
        return projected

    def adapt(self, modality: str, projected: Tensor, behavioural: Tensor) -> Tensor:
        """Apply the adapter of ``modality``, if any, to projected features (n, dim)."""
        return self.branch(modality).adapt(projected, behavioural)

    def to_behavioural_space(self, modality: str, content: Tensor, behavioural: Tensor) -> Tensor:
        """Take content features into the behavioural space: BeCAM's ``g`` (BeFA paper, eq. 1).

        Args:
            modality: One of ``modalities``.
            content: Content features of that modality, float (n, D).
            behavioural: Embeddings that guide the adapter, float (n, dim).

        Returns:
            Float (n, dim).
        """
        return self.adapt(modality, self.project(modality, content), behavioural)

    def predicted(self, representations: Tensor) -> Tensor:
        """Return what the recommender compares instead of representations (n, dim).

        The representations themselves, except for recommenders with a predictor (BM3).
        """
        return representations

    def n_parameters(self) -> int:
        """Return how many numbers the model holds as parameters."""
        return sum(parameter.numel() for parameter in self.parameters())
