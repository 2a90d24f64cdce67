"""open_clip's own tower classes, without the import of the whole of open_clip.

``import open_clip`` also loads its factory, timm, the hub client, torchvision and, through it,
torch's compiler: many seconds that a command for one picture never uses. The towers live in
three small files of the installed package; they are loaded here under a private package name.
The classes are open_clip's, whatever release is installed. Nothing is patched or copied.
"""

from __future__ import annotations

import importlib
import importlib.util
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from functools import lru_cache
from types import ModuleType
from typing import Any, NamedTuple

_ALIAS = "becam.encoders._open_clip"
_LAYERS = "torchvision.ops.misc"
# Where the transformer classes may have come from: two copies are two sets of classes.
MODULES = ("open_clip.transformer", f"{_ALIAS}.transformer")
_ONE_AT_A_TIME = threading.Lock()  # modules stand in for others while the classes are imported


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
    with _ONE_AT_A_TIME:
        if "open_clip" in sys.modules:
            return _classes("open_clip")
        try:
            with torchvision_deferred():
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
def torchvision_deferred() -> Iterator[None]:
    """Let the towers' files be imported without torchvision, of which they need one class.

    ``open_clip.utils`` imports ``FrozenBatchNorm2d`` for a function that the towers never call.
    While the block runs a module with that one class stands in; whoever creates the class gets
    torchvision's. Without effect where torchvision is loaded; the stand-in is always taken away.
    """
    if "torchvision" in sys.modules:
        yield
        return

    def create(_cls: type, *args: Any, **kwargs: Any) -> Any:
        return importlib.import_module(_LAYERS).FrozenBatchNorm2d(*args, **kwargs)

    stand_in = ModuleType(_LAYERS)
    stand_in.__dict__["FrozenBatchNorm2d"] = type("FrozenBatchNorm2d", (), {"__new__": create})
    sys.modules[_LAYERS] = stand_in
    try:
        yield
    finally:
        if sys.modules.get(_LAYERS) is stand_in:
            del sys.modules[_LAYERS]
