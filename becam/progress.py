"""Telling a person what is going on, and how long it will take."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from tqdm.std import tqdm

from becam.notebook.kernel import kernel_shell

Step = Callable[[int, str], None]


class Reporter:
    """Progress bars and notes, on standard error or below a notebook's cell; silent if quiet.

    ``reused`` collects what came from the cache.
    """

    def __init__(self, *, quiet: bool = False) -> None:
        self.quiet = quiet
        self.reused: list[str] = []
        self.computed: list[str] = []

    def done(self, what: str, *, cached: bool) -> None:
        """Remember whether a part was computed or came from the cache."""
        (self.reused if cached else self.computed).append(what)

    def note(self, line: str) -> None:
        """Say a line."""
        if self.quiet:
            return
        if kernel_shell() is not None:
            print(line)  # a notebook shows standard error as if something had failed
        else:
            tqdm.write(line, file=sys.stderr)

    @contextmanager
    def bar(self, label: str, total: int | None = None, unit: str = "") -> Iterator[Step]:
        """Show a bar; the yielded function takes how far it is now and a remark."""
        with _bar(total=total, desc=label, unit=unit, disable=self.quiet, leave=False) as bar:

            def step(position: int, remark: str = "") -> None:
                if remark:
                    bar.set_postfix_str(remark, refresh=False)
                bar.update(position - bar.n)

            yield step


def _bar(**options: Any) -> tqdm:
    shell = kernel_shell()
    if shell is None:
        return tqdm(file=sys.stderr, **options)
    from becam.notebook.bars import NotebookBar

    return NotebookBar(shell=shell, **options)
