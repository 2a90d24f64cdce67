"""Doing runs one after the other, or several at once, with the same result.

One run that fails is reported and leaves the others alone, even if its process is killed.
"""

from __future__ import annotations

import multiprocessing
import os
import signal
import threading
import traceback
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from dataclasses import dataclass
from multiprocessing.connection import wait as wait_for
from multiprocessing.synchronize import Event
from typing import TypeAlias

import torch

from becam.progress import Reporter, Step
from becam.tables.runs import Bench, Outcome, Run
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
    with _threads(threads):
        for place, run in enumerate(todo):
            found[run] = _attempt(bench, run, _Remark(step, place, run))
            step(place + 1, "")


@contextmanager
def _threads(count: int) -> Iterator[None]:
    before = torch.get_num_threads()
    torch.set_num_threads(count)
    try:
        yield
    finally:
        torch.set_num_threads(before)


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

    lost: list[Run] = []
    rest = list(todo)
    while rest:
        lost += _pooled(bench, rest, workers, threads, finish)
        rest = [run for run in rest if run not in found and run not in lost]
    # Which of the lost runs killed its process, and which was only there? Alone, it shows.
    for run in lost:
        if _pooled(bench, [run], 1, threads, finish):
            finish(run, Failure("its process was killed (out of memory?)"))


def _pooled(
    bench: Bench,
    todo: Sequence[Run],
    workers: int,
    threads: int,
    finish: Callable[[Run, Outcome | Failure], None],
) -> list[Run]:
    """Do ``todo`` in processes until one of these dies; return what was running then."""
    context = multiprocessing.get_context("spawn")  # a fork would copy torch's threads
    stop = context.Event()
    queue = deque(todo)
    running: dict[Future[Outcome | Failure], Run] = {}
    with ProcessPoolExecutor(
        workers, context, initializer=_start_worker, initargs=(bench, threads, stop)
    ) as pool:
        try:
            while queue or running:
                while queue and len(running) < workers:
                    running[pool.submit(_in_worker, queue[0])] = queue[0]
                    queue.popleft()
                for future in wait(running, return_when=FIRST_COMPLETED).done:
                    finish(running[future], future.result())
                    del running[future]
        except BrokenProcessPool:
            return list(running.values())
        except BaseException:
            stop.set()  # each saves the state of its training after the epoch it is in
            pool.shutdown(cancel_futures=True)
            raise
    return []


@dataclass(frozen=True)
class _Worker:
    """What a worker process was given."""

    bench: Bench
    stop: Event


_worker: _Worker | None = None  # of this process, where it is a worker


def _start_worker(bench: Bench, threads: int, stop: Event) -> None:
    global _worker
    _worker = _Worker(bench, stop)
    torch.set_num_threads(threads)
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is the parent's: it sets `stop`
    threading.Thread(target=_end_with_parent, daemon=True).start()


def _end_with_parent() -> None:
    parent = multiprocessing.parent_process()
    if parent is not None:
        wait_for([parent.sentinel])
        os._exit(1)


class _StopWhenTold:
    """Ends a training between two epochs, as Ctrl-C would."""

    def __init__(self, stop: Event) -> None:
        self._stop = stop

    def update(
        self, epoch: int, loss: float, metric: float | None, best: float | None, patience_left: int
    ) -> None:
        if self._stop.is_set():
            raise KeyboardInterrupt


def _in_worker(run: Run) -> Outcome | Failure:
    assert _worker is not None  # `_start_worker` has run
    return _attempt(_worker.bench, run, _StopWhenTold(_worker.stop))
