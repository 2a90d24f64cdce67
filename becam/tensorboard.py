"""Learning curves as TensorBoard reads them. Needs the extra ``tensorboard``."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from recsys.errors import InputError
from recsys.files import write_text
from recsys.fit import Fitted

INSTALL = "pip install 'becam[tensorboard]'"
FLUSH_EVERY_S = 5
COMPLETE = "complete.txt"


class TensorBoard:
    """Writes loss and validation metric of every run to a folder of its own, as they come.

    A run that starts again replaces its events, and a resumed one adds to them. One that is
    finished is there whole: what an interruption, or a part that was trained without TensorBoard,
    left out is written then, and a file with its key says that nothing is missing.

    Raises:
        InputError: TensorBoard is not installed.
    """

    def __init__(self, folder: Path) -> None:
        try:
            from torch.utils.tensorboard import SummaryWriter
        except ImportError:
            raise InputError(
                f"--tensorboard needs the package tensorboard; install it with {INSTALL}"
            ) from None
        self._new_writer = SummaryWriter
        self.folder = folder
        self._writers: dict[str, Any] = {}
        self._seen: dict[str, list[int]] = {}  # epochs written by this process

    def epoch(self, run: str, epoch: int, values: Mapping[str, float]) -> None:
        """Write the figures of an epoch."""
        if run not in self._writers:
            self._open(run, epoch)
        self._seen[run].append(epoch)
        for name, value in values.items():
            self._writers[run].add_scalar(_tag(name), value, epoch)

    def finished(self, run: str, fitted: Fitted) -> None:
        """Write what is not there yet, and the test metrics."""
        writer = self._writers.pop(run, None)
        marker = self.folder / run / COMPLETE
        if writer is None and _text(marker) == fitted.key:
            return
        if self._seen.pop(run, []) != [epoch.epoch for epoch in fitted.history]:
            if writer is not None:
                writer.close()
            self._open(run, 1)
            writer = self._writers.pop(run)
            metric = fitted.manifest["training_config"]["metric"]
            for epoch in fitted.history:
                writer.add_scalar("loss", epoch.loss, epoch.epoch)
                if epoch.metric is not None:
                    writer.add_scalar(_tag(metric), epoch.metric, epoch.epoch)
        best = fitted.manifest["best_epoch"]
        for name, value in fitted.metrics["test"].items():
            writer.add_scalar(f"test/{name}", value, best)
        writer.close()
        write_text(marker, fitted.key)

    def _open(self, run: str, epoch: int) -> None:
        self._seen[run] = []
        (self.folder / run / COMPLETE).unlink(missing_ok=True)
        if epoch == 1:
            for path in self._events(run):
                path.unlink(missing_ok=True)
        # What an interrupted run wrote after its last saved state is hidden by purge_step.
        self._writers[run] = self._new_writer(
            str(self.folder / run),
            purge_step=epoch if epoch > 1 else None,
            flush_secs=FLUSH_EVERY_S,
        )

    def _events(self, run: str) -> list[Path]:
        return sorted((self.folder / run).glob("events.out.tfevents.*"))


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, ValueError):
        return ""


def _tag(name: str) -> str:
    return name if name == "loss" else f"valid/{name}"
