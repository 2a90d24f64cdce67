"""open_clip's own tower classes, without the import of the whole of open_clip.

``import open_clip`` also loads its factory, timm, the hub client and, through torchvision,
torch's compiler: many seconds that a command for one picture never uses. The towers live in
three small files of the installed package; they are loaded here under a private package name.
The classes are open_clip's, whatever release is installed. Nothing is patched or copied.
"""

from __future__ import annotations

import importlib
import importlib.util
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from functools import lru_cache
from types import ModuleType
from typing import Any, NamedTuple

_ALIAS = "becam.encoders._open_clip"
_COMPILER = "torch._dynamo.utils"


class TowerClasses(NamedTuple):
    """open_clip's classes for a CLIP model, as found in the installed release."""

    VisionTransformer: Any
    ModifiedResNet: Any
    TextTransformer: Any
    LayerNorm: Any
    LayerNormFp32: Any
    QuickGELU: Any


@lru_cache(maxsize=1)
def tower_classes() -> TowerClasses:
    """Return open_clip's tower classes; the first call imports them.

    Raises:
        ImportError: open_clip is not installed.
    """
    if "open_clip" in sys.modules:
        return _classes("open_clip")
    try:
        with compiler_deferred():
            return _alias_classes()
    except Exception:
        # A release laid out differently: the plain import is slower, never wrong.
        importlib.import_module("open_clip")
        return _classes("open_clip")


def _classes(package: str) -> TowerClasses:
    transformer = importlib.import_module(f"{package}.transformer")
    resnet = importlib.import_module(f"{package}.modified_resnet")
    return TowerClasses(
        VisionTransformer=transformer.VisionTransformer,
        ModifiedResNet=resnet.ModifiedResNet,
        TextTransformer=transformer.TextTransformer,
        LayerNorm=transformer.LayerNorm,
        LayerNormFp32=transformer.LayerNormFp32,
        QuickGELU=transformer.QuickGELU,
    )


def _alias_classes() -> TowerClasses:
    """Load the towers' files under a package that has open_clip's folder but not its code."""
    found = importlib.util.find_spec("open_clip")  # does not run open_clip/__init__.py
    if found is None or not found.submodule_search_locations:
        raise ImportError("open_clip is not installed")
    package = ModuleType(_ALIAS, "The tower files of the installed open_clip.")
    package.__path__ = list(found.submodule_search_locations)
    package.__spec__ = importlib.util.spec_from_loader(_ALIAS, None, is_package=True)
    sys.modules[_ALIAS] = package
    try:
        return _classes(_ALIAS)
    except BaseException:
        for name in list(sys.modules):
            if name == _ALIAS or name.startswith(f"{_ALIAS}."):
                del sys.modules[name]
        raise


@contextmanager
def compiler_deferred() -> Iterator[None]:
    """Let torchvision be imported without torch's compiler, which it needs in one function.

    ``torchvision.ops.roi_align`` imports ``is_compile_supported`` when it is loaded and thereby
    all of ``torch._dynamo``. While the block runs a module with that one function stands in;
    the function loads the real one when it is called. Without effect where either package is
    already loaded. The stand-in is always taken away.
    """
    if "torchvision" in sys.modules or "torch._dynamo" in sys.modules:
        yield
        return

    stand_in = ModuleType(_COMPILER)

    def remove() -> None:
        if sys.modules.get(_COMPILER) is stand_in:
            del sys.modules[_COMPILER]

    def is_compile_supported(device_type: object) -> Any:
        return importlib.import_module(_COMPILER).is_compile_supported(device_type)

    def other(name: str) -> Any:
        # Someone does need the compiler: step aside and hand out the real thing.
        if name.startswith("__"):
            raise AttributeError(name)
        remove()
        return getattr(importlib.import_module(_COMPILER), name)

    stand_in.__dict__.update(is_compile_supported=is_compile_supported, __getattr__=other)
    sys.modules[_COMPILER] = stand_in
    try:
        yield
    finally:
        remove()
