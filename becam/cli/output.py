"""What commands print when they are done."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any, Protocol

import click

from recsys.errors import encodable


class Printable(Protocol):
    """A result as plain values and as Markdown."""

    def to_dict(self) -> dict[str, Any]:
        """Return plain values, all of which JSON can hold."""

    def to_markdown(self) -> str:
        """Return Markdown."""


def print_result(result: Printable, *, as_json: bool) -> None:
    """Print a result as JSON or as Markdown."""
    if as_json:
        click.echo(json.dumps(result.to_dict(), indent=2, ensure_ascii=False, allow_nan=False))
    else:
        click.echo(result.to_markdown())


def say_written(paths: Iterable[Path], *, err: bool = True) -> None:
    """Say what was written, a line each; on standard error where the result itself is printed."""
    for path in paths:
        click.echo(f"wrote {encodable(str(path))}", err=err)


def say_computed(computed: Sequence[str], reused: Sequence[str]) -> None:
    """Say what was computed and what came from the cache."""
    click.echo(f"computed: {', '.join(computed) or 'nothing'}", err=True)
    click.echo(f"from the cache: {', '.join(reused) or 'nothing'}", err=True)
