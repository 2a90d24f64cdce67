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
from concurrent.futures import (
    FIRST_COMPLETED,
    Future,
    ProcessPoolExecutor,
    ThreadPoolExecutor,
    wait,
)
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from dataclasses import dataclass
from multiprocessing.connection import wait as wait_for
from multiprocessing.synchronize import Event
from typing import Any, Generic, Protocol, TypeVar

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
    """Do jobs in several processes; see `Crew`."""
    with Crew(work, workers=min(workers, len(jobs)), threads=threads) as crew:
        crew.do(jobs, finish=finish, lost=lost)


class Crew(Generic[Job, Result]):
    """Processes that do jobs, started by the first ones, or before by `start`.

    They need a guard (``if __name__ == "__main__"``) in the script that makes them. Use it as a
    context manager: at its end the processes are gone.
    """

    def __init__(
        self, work: Work[Job, Result], *, workers: int, threads: int, here: bool = False
    ) -> None:
        """Prepare; nothing is started yet.

        Args:
            work: what is done with each job.
            workers: processes at once.
            threads: of torch, in each.
            here: whether this process is one of them. It needs no time to start, but a job that
                kills its process kills everything.
        """
        self._work, self._workers, self._threads = work, workers, threads
        self._context = multiprocessing.get_context("spawn")  # a fork would copy torch's threads
        self._stop = self._context.Event()
        self._pool: ProcessPoolExecutor | None = None
        self._thread: ThreadPoolExecutor | None = None
        if here:
            # torch's number of threads is that of the thread that sets it.
            set_threads = torch.set_num_threads
            self._thread = ThreadPoolExecutor(1, initializer=set_threads, initargs=(threads,))

    def __enter__(self) -> Crew[Job, Result]:
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        if kind is not None:
            self._stop.set()  # a long job keeps what it has and ends
        for each in (self._pool, self._thread):
            if each is not None:
                each.shutdown(cancel_futures=True)

    def start(self) -> None:
        """Start the processes, which takes them seconds, while this one does something else."""
        for _ in range(self._processes):
            self._submit(self._processes, _ready)

    def do(
        self,
        jobs: Sequence[Job],
        *,
        finish: Callable[[Job, Result], None],
        lost: Callable[[Job], None],
    ) -> None:
        """Do jobs.

        Args:
            jobs: what is to be done; begun in this order.
            finish: takes each job with its result as it comes, in this process and thread.
            lost: takes a job that killed its process.
        """
        done: set[int] = set()
        suspects: list[int] = []

        def finished(place: int, result: Result) -> None:
            done.add(place)
            finish(jobs[place], result)

        while rest := [at for at in range(len(jobs)) if at not in done and at not in suspects]:
            suspects += self._pooled(jobs, rest, finished, self._processes, self._thread)
        # Which of them killed its process, and which was only there? Alone, it shows.
        for place in suspects:
            if self._pooled(jobs, [place], finished, 1, None):
                lost(jobs[place])

    @property
    def _processes(self) -> int:
        return self._workers - (self._thread is not None)

    def _submit(self, count: int, do: Callable[..., Any], *given: Any) -> Future[Any]:
        if self._pool is None:
            self._pool = ProcessPoolExecutor(
                count, self._context, _start, (self._work, self._threads, self._stop)
            )
        with _sigint_held():  # a process that this starts is deaf to it from its first moment
            return self._pool.submit(do, *given)

    def _pooled(
        self,
        jobs: Sequence[Job],
        places: Sequence[int],
        finish: Callable[[int, Result], None],
        count: int,
        thread: ThreadPoolExecutor | None,
    ) -> list[int]:
        """Do jobs until a process dies; return what was running in the processes then."""
        queue = deque(places)
        away: dict[Future[Result], int] = {}
        here: dict[Future[Result], int] = {}
        try:
            while queue or away or here:
                while queue and thread is not None and not here:
                    task = thread.submit(self._work.do, jobs[queue[0]], self._stop.is_set)
                    here[task] = queue.popleft()
                while queue and len(away) < count:
                    task = self._submit(count, _do, jobs[queue[0]])
                    away[task] = queue.popleft()
                for future in wait([*away, *here], return_when=FIRST_COMPLETED).done:
                    running = here if future in here else away
                    finish(running[future], future.result())
                    del running[future]
        except BrokenProcessPool:
            if self._pool is not None:
                self._pool.shutdown()
            self._pool = None
            for future, place in here.items():
                finish(place, future.result())
            return list(away.values())
        return []


@dataclass(frozen=True)
class _Worker:
    """What a worker process was given."""

    work: Any
    stop: Event


_worker: _Worker | None = None  # of this process, where it is a worker


@contextmanager
def _sigint_held() -> Iterator[None]:
    """Hold back Ctrl-C in this thread; processes that are started meanwhile never get it."""
    if not hasattr(signal, "pthread_sigmask"):  # Windows
        yield
        return
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


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


def _ready() -> None:
    """Do nothing: a process that does it has started."""


def _do(job: Any) -> Any:
    assert _worker is not None  # `_start` has run
    return _worker.work.do(job, _worker.stop.is_set)
