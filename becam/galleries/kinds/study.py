"""Kind ``study``: recommenders x adapters x data, every map scored in several ways, measured."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from becam.galleries.document import Section
from becam.galleries.kinds import Outcome, Overrides
from becam.galleries.run import name_of
from becam.study.config import Block, Options, cells_of

if TYPE_CHECKING:
    from becam.progress import Reporter


@dataclass(frozen=True, kw_only=True)
class StudySpec:
    """A study, ready to run.

    Attributes:
        name, title: of the gallery.
        options: what all cells have in common.
        blocks: which cells there are, and in which order.
    """

    name: str
    title: str
    options: Options
    blocks: tuple[Block, ...]

    @property
    def kind(self) -> str:
        """The module's name."""
        return "study"

    def identity(self) -> dict[str, Any]:
        """Return what decides the results, less blocks and seeds.

        A study may grow: what was measured of a smaller one in the same folder is kept.
        """
        options = asdict(self.options)
        return {
            name: options[name]
            for name in ("items", "item_seed", "scores", "weightings", "features", "stride")
        }

    def check(self) -> None:
        """Nothing is left to be checked: no encoder has to be opened for it."""

    def check_workers(self, workers: int) -> None:
        """Any number will do."""

    def run(self, out: Path, *, workers: int, reporter: Reporter) -> Outcome:
        """Do every cell that is not known yet, and write the tables."""
        from becam.study.run import run_study

        cells = cells_of(self.blocks, self.options.seeds)
        return run_study(
            cells, self.options, out, title=self.title, workers=workers, reporter=reporter
        )


def parse(section: Section, overrides: Overrides) -> StudySpec:
    """Read a study's spec; see docs/explanation/study.md.

    Raises:
        InputError: what it says can't be used; names file, line and key.
    """
    overrides.refuse("study", "data", "encoders")
    fixed = {
        name: value
        for name, value in overrides.given().items()
        if name in ("items", "device", "cache")
    }
    options = section.into(Options, fixed=fixed, also=("blocks", "defaults"))
    blocks = tuple(_blocks(section))
    if not blocks:
        raise section.error(None, "expected at least one table [blocks.NAME]")
    return StudySpec(
        name=name_of(section),
        title=section.get("title", str, name_of(section)),
        options=options,
        blocks=blocks,
    )


def _blocks(section: Section) -> Iterator[Block]:
    defaults = section.table("defaults")
    defaults.check_keys(entry for entry in Block.__dataclass_fields__ if entry != "name")
    blocks = section.table("blocks")
    for name in blocks.values:
        table = blocks.table(name)
        if "name" in table.values:
            raise table.error("name", "a block's name is that of its table")
        whole = replace(table, values={**defaults.values, **table.values})
        yield whole.into(Block, fixed={"name": name})
