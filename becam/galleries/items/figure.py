"""The figures of a gallery for a paper: planned from sketches, drawn page by page."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from becam.galleries.figure_files import FONT_KEY
from becam.galleries.items.choose import Choice
from becam.galleries.items.figure_page import PageTask, read_page
from becam.galleries.items.figure_plan import Figure, Planner, Row, first_of_each
from becam.galleries.items.figure_rows import RowTask, Sketch, read_sketch, row_task
from becam.galleries.items.manifest import Planned
from becam.galleries.items.record import Record
from becam.galleries.items.tasks import WORTH, Failure, Hands
from becam.galleries.items.work import Job
from recsys.files import write_text

LABEL = "drawing figures"


@dataclass(frozen=True)
class Drawn:
    """What came of a gallery's figures.

    Attributes:
        files: of that of many items, relative to the gallery's folder.
        each: of those of one item, by the item's number.
        failures: by item or page: why it is missing.
        notes: about fonts.
    """

    files: tuple[str, ...]
    each: Mapping[int, tuple[str, ...]]
    failures: Mapping[str, str]
    notes: tuple[str, ...]


def draw_figures(
    hands: Hands,
    done: Mapping[str, Sequence[tuple[Planned, Job, Record]]],
    choices: Mapping[str, Choice],
    names: Mapping[str, str],
) -> Drawn:
    """Draw a gallery's figures, those pages that are not there yet.

    Args:
        hands: do the work.
        done: by encoder: the items that there are maps of, in order, with what came of them.
        choices: by catalogue: how its items were chosen.
        names: by catalogue: what it is called.

    Raises:
        OSError: the folder can't be written.
    """
    work = hands.work
    options = work.spec.figure
    assert options is not None
    face = options.face(FONT_KEY)
    about = {data: choice.about for data, choice in choices.items()}
    planner = Planner(work.spec, face, names, about)
    failures: dict[str, str] = {}
    figures: list[Figure] = []
    for encoder, every in done.items():
        # A figure an item is of all of them, however many the other one shows.
        items = every if options.each else first_of_each(every, options.items, lambda one: one[0])
        rows = _rows(hands, items, failures)
        figures += planner.figures(encoder, rows) if rows else []
    _clear(work.out, figures, options.formats)
    failed = _pages(hands, [page for figure in figures for page in figure.pages], failures)
    files: dict[int | None, list[str]] = {}
    for figure in figures:
        there = [page for page in figure.pages if page not in failed]
        written = files.setdefault(figure.place, [])
        written += [name for page in there for name in page.files(options.formats)]
        if figure.tex is None:
            continue
        if len(there) == len(figure.pages):
            _write(work.out / figure.tex, figure.latex)
            written.append(figure.tex)
        else:  # of an earlier run, perhaps
            (work.out / figure.tex).unlink(missing_ok=True)
    notes = (face.note,) if face.note else ()
    each = {place: tuple(names) for place, names in files.items() if place is not None}
    return Drawn(tuple(files.get(None, ())), each, failures, notes)


def _rows(
    hands: Hands, items: Sequence[tuple[Planned, Job, Record]], failures: dict[str, str]
) -> list[Row]:
    """Return the items' rows; those that are not sketched yet are."""
    work = hands.work
    tasks = [row_task(work.spec, job, record) for _, job, record in items]
    found = {task: read_sketch(work.out / task.record, task.key) for task in tasks}
    missing = [task for task, sketch in found.items() if sketch is None]

    def finish(task: RowTask, result: Sketch | Failure) -> None:
        if isinstance(result, Failure):
            failures[f"figure, item {task.item_id}"] = result.message
        else:
            found[task] = result

    if missing:
        worth = len(missing) >= WORTH
        hands.do(missing, "laying figures out", finish, worth=worth)
    return [
        Row(planned, task.key, sketch)
        for (planned, *_), task in zip(items, tasks, strict=True)
        if (sketch := found[task]) is not None
    ]


def _pages(hands: Hands, pages: Sequence[PageTask], failures: dict[str, str]) -> set[PageTask]:
    """Draw the pages that are not there yet; return those that could not be."""
    options = hands.work.spec.figure
    assert options is not None
    missing = [page for page in pages if not page.finished(hands.work.out)]
    if before := len(pages) - len(missing):
        hands.reporter.note(f"{LABEL}: {before} of {len(pages)} pages were done before")
    failed: set[PageTask] = set()

    def finish(page: PageTask, result: tuple[str, ...] | Failure) -> None:
        if isinstance(result, Failure):
            failures[page.what] = result.message
            failed.add(page)
            for name in page.files(options.formats):  # of an earlier run
                (hands.work.out / name).unlink(missing_ok=True)

    if missing:
        worth = sum(len(page.rows) for page in missing) >= WORTH
        hands.do(missing, LABEL, finish, unit="page", worth=worth)
    return failed


def _clear(out: Path, figures: Sequence[Figure], formats: tuple[str, ...]) -> None:
    """Remove what earlier figures left that these do not write: more pages, other formats."""
    pages = [page for figure in figures for page in figure.pages]
    wanted = {name for page in pages for name in page.files(formats)}
    wanted |= {figure.tex for figure in figures if figure.tex is not None}
    records = {page.record for page in pages}
    for path in sorted(out.glob("contents/figure-*.json")):
        found = read_page(path)
        names = {*found.files, *([found.tex] if found.tex else [])}
        for name in names - wanted:
            (out / name).unlink(missing_ok=True)
        if path.relative_to(out).as_posix() not in records:
            path.unlink()


def _write(path: Path, text: str) -> None:
    """Write a text, unless it stands there already."""
    try:
        if path.read_text("utf-8") == text:
            return
    except (OSError, UnicodeDecodeError):
        pass
    write_text(path, text)
