"""`becam data`: import catalogues, count and look at them."""

from __future__ import annotations

import click

from becam.cli.data.importing import import_
from becam.cli.data.show import show
from becam.cli.data.stats import stats


@click.group("data")
def command() -> None:
    """Import catalogues, count and look at them."""


for _each in (import_, stats, show):
    command.add_command(_each)
