"""Whether this is a notebook."""

from __future__ import annotations

import sys
from typing import Any


def kernel_shell() -> Any | None:
    """Return IPython's shell where it belongs to a Jupyter kernel, else None.

    JupyterLab, VS Code, Colab and nbclient have one; a terminal with IPython has not.
    """
    shell = any_shell()
    return shell if getattr(shell, "kernel", None) is not None else None


def any_shell() -> Any | None:
    """Return IPython's running shell, in a terminal too, or None."""
    ipython = sys.modules.get("IPython")  # not imported: then it does not run either
    return ipython.get_ipython() if ipython is not None else None
