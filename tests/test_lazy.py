"""Public names that are imported on first use."""

from __future__ import annotations

import importlib
import subprocess
import sys
from types import ModuleType

import pytest

PACKAGES = ["becam", "recsys", "recsys.data", "recsys.data.demo"]
PACKAGES += ["recsys.data.importers", "recsys.models"]


@pytest.mark.parametrize("name", PACKAGES)
def test_every_public_name_is_there_and_no_other(name: str) -> None:
    package = importlib.import_module(name)
    for public in package.__all__:
        found = getattr(package, public)
        assert not isinstance(found, ModuleType), f"{public} is a module, not what it has"
        assert getattr(package, public) is found
    assert set(package.__all__) <= set(dir(package))
    with pytest.raises(AttributeError, match=f"module '{name}' has no attribute 'nonsense'"):
        _ = package.nonsense


def test_a_name_is_imported_when_it_is_used() -> None:
    code = (
        "import sys, recsys.data, recsys.models;"
        "assert 'Catalogue' in dir(recsys.data);"
        "assert not {'numpy', 'torch'} & set(sys.modules);"
        "from recsys.data import Catalogue;"
        "assert 'numpy' in sys.modules and 'torch' not in sys.modules;"
        "assert vars(recsys.data)['Catalogue'] is Catalogue"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
