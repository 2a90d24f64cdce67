"""The trials of a search, kept as they finish."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from recsys.files import write_text
from recsys.search_spaces import Value


@dataclass(frozen=True)
class Trial:
    """One combination of options.

    Attributes:
        number: from 0.
        options: their values, by name.
        value: the validation metric, mean over seeds; None where training failed.
        seeds: the validation metric of each seed.
        epochs: trained, over all seeds.
        seconds: spent, over all seeds.
        models: keys of the trained models.
        failure: why it failed.
    """

    number: int
    options: dict[str, Value]
    value: float | None
    seeds: tuple[float, ...] = ()
    epochs: int = 0
    seconds: float = 0.0
    models: tuple[str, ...] = ()
    failure: str = ""


class TrialFile:
    """A JSON file with the trials of one search; replaced whole after every trial.

    Attributes:
        path: the file.
        about: what determines the search; a file about another search counts as absent.
    """

    def __init__(self, path: Path, about: dict[str, Any]) -> None:
        self.path = path
        self.about: dict[str, Any] = json.loads(json.dumps(about))  # as it comes back

    def load(self) -> list[Trial]:
        """Return the finished trials; none where there is no whole file of this search."""
        try:
            document = json.loads(self.path.read_text(encoding="utf-8"))
            if document["about"] != self.about:
                return []
            return [_trial(values) for values in document["trials"]]
        except (OSError, ValueError, KeyError, TypeError, AttributeError):
            return []

    def save(self, trials: list[Trial]) -> None:
        """Write all finished trials.

        Raises:
            OSError: the file can't be written.
        """
        document = {"about": self.about, "trials": [asdict(trial) for trial in trials]}
        write_text(self.path, json.dumps(document, indent=2, ensure_ascii=False) + "\n")


def _trial(values: dict[str, Any]) -> Trial:
    """Undo JSON, which has no tuples."""
    lists = {key: tuple(value) for key, value in values.items() if isinstance(value, list)}
    return Trial(**{**values, **lists})
