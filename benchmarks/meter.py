"""Seconds, memory and arithmetic, for the benchmark of attribution."""

from __future__ import annotations

import ctypes
import gc
import time
from collections.abc import Callable
from pathlib import Path
from statistics import median

import torch

PRODUCT = 8192  # side of the matrices whose product tells what a GPU can do


class Meter:
    """Seconds and peak memory of a call."""

    def __init__(self, device: torch.device, threads: int) -> None:
        self.device = device
        self.clock = (
            time.process_time if device.type == "cpu" and threads == 1 else time.perf_counter
        )

    def seconds(self, work: Callable[[], object], repeats: int) -> float:
        """Return the median time of a call."""
        taken = []
        for _ in range(repeats):
            self._wait()
            start = self.clock()
            work()
            self._wait()
            taken.append(self.clock() - start)
        return median(taken)

    def rounds(
        self, works: dict[str, Callable[[], object]], repeats: int
    ) -> dict[str, list[float]]:
        """Return the times of each call; all are called in turns, every second turn backwards.

        What else the machine does then falls on all of them alike.
        """
        taken: dict[str, list[float]] = {label: [] for label in works}
        for turn in range(repeats):
            for label in works if turn % 2 == 0 else reversed(works):
                taken[label].append(self.seconds(works[label], 1))
        return taken

    def peak(self, work: Callable[[], object]) -> float:
        """Return how far memory rose above where it was before the call, in MB (NaN: unknown)."""
        gc.collect()
        if self.device.type == "cuda":
            torch.cuda.empty_cache()
            before = torch.cuda.memory_allocated(self.device)
            torch.cuda.reset_peak_memory_stats(self.device)
            work()
            return (torch.cuda.max_memory_allocated(self.device) - before) / 1e6
        try:
            ctypes.CDLL(None).malloc_trim(0)  # what was freed before must not hide an allocation
            Path("/proc/self/clear_refs").write_text("5")  # Linux: start a new peak
            before = _status("VmRSS")
            work()
            return (_status("VmHWM") - before) / 1e3
        except (OSError, AttributeError):
            return float("nan")

    def _wait(self) -> None:
        if self.device.type == "cuda":
            torch.cuda.synchronize(self.device)
        elif self.device.type == "mps":
            torch.mps.synchronize()


def _status(field: str) -> int:
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith(field))


def ratio(times: list[float], others: list[float]) -> float:
    """Return the median over turns of the ratio of two times."""
    return median(a / b for a, b in zip(times, others, strict=True))


def best_batch(
    meter: Meter,
    batches: list[int],
    work: Callable[[int], object],
    passes: int,
    *,
    once: bool = False,
) -> int:
    """Return the batch size with the shortest time a picture, tried on a few pictures each.

    ``work`` encodes one batch or, with ``once``, as many pictures whatever the batch.
    """
    taken = {}
    for batch in batches:
        if batch <= max(passes, min(batches)):
            work(batch)
            pictures = 1 if once else batch
            taken[batch] = meter.seconds(lambda batch=batch: work(batch), 2) / pictures
    return min(taken, key=lambda batch: taken[batch])


def product_rate(meter: Meter, dtype: torch.dtype) -> float:
    """Return the TFLOP/s of a large matrix product, as this device does one in this precision."""
    # Random numbers: with ones or zeros a GPU draws less power, and is faster than it ever is.
    generator = torch.Generator(meter.device).manual_seed(0)
    square = torch.randn(PRODUCT, PRODUCT, dtype=dtype, device=meter.device, generator=generator)
    _ = square @ square
    return 2 * PRODUCT**3 / meter.seconds(lambda: square @ square, 5) / 1e12
