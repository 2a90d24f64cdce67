"""Doing runs one after the other, or several at once, with the same result.

One run that fails is reported and leaves the others alone, even if its process is killed.
"""

from __future__ import annotations

import os
import traceback
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeAlias

from becam.progress import Reporter, Step
from becam.tables.runs import Bench, Outcome, Run
from becam.workers import KILLED, Stopped, do_at_once, torch_threads
from recsys.training import Progress


@dataclass(frozen=True)
class Failure:
    """Why a run gave nothing, in one line."""

    message: str


Results: TypeAlias = "dict[Run, Outcome | Failure]"


def do_all(
    bench: Bench, runs: Sequence[Run], *, workers: int, threads: int, reporter: Reporter
) -> Results:
    """Do ``runs``, those that are not known yet, and return all of them in their order.

    Args:
        bench: What they have in common.
        runs: What is to be done.
        workers: Processes at once; with 1, everything happens in this one. More need a guard
            (``if __name__ == "__main__"``) in the script that calls this.
        threads: Threads of each run; they decide the last bits of its result.
        reporter: Shows progress.
    """
    found: Results = {}
    for run in runs:
        stored = bench.stored(run)
        if stored is not None:
            found[run] = stored
    todo = [run for run in runs if run not in found]
    if found:
        reporter.note(f"{len(found)} of {len(runs)} runs are in the cache")
    if todo:
        with reporter.bar("runs", len(todo), "run") as step:
            if workers == 1:
                _in_turn(bench, todo, threads, found, step)
            else:
                _at_once(bench, todo, min(workers, len(todo)), threads, found, step)
    return {run: found[run] for run in runs}


def _in_turn(bench: Bench, todo: Sequence[Run], threads: int, found: Results, step: Step) -> None:
    with torch_threads(threads):
        for place, run in enumerate(todo):
            found[run] = _attempt(bench, run, _Remark(step, place, run))
            step(place + 1, "")


def _attempt(bench: Bench, run: Run, progress: Progress) -> Outcome | Failure:
    try:
        return bench.do(run, progress)
    except Exception as error:  # whatever one run dies of, the others go on
        if os.environ.get("BECAM_DEBUG"):
            traceback.print_exc()
        named = "" if isinstance(error, ValueError) else f"{type(error).__name__}: "
        return Failure(" ".join(f"{named}{error}".split()))


@dataclass(frozen=True)
class _Remark:
    """Tells the bar over all runs about the epochs of one."""

    step: Step
    place: int
    run: Run

    def update(
        self, epoch: int, loss: float, metric: float | None, best: float | None, patience_left: int
    ) -> None:
        self.step(self.place, f"{self.run}, epoch {epoch}, patience {patience_left}")


def _at_once(
    bench: Bench, todo: Sequence[Run], workers: int, threads: int, found: Results, step: Step
) -> None:
    known = len(found)

    def finish(run: Run, result: Outcome | Failure) -> None:
        found[run] = result
        step(len(found) - known, f"last: {run}")

    do_at_once(
        _Work(bench),
        todo,
        workers=workers,
        threads=threads,
        finish=finish,
        lost=lambda run: finish(run, Failure(KILLED)),
    )


@dataclass(frozen=True)
class _Work:
    """A run as a job of `becam.workers`."""

    bench: Bench

    def do(self, run: Run, stopped: Stopped) -> Outcome | Failure:
        return _attempt(self.bench, run, _StopWhenTold(stopped))


class _StopWhenTold:
    """Ends a training between two epochs, as Ctrl-C would; its state is kept."""

    def __init__(self, stopped: Stopped) -> None:
        self._stopped = stopped

    def update(
        self, epoch: int, loss: float, metric: float | None, best: float | None, patience_left: int
    ) -> None:
        if self._stopped():
            raise KeyboardInterrupt
