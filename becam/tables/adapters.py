"""Table 2: every recommender with and without BeFA."""

from __future__ import annotations

from becam.progress import Reporter
from becam.tables.config import AdaptersConfig
from becam.tables.finished import Finished
from becam.tables.quality import measure
from becam.tables.variants import BEFA


def adapters_table(config: AdaptersConfig, *, reporter: Reporter) -> Finished:
    """Train and compare; what was done before comes from the cache.

    Raises:
        InputError: Data or options that can't be used.
        OSError: The cache can't be written.
    """
    return measure(
        config,
        config.lineups(),
        name="adapters",
        title=f"Recommenders with and without {BEFA[config.adapter]}.",
        within="data",
        reporter=reporter,
    ).finished
