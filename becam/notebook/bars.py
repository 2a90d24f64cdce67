"""Progress bars in a notebook: plain HTML that is updated in place, without an extension.

tqdm's own notebook bar needs ipywidgets, warns where they are missing, and leaves nothing but a
number of a widget in a saved notebook.
"""

from __future__ import annotations

import html
from typing import Any

from tqdm.std import tqdm

EVERY = 0.2  # seconds between two updates: each is a message to the browser
_METADATA = {"becam": {"output": "progress"}}  # so that what is left of it can be told


class NotebookBar(tqdm):  # type: ignore[misc]  # tqdm has no types
    """A tqdm bar that draws itself below the running cell and is gone when it is closed."""

    monitor_interval = 0  # tqdm's monitor would draw from a thread of its own

    def __init__(self, *args: Any, shell: Any, **options: Any) -> None:
        """Show the bar.

        Args:
            args, options: as for tqdm.
            shell: IPython's shell of the kernel.
        """
        super().__init__(*args, gui=True, mininterval=EVERY, **options)
        self._area = None if self.disable else _area_of(shell)
        if self._area:
            self._area.add(self)

    def display(self, *_: Any, **__: Any) -> None:
        """Draw all bars of the cell."""
        if self._area:
            self._area.draw()

    def clear(self, *_: Any, **__: Any) -> None:
        """Do nothing: text never runs into this bar."""

    def close(self) -> None:
        """Take the bar away."""
        super().close()
        area, self._area = getattr(self, "_area", None), None
        if area:
            area.remove(self)

    def words(self) -> str:
        """Say how far it is: ``label: 40 of 1,000 pictures, 00:12 so far, about 01:02 left``."""
        facts = self.format_dict
        count, total, rate = facts["n"], facts["total"], facts["rate"]
        unit = f" {facts['unit']}" if facts["unit"] else ""
        if total and unit and total > 1:
            unit += "s"
        parts = [f"{count:,} of {total:,}{unit}" if total else f"{count:,}{unit}"]
        parts.append(f"{self.format_interval(facts['elapsed'])} so far")
        rate = rate or (count / facts["elapsed"] if facts["elapsed"] else None)
        if total and rate and count:
            parts.append(f"about {self.format_interval((total - count) / rate)} left")
        if facts["postfix"]:
            parts.append(facts["postfix"])
        return f"{self.desc.removesuffix(': ')}: {', '.join(parts)}"

    def as_html(self) -> str:
        """Return the bar as a line of HTML."""
        label = html.escape(self.desc.removesuffix(": "), quote=True)
        how_far = f'value="{self.n}" max="{self.total}"' if self.total else ""
        return (
            f'<div><progress {how_far} aria-label="{label}" '
            'style="width: 14em; vertical-align: middle"></progress> '
            f"{html.escape(self.words())}</div>"
        )


class _Area:
    """The place below one cell where its bars are, each on a line."""

    def __init__(self) -> None:
        self._handle: Any = None
        self._bars: list[NotebookBar] = []

    def add(self, bar: NotebookBar) -> None:
        self._bars.append(bar)
        self.draw()

    def remove(self, bar: NotebookBar) -> None:
        self._bars = [each for each in self._bars if each is not bar]
        self.draw()

    def draw(self) -> None:
        from IPython.display import display

        bundle = {
            "text/html": "".join(bar.as_html() for bar in self._bars),
            "text/plain": "\n".join(bar.words() for bar in self._bars),
        }
        show: Any = display  # it has no types
        options: dict[str, Any] = {"raw": True, "metadata": _METADATA}
        if self._handle is None:
            self._handle = show(bundle, display_id=True, **options)
        else:
            self._handle.update(bundle, **options)


_latest: tuple[int, _Area] | None = None


def _area_of(shell: Any) -> _Area:
    """Return the area of the running cell: bars that follow each other share one place."""
    global _latest
    cell = shell.execution_count
    if _latest is None or _latest[0] != cell:
        _latest = cell, _Area()
    return _latest[1]
