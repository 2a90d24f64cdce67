"""From a model's name and options to its module."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial

import numpy as np
import torch
from torch import Tensor

from adapters import registry as adapter_registry
from adapters.base import Adapter
from recsys.configs import ModelConfig
from recsys.errors import InputError
from recsys.models.base import Ingredients, Recommender
from recsys.models.names import ModelName
from recsys.models.registry import config_class, recommender_class


def complete(name: ModelName, config: ModelConfig) -> ModelConfig:
    """Return ``config`` with the defaults of ``name`` filled in, checked against it.

    Raises:
        InputError: Adapter options that do not fit the dimension.
        TypeError: Options that belong to another recommender or adapter, or adapter options
            for a model without an adapter.
    """
    wanted = config_class(name.recommender)
    recommender = wanted() if config.recommender is None else config.recommender
    if type(recommender) is not wanted:
        raise TypeError(
            f"model {str(name)!r} takes a {wanted.__name__}, not a {type(recommender).__name__}"
        )
    adapter = config.adapter
    if name.adapter is None:
        if adapter is not None:
            raise TypeError(f"model {str(name)!r} has no adapter, but adapter options were given")
    else:
        adapter_class = adapter_registry.config_class(name.adapter)
        adapter = adapter_class() if adapter is None else adapter
        if type(adapter) is not adapter_class:
            raise TypeError(
                f"adapter {name.adapter!r} takes a {adapter_class.__name__}, "
                f"not a {type(adapter).__name__}"
            )
        try:
            adapter.check(config.dim)
        except ValueError as error:
            raise InputError(f"adapter {name.adapter}: {error}") from None
    return ModelConfig(config.dim, config.features, recommender, adapter)


def build(
    name: ModelName,
    config: ModelConfig,
    *,
    train: np.ndarray,
    n_users: int,
    n_items: int,
    features: Mapping[str, Tensor],
    generator: torch.Generator,
    dtype: torch.dtype = torch.float32,
) -> Recommender:
    """Create an untrained recommender on the CPU.

    Args:
        name: Recommender and adapter.
        config: Its options; see ``complete``.
        train: Training pairs of (user, item), int64 (n, 2).
        n_users: Number of users.
        n_items: Number of items.
        features: Content features by modality, float (n_items, D); may be empty.
        generator: Source of the initial weights; torch's global generator is not touched.
        dtype: Floating-point type of all weights.
    """
    config = complete(name, config)
    new_adapter: Callable[[], Adapter] | None = None
    if name.adapter is not None:
        new_adapter = partial(
            adapter_registry.create, name.adapter, config.dim, config.adapter, generator=generator
        )
    found = recommender_class(name.recommender)
    parts = Ingredients(
        n_users=n_users,
        n_items=n_items,
        train=torch.as_tensor(train, dtype=torch.int64),
        features=features,
        dim=config.dim,
        trainable=config.features == "trainable",
        dtype=dtype,
        generator=generator,
        new_adapter=new_adapter,
        start=found.start,
    )
    options = config.recommender
    assert options is not None  # `complete` fills it in
    return found(parts, options)
