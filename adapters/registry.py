"""The adapters by name, their configurations, and how to create one. Needs no torch.

A new adapter is one file with its module and one entry here.
"""

from __future__ import annotations

import importlib
import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import torch

    from adapters.base import Adapter

WIDEST = 1 << 20  # numbers in a hidden layer: far beyond what any memory holds the weights of


@dataclass(frozen=True)
class AdapterConfig:
    """Options of an adapter; one without options uses this class itself."""

    def check(self, dim: int) -> None:
        """Raise ``ValueError`` where these options do not fit embeddings of ``dim`` numbers."""
        del dim


@dataclass(frozen=True)
class BeFAConfig(AdapterConfig):
    """Options of ``befa`` and ``befa-reference``.

    Attributes:
        k: Hidden width as a multiple of the dimension (the paper's Fig. 10 varies it from
            0.125 to 8). ``k * dim`` must be a whole number, at least 1.
        dropout: Probability of dropping a hidden number, in [0, 1).
    """

    k: float = 4.0
    dropout: float = 0.1

    def __post_init__(self) -> None:
        if not 0 < self.k < float("inf"):
            raise ValueError(f"k must be a positive number, not {self.k!r}")
        if not 0 <= self.dropout < 1:
            raise ValueError(f"adapter dropout must be in [0, 1), not {self.dropout!r}")

    def check(self, dim: int) -> None:
        """Raise ``ValueError`` where ``k * dim`` is not a whole number, at least 1."""
        self.width(dim)

    def width(self, dim: int) -> int:
        """Return ``k * dim``, or raise ``ValueError`` where it is not a whole number >= 1."""
        if dim < 1:
            raise ValueError(f"dim must be at least 1, not {dim}")
        width = self.k * dim
        near = max(round(min(width, WIDEST)), 1)
        # k is a quotient, which rounds: 0.29 times 100 is not 29.
        if not math.isclose(width, near, rel_tol=1e-9):
            raise ValueError(
                f"k * dim must be a whole number from 1 to {WIDEST}; k={self.k:g} and dim={dim} "
                f"give {width:g}; the nearest k is {near / dim!r}"
            )
        return near


@dataclass(frozen=True)
class LoRAConfig(AdapterConfig):
    """Options of ``lora``.

    Attributes:
        rank: Rank of the update, at least 1.
    """

    rank: int = 16

    def __post_init__(self) -> None:
        if self.rank < 1:
            raise ValueError(f"rank must be at least 1, not {self.rank!r}")


@dataclass(frozen=True)
class _Entry:
    """Where an adapter is found."""

    module: str
    class_name: str
    config: type[AdapterConfig]


_ENTRIES: dict[str, _Entry] = {
    "befa": _Entry("adapters.befa", "BeFA", BeFAConfig),
    "befa-reference": _Entry("adapters.befa_reference", "BeFAReference", BeFAConfig),
    "lora": _Entry("adapters.lora", "LoRA", LoRAConfig),
    "soft-prompt": _Entry("adapters.soft_prompt", "SoftPrompt", AdapterConfig),
    "identity-gate": _Entry("adapters.identity_gate", "IdentityGate", AdapterConfig),
}

ADAPTERS: tuple[str, ...] = tuple(_ENTRIES)
"""Names of the adapters."""


def _entry(name: str) -> _Entry:
    try:
        return _ENTRIES[name]
    except KeyError:
        known = ", ".join(ADAPTERS)
        raise ValueError(f"unknown adapter {name!r}; available: {known}") from None


def config_class(name: str) -> type[AdapterConfig]:
    """Return the configuration class of the adapter ``name`` (``ValueError`` if unknown)."""
    return _entry(name).config


def create(
    name: str,
    dim: int,
    config: AdapterConfig | None = None,
    *,
    generator: torch.Generator | None = None,
) -> Adapter:
    """Create one adapter.

    Args:
        name: One of ``ADAPTERS``.
        dim: Dimension of the projected features and behavioural embeddings.
        config: Its options; the defaults where ``None``.
        generator: Source of the initial weights (a CPU generator).

    Raises:
        ValueError: An unknown name, or options that do not fit ``dim``.
        TypeError: ``config`` belongs to another adapter.
    """
    entry = _entry(name)
    config = entry.config() if config is None else config
    if type(config) is not entry.config:
        raise TypeError(
            f"adapter {name!r} takes a {entry.config.__name__}, not a {type(config).__name__}"
        )
    config.check(dim)
    adapter_class: type[Adapter] = getattr(importlib.import_module(entry.module), entry.class_name)
    return adapter_class(dim, config, generator=generator)
