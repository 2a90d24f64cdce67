"""Telling a person what is going on, and how long it will take."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from tqdm.auto import tqdm

Step = Callable[[int, str], None]


class Reporter:
    """Progress bars and notes on standard error (a widget in a notebook); silent if quiet.

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
        if not self.quiet:
            tqdm.write(line, file=sys.stderr)

    @contextmanager
    def bar(self, label: str, total: int | None = None, unit: str = "") -> Iterator[Step]:
        """Show a bar; the yielded function takes how far it is now and a remark."""
        with tqdm(
            total=total, desc=label, unit=unit, disable=self.quiet, leave=False, file=sys.stderr
        ) as bar:

            def step(position: int, remark: str = "") -> None:
                if remark:
                    bar.set_postfix_str(remark, refresh=False)
                bar.update(position - bar.n)

            yield step
