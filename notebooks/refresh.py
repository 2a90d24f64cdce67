"""Run the notebooks and keep what they show: ``python notebooks/refresh.py [NAME.ipynb ...]``.

Without names, all of them. What changes from run to run (times, versions, what is left of a
progress bar) is taken out, so that a notebook that shows the same is the same file. Needs the extra
``test``.
"""

from __future__ import annotations

import os
import sys
import tempfile
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import nbformat
from jupyter_client.kernelspec import KernelSpec
from jupyter_client.manager import AsyncKernelManager
from nbclient import NotebookClient

HERE = Path(__file__).resolve().parent
SECONDS = 600  # a cell may take; the first one draws the demo catalogue


class OwnKernel(AsyncKernelManager):
    """Starts this interpreter's kernel, whatever is registered on the machine."""

    @property
    def kernel_spec(self) -> KernelSpec:
        """The command that starts it."""
        command = [sys.executable, "-m", "ipykernel_launcher", "-f", "{connection_file}"]
        command += ["--log-level=ERROR"]  # it warns that the loopback is not encrypted
        return KernelSpec(argv=command, display_name="Python 3", language="python")


def execute(notebook: Any, folder: Path, environment: Mapping[str, str]) -> Any:
    """Run all cells in a fresh kernel; return the notebook with what they show.

    Args:
        notebook: is changed.
        folder: where the kernel works.
        environment: variables in addition to this process's.

    Raises:
        nbclient.exceptions.CellExecutionError: a cell raises.
    """
    client = NotebookClient(
        notebook,
        timeout=SECONDS,
        kernel_manager_class=OwnKernel,
        resources={"metadata": {"path": str(folder)}},
    )
    client.execute(env={**os.environ, **environment})
    return notebook


def clean(notebook: Any) -> Any:
    """Take out what changes from run to run; return the notebook, changed."""
    notebook.metadata = {
        "kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"},
        "language_info": {"name": "python"},
    }
    for cell in notebook.cells:
        cell.metadata = {}
        if cell.cell_type == "code":
            cell.outputs = _joined(each for each in cell.outputs if not _is_progress(each))
    return notebook


def refresh(path: Path) -> None:
    """Run a notebook in a folder of its own, and write it with its outputs."""
    notebook = nbformat.read(path, as_version=4)
    with tempfile.TemporaryDirectory() as folder:
        execute(notebook, Path(folder), {})
    nbformat.validate(clean(notebook))
    nbformat.write(notebook, path)


def _joined(outputs: Iterable[Any]) -> list[Any]:
    """Join text that was printed in turn: in how many parts it comes depends on the time."""
    found: list[Any] = []
    for each in outputs:
        name = each.get("name")  # of a stream; other outputs have none
        if name and found and found[-1].get("name") == name:
            found[-1].text += each.text
        else:
            found.append(each)
    return found


def _is_progress(output: Any) -> bool:
    return bool(output.get("metadata", {}).get("becam", {}).get("output") == "progress")


if __name__ == "__main__":
    given = [HERE / Path(name).name for name in sys.argv[1:]]
    for each in given or sorted(HERE.glob("*.ipynb")):
        print(each.name, flush=True)
        refresh(each)
