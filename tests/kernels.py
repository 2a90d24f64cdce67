"""Notebooks run in a fresh kernel of the interpreter that runs the tests."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import nbformat
from nbclient import NotebookClient

# This interpreter's kernel, whatever is registered on the machine.
ARGV = [sys.executable, "-m", "ipykernel_launcher", "-f", "{connection_file}"]


def execute(
    notebook: Any, folder: Path, environment: Mapping[str, str], *, timeout: int = 300
) -> Any:
    """Run all cells and return the notebook with its outputs.

    Raises:
        nbclient.exceptions.CellExecutionError: a cell raises.
    """
    from jupyter_client.kernelspec import KernelSpec
    from jupyter_client.manager import AsyncKernelManager

    class Manager(AsyncKernelManager):
        @property
        def kernel_spec(self) -> KernelSpec:
            return KernelSpec(argv=ARGV, display_name="tests", language="python")

    client = NotebookClient(
        notebook,
        timeout=timeout,
        kernel_manager_class=Manager,
        resources={"metadata": {"path": str(folder)}},
        kernel_name="python3",
    )
    env = {**os.environ, **environment, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
    client.execute(env=env)
    return notebook


def run_cells(cells: Sequence[str], folder: Path, **environment: str) -> list[list[Any]]:
    """Run code in a kernel; return the outputs of each cell."""
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(text) for text in cells])
    done = execute(notebook, folder, environment)
    return [cell.outputs for cell in done.cells]
