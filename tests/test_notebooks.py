"""The notebooks: what is committed reads well without running, and it runs.

Every test run executes all cells of all of them: two on a smaller demo catalogue, the others on the
stand-ins of the documentation's commands, in one kernel. All of them run as they stand, on the
whole catalogue and against the clock, with ``-m slow``.
"""

from __future__ import annotations

import ast
import re
import sys
import time
from pathlib import Path
from typing import Any

import nbformat
import pytest

from notebooks.refresh import HERE, clean, execute
from tests.kernels import environment

NAMES = sorted(path.name for path in HERE.glob("*.ipynb"))
ALL = [
    "01-quick-start.ipynb",
    "02-before-and-after.ipynb",
    "03-adapters-compared.ipynb",
    "04-distributions.ipynb",
    "05-your-own-catalogue.ipynb",
    "06-reading-the-metrics.ipynb",
]
QUICK = ["01-quick-start.ipynb", "05-your-own-catalogue.ipynb"]
OTHERS = [name for name in ALL if name not in QUICK]
SECONDS = 120  # a notebook may take on two cores
MEGABYTES = 4.0  # of all notebooks together
# Where a machine's own folders begin; the notebooks only use relative ones.
OWN_PATHS = re.compile(r"(?<![\w.])/(?:home|root|tmp|opt|work|Users|usr|var|mnt)/|[A-Z]:\\\\")
# What must be among the words of a notebook's outputs, since its text speaks of it.
SAID = {
    "01-quick-start.ipynb": ["ignores the content", "transformer.resblocks.4", "centre prior"],
    "02-before-and-after.ipynb": ["data-becam-view", "bm3+lora", "similarities from"],
    "03-adapters-compared.ipynb": ["bm3+identity-gate", "recall@20", "not an explanation"],
    "04-distributions.ipynb": ["alignment, shuffled", "circle covered"],
    "05-your-own-catalogue.ipynb": ["sku-999", "GrabCut", "120 items", "notes: none"],
    "06-reading-the-metrics.ipynb": ["self-similarity", "own-minus-other-auc", "shuffled"],
}
# Set before a notebook's first cell: ids up to 199 stay, and everything is done in seconds.
SMALLER = """
from recsys.data.demo.config import DemoConfig
given = list(DemoConfig.__init__.__defaults__)
given[1:3] = 200, 200  # items, users
DemoConfig.__init__.__defaults__ = tuple(given)
"""
# The same for the smallest stand-ins there are; what they show is no longer what the text says.
STAND_INS = """
def stand_in():
    import logging, os
    from pathlib import Path
    import pytest
    from tests import docs_world

    logging.disable(logging.WARNING)  # their weights are random, which open_clip deplores
    docs_world.patch(pytest.MonkeyPatch(), Path(os.environ["BECAM_CACHE"]), Path.cwd())

stand_in()
"""
FORGET = "%reset -f"  # everything but what was imported
LESS = {"items=300": "items=40", "items=16": "items=4"}  # of the same


def read(name: str) -> Any:
    return nbformat.read(HERE / name, as_version=4)


def code_cells(notebook: Any) -> list[Any]:
    return [cell for cell in notebook.cells if cell.cell_type == "code"]


def outputs(notebook: Any) -> list[Any]:
    return [output for cell in code_cells(notebook) for output in cell.outputs]


def words(notebook: Any) -> str:
    """Everything that outputs say in text."""
    found = []
    for output in outputs(notebook):
        found.append(output.get("text", ""))
        data = output.get("data", {})
        found += [str(data[kind]) for kind in data if not kind.startswith("image/")]
    return "\n".join(found)


def kinds(notebook: Any) -> list[list[tuple[str, ...]]]:
    """Of every code cell: which outputs it has, by their types."""
    return [
        [tuple(sorted(output.get("data", {output.get("name"): 0}))) for output in cell.outputs]
        for cell in code_cells(notebook)
    ]


def test_all_are_there() -> None:
    assert NAMES == ALL


def test_together_they_are_small() -> None:
    sizes = {name: (HERE / name).stat().st_size for name in NAMES}
    assert sum(sizes.values()) < MEGABYTES * 1e6, sizes


@pytest.mark.parametrize("name", ALL)
def test_committed_with_outputs_and_nothing_of_a_machine(name: str) -> None:
    notebook = read(name)
    nbformat.validate(notebook)
    cells = code_cells(notebook)
    assert [cell.execution_count for cell in cells] == list(range(1, len(cells) + 1))
    assert not [each for each in outputs(notebook) if each.output_type == "error"]
    assert not [each for each in outputs(notebook) if each.get("name") == "stderr"]
    kept = [kind for each in outputs(notebook) for kind in each.get("data", {})]
    assert "image/jpeg" in kept or "image/png" in kept
    assert notebook.cells[0].cell_type == "markdown"
    said = words(notebook)
    assert not OWN_PATHS.search(said)
    assert "Warning" not in said
    for text in SAID[name]:
        assert text in said, text
    before = nbformat.writes(notebook)
    assert nbformat.writes(clean(notebook)) == before, "run notebooks/refresh.py"


@pytest.mark.parametrize("name", ALL)
def test_pictures_have_words(name: str) -> None:
    for output in outputs(read(name)):
        if "image/jpeg" in output.get("data", {}):
            assert output.metadata["image/jpeg"]["alt"]


@pytest.mark.parametrize("name", ALL)
def test_links_lead_somewhere(name: str) -> None:
    for cell in read(name).cells:
        if cell.cell_type == "markdown":
            for link in re.findall(r"\]\(([^)#]+)", cell.source):
                assert link.startswith("https://") or (HERE / link).is_file(), link


@pytest.mark.parametrize("name", ALL)
def test_code_fits_into_a_screen(name: str) -> None:
    for cell in code_cells(read(name)):
        source = "\n".join(line for line in cell.source.split("\n") if not line.startswith("%"))
        ast.parse(source)
        assert max(map(len, cell.source.split("\n"))) <= 100


@pytest.fixture(scope="module")
def kernel(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """Variables of all kernels. Where Python keeps no bytecode, they share some all the same.

    Otherwise each of them compiles everything that it imports, which is most of its time.
    """
    if not sys.dont_write_bytecode:
        return {}
    kept = tmp_path_factory.mktemp("bytecode")
    return {"PYTHONDONTWRITEBYTECODE": "", "PYTHONPYCACHEPREFIX": str(kept)}


def check(name: str, folder: Path, cache: Path, kernel: dict[str, str], *, first: str = "") -> None:
    """Run a notebook as a stranger would, and compare what it shows with what is committed."""
    committed, notebook = read(name), read(name)
    for cell in code_cells(notebook):
        cell.outputs = []
    if first:
        notebook.cells.insert(0, nbformat.v4.new_code_cell(first))
    execute(notebook, folder, environment(folder) | kernel | {"BECAM_CACHE": str(cache)})
    if first:
        del notebook.cells[0]
    clean(notebook)
    complaints = [each.text for each in outputs(notebook) if each.get("name") == "stderr"]
    assert complaints == []
    assert kinds(notebook) == kinds(committed)
    said = words(notebook)
    assert "Warning" not in said
    for text in SAID[name]:
        assert text in said, text


@pytest.mark.parametrize("name", QUICK)
def test_it_runs_on_a_smaller_catalogue(name: str, tmp_path: Path, kernel: dict[str, str]) -> None:
    check(name, tmp_path, tmp_path / "cache", kernel, first=SMALLER)


def test_every_cell_of_the_others_runs_on_stand_ins(tmp_path: Path, kernel: dict[str, str]) -> None:
    notebooks = [less(read(name)) for name in OTHERS]
    cells = [nbformat.v4.new_code_cell(STAND_INS)]
    for notebook in notebooks:
        cells += [nbformat.v4.new_code_cell(FORGET), *code_cells(notebook)]
    # One kernel for all: what takes longest by far is to import.
    together = nbformat.v4.new_notebook(cells=cells)
    for cell in cells:
        cell.outputs = []
    own = {"BECAM_CACHE": str(tmp_path / "cache")}
    execute(together, tmp_path, environment(tmp_path) | kernel | own)
    for name, notebook in zip(OTHERS, notebooks, strict=True):
        clean(notebook)
        assert [each.text for each in outputs(notebook) if each.get("name") == "stderr"] == []
        # What is printed depends on what is found; what a cell shows does not.
        assert shows(notebook) == shows(read(name)), name
        assert "Warning" not in words(notebook)


def less(notebook: Any) -> Any:
    """Ask a notebook's cells for less of the same."""
    for cell in code_cells(notebook):
        for much, little in LESS.items():
            cell.source = cell.source.replace(much, little)
    return notebook


def shows(notebook: Any) -> list[list[tuple[str, ...]]]:
    """Of every code cell: what it displays, by types."""
    return [[kind for kind in cell if kind != ("stdout",)] for cell in kinds(notebook)]


def test_what_stand_ins_do_less_of_is_there() -> None:
    sources = "".join(cell.source for name in OTHERS for cell in code_cells(read(name)))
    assert [much for much in LESS if much not in sources] == []


@pytest.fixture(scope="module")
def cache(tmp_path_factory: pytest.TempPathFactory, kernel: dict[str, str]) -> Path:
    """One for all notebooks, with the demo catalogue in it, drawn and encoded."""
    folder = tmp_path_factory.mktemp("notebooks")
    code = "import becam; becam.Explainer().dataset"
    execute(
        nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(code)]),
        folder,
        environment(folder) | kernel | {"BECAM_CACHE": str(folder / "cache")},
    )
    return folder / "cache"


@pytest.mark.slow
@pytest.mark.parametrize("name", ALL)
def test_it_runs_in_time(name: str, tmp_path: Path, cache: Path, kernel: dict[str, str]) -> None:
    begun = time.monotonic()
    check(name, tmp_path, cache, kernel)
    assert time.monotonic() - begun < SECONDS


def test_text_printed_in_parts_is_one_output_and_bars_are_gone() -> None:
    cell = nbformat.v4.new_code_cell("print()")
    progress = nbformat.v4.new_output(
        "display_data", {"text/html": ""}, metadata={"becam": {"output": "progress"}}
    )
    texts = [nbformat.v4.new_output("stream", name="stdout", text=text) for text in "abc"]
    errors = nbformat.v4.new_output("stream", name="stderr", text="d")
    cell.outputs = [texts[0], progress, texts[1], errors, texts[2]]
    cleaned = clean(nbformat.v4.new_notebook(cells=[cell]))
    assert [(each.name, each.text) for each in cleaned.cells[0].outputs] == [
        ("stdout", "ab"),
        ("stderr", "d"),
        ("stdout", "c"),
    ]
