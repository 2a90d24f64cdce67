"""Table 3: BeFA beside parameter-efficient fine-tuning."""

from __future__ import annotations

from becam.progress import Reporter
from becam.tables.config import PeftConfig
from becam.tables.finished import Finished
from becam.tables.quality import measure
from becam.tables.variants import BEFA


def peft_table(config: PeftConfig, *, reporter: Reporter) -> Finished:
    """Train and compare; what was done before comes from the cache.

    Raises:
        InputError: Data or options that can't be used.
        OSError: The cache can't be written.
    """
    return measure(
        config,
        config.lineups(),
        name="peft",
        title=f"No adapter, LoRA, soft prompt and {BEFA[config.adapter]}.",
        within="group",
        reporter=reporter,
    ).finished
