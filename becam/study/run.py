"""Running a study: every cell that is not known yet, then the tables."""

from __future__ import annotations

import os
import traceback
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from becam.galleries.folder import CONTENTS
from becam.galleries.kinds import Outcome
from becam.progress import Reporter
from becam.study.bench import StudyBench
from becam.study.config import Cell, Options
from becam.study.records import Record
from becam.workers import KILLED, Stopped, do_at_once, torch_threads

THREADS = 1  # other numbers round otherwise


@dataclass(frozen=True)
class Failure:
    """Why a cell gave nothing, in one line."""

    message: str


@dataclass(frozen=True)
class _Work:
    """A cell as a job of `becam.workers`."""

    bench: StudyBench

    def do(self, job: Cell, stopped: Stopped) -> Record | Failure:
        try:
            return self.bench.do(job, stopped)
        except Exception as error:  # whatever one cell dies of, the others go on
            if os.environ.get("BECAM_DEBUG"):
                traceback.print_exc()
            named = "" if isinstance(error, ValueError) else f"{type(error).__name__}: "
            return Failure(" ".join(f"{named}{error}".split()))


def run_study(
    cells: Sequence[Cell],
    options: Options,
    out: Path,
    *,
    title: str,
    workers: int,
    reporter: Reporter,
) -> Outcome:
    """Do ``cells`` in their order, and write what they gave.

    A cell that is done is kept in ``out``/contents, so that a study that was killed goes on
    where it stopped. One that fails is named, and the others go on.

    Raises:
        OSError: the folder can't be written.
    """
    from becam.study.report import write_report

    bench = StudyBench(options, out / CONTENTS)
    found: dict[Cell, Record | Failure] = {}
    for cell in cells:
        known = bench.stored(cell)
        if known is not None:
            found[cell] = known
    todo = [cell for cell in cells if cell not in found]
    if found:
        reporter.note(f"{len(found)} of {len(cells)} cells are done already")
    before = len(found)
    with reporter.bar("cells of the study", len(todo), "cell") as step:

        def finish(cell: Cell, result: Record | Failure) -> None:
            found[cell] = result
            step(len(found) - before, f"last: {cell}")

        if workers == 1:
            work = _Work(bench)
            with torch_threads(THREADS):
                for cell in todo:
                    finish(cell, work.do(cell, lambda: False))
        else:
            do_at_once(
                _Work(bench),
                todo,
                workers=workers,
                threads=THREADS,
                finish=finish,
                lost=lambda cell: finish(cell, Failure(KILLED)),
            )
    results = [found[cell] for cell in cells]
    records = [result for result in results if isinstance(result, Record)]
    failures = {
        str(cell): result.message for cell, result in found.items() if isinstance(result, Failure)
    }
    if not records:
        return Outcome(written=(), failures=failures)
    written, summary = write_report(records, out, title=title)
    return Outcome(written=written, failures=failures, summary=summary)
