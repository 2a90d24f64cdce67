"""Code run in a fresh kernel of the interpreter that runs the tests."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import nbformat

import becam
from notebooks.refresh import execute

# The code under test, whatever is installed, and the tests' own helpers.
ROOT = Path(becam.__file__).resolve().parents[1]


def environment(folder: Path) -> dict[str, str]:
    """Variables for a kernel that knows nothing of this machine's user."""
    path = os.pathsep.join(filter(None, [str(ROOT), os.environ.get("PYTHONPATH", "")]))
    return {"PYTHONPATH": path, "IPYTHONDIR": str(folder / ".ipython")}


def run_cells(cells: Sequence[str], folder: Path) -> list[list[Any]]:
    """Run code in a kernel; return the outputs of each cell."""
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(text) for text in cells])
    done = execute(notebook, folder, environment(folder))
    return [cell.outputs for cell in done.cells]
