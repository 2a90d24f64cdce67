"""ImageBind's own classes, without the import of its audio and video code.

``import imagebind`` also loads readers of sound and video (torchaudio, pytorchvideo, decord),
which pictures and texts never use and which many machines lack. The model lives in a folder of
its own; it is loaded here under the package's name, and taken out of ``sys.modules`` again, so
that a later ``import imagebind`` is the package's own. Nothing is patched or copied.
"""

from __future__ import annotations

import importlib
import importlib.util
import sys
import threading
import warnings
from functools import lru_cache
from pathlib import Path
from types import ModuleType
from typing import Any, NamedTuple

from recsys.errors import InputError

_PACKAGE = "imagebind"
_ONE_AT_A_TIME = threading.Lock()  # a shell stands in for the package while it is imported
INSTALL = "pip install --no-deps imagebind-packaged && pip install einops ftfy iopath regex timm"


class ImageBindClasses(NamedTuple):
    """What becam uses of the installed ImageBind."""

    ImageBindModel: Any
    SimpleTokenizer: Any
    vocabulary: Path


@lru_cache(maxsize=1)
def imagebind_classes() -> ImageBindClasses:
    """Return ImageBind's classes; the first call imports them.

    Raises:
        InputError: ImageBind, or a package that it needs, is not installed.
    """
    with _ONE_AT_A_TIME:
        return _imported(_folder())


def _imported(folder: Path) -> ImageBindClasses:
    before = {name for name in sys.modules if name.partition(".")[0] == _PACKAGE}
    try:
        if not before:
            package = ModuleType(_PACKAGE, "The model files of the installed ImageBind.")
            package.__path__ = [str(folder)]
            package.__spec__ = importlib.util.spec_from_loader(_PACKAGE, None, is_package=True)
            sys.modules[_PACKAGE] = package
        with warnings.catch_warnings():
            # It uses timm's layers under their old name.
            warnings.simplefilter("ignore", FutureWarning)
            model = importlib.import_module(f"{_PACKAGE}.models.imagebind_model")
            texts = importlib.import_module(f"{_PACKAGE}.models.multimodal_preprocessors")
    except ImportError as error:
        raise InputError(
            f"encoder 'imagebind': ImageBind can't be imported ({error}); install what it needs "
            f"with: {INSTALL}"
        ) from None
    finally:
        for name in list(sys.modules):
            if name.partition(".")[0] == _PACKAGE and name not in before:
                del sys.modules[name]
    return ImageBindClasses(
        model.ImageBindModel, texts.SimpleTokenizer, folder / "bpe" / "bpe_simple_vocab_16e6.txt.gz"
    )


def _folder() -> Path:
    """Find the installed package's folder; PyPI's ``imagebind`` is another, empty one."""
    try:
        found = importlib.util.find_spec(_PACKAGE)  # does not run imagebind/__init__.py
    except ValueError:  # loaded by hand, without a spec
        found = None
    for folder in (found.submodule_search_locations or ()) if found else ():
        if (Path(folder) / "models" / "imagebind_model.py").is_file():
            return Path(folder)
    what = "is not installed" if found is None else "is not the installed package of that name"
    raise InputError(f"encoder 'imagebind': ImageBind {what}; install it with: {INSTALL}")
