"""The work of a gallery: one item by one encoder, and all recommenders.

Each job is idempotent, named by its content, and leaves picture files and a record; so it is the
same in this process, in several at once, or in the run after one that was killed.
"""

from __future__ import annotations

import hashlib
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from becam import __version__
from becam.explainer import Explainer
from becam.galleries.items.figure_rows import row_task
from becam.galleries.items.images import write_map, write_outline, write_picture
from becam.galleries.items.layer import wrong_layer
from becam.galleries.items.record import (
    Record,
    disagreement,
    read_record,
    values_of,
    write_record,
)
from becam.galleries.items.tasks import Failure, Result, Task, attempt
from becam.galleries.kinds.items import ItemsSpec
from becam.progress import Reporter
from becam.workers import Stopped
from recsys.errors import InputError
from recsys.hashing import content_key
from recsys.models.names import ModelName

# Raised with every change after which the same item would give other files, figures or warnings.
# The package's version, which the keys hold too, does it for releases.
VERSION = 2


@dataclass(frozen=True)
class Job:
    """An item by one encoder.

    Attributes:
        data, encoder: names, as in the spec.
        index: of the item in its catalogue.
        item_id: its id.
        key: of everything that the result comes from.
        record: where that is written, in the gallery's folder.
        place: of the item in the gallery; None for one that is only measured.
    """

    data: str
    encoder: str
    index: int
    item_id: str
    key: str
    record: str
    place: int | None = None

    def done_by(self, work: ItemWork) -> Record:
        """Make the item's maps, and write files and record."""
        return work._do(self)


class ItemWork:
    """Does the tasks of one gallery; see `becam.workers.Work`.

    Of catalogues and encoders only the last combination is kept open.
    """

    def __init__(
        self,
        spec: ItemsSpec,
        out: Path,
        colours: NDArray[np.uint8],
        reporter: Reporter | None = None,
    ) -> None:
        self.spec, self.out, self.colours = spec, out, colours
        self.reporter = reporter or Reporter(quiet=True)
        self._explainer: Explainer | None = None
        self._fitted: Explainer | None = None  # the same, once it has its recommenders

    def __reduce__(self) -> tuple[Any, ...]:
        return ItemWork, (self.spec, self.out, self.colours)  # what is open stays here

    def opened(self, data: str, encoder: str) -> Explainer:
        """Return the explainer of a catalogue and an encoder; nothing is trained for it."""
        config = self.spec.config_of(data, encoder)
        if self._explainer is None or self._explainer.config != config:
            self._explainer = self._fitted = None  # frees the memory before more is taken
            self._explainer = Explainer(config, reporter=self.reporter, skip_unreadable=True)
        return self._explainer

    def explainer(self, data: str, encoder: str) -> Explainer:
        """Return the explainer of a catalogue and an encoder, with all recommenders.

        Raises:
            InputError: a layer that the encoder lacks, told before anything is trained.
        """
        explainer = self.opened(data, encoder)
        if self._fitted is not explainer:
            opened = explainer.encoder
            try:
                opened.layer(explainer.config.layer)
            except InputError as error:
                raise wrong_layer(self.spec, encoder, error) from error
            for model in self.spec.models:
                explainer.fitted(model)
            self._fitted = explainer
        return explainer

    def key(self, data: str, encoder: str) -> str:
        """Hash what all jobs of a catalogue and an encoder have in common."""
        explainer = self.explainer(data, encoder)
        cam = explainer.cam
        return content_key(
            {
                "what": "item of a gallery",
                "version": [VERSION, __version__],
                "catalogue": explainer.catalogue.fingerprint(),
                "encoder": [explainer.encoder.name, explainer.encoder.weights_hash],
                "device": explainer.encoder.device.type,
                "layer": cam.layer.name,
                "recipe": asdict(cam.recipe),
                "precision": str(cam.engine.dtype),
                "models": {model: explainer.fitted(model).key for model in self.spec.models},
                "limit": self.spec.looks.limit,
                "threads": self.spec.looks.threads,
            }
        )

    def job(self, data: str, encoder: str, index: int, key: str, place: int | None = None) -> Job:
        """Name the job of one item.

        Args:
            data, encoder: names, as in the spec.
            index: of the item.
            key: what `key` gives for these two.
            place: of the item in the gallery.

        Raises:
            InputError: files of the item that can't be read.
        """
        catalogue = self.explainer(data, encoder).catalogue
        item = catalogue.items[index]
        digests = [hashlib.sha256(catalogue.picture_bytes(item)).hexdigest()]
        for path in (item.mask, catalogue.labels_of(item)):
            there = path is not None and path.is_file()
            digests.append(hashlib.sha256(path.read_bytes()).hexdigest() if there and path else "")
        column = self.spec.encoders.index(encoder)
        if place is None:
            name = f"pool-{self.spec.data.index(data)}-{column}-{index}.json"
        else:
            name = f"{place}-{column}.json"
        own = {"item": item.item_id, "index": index, "files": digests, "of": key, "place": place}
        record = f"contents/{name}"
        return Job(data, encoder, index, item.item_id, content_key(own), record, place)

    def finished(self, job: Job) -> Record | None:
        """Return a job's record, where it was done before and all its files are there."""
        record = read_record(self.out / job.record, job.key)
        if record is None or not all(path.is_file() for path in self._files(job, record)):
            return None
        return record

    def do(self, task: Task[Result], stopped: Stopped) -> Result | Failure:
        """Do a task; a picture that can't be used, or whatever else goes wrong, is its result.

        Raises:
            OSError: the folder or the cache can't be written; no task could go on.
        """
        return attempt(lambda: task.done_by(self))

    def _do(self, job: Job) -> Record:
        models = self.spec.models
        sides = self.explainer(job.data, job.encoder).sides(job.index, models)
        maps = [side.attribution for side in sides]
        adapted = [
            each for each, model in zip(maps, models, strict=True) if ModelName.parse(model).adapter
        ]
        explainer = self.explainer(job.data, job.encoder)
        mask = explainer.catalogue.mask(explainer.catalogue.items[job.index])
        record = Record(
            key=job.key,
            values=tuple(values_of(side) for side in sides),
            warnings=tuple(each.warning for each in maps),
            disagreement=disagreement(adapted if len(adapted) > 1 else maps),
            size=(maps[0].picture.shape[1], maps[0].picture.shape[0]),
            outline=mask is not None and bool(mask.any()),
            notes=explainer.figure_notes(job.index, sides),
        )
        if job.place is not None:
            files = iter(self._files(job, record))
            for each in maps:
                write_map(next(files), each, self.colours, self.spec.looks.limit)
            if self.spec.encoders.index(job.encoder) == 0:
                write_picture(next(files), maps[0].picture)
                if mask is not None and record.outline:
                    write_outline(next(files), mask)
            if self.spec.figure is not None:  # while its maps are at hand
                row_task(self.spec, job, record).keep(self, sides, mask)
        write_record(self.out / job.record, record)
        return record

    def _files(self, job: Job, record: Record) -> list[Path]:
        """Name the picture files of a job: maps; the first encoder's also picture and outline."""
        if job.place is None:
            return []
        encoder = self.spec.encoders.index(job.encoder)
        start = encoder * len(self.spec.models)
        columns = range(start, start + len(self.spec.models))
        files = [self.out / "maps" / str(column) / f"{job.place}.jpg" for column in columns]
        if encoder == 0:
            files.append(self.out / "pictures" / f"{job.place}.jpg")
            if record.outline:
                files.append(self.out / "outlines" / f"{job.place}.png")
        return files


def without_item(message: str, item_id: str) -> str:
    """Take an item's name off the front of a message that stands beside it anyway."""
    return message.removeprefix(f"item {item_id!r}: ")
