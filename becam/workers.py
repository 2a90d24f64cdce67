"""Jobs in several processes, with the same results as one after the other.

A job whose process is killed (out of memory, say) is told apart from those that were only there,
and the others are done.
"""

from __future__ import annotations

import multiprocessing
import os
import signal
import threading
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from dataclasses import dataclass
from multiprocessing.connection import wait as wait_for
from multiprocessing.synchronize import Event
from typing import Any, Protocol, TypeVar

import torch

Job = TypeVar("Job")
Result = TypeVar("Result")
_Job = TypeVar("_Job", contravariant=True)
_Result = TypeVar("_Result", covariant=True)
Stopped = Callable[[], bool]
KILLED = "its process was killed (out of memory?)"


class Work(Protocol[_Job, _Result]):
    """What is done with each job. It is pickled to every process once."""

    def do(self, job: _Job, stopped: Stopped) -> _Result:
        """Do a job, and tell a failure by the result.

        Args:
            job: what is to be done.
            stopped: tells whether all work is to end; long jobs ask it and raise
                KeyboardInterrupt.
        """


@contextmanager
def torch_threads(count: int) -> Iterator[None]:
    """Let torch compute with so many threads: they decide the last bits of its results."""
    before = torch.get_num_threads()
    torch.set_num_threads(count)
    try:
        yield
    finally:
        torch.set_num_threads(before)


def do_at_once(
    work: Work[Job, Result],
    jobs: Sequence[Job],
    *,
    workers: int,
    threads: int,
    finish: Callable[[Job, Result], None],
    lost: Callable[[Job], None],
) -> None:
    """Do jobs in several processes.

    Args:
        work: what is done with each.
        jobs: what is to be done; begun in this order.
        workers: processes at once. They need a guard (``if __name__ == "__main__"``) in the
            script that calls this.
        threads: of each process.
        finish: takes each job with its result as it comes, in this process.
        lost: takes a job that killed its process.
    """
    done: set[int] = set()
    suspects: list[int] = []
    places = list(range(len(jobs)))

    def pooled(some: Sequence[int], count: int) -> list[int]:
        def finished(place: int, result: Result) -> None:
            done.add(place)
            finish(jobs[place], result)

        return _pooled(work, jobs, some, count, threads, finished)

    while rest := [place for place in places if place not in done and place not in suspects]:
        suspects += pooled(rest, min(workers, len(rest)))
    # Which of them killed its process, and which was only there? Alone, it shows.
    for place in suspects:
        if pooled([place], 1):
            lost(jobs[place])


def _pooled(
    work: Work[Job, Result],
    jobs: Sequence[Job],
    places: Sequence[int],
    workers: int,
    threads: int,
    finish: Callable[[int, Result], None],
) -> list[int]:
    """Do jobs in processes until one of these dies; return what was running then."""
    context = multiprocessing.get_context("spawn")  # a fork would copy torch's threads
    stop = context.Event()
    queue = deque(places)
    running: dict[Future[Result], int] = {}
    with ProcessPoolExecutor(
        workers, context, initializer=_start, initargs=(work, threads, stop)
    ) as pool:
        try:
            while queue or running:
                while queue and len(running) < workers:
                    place = queue[0]
                    running[pool.submit(_do, jobs[place])] = place
                    queue.popleft()
                for future in wait(running, return_when=FIRST_COMPLETED).done:
                    finish(running[future], future.result())
                    del running[future]
        except BrokenProcessPool:
            return list(running.values())
        except BaseException:
            stop.set()  # a long job keeps what it has and ends
            pool.shutdown(cancel_futures=True)
            raise
    return []


@dataclass(frozen=True)
class _Worker:
    """What a worker process was given."""

    work: Any
    stop: Event


_worker: _Worker | None = None  # of this process, where it is a worker


def _start(work: Any, threads: int, stop: Event) -> None:
    global _worker
    _worker = _Worker(work, stop)
    torch.set_num_threads(threads)
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is the parent's: it sets `stop`
    threading.Thread(target=_end_with_parent, daemon=True).start()


def _end_with_parent() -> None:
    parent = multiprocessing.parent_process()
    if parent is not None:
        wait_for([parent.sentinel])
        os._exit(1)


def _do(job: Any) -> Any:
    assert _worker is not None  # `_start` has run
    return _worker.work.do(job, _worker.stop.is_set)
