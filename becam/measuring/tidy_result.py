"""Results that are a tidy table, its means, and a table to print: how they are written."""

from __future__ import annotations

import json
import math
from abc import ABC, abstractmethod
from collections.abc import Mapping
from pathlib import Path
from typing import Any, ClassVar

from becam.measuring.made import COLUMNS
from becam.tables.table import Table
from becam.tables.tidy import to_csv, write_tidy
from recsys.errors import InputError, shown

ENDINGS = (".csv", ".parquet", ".md", ".tex", ".json")


class TidyResult(ABC):
    """What `becam.Measurements` and `becam.SanityChecks` have in common.

    Attributes:
        name: what their files begin with.
        tidy, summary: columns and types of the tidy table and of the means.
        about: data and ``made``, among others, as JSON can hold it.
        table: ready to be printed.
    """

    name: ClassVar[str]
    tidy: ClassVar[Mapping[str, Any]]
    summary: ClassVar[Mapping[str, Any]]
    about: Mapping[str, Any]
    table: Table

    @abstractmethod
    def rows(self) -> list[tuple[Any, ...]]:
        """Return the tidy table's rows."""

    @abstractmethod
    def to_dict(self) -> dict[str, Any]:
        """Return means and where they come from as plain values."""

    def to_csv(self) -> str:
        """Return the tidy table as CSV."""
        return to_csv(self.tidy, self.rows())

    def summary_csv(self) -> str:
        """Return the means, and what is compared, as CSV."""
        return to_csv(self.summary, self._summary())

    def to_markdown(self) -> str:
        """Return the printed table as Markdown."""
        from becam.tables.markdown import to_markdown

        return to_markdown(self.table)

    def to_latex(self) -> str:
        """Return the printed table as LaTeX."""
        from becam.tables.latex import to_latex

        return to_latex(self.table)

    def _save(self, path: str | Path) -> list[Path]:
        """Write every format into a folder, or one file by its ending; see ``save``."""
        from recsys.files import write_text

        path = Path(path)
        check_out(path)
        if path.suffix and not path.is_dir():
            self._write(path)
            return [path]
        written = [path / f"{self.name}-items{ending}" for ending in ENDINGS[:2]]
        written += [path / f"{self.name}{ending}" for ending in ENDINGS[2:]]
        for each in written:
            self._write(each)
        summary = path / f"{self.name}.csv"
        write_text(summary, self.summary_csv())
        return [*written, summary, *self._save_more(path)]

    @abstractmethod
    def _save_more(self, folder: Path) -> list[Path]:
        """Write what else a folder gets; return the files."""

    def _write(self, path: Path) -> None:
        from recsys.files import write_text

        ending = path.suffix.lower()
        if ending in (".csv", ".parquet"):
            write_tidy(path, self.tidy, self.rows())
        elif ending == ".json":
            document = json.dumps(self.to_dict(), indent=2, ensure_ascii=False, allow_nan=False)
            write_text(path, document + "\n")
        else:
            write_text(path, self.to_markdown() if ending == ".md" else self.to_latex())

    @abstractmethod
    def _summary(self) -> list[tuple[Any, ...]]:
        """Return the rows of `summary`."""

    def _summaries(self) -> list[dict[str, Any]]:
        """Return the same for JSON, without the columns that stand in ``made``."""
        return [
            {
                name: None if isinstance(value, float) and math.isnan(value) else value
                for name, value in zip(self.summary, row, strict=True)
                if name not in COLUMNS
            }
            for row in self._summary()
        ]

    @property
    def _same(self) -> tuple[Any, ...]:
        """What every row begins with."""
        return self.about["data"], *(self.about["made"][name] for name in COLUMNS)

    def _repr_markdown_(self) -> str:
        return self.to_markdown()


def check_out(path: Path) -> None:
    """Raise InputError unless ``path`` is a folder or a file of a known ending."""
    if path.suffix and path.suffix.lower() not in ENDINGS and not path.is_dir():
        raise InputError(
            f"output {shown(path)}: expected a folder, or an ending {', '.join(ENDINGS[:-1])} "
            f"or {ENDINGS[-1]}"
        )
    if path.is_file() and not path.suffix:
        raise InputError(f"output {shown(path)}: expected a folder, found a file")
