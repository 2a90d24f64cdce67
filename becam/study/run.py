"""Running a study: every cell that is not known yet, then the tables."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from becam.galleries.folder import CONTENTS
from becam.galleries.kinds import Outcome
from becam.progress import Reporter
from becam.study.bench import StudyBench
from becam.study.config import Cell, Options
from becam.tables.pool import Failure, do_all

THREADS = 1  # other numbers round otherwise


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

    folder = out / CONTENTS
    found = do_all(
        StudyBench(options, folder), cells, workers=workers, threads=THREADS, reporter=reporter
    )
    records = [record for record in found.values() if not isinstance(record, Failure)]
    failures = {
        str(cell): result.message for cell, result in found.items() if isinstance(result, Failure)
    }
    if not records:
        return Outcome(written=(), failures=failures)
    written, summary = write_report(records, options, out, title=title, planned=len(cells))
    return Outcome(written=written, failures=failures, summary=summary)
