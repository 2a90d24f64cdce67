"""Kind ``distribution``: content features on the sphere, before and after adapters (Fig. 9).

Keys are the options of `becam distribution`, with ``_`` for ``-``; ``[figure]`` has those of
`becam.galleries.figure_style.FigureStyle`.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from becam.distributions.config import DistributionConfig
from becam.galleries.document import Section
from becam.galleries.figure_style import FigureStyle, figure_style
from becam.galleries.kinds import Outcome, Overrides
from becam.galleries.options import check_one_process, read_options
from becam.galleries.run import name_of

if TYPE_CHECKING:
    from becam.progress import Reporter

LISTS = ("model",)


@dataclass(frozen=True, kw_only=True)
class DistributionSpec:
    """A checked spec of this kind; see `becam.galleries.kinds.Spec`."""

    name: str
    title: str
    config: DistributionConfig
    figure: FigureStyle

    kind = "distribution"

    def identity(self) -> dict[str, Any]:
        """Return what decides the result."""
        from becam.tables.opened import options_of

        return options_of(self.config)

    def check(self) -> None:
        """Nothing is left to be checked: no encoder has to be opened for it."""

    def check_workers(self, workers: int) -> None:
        """One process makes it all."""
        check_one_process(workers, self.kind)

    def run(self, out: Path, *, workers: int, reporter: Reporter) -> Outcome:
        """Make the gallery; recommenders that were trained before come from the cache.

        Raises:
            InputError: data or options that can't be used.
            OSError: the cache or the folder can't be written.
        """
        from becam.distributions.run import distribution
        from becam.galleries.results import write_result

        found = distribution(self.config, reporter=reporter)
        items = found.save_items(out / "tables" / f"{found.table.name}-items.csv")
        return write_result(found, out, spec=self, reporter=reporter, more=(items,))


def parse(section: Section, overrides: Overrides) -> DistributionSpec:
    """Read a spec of this kind.

    Raises:
        InputError: what it says can't be used; names file, line and key.
    """
    config = read_options(
        section,
        DistributionConfig,
        overrides,
        kind=DistributionSpec.kind,
        lists=LISTS,
        also=("figure",),
    )
    name = name_of(section)
    return DistributionSpec(
        name=name,
        title=section.get("title", str, name),
        config=config,
        figure=figure_style(section),
    )
