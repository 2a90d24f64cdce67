"""Public names of a package, each imported from its module the first time that it is used."""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping
from importlib import import_module
from typing import Any


def lazy(
    package: str, homes: Mapping[str, str]
) -> tuple[Callable[[str], Any], Callable[[], list[str]]]:
    """Return ``__getattr__`` and ``__dir__`` of a package that imports its names on first use.

    Type checkers see the names by their imports under ``TYPE_CHECKING``.

    Args:
        package: ``__name__`` of the package.
        homes: By public name: the module that has it.
    """
    namespace = vars(sys.modules[package])

    def load(name: str) -> Any:
        if name not in homes:
            raise AttributeError(f"module {package!r} has no attribute {name!r}")
        value = getattr(import_module(homes[name]), name)
        namespace[name] = value  # the next time, Python finds it itself
        return value

    def names() -> list[str]:
        return sorted({*namespace, *homes})

    return load, names
