"""Tasks of a gallery: what each has, how it fails, and doing many, here or in several processes."""

from __future__ import annotations

import os
import traceback
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol, TypeVar

from becam.workers import KILLED, Crew, torch_threads

if TYPE_CHECKING:
    from becam.galleries.items.work import ItemWork
    from becam.progress import Reporter

WORTH = 6  # items for which other processes, which take seconds to start, are worth their while
Result = TypeVar("Result")
_Result = TypeVar("_Result", covariant=True)


class Task(Protocol[_Result]):
    """Something to do. It is idempotent, named by its content, and pickled to other processes."""

    def done_by(self, work: ItemWork) -> _Result:
        """Do it, and keep in the gallery's folder what it gives."""


Given = TypeVar("Given", bound=Task[Any])


@dataclass(frozen=True)
class Failure:
    """Why a task gave nothing, in one line."""

    message: str


def attempt(do: Callable[[], Result]) -> Result | Failure:
    """Return what ``do`` gives, or why it fails; an OSError is no failure of one task."""
    try:
        return do()
    except OSError:
        raise
    except Exception as error:  # whatever one task fails of, the others go on
        if os.environ.get("BECAM_DEBUG"):
            traceback.print_exc()
        named = "" if isinstance(error, ValueError) else f"{type(error).__name__}: "
        return Failure(" ".join(f"{named}{error}".split()))


class Hands:
    """Do tasks with a bar that says how long it takes yet."""

    def __init__(self, work: ItemWork, crew: Crew[Any, Any] | None, reporter: Reporter) -> None:
        """Prepare.

        Args:
            work: what all tasks have in common.
            crew: several processes; None for this one alone.
            reporter: shows the bar.
        """
        self.work, self.crew, self.reporter = work, crew, reporter

    def do(
        self,
        tasks: Sequence[Given],
        label: str,
        finish: Callable[[Given, Any], None],
        *,
        unit: str = "item",
        worth: bool,
    ) -> None:
        """Do tasks.

        Args:
            tasks: in this order.
            label: of the bar.
            finish: takes each with its result, or its `Failure`.
            unit: what a task is called.
            worth: whether other processes, which take seconds to start, are worth their while.

        Raises:
            OSError: the folder or the cache can't be written.
        """
        with self.reporter.bar(label, len(tasks), unit) as step:
            done = 0

            def finished(task: Given, result: Any) -> None:
                nonlocal done
                finish(task, result)
                done += 1
                step(done, "")

            with torch_threads(self.work.spec.looks.threads):
                if self.crew is not None and worth:
                    lost = Failure(KILLED)
                    self.crew.do(tasks, finish=finished, lost=lambda task: finished(task, lost))
                else:
                    for task in tasks:
                        finished(task, self.work.do(task, lambda: False))
