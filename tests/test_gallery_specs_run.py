"""The specs in `gallery/`, each made from beginning to end, small.

As in the documentation's tests (`tests.docs_world`) the specs are the real ones, and the demo
catalogue and the encoders are small ones under the same names.
"""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from becam.cli.main import run
from tests import docs_world
from tests.docs_blocks import ROOT

# What only says how much of the same is done; the specs' own values take an hour.
LESS = {"seeds": "2", "count": "2", "pool": "6", "ks": '"0.5,1"', "epochs": "1"}
QUICK = (
    *("fig2", "fig6", "fig7", "fig8", "fig10"),
    *("table1", "table2", "table3", "table4"),
)
# What stands in the folder `figures`, without an ending; pages have numbers.
FIGURES = {"fig9": "distribution", "fig10": "sensitivity"}
SLOW = ("fig9",)  # the documentation's tests make it as well


@pytest.fixture(scope="module")
def cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("cache")


@pytest.fixture(autouse=True)
def _small(cache: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    docs_world.patch(monkeypatch, cache, tmp_path)
    monkeypatch.chdir(tmp_path)


def smaller(name: str) -> Path:
    """Copy a spec that asks for less of the same."""
    text = (ROOT / "gallery" / f"{name}.toml").read_text()
    for key, value in LESS.items():
        text = re.sub(rf"^{key} = [^#\n]*", f"{key} = {value}  ", text, flags=re.MULTILINE)
    file = Path(f"{name}.toml")
    file.write_text(text)
    return file


def made(name: str) -> dict[str, Any]:
    """Make a gallery, and check what all of them have."""
    items = {"fig9": ["--items", "40"]}.get(name, [])
    if name.startswith("fig") and name not in FIGURES:
        items = ["--items", "2"]
    assert run(["gallery", str(smaller(name)), "--out", name, *items, "--quiet"]) == 0
    found: dict[str, Any] = json.loads(Path(name, "gallery.json").read_text())
    assert found["name"] == name
    assert found["failures"] == []
    assert Path(name, "index.html").stat().st_size > 1000
    assert all(Path(name, path).is_file() for path in found["figures"])
    stem = FIGURES.get(name, name)
    if name.startswith("fig"):
        tex = Path(name, f"figures/{stem}.tex").read_text()
        (included, *_) = re.findall(r"\\detokenize\{(.*?)\}", tex)
        assert included.endswith(".pdf")
        assert Path(name, "figures", included).read_bytes().startswith(b"%PDF")
        assert Image.open(Path(name, "figures", included).with_suffix(".png")).width > 50
    return found


@pytest.mark.parametrize("name", QUICK)
def test_a_spec_of_the_paper_is_made(name: str) -> None:
    found = made(name)
    if name.startswith("table"):
        assert {Path(path).suffix for path in found["tables"]} == {".csv", ".md", ".tex", ".json"}


@pytest.mark.slow
@pytest.mark.parametrize("name", SLOW)
def test_a_slow_spec_of_the_paper_is_made(name: str) -> None:
    made(name)


def test_every_spec_of_the_paper_is_made_here() -> None:
    """The study has tests of its own."""
    specs = {file.stem for file in (ROOT / "gallery").glob("*.toml")} - {"study"}
    assert {*QUICK, *SLOW} == specs
