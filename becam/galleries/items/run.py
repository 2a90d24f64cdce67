"""A gallery of items, made: choose, render what is not there yet, write the page."""

from __future__ import annotations

import contextlib
import os
import re
from collections.abc import Callable, Mapping, Sequence
from itertools import chain
from pathlib import Path
from typing import Any

from becam.explainer import Explainer
from becam.galleries.items.choose import Choice, candidates, choose, training_counts
from becam.galleries.items.figure import Drawn, draw_figures
from becam.galleries.items.images import colour_table
from becam.galleries.items.manifest import Opened, Planned, write_manifest
from becam.galleries.items.record import Record
from becam.galleries.items.selection import PICKS
from becam.galleries.items.tasks import WORTH, Failure, Hands
from becam.galleries.items.work import ItemWork, Job, without_item
from becam.galleries.kinds import Outcome
from becam.galleries.kinds.items import ItemsSpec
from becam.galleries.page import write_page
from becam.galleries.page.origins import short_names
from becam.progress import Reporter
from becam.workers import Crew
from recsys.data.demo.names import is_demo
from recsys.errors import InputError

SIMULATED = "the behaviour is simulated: figures are about the method, not about people"


def make(spec: ItemsSpec, out: Path, *, workers: int, reporter: Reporter) -> Outcome:
    """Make a gallery of items, or what of it is not there yet; see `Spec.run`.

    Raises:
        InputError: data or options that can't be used.
        OSError: the folder or the cache can't be written.
    """
    spec.check()
    remove_parts(out)
    work = ItemWork(spec, out, colour_table(), reporter)
    crew: Crew[Any, Any] = Crew(work, workers=workers, threads=spec.looks.threads, here=True)
    with crew:
        if workers > 1 and _many(spec, out):
            crew.start()  # while this process opens and trains what all need
        run = _Run(Hands(work, crew if workers > 1 else None, reporter))
        run.check()
        planned, choices = run.choose()
        done = run.render(planned)
        complete = {
            place: [record for _, record in found]
            for place, found in done.items()
            if len(found) == len(spec.encoders)
        }
        for each in planned:
            if each.place not in complete:
                _remove_files(out, each.place)
        drawn = run.draw([each for each in planned if each.place in complete], done, choices)
    notes = [*dict.fromkeys(run.notes), *([SIMULATED] if any(map(is_demo, spec.data)) else [])]
    manifest = write_manifest(
        out,
        spec,
        planned,
        complete,
        opened=run.opened,
        choices=choices,
        failures=run.failures,
        notes=notes,
        figures=drawn.files,
        item_figures=drawn.each,
    )
    page = write_page(out)
    written = (
        page,
        *(out / name for name in (*drawn.files, *chain(*drawn.each.values()))),
        manifest,
    )
    return Outcome(written=written, failures=run.failures)


class _Run:
    """What one call works on: jobs, their results, what is to be told."""

    def __init__(self, hands: Hands) -> None:
        self.hands, self.work, self.spec = hands, hands.work, hands.work.spec
        self.failures: dict[str, str] = {}
        self.notes: list[str] = []
        self.opened: list[Opened] = []
        self.names: dict[str, str] = {}

    def check(self) -> None:
        """Find what is wrong with the choice of items before anything is trained for it."""
        for data in self.spec.data:
            explainer = self.work.opened(data, self.spec.encoders[0])
            candidates(self.spec.selection, self.spec.section.table("items"), explainer)
            self.names[data] = explainer.catalogue.name
        if len(set(self.names.values())) < len(self.names):
            self.names = short_names(self.names)

    def choose(self) -> tuple[list[Planned], dict[str, Choice]]:
        """Choose the items of every catalogue, each in its order."""
        planned: list[Planned] = []
        choices = {}
        for data in self.spec.data:
            explainer = self.work.explainer(data, self.spec.encoders[0])
            choice = choose(
                self.spec.selection,
                self.spec.section.table("items"),
                explainer,
                self.spec.models,
                cut=self.spec.cut,
                measure=self._measure(data),
            )
            choices[data] = choice
            counts = training_counts(explainer)
            items = explainer.catalogue.items
            for index, way in zip(choice.indices, choice.ways, strict=True):
                place, count = len(planned), int(counts[index])
                notes = explainer.item_notes(index)
                planned.append(Planned(place, data, items[index], index, count, way, notes))
            self.notes += [*choice.notes, *explainer.dataset.notes]
        return planned, choices

    def _measure(self, data: str) -> Callable[[Sequence[int]], Mapping[int, Record]]:
        """Return what measures items for picks, by the first encoder."""

        def measure(indices: Sequence[int]) -> Mapping[int, Record]:
            places: Mapping[int, int | None] = dict.fromkeys(indices)
            found = self._do(data, self.spec.encoders[0], places, "measuring the pool")
            return {index: record for index, (_, record) in found.items()}

        return measure

    def render(self, planned: Sequence[Planned]) -> dict[int, list[tuple[Job, Record]]]:
        """Render every item by every encoder; by place, as many as there could be."""
        done: dict[int, list[tuple[Job, Record]]] = {}
        for encoder in self.spec.encoders:
            for data in self.spec.data:
                places = {each.index: each.place for each in planned if each.data == data}
                label = "rendering" if len(self.spec.encoders) == 1 else f"rendering, {encoder}"
                for index, found in self._do(data, encoder, places, label).items():
                    done.setdefault(places[index], []).append(found)
                self.opened.append(self._about(data, encoder))
        return done

    def draw(
        self,
        planned: Sequence[Planned],
        done: Mapping[int, Sequence[tuple[Job, Record]]],
        choices: Mapping[str, Choice],
    ) -> Drawn:
        """Draw the figures for a paper, where the spec has any, of the items that are complete."""
        if self.spec.figure is None:
            return Drawn((), {}, {}, ())
        by_encoder = {
            encoder: [(each, *done[each.place][column]) for each in planned]
            for column, encoder in enumerate(self.spec.encoders)
        }
        drawn = draw_figures(self.hands, by_encoder, choices, self.names)
        self.failures |= drawn.failures
        for note in drawn.notes:
            self.hands.reporter.note(note)
        return drawn

    def _about(self, data: str, encoder: str) -> Opened:
        explainer = self.work.explainer(data, encoder)
        return Opened(data, encoder, _sources(explainer, self.spec.models))

    def _do(
        self, data: str, encoder: str, places: Mapping[int, int | None], label: str
    ) -> dict[int, tuple[Job, Record]]:
        """Do the jobs of items that are not done yet; those that succeed with their results."""
        key = self.work.key(data, encoder)
        found: dict[int, tuple[Job, Record]] = {}
        todo: list[Job] = []
        for index, place in places.items():
            try:
                job = self.work.job(data, encoder, index, key, place)
            except InputError as error:
                self._failed(data, self._item_id(data, encoder, index), str(error))
                continue
            record = self.work.finished(job)
            if record is None:
                todo.append(job)
            else:
                found[index] = job, record
        if found:
            self.hands.reporter.note(
                f"{label}: {len(found)} of {len(places)} items were done before"
            )

        def finish(job: Job, result: Record | Failure) -> None:
            if isinstance(result, Failure):
                self._failed(data, job.item_id, result.message)
            else:
                found[job.index] = job, result

        if todo:
            self.hands.do(todo, label, finish, worth=len(todo) >= WORTH)
        return {index: found[index] for index in places if index in found}

    def _item_id(self, data: str, encoder: str, index: int) -> str:
        return self.work.explainer(data, encoder).catalogue.items[index].item_id

    def _failed(self, data: str, item_id: str, message: str) -> None:
        name = item_id if len(self.spec.data) == 1 else f"{data}: {item_id}"
        self.failures.setdefault(name, without_item(message, item_id))


def _many(spec: ItemsSpec, out: Path) -> bool:
    """Guess, before anything is opened, whether there is work for several processes."""
    if any(out.glob("contents/*.json")):
        return False  # it goes on where it stopped: what is left will show
    selection = spec.selection
    counts = [selection.pool] if set(selection.ways) & set(PICKS) else []
    if selection.most is not None:
        counts.append(selection.most * len(selection.ways))
    elif listed := selection.listed():
        counts.append(len(listed))
    return not counts or max(counts) >= WORTH


def _sources(explainer: Explainer, models: Sequence[str]) -> dict[str, object]:
    """Say what maps come from, as JSON can hold it."""
    return {
        "catalogue": explainer.catalogue.fingerprint(),
        "weights": explainer.encoder.weights_hash,
        "layer": explainer.cam.layer.name,
        "models": {model: explainer.fitted(model).key for model in models},
    }


def remove_parts(out: Path) -> None:
    """Remove the unfinished files of processes that were killed while they wrote them."""
    for path in out.rglob(".*.part"):
        found = re.search(r"\.(\d+)-[0-9a-f]+\.part$", path.name)
        if found and not _runs(int(found[1])):
            path.unlink(missing_ok=True)


def _runs(process: int) -> bool:
    if os.name != "posix":
        return True  # asking would end it
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except OSError:  # another user's
        return True
    return True


def _remove_files(out: Path, place: int) -> None:
    """Remove what an earlier run left of an item that now can't be made."""
    with contextlib.suppress(OSError):
        for path in [*out.glob(f"*/{place}.*"), *out.glob(f"maps/*/{place}.jpg")]:
            path.unlink()
